/**
 * The package as npm packs it, in the hands of each bundler and of compilers that find its files by older rules. What a
 * bundler makes is run: a client, and its network, out of that bundle.
 */
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { programOf } from '../scripts/specs/engines.js'
import { ROOT } from '../scripts/files.js'
import { installPacked } from './support/packed.ts'
import { skipBecause, skipWithout } from './support/programs.ts'

const run = promisify(execFile)
const require = createRequire(import.meta.url)

/** There and back through three relays. */
const PROGRAM = `
import { MemoryStorage, TorClient } from 'tor-streams'
import { TestNetwork } from 'tor-streams/testing'
const network = await TestNetwork.start({ authorities: 3 })
const { config, transport } = network
const tor = await TorClient.open({ network: config, transport, storage: new MemoryStorage() })
const socket = tor.connect('echo.test:7')
await socket.writable.getWriter().write(new TextEncoder().encode('there and back'))
const { value } = await socket.readable.getReader().read()
console.log(new TextDecoder().decode(value))
await socket.close()
await tor.close()
await network.close()
`

/** The one entry that a resolver without "exports" finds. */
const MAIN_ONLY = `
import { parseDirAuthorityLines, TorClient } from 'tor-streams'
console.log(typeof TorClient.open, parseDirAuthorityLines('SocksPort 0').length)
`

/** A module of a package that only some machines have: those of them that weigh tens of megabytes are no part of this project. */
async function optional<Module>(context: Mocha.Context, name: string): Promise<Module> {
  let file: string
  try {
    file = require.resolve(name)
  } catch {
    return skipWithout(context, `${name} is not installed: npm install --no-save ${name}`)
  }
  return (await import(pathToFileURL(file).href)) as Module
}

/** What webpack and rspack have in common. */
type Packer = (options: object, done: (error: Error | null, stats?: Stats) => void) => void
interface Stats {
  hasErrors(): boolean
  toString(options: object): string
}

