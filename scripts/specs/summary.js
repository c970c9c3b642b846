/**
 * What `npm test` prints.
 *
 * @module
 */

/** @typedef {import('./engine-run.js').Outcome} Outcome */

/**
 * Runs `work` for each item, `jobs` at a time, in order.
 *
 * @template T
 * @template R
 * @param {readonly T[]} items
 * @param {number} jobs
 * @param {(item: T) => Promise<R>} work
 * @returns {Promise<R[]>}
 */
export async function inTurn(items, jobs, work) {
  /** @type {R[]} */
  const results = []
  const waiting = items.entries()
  const worker = async () => {
    for (const [index, item] of waiting) results[index] = await work(item)
  }
  await Promise.all(Array.from({ length: Math.max(1, jobs) }, worker))
  return results
}

/** How often a run says how far it is, ms. */
const PROGRESS = 10_000

/**
 * Says how far a run is, now and then, so that nobody takes it for dead.
 *
 * @param {string} name
 * @param {number} files How many there are.
 */
export function progressOf(name, files) {
  const started = performance.now()
  let [passed, failed, done, current] = [0, 0, 0, '']
  const timer = setInterval(() => {
    const seconds = Math.round((performance.now() - started) / 1_000)
    console.log(`${name}: ${seconds} s, ${done} of ${files} files, ${passed} passed, ${failed} failed; now: ${current}`)
  }, PROGRESS)
  return {
    /** @param {import('./reporter.js').RunEvent} event */
    take(event) {
      if (event.type === 'pass') passed += 1
      else if (event.type === 'fail') failed += 1
      else if (event.type === 'file') done += 1
      else if (event.type === 'start') current = event.title
    },
    end: () => clearInterval(timer),
  }
}

/**
 * The outcomes of an engine's lots as one.
 *
 * @param {readonly Outcome[]} outcomes
 * @returns {Outcome[]}
 */
export function byEngine(outcomes) {
  /** @type {Map<string, Outcome>} */
  const sums = new Map()
  for (const each of outcomes) {
    const sum = sums.get(each.engine)
    if (sum === undefined) {
      sums.set(each.engine, each)
      continue
    }
    sums.set(each.engine, {
      engine: each.engine,
      passed: sum.passed + each.passed,
      failed: sum.failed + each.failed,
      lost: sum.lost + each.lost,
      pending: [...sum.pending, ...each.pending],
      lacking: [...sum.lacking, ...each.lacking],
      files: [...sum.files, ...each.files],
      seconds: sum.seconds + each.seconds,
    })
  }
  return [...sums.values()]
}

/**
 * A table of engines, what is pending and why, what engines lack, what failed, and the sum as the last line.
 *
 * @param {readonly Outcome[]} outcomes
 * @param {readonly string[]} failures
 */
export function printSummary(outcomes, failures) {
  const head = ['', 'passed', 'failed', 'not run', 'pending', 'not in this engine', 'time']
  const rows = outcomes.map((each) => [
    each.engine,
    ...[each.passed, each.failed, each.lost, each.pending.length, each.lacking.length].map(String),
    `${each.seconds.toFixed(1)} s`,
  ])
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column]?.length ?? 0)))
  const lines = [head, ...rows].map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  '),
  )
  console.log(`\n${lines.join('\n')}`)

  list(
    'pending',
    outcomes.flatMap(({ engine, pending }) =>
      pending.map(({ title, reason }) => `${engine}: ${title}: ${reason ?? 'no reason given'}`),
    ),
  )
  list(
    'not in this engine',
    outcomes.flatMap(({ engine, lacking }) => counted(lacking.map(({ reason }) => `${engine}: ${reason}`))),
  )
  if (failures.length > 0) console.log(`\n${failures.join('\n\n')}`)

  const sum = (/** @type {'passed' | 'failed'} */ name) => outcomes.reduce((total, each) => total + each[name], 0)
  console.log(`\nspecs: ${sum('passed')} passed, ${sum('failed')} failed`)
}

/**
 * The files that took longest, over all engines.
 *
 * @param {readonly Outcome[]} outcomes
 * @param {number} count How many of them.
 * @param {(file: string) => string} nameOf
 */
export function printSlowest(outcomes, count, nameOf) {
  const inSeconds = (/** @type {number | undefined} */ ms) => (ms === undefined ? '?' : (ms / 1_000).toFixed(1))
  const files = outcomes.flatMap(({ engine, files }) => files.map((each) => ({ engine, ...each })))
  list(
    'slowest files (seconds; of them computing)',
    files
      .sort((one, other) => other.ms - one.ms)
      .slice(0, count)
      .map(
        ({ engine, file, ms, cpu }) =>
          `${inSeconds(ms).padStart(6)} ${inSeconds(cpu).padStart(6)}  ${engine} ${nameOf(file)}`,
      ),
  )
}

/**
 * @param {string} title
 * @param {readonly string[]} lines
 */
function list(title, lines) {
  if (lines.length > 0) console.log(`\n${title}:\n${lines.map((line) => `  ${line}`).join('\n')}`)
}

/**
 * Equal lines as one, with how many there were.
 *
 * @param {readonly string[]} lines
 */
function counted(lines) {
  /** @type {Map<string, number>} */
  const counts = new Map()
  for (const line of lines) counts.set(line, (counts.get(line) ?? 0) + 1)
  return [...counts].map(([line, count]) => `${line} (${count})`)
}
