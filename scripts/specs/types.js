/**
 * Type specs: `node types.js CONFIG`. Each `*.types.ts` is one spec: it passes when the compiler finds nothing in it.
 * What must not compile stands there under `@ts-expect-error`.
 *
 * @module
 */
import { appendFileSync } from 'node:fs'
import { relative } from 'node:path'
import ts from 'typescript'
import { ROOT } from '../files.js'

/** @type {import('./server-engine.js').ServerRun} */
const config = JSON.parse(process.argv[2] ?? '')

/** @param {import('./reporter.js').RunEvent} event */
const emit = (event) => appendFileSync(config.events, `${JSON.stringify(event)}\n`)

/** @type {ts.FormatDiagnosticsHost} */
const host = { getCanonicalFileName: (name) => name, getCurrentDirectory: () => ROOT, getNewLine: () => '\n' }

const { config: json, error } = ts.readConfigFile('tsconfig.spec.json', (path) => ts.sys.readFile(path))
if (error !== undefined) throw new Error(ts.formatDiagnostic(error, host))
const { options } = ts.parseJsonConfigFileContent({ ...json, include: [], files: config.files }, ts.sys, ROOT)
const program = ts.createProgram({ rootNames: config.files, options })

for (const file of config.files) {
  const title = relative(ROOT, file)
  emit({ type: 'start', title })
  const started = performance.now()
  const source = program.getSourceFile(file)
  const found =
    source === undefined
      ? undefined
      : [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)]
  if (found?.length === 0) emit({ type: 'pass', title, ms: performance.now() - started })
  else
    emit({
      type: 'fail',
      title,
      error: found === undefined ? 'the compiler did not read it' : ts.formatDiagnostics(found, host),
    })
  emit({ type: 'file', file, ms: performance.now() - started, cpu: undefined })
}
emit({ type: 'end' })