describe('The packed package', function () {
  let folder: string
  let entry: string

  before(async function () {
    this.timeout(300_000)
    folder = mkdtempSync(join(tmpdir(), 'tor-streams-bundlers-'))
    await installPacked(folder)
    entry = join(folder, 'program.mjs')
    writeFileSync(entry, PROGRAM)
    writeFileSync(join(folder, 'main-only.mjs'), MAIN_ONLY)
  })
  after(() => rmSync(folder, { recursive: true, force: true }))

  async function printed(...file: string[]): Promise<string> {
    return (await run(process.execPath, [join(folder, ...file)], { cwd: tmpdir(), timeout: 60_000 })).stdout
  }

  function pack(packer: Packer, outdir: string): Promise<void> {
    const options = {
      mode: 'development',
      devtool: false,
      context: folder,
      entry,
      target: ['web', 'es2022'],
      experiments: { outputModule: true },
      output: { path: join(folder, outdir), filename: 'program.mjs', chunkFilename: '[id].mjs', module: true },
    }
    return new Promise((resolve, reject) => {
      packer(options, (error, stats) => {
        if (error) reject(error)
        else if (stats?.hasErrors()) reject(new Error(stats.toString({ all: false, errors: true })))
        else resolve()
      })
    })
  }

  it('works when webpack bundled it for a page', async () => {
    const { default: webpack } = await import('webpack')
    await pack(webpack, 'webpack')
    expect(await printed('webpack', 'program.mjs')).to.equal('there and back\n')
  })

  it('works when Rspack bundled it for a page', async function () {
    const { rspack } = await optional<{ rspack: Packer }>(this, '@rspack/core')
    await pack(rspack, 'rspack')
    expect(await printed('rspack', 'program.mjs')).to.equal('there and back\n')
  })

  it('works when Rollup bundled it for a page, without a word of warning', async () => {
    const { rollup } = await import('rollup')
    const { nodeResolve } = await import('@rollup/plugin-node-resolve')
    const warnings: string[] = []
    const bundle = await rollup({
      input: entry,
      plugins: [nodeResolve({ browser: true })],
      onwarn: ({ message }) => void warnings.push(message),
    })
    await bundle.write({ dir: join(folder, 'rollup'), entryFileNames: '[name].mjs', format: 'es' })
    await bundle.close()
    expect(warnings).to.deep.equal([])
    expect(await printed('rollup', 'program.mjs')).to.equal('there and back\n')
  })

  it('works when Vite built a page with it', async function () {
    interface Vite {
      build(options: object): Promise<unknown>
    }
    const vite = await optional<Vite>(this, 'vite')
    const lib = { entry, formats: ['es'], fileName: 'program' }
    const build = { outDir: join(folder, 'vite'), lib, target: 'es2022' }
    await vite.build({ root: folder, configFile: false, logLevel: 'error', build })
    expect(await printed('vite', 'program.mjs')).to.equal('there and back\n')
  })

  it('works when esbuild bundled it for a page, in parts', async () => {
    const { build } = await import('esbuild')
    const outdir = join(folder, 'esbuild')
    const outExtension = { '.js': '.mjs' }
    const options = { entryPoints: [entry], bundle: true, splitting: true, outExtension }
    const { warnings } = await build({ ...options, outdir, format: 'esm', platform: 'browser', logLevel: 'silent' })
    expect(warnings).to.deep.equal([])
    expect(await printed('esbuild', 'program.mjs')).to.equal('there and back\n')
  })

  it('works when Bun bundled it for a page', async function () {
    const bun = programOf('bun')
    const program = 'path' in bun ? bun.path : skipBecause(this, bun.missing)
    const outfile = join(folder, 'bun.mjs')
    await run(program, ['build', entry, '--target', 'browser', '--outfile', outfile], { cwd: folder })
    expect(await printed('bun.mjs')).to.equal('there and back\n')
  })

  it("can be found by Parcel, which does not look at a package's exports unless it is told to", async function () {
    interface Parcel {
      Parcel: new (options: object) => { run(): Promise<unknown> }
    }
    const { Parcel } = await optional<Parcel>(this, '@parcel/core')
    const distDir = join(folder, 'parcel')
    const target = { distDir, outputFormat: 'esmodule', isLibrary: true, includeNodeModules: true, context: 'browser' }
    await new Parcel({
      entries: join(folder, 'main-only.mjs'),
      defaultConfig: require.resolve('@parcel/config-default'),
      cacheDir: join(folder, 'parcel-cache'),
      targets: { page: target },
    }).run()
    expect(await printed('parcel', 'main-only.js')).to.equal('function 0\n')
  })

  it('has in "main" what a resolver takes that knows no "exports", and in "typesVersions" the types of every entry', () => {
    const packed = join(folder, 'node_modules', 'tor-streams')
    const manifest = JSON.parse(readFileSync(join(packed, 'package.json'), 'utf8')) as {
      main: string
      types: string
      typesVersions: Record<string, Record<string, string[]>>
      exports: Record<string, { types: string; default: string }>
    }
    expect([manifest.main, manifest.types]).to.deep.equal([
      manifest.exports['.']?.default,
      manifest.exports['.']?.types,
    ])
    const [pattern = ''] = manifest.typesVersions['*']?.['*'] ?? []
    for (const [name, { types }] of Object.entries(manifest.exports))
      if (name !== '.' && types !== undefined) expect(pattern.replace('*', name.slice(2))).to.equal(types)
  })

  /** Every entry but the dashboard's, whose types have the elements of a page. */
  const ENTRIES = [
    '',
    '/stream',
    '/circuit',
    '/fetch',
    '/socks',
    '/tls',
    '/pow',
    '/websocket',
    '/onion',
    '/node',
    '/testing',
  ]

  /**
   * The oldest TypeScript that understands its types, 5.7, made Uint8Array generic. As a package beside the project's own it
   * would take the name of `tsc` from that.
   */
  const COMPILERS = {
    'TypeScript 5.7': process.env['TOR_STREAMS_LEAST_TYPESCRIPT'],
    'the TypeScript of this project': join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc'),
  }

  for (const [title, module, resolution] of [
    ['TypeScript 5.7', 'nodenext', 'nodenext'],
    ['TypeScript 5.7', 'esnext', 'node10'],
    ['the TypeScript of this project', 'esnext', 'bundler'],
  ] as const) {
    const tsc = COMPILERS[title]
    it(`has types that ${title} finds and understands by the rules of "${resolution}", without the DOM`, async function () {
      this.timeout(120_000)
      if (tsc === undefined)
        return skipWithout(this, 'TOR_STREAMS_LEAST_TYPESCRIPT does not name the tsc of TypeScript 5.7')
      const { stdout: version } = await run(process.execPath, [tsc, '--version'])
      if (title === 'TypeScript 5.7') expect(version).to.match(/^Version 5\.7\./)
      // By the rules of node10 a module is CommonJS or not by what it is compiled to, and never by its name.
      const file = join(folder, `types-${resolution}.${resolution === 'node10' ? 'ts' : 'mts'}`)
      const lines = ENTRIES.map((name, index) => `export * as e${index} from 'tor-streams${name}'\n`)
      writeFileSync(file, lines.join(''))
      const rules = ['--module', module, '--moduleResolution', resolution]
      const flags = ['--noEmit', '--strict', '--target', 'es2022', '--lib', 'es2022', '--types', 'node', ...rules]
      const { stdout } = await run(process.execPath, [tsc, ...flags, file], { cwd: folder }).catch(
        (error: { stdout: string }) => error,
      )
      expect(stdout).to.equal('')
    })
  }
})
