import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { main } from '../../lib/cli/main.ts'
import type { Terminal } from '../../lib/cli/terminal/terminal.ts'
import { TorClient } from '../../lib/client/tor-client.ts'
import type { TorClientOptions } from '../../lib/client/client-options.ts'
import { parseDirAuthorityLines } from '../../lib/directory/network/dir-authority-lines.ts'
import { OnionClientKeyPair } from '../../lib/onion/identity/client-key-pair.ts'
import { OnionKey } from '../../lib/onion/identity/onion-key.ts'
import type { OnionService } from '../../lib/onion/service/onion-service.ts'
import type { OnionServiceOptions } from '../../lib/onion/service/service-options.ts'
import { MemoryStorage } from '../../lib/platform/storage/storage.ts'
import type { TorStream } from '../../lib/stream/tor-stream.ts'
import { requireProgram } from '../support/programs.ts'
import { codeOf, download, get, HttpAnswer, upload } from './support/client.ts'
import { LinkTap } from './support/link-tap.ts'
import { TorNetwork } from './support/network.ts'
import { until } from './support/poll.ts'
import { socksGet, socksPut } from './support/socks-get.ts'
import { answerAll, digestOf } from './support/stream-target.ts'
import { testBytes, testBytesSha256 } from './support/test-bytes.ts'

/** How much goes each way in one stream of the tor client, and of ours. */
const SIZE = 20_000_000
const OWN_SIZE = 3_000_000

/** What a stream's window lets go without a SENDME, in bytes. */
const WINDOW = 500 * 498

