/** Every place that the package goes to beside npm in Node: JSR, a bundle, one executable file. */
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { build } from 'esbuild'
import { programOf } from '../scripts/specs/engines.js'
import { ROOT } from '../scripts/files.js'
import { VERSION } from '../lib/cli/version.ts'
import { skipBecause } from './support/programs.ts'

const run = promisify(execFile)
const json = <T>(name: string): T => JSON.parse(readFileSync(join(ROOT, name), 'utf8')) as T
const { version, exports } = json<{ version: string; exports: Record<string, unknown> }>('package.json')

describe('The package', function () {
  let folder: string

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'tor-streams-package-'))
  })
  after(() => rmSync(folder, { recursive: true, force: true }))

  const programFor = (context: Mocha.Context, engine: 'deno' | 'bun'): string => {
    const program = programOf(engine)
    return 'path' in program ? program.path : skipBecause(context, program.missing)
  }

  /** Where there is neither a package.json nor a node_modules. */
  const alone = { cwd: tmpdir(), timeout: 30_000 }

  it('has one version everywhere', () => {
    const jsr = json<{ version: string }>('jsr.json')
    expect([jsr.version, VERSION]).to.deep.equal([version, version])
  })

  it('has the same entries on JSR as on npm', () => {
    const entries = Object.keys(exports).filter((entry) => !entry.endsWith('.json'))
    expect(json<{ exports: Record<string, string> }>('jsr.json').exports).to.deep.equal(
      Object.fromEntries(
        entries.map((entry) => [entry, entry === '.' ? './lib/index.ts' : `${entry.replace('.', './lib')}.ts`]),
      ),
    )
  })

  it('could be published on JSR: nothing is too slow to check, or missing', async function () {
    const args = ['publish', '--dry-run', '--allow-dirty', '--no-check']
    const { stderr } = await run(programFor(this, 'deno'), args, {
      cwd: ROOT,
      env: { ...process.env, DENO_DIR: join(folder, 'deno'), NO_COLOR: '1' },
    })
    expect(stderr)
      .to.match(/Success Dry run complete/)
      .and.not.match(/^(warning|error)/im)
  })

  it('has a command line that starts out of one file, bundled by esbuild', async () => {
    const outfile = join(folder, 'tor-streams.mjs')
    await build({
      entryPoints: [join(ROOT, 'lib', 'cli', 'bin.ts')],
      outfile,
      bundle: true,
      platform: 'node',
      format: 'esm',
      logLevel: 'error',
    })
    const { stdout } = await run(process.execPath, [outfile, '--version'], alone)
    expect(stdout).to.equal(`${version}\n`)
    // A whole client, and its network, out of that file: no exit of it knows such a name.
    const failure = await run(
      process.execPath,
      [outfile, 'resolve', '--embedded', '--quiet', 'a.name.test'],
      alone,
    ).catch(({ stderr }: { stderr: string }) => stderr)
    expect(failure).to.match(/^tor-streams: The name does not resolve \(RESOLVE_FAILED\)\. The network of --embedded/)
  })

  it('has a command line that starts as an executable, compiled by Bun', async function () {
    const outfile = join(folder, 'tor-streams')
    await run(
      programFor(this, 'bun'),
      ['build', '--compile', join(ROOT, 'lib', 'cli', 'bin.ts'), '--outfile', outfile],
      {
        cwd: folder,
      },
    )
    const { stdout } = await run(outfile, ['--version'], alone)
    expect(stdout).to.equal(`${version}\n`)
  })
})
