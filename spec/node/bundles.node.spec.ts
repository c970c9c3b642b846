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
  './stream': 12_000,
  './circuit': 60_000,
  '.': 90_000,
  './testing': 60_000,
}

const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { exports: Record<string, string | { default: string }> }
const entries = Object.entries(manifest.exports).flatMap(([name, target]) =>
  typeof target === 'string' ? [] : [{ name, file: target.default.replace('./dist/', 'lib/').replace(/\.js$/, '.ts') }],
)

/** Bundles an entry as a web page would have it. A module that no browser has makes this throw. */
async function bundle(file: string): Promise<Bundle> {
  const { metafile, outputFiles } = await build({
    entryPoints: [join(ROOT, file)],
    bundle: true,
    format: 'esm',
    platform: 'browser',
    minify: true,
    metafile: true,
    write: false,
    logLevel: 'silent',
    absWorkingDir: ROOT,
  })
  const code = outputFiles[0]?.contents ?? new Uint8Array()
  return { inputs: Object.keys(metafile.inputs).map((path) => relative('.', path)), size: code.length, gzipped: gzipSync(code).length }
}

describe('Bundles for a web page', () => {
  for (const { name, file } of entries) {
    it(`${name} is made of what every browser has, and is small`, async () => {
      const { size, gzipped } = await bundle(file)
      console.log(`tor-streams${name.slice(1)}: ${(size / 1_000).toFixed(1)} kB minified, ${(gzipped / 1_000).toFixed(1)} kB compressed`)
      expect(gzipped).to.be.greaterThan(0)
      expect(LIMITS).to.have.property(name)
      expect(gzipped).to.be.at.most(LIMITS[name] ?? 0)
    })
  }

  it('./stream holds nothing of circuits, channels, the platform or any package', async () => {
    const { inputs } = await bundle('lib/stream.ts')
    expect(inputs).to.include('lib/stream.ts')
    expect(inputs.filter((path) => !/^lib\/(stream|cell)\/|^lib\/[\w-]+\.ts$/.test(path))).to.deep.equal([])
  })

  it('. and ./circuit hold nothing of the test network', async () => {
    for (const file of ['lib/index.ts', 'lib/circuit.ts']) {
      const { inputs } = await bundle(file)
      expect(inputs.filter((path) => path.startsWith('lib/testing'))).to.deep.equal([])
    }
  })
})
