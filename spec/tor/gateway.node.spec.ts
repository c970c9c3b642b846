import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { WebSocket as NodeWebSocket } from 'ws'
import { main } from '../../lib/cli/main.ts'
import type { TorClientOptions } from '../../lib/client/client-options.ts'
import { TorClient } from '../../lib/client/tor-client.ts'
import { parseDirAuthorityLines } from '../../lib/directory/network/dir-authority-lines.ts'
import type { NetworkConfig } from '../../lib/directory/network/network-config.ts'
import { listenGateway, type Gateway } from '../../lib/node/gateway/listen-gateway.ts'
import type { LinkAddress } from '../../lib/platform/links/transport.ts'
import { MemoryStorage } from '../../lib/platform/storage/storage.ts'
import { webSocketTransport, type WebSocketConstructor } from '../../lib/websocket.ts'
import { requireProgram } from '../support/programs.ts'
import { codeOf, download, upload } from './support/client.ts'
import { TorNetwork } from './support/network.ts'
import { until } from './support/poll.ts'
import { freePorts } from './support/ports.ts'
import { testBytesSha256 } from './support/test-bytes.ts'

const SIZE = 20_000_000
const WHOLE = { bytes: SIZE, sha256: testBytesSha256(SIZE) }
const WebSocket = NodeWebSocket as unknown as WebSocketConstructor

