/**
 * `npm run ok`: the one gate. Every step runs, also after one failed; what failed is named at the end.
 *
 * @module
 */
import { spawn } from 'node:child_process'
import { ROOT } from './files.js'

/**
 * Steps of one row run at the same time. The second row needs what the first builds.
 *
 * @type {readonly (readonly { name: string, command: string }[])[]}
 */
const ROWS = [
  [
    { name: 'build', command: 'npm run --silent build' },
    { name: 'types', command: 'tsc -p tsconfig.spec.json' },
  ],
  [
    { name: 'format', command: 'prettier --check lib spec examples scripts eslint.config.js' },
    { name: 'lint', command: 'eslint .' },
    { name: 'docs', command: 'npm run --silent docs' },
  ],
  [
    { name: 'package', command: 'publint --strict' },
    {
      // Packed without its scripts: they would build again what the specs beside this may be reading.
      name: 'types of the package',
      command: `node -e "fs.rmSync('.build/packed', { recursive: true, force: true }); fs.mkdirSync('.build/packed', { recursive: true })" && npm pack --ignore-scripts --silent --pack-destination .build/packed && attw --profile esm-only --no-definitely-typed .build/packed/*.tgz`,
    },
    { name: 'specs in Node', command: 'node scripts/test.js --engine types --engine node' },
  ],
]

/**
 * @param {{ name: string, command: string }} step
 * @returns {Promise<boolean>}
 */
async function run({ name, command }) {
  const started = performance.now()
  const child = spawn(command, { cwd: ROOT, shell: true, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (/** @type {string} */ text) => {
      output += text
    })
  }
  const ok = await new Promise((resolve) => child.on('close', (code) => resolve(code === 0)))
  console.log(`${ok ? 'ok    ' : 'FAILED'} ${name} (${((performance.now() - started) / 1_000).toFixed(1)} s)`)
  if (!ok) console.log(output.replaceAll(/^/gm, '    '))
  return Boolean(ok)
}

/** @type {string[]} */
const failed = []
for (const row of ROWS) {
  const results = await Promise.all(row.map(run))
  failed.push(...row.filter((_, index) => results[index] === false).map(({ name }) => name))
}
if (failed.length > 0) {
  console.error(`not ok: ${failed.join(', ')}`)
  process.exitCode = 1
}
