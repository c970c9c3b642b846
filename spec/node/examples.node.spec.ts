/**
 * Every example runs, and ends with the line that its first line promises: `// prints: REGEXP`. `name.deno.ts` runs in
 * Deno and `name.bun.ts` in Bun; the others run in Node.
 */
import { spawn } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import { expect } from 'chai'
import { bundle, outputFolder } from '../../scripts/bundle.js'
import { filesBelow, ROOT } from '../../scripts/files.js'
import { programOf, RUN_ENV, RUN_FLAGS } from '../../scripts/specs/engines.js'
import { requireProgram, skipBecause, type Program } from '../support/programs.ts'

/** The longest that an example may take, ms. */
const LIMIT = 90_000

const folder = join(ROOT, 'examples')
const outdir = outputFolder('examples')
const examples = filesBelow(folder, '.ts', { deep: false }).filter((file) => !file.endsWith('.worker.ts'))

const engineOf = (file: string): 'node' | 'deno' | 'bun' =>
  file.endsWith('.deno.ts') ? 'deno' : file.endsWith('.bun.ts') ? 'bun' : 'node'

interface Ended {
  readonly code: number | null
  readonly output: string
  readonly errors: string
}

async function run(command: string, args: readonly string[]): Promise<Ended> {
  const child = spawn(command, args, {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...RUN_ENV },
  })
  let output = ''
  let errors = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text
  })
  const timer = setTimeout(() => child.kill('SIGKILL'), LIMIT)
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', resolve)
  })
  clearTimeout(timer)
  return { code, output, errors }
}

describe('Examples', function () {
  this.timeout(LIMIT + 5_000)

  before(async () => {
    if (examples.length > 0) await bundle({ entries: examples, outdir, outbase: folder })
  })

  after(() => rmSync(outdir, { recursive: true, force: true }))

  it('exist', () => {
    expect(examples).not.to.deep.equal([])
  })

  for (const file of examples) {
    const name = basename(file)
    const engine = engineOf(file)

    it(`${name} runs in ${engine} and prints what its first line promises`, async function () {
      const [, promised, needed] = /^\/\/ prints: (.+)\n(?:\/\/ needs: (.+)\n)?/.exec(readFileSync(file, 'utf8')) ?? []
      if (promised === undefined) throw new Error(`${name} does not begin with "// prints: REGEXP"`)
      const program = programOf(engine)
      if ('missing' in program) return skipBecause(this, program.missing)
      if (needed !== undefined) requireProgram(this, needed as Program)

      const flags = engine === 'node' ? ['--enable-source-maps', ...RUN_FLAGS.node] : RUN_FLAGS[engine]
      const { code, output, errors } = await run(program.path, [...flags, join(outdir, name.replace(/\.ts$/, '.js'))])
      expect(code, `${output}${errors}`).to.equal(0)
      const last = output
        .trimEnd()
        .split(/[\r\n]+/)
        .at(-1)
      expect(last).to.match(new RegExp(promised))
    })
  }
})