describe('Real relays behind a gateway', function () {
  let network: TorNetwork
  let config: NetworkConfig
  let folder: string

  before(async function () {
    requireProgram(this, 'tor')
    requireProgram(this, 'tor-gencert')
    network = await TorNetwork.start({ authorities: 1, relays: 3, exits: 2 })
    config = { authorities: parseDirAuthorityLines(network.dirAuthorityLines), fallbacks: [], testing: true }
    folder = mkdtempSync(join(tmpdir(), 'tor-streams-gateway-'))
  })

  after(async () => {
    await network?.stop()
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true })
  })

  const address = (): string => `some.name.test:${network.httpPort}`
  const open = (
    url: string | ((address: LinkAddress) => string),
    options: TorClientOptions = {},
    protocols?: string,
  ): Promise<TorClient> =>
    TorClient.open({
      network: config,
      transport: webSocketTransport({ url, WebSocket, protocols }),
      storage: new MemoryStorage(),
      timeout: 30_000,
      ...options,
    })

  describe('of our own', () => {
    let gateway: Gateway

    const listen = async (port = 0): Promise<void> => {
      gateway = await listenGateway({ port, network: config, storage: new MemoryStorage(), allowPrivate: true })
    }
    beforeEach(() => listen())
    afterEach(() => gateway.close())

    const url = (): string => `ws://127.0.0.1:${gateway.port}`

    it('carry a client from nothing to 20 MB down and 20 MB up that are whole', async () => {
      const tor = await open(url())
      expect(await download(tor.connect(address()), SIZE)).to.deep.equal(WHOLE)
      expect(await upload(tor.connect(address()), SIZE)).to.deep.equal(WHOLE)
      await tor.close()
      const { bytesFromRelays, bytesToRelays, refused, directories } = gateway.counters
      expect(bytesFromRelays).to.be.greaterThan(SIZE)
      expect(bytesToRelays).to.be.greaterThan(SIZE)
      expect([refused, directories]).to.deep.equal([{}, 0])
    })

    it('are known in one request, and asked for no document then', async () => {
      const without = await open(url())
      await without.close()
      const before = gateway.counters
      const tor = await open(url(), { directory: `http://127.0.0.1:${gateway.port}/directory` })
      const { opened, directories } = gateway.counters
      // The guard, and no server of the directory beside it.
      expect([opened - before.opened, directories]).to.deep.equal([1, 1])
      expect(tor.status.warnings).to.deep.equal([])
      expect(await download(tor.connect(address()), 100_000)).to.include({ bytes: 100_000 })
      const response = await tor.fetch(`http://${address()}/1000`)
      expect((await response.arrayBuffer()).byteLength).to.equal(1000)
      await tor.close()
    })

    it('are there again once the gateway was killed in mid-transfer and is back', async () => {
      const tor = await open(url())
      const { port } = gateway
      const cut = tor.connect(address())
      const writer = cut.writable.getWriter()
      await writer.write(new TextEncoder().encode(`GET /${SIZE} HTTP/1.0\r\n\r\n`))
      const reader = cut.readable.getReader()
      await reader.read()
      await gateway.close()
      await expectRejection(async () => {
        while (!(await reader.read()).done);
      })
      await cut.closed.catch(() => undefined)
      await listen(port)
      expect(await download(tor.connect(address()), 1_000_000)).to.include({ bytes: 1_000_000 })
      await tor.close()
    })

    it('cannot be reached without a gateway: a code and a sentence, within the deadline', async () => {
      const [nobody = 0] = await freePorts(1)
      const code = await codeOf(open(`ws://127.0.0.1:${nobody}`, { timeout: 10_000 }))
      expect(code).to.be.oneOf(['DIRECTORY_UNAVAILABLE', 'LINK_UNREACHABLE', 'TIMEOUT'])
      const elsewhere = `http://127.0.0.1:${nobody}/directory`
      const tor = await open(url(), { directory: elsewhere })
      expect(tor.status.warnings.join()).to.match(/^The directory could not be had from the URL that was given/)
      await tor.close()
    })
  })

  it('are served by the program, until it is interrupted', async () => {
    const torrc = join(folder, 'torrc')
    writeFileSync(torrc, network.dirAuthorityLines)
    const interrupted = new AbortController()
    let out = ''
    let told: () => void = () => undefined
    const listening = new Promise<void>((resolve) => (told = resolve))
    const output = {
      write(data: string | Uint8Array, done?: (error?: Error | null) => void): boolean {
        out += String(data)
        if (out.includes('\n')) told()
        done?.()
        return true
      },
    }
    const args = ['gateway', '--network', torrc, '--listen', '127.0.0.1:0', '--allow-private', '-q']
    const ended = main(args, { stdout: output, stderr: output, signal: interrupted.signal }, '0')
    await Promise.race([listening, ended])
    expect(out).to.match(/^Gateway on ws:\/\/127\.0\.0\.1:\d+\n$/)
    const tor = await open(out.slice('Gateway on '.length).trim())
    expect(await download(tor.connect(address()), 100_000)).to.include({ bytes: 100_000 })
    await tor.close()
    interrupted.abort()
    expect(await ended).to.equal(130)
  })

  describe("that is Debian's websockify", () => {
    const running: ChildProcess[] = []
    let port = 0

    before(async function () {
      const program = requireProgram(this, 'websockify')
      ;[port = 0] = await freePorts(1)
      const targets = network.relays.map(({ relay }) => relay.addresses[0]?.port as number)
      const tokens = join(folder, 'tokens')
      writeFileSync(tokens, targets.map((target) => `t${target}: 127.0.0.1:${target}\n`).join(''))
      const args = ['--token-plugin', 'TokenFile', '--token-source', tokens, `127.0.0.1:${port}`]
      running.push(spawn(program, args, { stdio: 'ignore' }))
      await until('websockify', AbortSignal.timeout(20_000), () => isListening(port))
    })

    after(async () => {
      for (const child of running) {
        child.kill('SIGTERM')
        if (child.exitCode === null) await once(child, 'close')
      }
    })

    it('carry a client from nothing to 20 MB down and 20 MB up that are whole', async () => {
      const tor = await open(({ port: target }) => `ws://127.0.0.1:${port}/?token=t${target}`, {}, 'binary')
      expect(await download(tor.connect(address()), SIZE)).to.deep.equal(WHOLE)
      expect(await upload(tor.connect(address()), SIZE)).to.deep.equal(WHOLE)
      await tor.close()
    })
  })
})

async function expectRejection(what: () => Promise<unknown>): Promise<void> {
  const outcome = await what().then(
    () => undefined,
    (error: unknown) => error,
  )
  expect(outcome).to.be.instanceOf(Error)
}

const isListening = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(true))
    socket.on('error', () => resolve(false))
    socket.on('connect', () => socket.destroy())
  })
