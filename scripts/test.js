/**
 * `npm test`: bundles the specs once, runs the same output in Node, Deno, Bun and three browsers, and adds up. Each engine's
 * specs are run in a few lots, each in a process of its own, so that two cores have something to do; the lot that drives real
 * programs waits for them most of its time.
 *
 * ```text
 * npm test                                      everything
 * npm test -- --engine node                     one engine; may be given several times (types, node, deno, bun,
 *                                               chromium, firefox, webkit)
 * npm test -- --grep 'window'                   only specs whose titles match
 * npm test -- spec/stream cell/relay            only files whose paths contain one of these
 * npm test -- --verbose                         every spec by name
 * npm test -- --slow 20                         at the end the files that took longest
 * npm test -- --jobs 1                          processes at the same time (one more than there are cores, 4 at the most)
 * npm test -- --timeout 10000                   milliseconds for one spec (180,000; twice as many in WebKit)
 * npm test -- --limit 60                        seconds for the whole run of one process (3600)
 * ```
 *
 * `TOR_STREAMS_REQUIRE_ALL=1` makes a failure of whatever is pending, a program that is not installed included. The
 * last line is `specs: N passed, N failed`; the exit code is 1 if anything failed.
 *
 * @module
 */
import { rmSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join, relative, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { bundle, countLoading, outputFolder } from './bundle.js'
import { ROOT } from './files.js'
import { runEngine } from './specs/engine-run.js'
import { launchOf } from './specs/engines.js'
import { enginesOf, findSpecs, findTypeSpecs, lotsOf, misnamed } from './specs/kinds.js'
import { mapStack } from './specs/stack.js'
import { byEngine, inTurn, printSlowest, printSummary, progressOf } from './specs/summary.js'

/** In the order in which they begin: what takes longest is not left for the end, when a core would have nothing beside it. */
const ENGINES = /** @type {const} */ (['types', 'node', 'webkit', 'firefox', 'chromium', 'deno', 'bun'])

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    engine: { type: 'string', multiple: true, default: [] },
    grep: { type: 'string' },
    verbose: { type: 'boolean', default: false },
    slow: { type: 'string', default: '0' },
    jobs: { type: 'string', default: String(Math.min(availableParallelism() + 1, 4)) },
    timeout: { type: 'string', default: '180000' },
    limit: { type: 'string', default: '3600' },
  },
})
const unknown = values.engine.find((name) => !ENGINES.some((engine) => engine === name))
if (unknown !== undefined) {
  console.error(`there is no engine ${unknown}: ${ENGINES.join(', ')}`)
  process.exit(2)
}

process.chdir(ROOT)
const strict = process.env['TOR_STREAMS_REQUIRE_ALL'] === '1'
const outdir = outputFolder('spec')
process.on('exit', () => rmSync(outdir, { recursive: true, force: true }))

/** @param {string} file */
const wanted = (file) =>
  positionals.length === 0 || positionals.some((part) => file.includes(part.replace(/^\.\//, '')))
const specs = findSpecs().filter(wanted)
const typeSpecs = values.grep === undefined ? findTypeSpecs().filter(wanted) : []
if (specs.length + typeSpecs.length === 0) {
  console.error('no spec has such a name')
  process.exit(2)
}

if (specs.length > 0) {
  const started = performance.now()
  const metafile = await bundle({ entries: specs, outdir, outbase: 'spec' }).catch(() => process.exit(1)) // esbuild has said why.
  countLoading(outdir, metafile)
  const sentences = misnamed(metafile)
  if (sentences.length > 0) {
    console.error(sentences.join('\n'))
    process.exit(1)
  }
  console.log(`bundled ${specs.length} files of specs in ${((performance.now() - started) / 1_000).toFixed(1)} s`)
}

/** @param {string} spec */
const outputOf = (spec) => join(outdir, relative('spec', spec).replace(/\.ts$/, '.js'))

/** @param {string} file What an engine ran: a bundled spec, by its path or its URL in a browser, or a type spec. */
function specOf(file) {
  const path = relative(outdir, file.replace(/^\/specs(?=\/)/, outdir))
  return path.startsWith('..') ? relative(ROOT, file) : join('spec', path.replace(/\.js$/, '.ts'))
}

/** @param {typeof ENGINES[number]} engine */
const filesFor = (engine) => (engine === 'types' ? typeSpecs : specs.filter((spec) => enginesOf(spec).includes(engine)))

const chosen = ENGINES.filter((engine) => values.engine.length === 0 || values.engine.includes(engine)).filter(
  (engine) => filesFor(engine).length > 0,
)

/** One process's share of an engine's specs. */
const runs = chosen.flatMap((engine) => {
  const lots = engine === 'types' ? [filesFor(engine)] : lotsOf(filesFor(engine), engine)
  return lots.map((files, index) => ({
    engine,
    name: lots.length === 1 ? engine : `${engine} ${index + 1}/${lots.length}`,
    files: engine === 'types' ? files.map((file) => resolve(file)) : files.map(outputOf),
    // What is missing is said once.
    launch: launchOf(engine),
    isFirst: index === 0,
  }))
})

/** What failed, as it is said at once, and once more at the end: a long run scrolls. @type {string[]} */
const failures = []
/** @param {string} text */
function failed(text) {
  failures.push(text)
  console.log(`\n${text}\n`)
}

const ran = await inTurn(runs, Number(values.jobs), async ({ engine, name, files, launch, isFirst }) => {
  if (typeof launch === 'string') {
    if (isFirst && strict) failed(`${engine} FAILED: ${launch}`)
    else if (isFirst) console.log(`${engine}: pending: ${launch}`)
    const pending = strict || !isFirst ? [] : [{ title: `every spec in ${engine}`, reason: launch }]
    return {
      engine,
      passed: 0,
      failed: strict && isFirst ? 1 : 0,
      lost: 0,
      pending,
      lacking: [],
      files: [],
      seconds: 0,
    }
  }
  // WebKitGTK takes several times as long as others.
  const timeout = Number(values.timeout) * (engine === 'webkit' ? 2 : 1)
  const config = { root: outdir, files, timeout, grep: values.grep }
  const progress = progressOf(name, files.length)
  const outcome = await runEngine({
    engine,
    launch,
    config,
    events: join(outdir, `${name.replaceAll(/\W/g, '-')}.events`),
    limit: Number(values.limit) * 1_000,
    strict,
    onEvent(event) {
      progress.take(event)
      if (event.type === 'fail')
        failed(`${name} FAILED: ${event.title}\n${mapStack(event.error, outdir).replaceAll(/^/gm, '    ')}`)
      if (values.verbose && event.type === 'pass')
        console.log(`${engine}   ok ${event.title} (${Math.round(event.ms)} ms)`)
    },
    onOutput: (text) => void process.stdout.write(text),
  })
  progress.end()
  console.log(
    `${name}: ${outcome.passed} passed, ${outcome.failed} failed, ${files.length} files, ${outcome.seconds.toFixed(1)} s`,
  )
  return outcome
})
const outcomes = byEngine(ran)

printSlowest(outcomes, Number(values.slow), specOf)
printSummary(outcomes, failures)
const nothingRan = outcomes.every(({ passed, pending, lacking }) => passed + pending.length + lacking.length === 0)
process.exitCode = nothingRan || outcomes.some(({ failed }) => failed > 0) ? 1 : 0