describe('An onion service, and its visitors through real tor', function () {
  const tap = new LinkTap()
  let network: TorNetwork

  before(async function () {
    requireProgram(this, 'tor')
    requireProgram(this, 'tor-gencert')
    network = await TorNetwork.start({ authorities: 1, relays: 5, exits: 1, client: true })
  })

  after(async () => {
    await network?.stop()
  })

  const open = (options: TorClientOptions = {}): Promise<TorClient> => {
    const authorities = parseDirAuthorityLines(network.dirAuthorityLines)
    return TorClient.open({
      network: { authorities, fallbacks: [], testing: true },
      transport: tap,
      storage: new MemoryStorage(),
      timeout: 60_000,
      ...options,
    })
  }

  async function serve(tor: TorClient, options: Partial<OnionServiceOptions> = {}): Promise<OnionService> {
    const service = await tor.serve({ ports: [80], ...options })
    await service.published
    return service
  }

  /** What the tor client gets. */
  async function viaTor(answer: Promise<Uint8Array>): Promise<HttpAnswer> {
    const read = new HttpAnswer()
    read.take(await answer)
    return read
  }

  const socksPort = (): number => network.client?.socksPort ?? 0

  for (const [congestionControl, flowControl] of [
    [true, 'congestion-control'],
    [false, 'windows'],
  ] as const) {
    describe(`with ${flowControl}`, () => {
      let tor: TorClient
      let visitor: TorClient
      let service: OnionService

      before(async () => {
        ;[tor, visitor] = await Promise.all([open({ congestionControl }), open()])
        service = await serve(tor)
        void answerAll(service.incoming)
      })
      after(async () => {
        await visitor?.close()
        await tor?.close()
      })

      const connect = (): TorStream => visitor.connect(`${service.hostname}:80`)

      it('tells that it is published, and where', () => {
        expect(service.hostname).to.match(/^[a-z2-7]{55}d\.onion$/)
        const { phase, introductionPoints } = service.status
        expect({ phase, introductionPoints }).to.deep.equal({ phase: 'published', introductionPoints: 6 })
      })

      it('is reached by the tor client', async () => {
        const answer = await viaTor(socksGet(socksPort(), service.hostname, 80, '/', 60_000))
        expect([answer.status, answer.text()]).to.deep.equal([200, 'ok\n'])
      })

      it(`brings ${SIZE} bytes whole to the tor client, and takes as many`, async () => {
        const whole = { bytes: SIZE, sha256: testBytesSha256(SIZE) }
        const down = await viaTor(socksGet(socksPort(), service.hostname, 80, `/${SIZE}`, 60_000))
        expect(down.received()).to.deep.equal(whole)
        const up = await viaTor(socksPut(socksPort(), service.hostname, 80, SIZE, 60_000))
        expect(JSON.parse(up.text())).to.deep.equal(whole)
      })

      it('is reached by a client of this library, both ways', async () => {
        const whole = { bytes: OWN_SIZE, sha256: testBytesSha256(OWN_SIZE) }
        const socket = connect()
        expect((await socket.opened).flowControl).to.equal(flowControl)
        expect(await download(socket, OWN_SIZE)).to.deep.equal(whole)
        expect(await upload(connect(), OWN_SIZE)).to.deep.equal(whole)
      })

      it('answers 50 streams at once, over one circuit', async () => {
        const size = 50_000
        const all = await Promise.all(Array.from({ length: 50 }, () => download(connect(), size)))
        const whole = { bytes: size, sha256: testBytesSha256(size) }
        for (const received of all) expect(received).to.deep.equal(whole)
      })

      it('refuses what it does not serve, as C tor does, and the circuit stays', async () => {
        expect(await codeOf(visitor.connect(`${service.hostname}:81`).opened)).to.equal('END_DONE')
        const refusal = await socksGet(socksPort(), service.hostname, 81, '/', 60_000).catch(String)
        // The method, then the reply: connection refused.
        expect(refusal).to.contain('the SOCKS reply is 05000505')
        expect((await get(connect(), '/')).status).to.equal(200)
      })
    })

    describe(`with ${flowControl}, when nobody reads`, () => {
      let tor: TorClient
      let visitor: TorClient
      let service: OnionService

      before(async () => {
        ;[tor, visitor] = await Promise.all([open({ congestionControl }), open()])
        service = await serve(tor)
      })
      after(async () => {
        await visitor?.close()
        await tor?.close()
      })

      /** A visitor and what the service has of it. */
      async function pair(): Promise<[visitor: TorStream, visited: TorStream]> {
        const reader = service.incoming.getReader()
        const ours = visitor.connect(`${service.hostname}:80`)
        const { value } = await reader.read()
        reader.releaseLock()
        await ours.opened
        return [ours, value as TorStream]
      }

      /** Writes until no more is taken, and tells how much was; then the other side reads it all. */
      async function fillsAndFlows(from: TorStream, to: TorStream): Promise<void> {
        const length = 4 * WINDOW
        const piece = 4980
        const writer = from.writable.getWriter()
        let written = 0
        const writing = (async () => {
          while (written < length) {
            await writer.write(testBytes(piece, written))
            written += piece
          }
        })()
        await until('nothing more to be taken', AbortSignal.timeout(30_000), () => from.windows.package === 0)
        if (flowControl === 'windows') expect(written).to.be.within(WINDOW - piece, WINDOW)
        else expect(written).to.be.lessThan(length)
        expect(await digestOf(to.readable, length)).to.deep.equal({ bytes: length, sha256: testBytesSha256(length) })
        await writing
        await Promise.allSettled([from.close(), to.close()]) // who says END first is no matter
      }

      it('stops sending when the visitor does not read, and goes on', async () => {
        const [ours, visited] = await pair()
        await fillsAndFlows(visited, ours)
      })

      it('stops the visitor when the service does not read, and lets it go on', async () => {
        const [ours, visited] = await pair()
        await fillsAndFlows(ours, visited)
      })

      it('answers nobody that the application does not take', async () => {
        const ours = visitor.connect(`${service.hostname}:80`)
        await until('the visitor to wait', AbortSignal.timeout(30_000), () => service.status.waiting === 1)
        const reader = service.incoming.getReader()
        const { value } = await reader.read()
        reader.releaseLock()
        expect((await (value as TorStream).opened).localAddress).to.equal(`${service.hostname}:80`)
        await ours.opened
        await ours.close()
        await (value as TorStream).closed
      })
    })
  }

  describe('whose discovery is restricted', () => {
    it('is found by its clients, of this library and of C tor, and by nobody else', async () => {
      const pair = OnionClientKeyPair.generate()
      await using tor = await open()
      const service = await serve(tor, { clients: [pair.toAuth(), OnionClientKeyPair.generate().publicKey] })
      void answerAll(service.incoming)
      await using stranger = await open()
      const address = `${service.hostname}:80`
      expect(await codeOf(stranger.connect(address).opened)).to.equal('ONION_AUTHORIZATION_MISSING')
      const wrong = OnionClientKeyPair.generate().secret
      expect(await codeOf(stranger.connect(address, { onionAuth: wrong }).opened)).to.equal('ONION_AUTHORIZATION_WRONG')
      await using client = await open({
        onionAuth: { [service.hostname]: pair.toAuthPrivate(service.hostname).trim() },
      })
      expect((await get(client.connect(address), '/')).text()).to.equal('ok\n')

      const tors = await network.startClient('authorized', { authPrivate: pair.toAuthPrivate(service.hostname) })
      const answer = await viaTor(untilAnswered(() => socksGet(tors.socksPort, service.hostname, 80, '/', 30_000)))
      await tors.stop()
      expect(answer.text()).to.equal('ok\n')
    })
  })

  describe('that may ask for proofs of work', () => {
    it('is reached by clients of this library and of C tor, which read what it says of them', async () => {
      await using tor = await open()
      const service = await serve(tor, { pow: true })
      void answerAll(service.incoming)
      await using client = await open()
      expect((await get(client.connect(`${service.hostname}:80`), '/')).text()).to.equal('ok\n')
      expect((await viaTor(socksGet(socksPort(), service.hostname, 80, '/', 30_000))).text()).to.equal('ok\n')
    })
  })

  describe('of the command line', () => {
    it('leads visitors to a server of this machine, at the address of a key that it keeps as C tor does', async () => {
      const folder = await mkdtemp(join(tmpdir(), 'tor-streams-serve-'))
      try {
        await writeFile(join(folder, 'torrc'), network.dirAuthorityLines)
        const key = join(folder, 'hs_ed25519_secret_key')
        await using visitor = await open()
        const names: string[] = []
        for (let run = 0; run < 2; run++) {
          const end = new AbortController()
          let printed = ''
          const stdout = { write: (text: string, done?: () => void) => ((printed += text), done?.(), true) }
          const terminal = { stdout, stderr: { write: stdout.write }, signal: end.signal } as Terminal
          const args = ['serve', `80:127.0.0.1:${network.httpPort}`, '--key', key, '-q']
          const done = main([...args, '--network', join(folder, 'torrc')], terminal, '')
          await until('the address', AbortSignal.timeout(60_000), () => printed.includes('\n'))
          const [, name = ''] = /^([a-z2-7]{56}\.onion):80 leads to 127\.0\.0\.1:\d+\n$/.exec(printed) ?? []
          names.push(name)
          const socket = visitor.connect(`${name}:80`, { isolation: run })
          expect((await get(socket, '/')).text()).to.equal('ok\n')
          end.abort()
          expect(await done).to.equal(130)
        }
        expect(names[0]).to.equal(names[1])
        expect(OnionKey.fromTor(await readFile(key)).hostname).to.equal(names[0])
      } finally {
        await rm(folder, { recursive: true })
      }
    })
  })
})

/** A client that has just begun may have no directory yet. */
async function untilAnswered<T>(ask: () => Promise<T>): Promise<T> {
  let answer: T | undefined
  await until('an answer', AbortSignal.timeout(90_000), async () => {
    answer = await ask().catch(() => undefined)
    return answer !== undefined
  })
  return answer as T
}
