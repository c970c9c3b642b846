/** Cloudflare's runtime: the library in it on a network of its own, and the example for it over its sockets to real relays. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { build } from 'esbuild'
import { ROOT } from '../../scripts/files.js'
import { requireProgram, skipBecause } from '../support/programs.ts'
import { TorNetwork } from './support/network.ts'
import { testBytesSha256 } from './support/test-bytes.ts'

const WORKERD = join(ROOT, 'node_modules', '@cloudflare', 'workerd-linux-64', 'bin', 'workerd')
const SIZE = 1_000_000

/** The whole network in one request. */
const EMBEDDED = `
import { TorClient } from './lib/index.ts'
import { source, TestNetwork } from './lib/testing.ts'
export default {
  async fetch() {
    const network = await TestNetwork.start({ authorities: 3, exit: source({ length: ${SIZE} }) })
    const tor = await TorClient.open({ network: network.config, transport: network.transport })
    const { byteLength } = await new Response(tor.connect('any.test:80').readable).arrayBuffer()
    await tor.close()
    await network.close()
    return Response.json({ byteLength, channel: typeof MessageChannel, process: typeof process })
  },
}
`

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

describe('In workerd', function () {
  let folder: string
  const running: ChildProcess[] = []

  /** Starts a worker, and resolves to its address once it listens. */
  async function serve(source: { entry: string } | { code: string }, flags: string, bindings: string): Promise<string> {
    const port = await freePort()
    await build({
      ...('entry' in source
        ? { entryPoints: [source.entry] }
        : { stdin: { contents: source.code, resolveDir: ROOT, loader: 'ts' as const } }),
      outfile: join(folder, 'worker.js'),
      bundle: true,
      format: 'esm',
      target: 'es2022',
      external: ['cloudflare:sockets', 'node:*'],
      logLevel: 'error',
    })
    writeFileSync(
      join(folder, 'config.capnp'),
      `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = (
      modules = [ (name = "worker", esModule = embed "worker.js") ],
      compatibilityDate = "2025-01-01", compatibilityFlags = [${flags}], bindings = [${bindings}],
      globalOutbound = "local")),
    (name = "local", network = (allow = ["127.0.0.1/32"]))
  ],
  sockets = [ (name = "http", address = "127.0.0.1:${port}", http = (), service = "main") ]
);
`,
    )
    const child = spawn(WORKERD, ['serve', join(folder, 'config.capnp'), '--control-fd=1'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    running.push(child)
    await once(child.stdout, 'data') // it says on which ports it listens
    return `http://127.0.0.1:${port}`
  }

  before(function () {
    if (!existsSync(WORKERD)) skipBecause(this, 'workerd is not installed: npm install --include=optional')
    folder = mkdtempSync(join(tmpdir(), 'tor-streams-workerd-'))
  })
  afterEach(async () => {
    for (const child of running.splice(0)) {
      child.kill()
      await once(child, 'close')
    }
  })
  after(() => folder && rmSync(folder, { recursive: true, force: true }))

  for (const [what, flags, seen] of [
    ['as it is', '', { channel: 'undefined', process: 'undefined' }],
    ['with nodejs_compat, which claims to be Node', '"nodejs_compat"', { channel: 'undefined', process: 'object' }],
  ] as const) {
    it(`${what}, a client downloads through a network in the same worker`, async () => {
      const url = await serve({ code: EMBEDDED }, flags, '')
      expect(await (await fetch(url)).json()).to.deep.equal({ byteLength: SIZE, ...seen })
    })
  }

  describe('the example', () => {
    let network: TorNetwork

    before(async function () {
      requireProgram(this, 'tor')
      requireProgram(this, 'tor-gencert')
      network = await TorNetwork.start({ authorities: 1, relays: 3, exits: 2 })
    })
    after(() => network?.stop())

    it('reaches real relays by the sockets of Workers, with TLS of our own', async () => {
      const lines = JSON.stringify(network.dirAuthorityLines)
      const url = await serve(
        { entry: join(ROOT, 'examples', 'workerd', 'worker.ts') },
        '',
        `(name = "DIR_AUTHORITIES", text = ${lines})`,
      )
      const target = `http://some.name.test:${network.httpPort}/${SIZE}`
      const body = await (await fetch(`${url}/?url=${encodeURIComponent(target)}`)).arrayBuffer()
      const digest = Buffer.from(await crypto.subtle.digest('SHA-256', body)).toString('hex')
      expect([body.byteLength, digest]).to.deep.equal([SIZE, testBytesSha256(SIZE)])
    })
  })
})
