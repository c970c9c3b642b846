import { readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect } from 'chai'
import { build } from 'esbuild'
import { ROOT } from '../../scripts/files.js'

interface Bundle {
  /** The files it is made of, relative to the repository. */
  readonly inputs: readonly string[]
  /** Bytes, minified. */
  readonly size: number
  /** Bytes, minified and compressed. */
  readonly gzipped: number
}

/** The largest that each entry may become, in bytes minified and compressed. */
const LIMITS: Readonly<Record<string, number>> = {
  './stream': 14_000,
  './circuit': 62_000,
  '.': 95_000,
  './websocket': 5_000,
  './fetch': 15_000,
  './socks': 15_000,
  './node': 40_000,
  './testing': 60_000,
}

const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  exports: Record<string, string | { default: string }>
}
const entries = Object.entries(manifest.exports).flatMap(([name, target]) =>
  typeof target === 'string' ? [] : [{ name, file: target.default.replace('./dist/', 'lib/').replace(/\.js$/, '.ts') }],
)

/**
 * Bundles an entry as a web page would have it: what is loaded with it, and apart from that what is loaded when it is
 * first used. A module that no browser has makes this throw.
 */
async function bundle(file: string): Promise<{ readonly whole: Bundle; readonly later: Bundle }> {
  const { metafile, outputFiles } = await build({
    entryPoints: [join(ROOT, file)],
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'browser',
    minify: true,
    metafile: true,
    write: false,
    outdir: join(ROOT, 'bundle'),
    logLevel: 'silent',
    absWorkingDir: ROOT,
  })
  const outputs = new Map(Object.entries(metafile.outputs))
  const atOnce = new Set<string>()
  const add = (path: string): void => {
    if (atOnce.has(path)) return
    atOnce.add(path)
    for (const { path: next, kind } of outputs.get(path)?.imports ?? []) if (kind === 'import-statement') add(next)
  }
  for (const [path, { entryPoint }] of outputs) if (entryPoint === file) add(path)
  const bundleOf = (paths: readonly string[]): Bundle => {
    const code = Buffer.concat(
      outputFiles.filter(({ path }) => paths.includes(relative(ROOT, path))).map(({ contents }) => contents),
    )
    const inputs = paths.flatMap((path) => Object.keys(outputs.get(path)?.inputs ?? {}))
    return { inputs: inputs.map((path) => relative('.', path)), size: code.length, gzipped: gzipSync(code).length }
  }
  return { whole: bundleOf([...atOnce]), later: bundleOf([...outputs.keys()].filter((path) => !atOnce.has(path))) }
}

/** A size for people. */
const kB = (bytes: number): string => `${(bytes / 1_000).toFixed(1)} kB`

describe('Bundles for a web page', () => {
  for (const { name, file } of entries) {
    it(`${name} is made of what every browser has, and is small`, async () => {
      const { whole, later } = await bundle(file)
      const { size, gzipped } = whole
      const rest = later.inputs.length > 0 ? `, and ${kB(later.gzipped)} when first used` : ''
      console.log(`tor-streams${name.slice(1)}: ${kB(size)} minified, ${kB(gzipped)} compressed${rest}`)
      expect(gzipped).to.be.greaterThan(0)
      expect(LIMITS).to.have.property(name)
      expect(gzipped).to.be.at.most(LIMITS[name] ?? 0)
    })
  }

  it('./stream holds nothing of circuits, channels, the platform or any package', async () => {
    const { inputs } = (await bundle('lib/stream.ts')).whole
    expect(inputs).to.include('lib/stream.ts')
    expect(inputs.filter((path) => !/^lib\/(base|stream|cell|tls)\/|^lib\/[\w-]+\.ts$/.test(path))).to.deep.equal([])
  })

  it('. and ./circuit hold nothing of the test network', async () => {
    for (const file of ['lib/index.ts', 'lib/circuit.ts']) {
      const { inputs } = (await bundle(file)).whole
      expect(inputs.filter((path) => path.startsWith('lib/testing'))).to.deep.equal([])
    }
  })
})
