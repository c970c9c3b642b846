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
  './stream': 14_300,
  './circuit': 47_700,
  '.': 91_000,
  './tls': 20_000,
  './onion': 30_000,
  './dashboard': 10_000,
  './pow': 15_000,
  './websocket': 5_000,
  './fetch': 15_000,
  './socks': 15_000,
  './node': 40_000,
  './testing': 65_000,
}

const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  exports: Record<string, string | { default: string }>
}
const entries = Object.entries(manifest.exports).flatMap(([name, target]) =>
  typeof target === 'string' ? [] : [{ name, file: target.default.replace('./dist/', 'lib/').replace(/\.js$/, '.ts') }],
)

/**
 * Bundles an entry as a web page would have it: what is loaded with it, and apart from that what is loaded when it is
 * first used. `contents` makes an entry of its own, named `file`. A module that no browser has makes this throw.
 */
async function bundle(file: string, contents?: string): Promise<{ readonly whole: Bundle; readonly later: Bundle }> {
  const { metafile, outputFiles } = await build({
    ...(contents === undefined
      ? { entryPoints: [join(ROOT, file)] }
      : { stdin: { contents, resolveDir: ROOT, sourcefile: file, loader: 'ts' } }),
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

  it('a page that opens a client through a gateway pays at most 100 kB for it and the TLS of its links, authorities apart', async () => {
    const { whole } = await bundle(
      'page.ts',
      // From where the entries have them: what else an entry names a bundler leaves out, but esbuild does not when it splits.
      `export { TorClient } from './lib/client/tor-client.ts'
       export { webSocketTransport } from './lib/transports/websocket/web-socket-transport.ts'
       export { secureLink } from './lib/tls13/streams/link-tls.ts'`,
    )
    const { whole: roots } = await bundle('lib/webpki/roots.ts')
    console.log(
      `a client through a gateway, with TLS for links: ${kB(whole.size)} minified, ${kB(whole.gzipped)} compressed; ` +
        `the authorities ${kB(roots.gzipped)}`,
    )
    expect(whole.inputs)
      .to.include('lib/tls13/tls-client.ts')
      .and.to.include('lib/transports/websocket/socket-events.ts')
    expect(whole.inputs.filter((path) => path.includes('@noble/curves'))).to.deep.equal([])
    expect(whole.gzipped).to.be.at.most(100_000)
  })

  it('a client that only connects loads no fetch, no TLS to the far end, no proxy, no onion service, no mirror and no command line', async () => {
    const { whole, later } = await bundle('lib/client/tor-client.ts')
    const rooms = [
      'fetch',
      'onion',
      'proxy',
      'socks',
      'http',
      'tls13',
      'webpki',
      'client/mirror',
      'cli',
      'node',
      'testing',
    ]
    const isOfThese = (path: string): boolean => rooms.some((room) => path.startsWith(`lib/${room}/`))
    expect(whole.inputs.filter(isOfThese)).to.deep.equal([])
    expect(whole.inputs).to.include('lib/stream/tor-stream.ts').and.to.include('lib/client/client-core.ts')
    // It is not that they are called something else: some of them come with the first use.
    for (const room of ['fetch', 'onion', 'tls13', 'webpki'])
      expect(
        later.inputs.filter((path) => path.startsWith(`lib/${room}/`)),
        room,
      ).not.to.deep.equal([])
  })

  it('a page pays at most 25 kB for its first onion service, at most 14 kB more for the first proof of work, and 13 to be a service', async () => {
    const { whole, later } = await bundle('lib/client/tor-client.ts')
    const { whole: first, later: work } = await bundle(
      'first-onion.ts',
      `export { TorClient } from './lib/client/tor-client.ts'
       export { OnionParts } from './lib/client/onion/onion-parts.ts'`,
    )
    expect(whole.inputs.filter((path) => path.startsWith('lib/onion/'))).to.deep.equal([])
    expect(first.inputs.filter((path) => path.startsWith('lib/onion/pow/'))).to.deep.equal([
      'lib/onion/pow/client-effort.ts',
    ])
    expect(later.inputs).to.include('lib/onion/pow/hashx/compiler.ts')
    const { whole: proof } = await bundle('lib/onion/pow/prove.ts')
    const more = first.gzipped - whole.gzipped
    console.log(`a first .onion: ${kB(more)} compressed; a first proof of work: at most ${kB(proof.gzipped)} more`)
    expect(work.inputs).to.include('lib/onion/pow/prove.ts')
    expect(more).to.be.at.most(25_000)
    expect(proof.gzipped).to.be.at.most(14_000)
    const { whole: service } = await bundle(
      'first-service.ts',
      `export { TorClient } from './lib/client/tor-client.ts'
       export { OnionParts } from './lib/client/onion/onion-parts.ts'
       export { startService } from './lib/onion/service/start-service.ts'`,
    )
    const serving = service.gzipped - first.gzipped
    console.log(`a first service: ${kB(serving)} compressed more`)
    expect(first.inputs.filter((path) => path.startsWith('lib/onion/service/'))).to.deep.equal([])
    expect(serving).to.be.at.most(13_000)
  })

  /** What no page shall load with an entry, for it is loaded when it is first used, or is another entry's. */
  const OTHERS: Readonly<Record<string, RegExp>> = {
    '.': /^lib\/(tls13|webpki|transports|testing|http|http-server|fetch|proxy|socks|http-connect|node|cli)\//,
    './circuit':
      /^lib\/(tls13|webpki|transports|testing|client|directory\/(?!text\/|protocols\.ts)|http|http-server|fetch|proxy|socks|http-connect|node|cli)\//,
    './fetch': /^lib\/(?!base\/|http\/|fetch\/|fetch\.ts)/,
    // Of HTTP the heads of requests, and what tells where their bodies end.
    './socks':
      /^lib\/(?!base\/|cell\/|proxy\/|socks\/|http-connect\/|http\/message\/|http\/body\/(framing|framed-decoders|chunked-decoder)\.ts|socks\.ts)/,
    './tls':
      /^lib\/(?!base\/|cell\/|crypto\/|tls\/options\.ts|tls\.ts|tls13\/|webpki\/|platform\/crypto\/|platform\/runtime\/)|\/(roots|root-list|link-tls)\.ts$/,
    './onion':
      /^lib\/(?!base\/|cell\/|crypto\/|directory\/text\/|platform\/crypto\/digests\/|onion\/|http\/connection\/http-socket|http-server\/(serve-fetch|fetch-server-options|fetch-handler)\.ts|onion\.ts)|^lib\/onion\/(?!identity\/|hashing\.ts)/,
    './pow': /^lib\/(?!base\/|cell\/|directory\/text\/|onion\/pow\/|pow\.ts)|\/defence\//,
    './websocket': /^lib\/(?!base\/|cell\/|transports\/websocket\/|websocket\.ts)/,
  }
  for (const [name, others] of Object.entries(OTHERS)) {
    it(`${name} makes a page load nothing that it does not use`, async () => {
      const file = entries.find((entry) => entry.name === name)?.file as string
      const { inputs } = (await bundle(file)).whole
      expect(inputs).to.include(file)
      expect(inputs.filter((path) => others.test(path))).to.deep.equal([])
    })
  }

  it('./stream holds nothing of circuits, channels, the platform or any package', async () => {
    const { inputs } = (await bundle('lib/stream.ts')).whole
    expect(inputs).to.include('lib/stream.ts')
    expect(inputs.filter((path) => !/^lib\/(base|stream|cell|tls)\/|^lib\/[\w-]+\.ts$/.test(path))).to.deep.equal([])
  })
})
