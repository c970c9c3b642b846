import { expect } from 'chai'
import { BeginFlag } from '../../lib/cell/relay/begin.ts'
import { RelayCommand } from '../../lib/cell/commands.ts'
import { decodeExtend2 } from '../../lib/cell/relay/extend2-reader.ts'
import { EndReason } from '../../lib/cell/reasons.ts'
import { Channel } from '../../lib/channel/channel.ts'
import { Circuit } from '../../lib/circuit/circuit.ts'
import { currentPlatform } from '../../lib/platform/current.ts'
import type { Relay } from '../../lib/relay.ts'
import type { StreamOptions } from '../../lib/stream/options.ts'
import type { ExitConnection } from '../../lib/testing/exit/exit.ts'
import { echo } from '../../lib/testing/exit/exits.ts'
import { TestNetwork } from '../../lib/testing/test-network.ts'
import type { TestRelay } from '../../lib/testing/relay/test-relay.ts'
import { flowControls } from '../support/flow-controls.ts'
import { ManualClock } from '../testing/support/manual-clock.ts'
import {
  expectToEcho,
  CircuitFixture,
  roundTrip,
  seenBy,
  settled,
  stateOf,
  type Built,
} from './support/circuit-fixture.ts'
import { codeOf, failureOf } from '../support/failures.ts'
import { lastStream } from './support/transfer.ts'

const { BEGIN, BEGIN_DIR, DATA, END, EXTEND2, RESOLVE } = RelayCommand

const textOf = (bytes: Uint8Array | undefined): string => String.fromCharCode(...(bytes ?? []))

for (const { kind, window } of flowControls) {
  describe(`Circuit (${kind})`, () => {
    let fixture: CircuitFixture
    let exitRelay: TestRelay
    before(async () => {
      fixture = await CircuitFixture.under(kind, { relays: 8 })
      exitRelay = fixture.network.relays[2] as TestRelay
    })
    after(() => fixture.close())
    afterEach(() => {
      exitRelay.exit = echo()
      exitRelay.onMessage = undefined
    })

    describe('when it is built', () => {
      for (const length of [1, 2, 3, 4, 5, 6, 7, 8]) {
        it(`goes through ${length} relays, each of which gets one EXTEND2 but the last, in a RELAY_EARLY cell`, async () => {
          const { circuit, guard, hops } = await fixture.open({}, length)
          expect(hops.map(({ relay }) => relay.description)).to.deep.equal(circuit.path)
          const stream = circuit.connect('example.com:80')
          await expectToEcho(stream)
          await stream.close()
          for (const [index, hop] of hops.entries()) {
            const sent = hop.messages.map(({ command, early }) => ({ command, early }))
            const extended = index < length - 1
            expect(sent.filter(({ command }) => command === EXTEND2)).to.deep.equal(
              extended ? [{ command: EXTEND2, early: true }] : [],
            )
          }
          expect(guard.relayEarlyReceived).to.be.at.most(8)
          await circuit.close()
        })
      }

      it('sends the first 7 or 8 cells to relays behind the first as RELAY_EARLY, whatever they say, and none to the first', async () => {
        for (const length of [1, 2, 3]) {
          const { circuit, guard, hops } = await fixture.open({}, length)
          const streams = Array.from({ length: 12 }, () => circuit.connect('example.com:80'))
          await Promise.all(streams.map((stream) => stream.opened))
          const early = hops.at(-1)?.messages.map((message) => message.early) ?? []
          const count = length === 1 ? 0 : guard.relayEarlyReceived - (length - 1)
          expect(early, `${length} hops`).to.deep.equal(early.map((_, index) => index < count))
          if (length > 1) expect(guard.relayEarlyReceived).to.be.within(7, 8)
          await circuit.close()
        }
      })

      it('names the next relay by IPv4 address, RSA identity and Ed25519 identity, in this order, and by no IPv6 address', async () => {
        const [first, second, third] = fixture.network.path() as [Relay, Relay, Relay]
        const ipv6 = { hostname: '2001:db8::7', port: 443 }
        const circuit = Circuit.open([first, { ...second, addresses: [ipv6, ...second.addresses] }, third], {
          channel: fixture.channel,
        })
        await circuit.opened
        const { hops } = seenBy(fixture.network, circuit)
        const specifiers = hops
          .slice(0, 2)
          .map(({ messages }) => decodeExtend2(messages[0]?.body as Uint8Array).linkSpecifiers)
        const [ipv4] = second.addresses
        expect(specifiers[0]).to.deep.equal([
          { type: 'ipv4', address: ipv4?.hostname, port: ipv4?.port },
          { type: 'rsa', identity: second.rsaIdentity },
          { type: 'ed25519', identity: second.ed25519Identity },
        ])
        expect(specifiers[1]?.map(({ type }) => type)).to.deep.equal(['ipv4', 'rsa', 'ed25519'])
        await circuit.close()
      })

      it('has whole windows at the last hop', async () => {
        const { circuit } = await fixture.open()
        expect(circuit.windows).to.deep.equal({ package: window, deliver: 1000 })
        await circuit.close()
      })

      it('opens the streams that were asked for before, in the order in which they were', async () => {
        const circuit = Circuit.open(fixture.network.path(), { channel: fixture.channel })
        const streams = ['one', 'two', 'three'].map((name) => circuit.connect(`${name}.example:80`))
        const answers = codeOf(circuit.resolve('four.example'))
        for (const stream of streams) await stream.opened
        expect(await answers).to.equal('RESOLVE_FAILED')
        const { exit } = seenBy(fixture.network, circuit)
        expect(exit.messages.map(({ body }) => textOf(body).split(/[:\0]/)[0])).to.deep.equal([
          'one.example',
          'two.example',
          'three.example',
          'four.example',
        ])
        await circuit.close()
      })

      it("takes another hop's failure for its own, with the hop and the reason", async () => {
        const [first, second, third] = fixture.network.path() as [Relay, Relay, Relay]
        const circuit = Circuit.open(
          [first, second, { ...third, addresses: [{ hostname: '192.0.2.250', port: 9001 }] }],
          { channel: fixture.channel },
        )
        expect(await failureOf(circuit.opened)).to.include({ code: 'CIRCUIT_TRUNCATED', reason: 8 })
      })

      it('fails with CIRCUIT_HANDSHAKE when a hop does not own the onion key that the path names', async () => {
        const [first, second, third] = fixture.network.path() as [Relay, Relay, Relay]
        const middle = fixture.network.relays[1] as TestRelay
        middle.answerCreate = () => 'wrong-auth'
        const circuit = Circuit.open([first, second, third], { channel: fixture.channel })
        expect(await codeOf(circuit.opened)).to.equal('CIRCUIT_HANDSHAKE')
        middle.answerCreate = undefined
      })
    })

    describe('with a channel', () => {
      it('shares it with other circuits, and leaves it open', async () => {
        const one = await fixture.open()
        const two = await fixture.open()
        expect(one.guard.link).to.equal(two.guard.link)
        await one.circuit.close()
        await one.guard.when(({ closed }) => closed)
        const stream = two.circuit.connect('example.com:80')
        await expectToEcho(stream)
        await two.circuit.close()
        expect(await stateOf(fixture.channel.closed)).to.equal('pending')
      })

      it('fails with LINK_CLOSED when the channel is closed, or was before', async () => {
        const [first] = fixture.network.path(1) as [Relay]
        const channel = await Channel.connect(first, { transport: fixture.network.transport })
        const circuit = Circuit.open(fixture.network.path(), { channel })
        await circuit.opened
        const { guard } = seenBy(fixture.network, circuit)
        await channel.close()
        expect(await codeOf(circuit.closed)).to.equal('LINK_CLOSED')
        expect(await codeOf(Circuit.open(fixture.network.path(), { channel }).opened)).to.equal('LINK_CLOSED')
        await guard.when(({ link }) => link.closed)
      })

      it('of its own closes it', async () => {
        const circuit = Circuit.open(fixture.network.path(), { transport: fixture.network.transport })
        await circuit.opened
        const { guard } = seenBy(fixture.network, circuit)
        expect(guard.link).to.not.equal(fixture.network.relays[0]?.links[0])
        await circuit.close()
        await guard.when(({ link }) => link.closed)
        expect(guard.destroyReceived).to.equal(0)
      })
    })

    describe('with bad arguments', () => {
      const wrong: readonly (readonly [
        what: string,
        error: typeof TypeError | typeof RangeError,
        names: RegExp,
        path?: ((path: Relay[]) => Relay[]) | undefined,
        options?: object,
      ])[] = [
        ['no relay', RangeError, /path/, () => []],
        ['nine relays', RangeError, /path/, (path) => [...path, ...path, ...path]],
        ['what is no relay', TypeError, /path\[1\]/, ([first, , third]) => [first, null, third] as never],
        [
          'a relay without addresses',
          TypeError,
          /path\[0\].*addresses/,
          ([first, ...rest]) => [{ ...first, addresses: [] } as never, ...rest],
        ],
        [
          'a relay at a name',
          TypeError,
          /path\[0\].*addresses/,
          ([first, ...rest]) => [{ ...first, addresses: [{ hostname: 'relay.example', port: 1 }] } as never, ...rest],
        ],
        [
          'a relay at port 0',
          RangeError,
          /path\[0\].*port/,
          ([first, ...rest]) => [{ ...first, addresses: [{ hostname: '192.0.2.1', port: 0 }] } as never, ...rest],
        ],
        [
          'a relay with half an RSA identity',
          TypeError,
          /path\[2\].*rsaIdentity/,
          ([a, b, c]) => [a, b, { ...c, rsaIdentity: new Uint8Array(10) }] as never,
        ],
        [
          'a relay with no Ed25519 identity',
          TypeError,
          /path\[1\].*ed25519Identity/,
          ([a, b, c]) => [a, { ...b, ed25519Identity: undefined }, c] as never,
        ],
        [
          'a relay with an onion key in hexadecimal',
          TypeError,
          /path\[1\].*ntorOnionKey/,
          ([a, b, c]) => [a, { ...b, ntorOnionKey: '00'.repeat(32) }, c] as never,
        ],
        ['a negative timeout', RangeError, /timeout/, undefined, { timeout: -1 }],
        ['a timeout that is no number', RangeError, /timeout/, undefined, { timeout: 'soon' }],
        ['a timeout of NaN', RangeError, /timeout/, undefined, { timeout: NaN }],
        ['a signal that is none', TypeError, /signal/, undefined, { signal: {} }],
        [
          'no way to dial',
          TypeError,
          /transport/,
          undefined,
          { transport: undefined, platform: { ...currentPlatform(), transport: undefined } },
        ],
      ]
      for (const [what, error, names, change = (path: Relay[]) => path, options] of wrong) {
        it(`throws a ${error.name} that names the argument for ${what}, and dials nobody`, () => {
          const dials = fixture.network.dials.length
          const open = (): Circuit =>
            Circuit.open(change(fixture.network.path()), { transport: fixture.network.transport, ...options })
          expect(open).to.throw(error, names)
          expect(fixture.network.dials.length).to.equal(dials)
        })
      }

      it('throws a TypeError that names the argument for a channel to another relay than the first', () => {
        const path = fixture.network.path().reverse()
        expect(() => Circuit.open(path, { channel: fixture.channel })).to.throw(TypeError, /channel/)
      })

      it('throws for an address, a name or an option of a stream before anything is sent', async () => {
        const built = await fixture.open()
        const { circuit } = built
        for (const address of ['example.com', 'example.com:0', ':80', 'exa mple.com:80', '[::1:80', 7 as never]) {
          expect(() => circuit.connect(address), String(address)).to.throw(/address|port|host/i)
        }
        expect(() => circuit.connect('example.com:80', { timeout: -1 })).to.throw(RangeError, /timeout/)
        expect(() => circuit.resolve('')).to.throw(TypeError, /name/)
        await roundTrip(built)
        expect(built.exit.messages.map(({ command }) => command)).to.deep.equal([RESOLVE])
        await circuit.close()
      })
    })

    describe('when it is given up', () => {
      it('dials nobody when its signal has aborted already', async () => {
        const dials = fixture.network.dials.length
        const circuit = Circuit.open(fixture.network.path(), {
          transport: fixture.network.transport,
          signal: AbortSignal.abort('no'),
        })
        const stream = circuit.connect('example.com:80')
        for (const promise of [circuit.opened, circuit.closed, stream.opened, stream.closed])
          expect(await codeOf(promise)).to.equal('ABORTED')
        expect(fixture.network.dials.length).to.equal(dials)
      })

      it('fails with CIRCUIT_TIMEOUT when it has no time at all', async () => {
        exitRelay.answerCreate = () => 'ignore'
        const circuit = Circuit.open(fixture.network.path(), { transport: fixture.network.transport, timeout: 0 })
        expect(await codeOf(circuit.opened)).to.equal('CIRCUIT_TIMEOUT')
        exitRelay.answerCreate = undefined
      })

      for (const timeout of [Infinity, 1e12]) {
        it(`may take its time with a timeout of ${timeout} ms`, async () => {
          const circuit = Circuit.open(fixture.network.path(), { transport: fixture.network.transport, timeout })
          await circuit.opened
          await circuit.close()
        })
      }

      it('takes no notice of its signal once it is closed', async () => {
        const abort = new AbortController()
        const { circuit } = await fixture.open({ signal: abort.signal })
        await circuit.close()
        abort.abort()
        await circuit.closed
      })
    })

    describe('when it is closed', () => {
      it('sends one DESTROY with reason NONE, however often it is closed', async () => {
        const built = await fixture.open()
        const { circuit, guard } = built
        const first = circuit.close()
        expect(circuit.close('again')).to.equal(first).and.to.equal(circuit.closed)
        await first
        await guard.when(({ closed }) => closed)
        const other = await fixture.open() // after which all that was sent is there
        const destroys = guard.link.log.filter(({ circuitId, command }) => circuitId === guard.id && command === 4)
        expect(destroys.map(({ body }) => body[0])).to.deep.equal([0])
        await other.circuit.close()
      })

      it('fails its streams and lookups with CIRCUIT_CLOSED and the reason, and every later one', async () => {
        const { circuit } = await fixture.open()
        exitRelay.exit = () => new Promise(() => undefined)
        exitRelay.onMessage = (_circuit, { command }) => (command === RESOLVE ? 'ignore' : 'handle')
        const before = [
          circuit.connect('example.com:80').opened,
          circuit.connect('example.com:80').closed,
          circuit.resolve('example.com'),
        ]
        const reason = new Error('enough')
        await circuit.close(reason)
        const after = [
          circuit.connect('example.com:80').opened,
          circuit.connectDirectory().closed,
          circuit.resolve('example.com'),
        ]
        for (const promise of [...before, ...after]) {
          const failure = await failureOf(promise)
          expect(failure.code).to.equal('CIRCUIT_CLOSED')
          expect((failure.cause as Error).cause).to.equal(reason)
        }
        expect(await stateOf(circuit.opened)).to.equal('resolved')
      })

      it('is closed by the end of a block that uses it', async () => {
        const circuit = Circuit.open(fixture.network.path(), { channel: fixture.channel })
        await circuit.opened
        const { guard } = seenBy(fixture.network, circuit)
        await circuit[Symbol.asyncDispose]() // as `await using` does
        await guard.when(({ closed }) => closed)
        expect(guard.destroyReceived).to.equal(0)
      })
    })

    describe('as the exit sees its streams', () => {
      const { IPV6_OK, IPV4_NOT_OK, IPV6_PREFERRED } = BeginFlag
      const families: readonly (readonly [family: StreamOptions['addressFamily'], flags: Record<string, number>])[] = [
        [undefined, { allows: IPV6_OK, rejects: 0, unknown: 0 }],
        ['any', { allows: IPV6_OK, rejects: 0, unknown: 0 }],
        ['ipv4', { allows: 0, rejects: 0, unknown: 0 }],
        ['ipv6', { allows: IPV6_OK | IPV4_NOT_OK, rejects: IPV6_OK | IPV4_NOT_OK, unknown: IPV6_OK | IPV4_NOT_OK }],
        ['prefer-ipv6', { allows: IPV6_OK | IPV6_PREFERRED, rejects: 0, unknown: IPV6_OK | IPV6_PREFERRED }],
      ]
      for (const policy of ['allows', 'rejects', 'unknown']) {
        it(`says which kinds of addresses will do, and leaves the flags out when there are none: IPv6 ${policy}`, async () => {
          const [guard, middle, exit] = fixture.network.path() as [Relay, Relay, Relay]
          const exitPolicyIPv6 =
            policy === 'unknown' ? undefined : { allows: (port: number) => (port === 80) === (policy === 'allows') }
          const circuit = Circuit.open([guard, middle, { ...exit, exitPolicyIPv6 }], { channel: fixture.channel })
          await circuit.opened
          const { messages } = seenBy(fixture.network, circuit).exit
          exitRelay.exit = async (request) => ({ ...(await echo()(request)), address: undefined })
          for (const [addressFamily, { [policy]: flags }] of families) {
            await circuit.connect('example.com:80', { addressFamily }).opened
            const { body } = messages.at(-1) as { body: Uint8Array }
            expect([...body], addressFamily).to.deep.equal([
              ...new TextEncoder().encode('example.com:80\0'),
              ...(flags === 0 ? [] : [0, 0, 0, flags]),
            ])
          }
          await circuit.close()
        })
      }

      const hosts: readonly (readonly [address: Parameters<Circuit['connect']>[0], sent: string])[] = [
        ['Example.COM:80', 'example.com:80'],
        [{ hostname: 'EXAMPLE.com', port: 65_535 }, 'example.com:65535'],
        ['203.0.113.1:1', '203.0.113.1:1'],
        ['[2001:DB8::1]:443', '[2001:db8::1]:443'],
        [{ hostname: '2001:db8::1', port: 443 }, '[2001:db8::1]:443'],
      ]
      it('writes host names in lower case and IPv6 addresses in brackets, of which nothing but IPv6 will do', async () => {
        const { circuit, exit } = await fixture.open()
        exitRelay.exit = async (request) => ({ ...(await echo()(request)), address: undefined })
        for (const [address, sent] of hosts) {
          await circuit.connect(address).opened
          const flags = sent.startsWith('[') ? '\0\0\0\x03' : ''
          expect(textOf(exit.messages.at(-1)?.body)).to.equal(`${sent}\0${flags}`)
        }
        await circuit.close()
      })

      it("opens a stream to the relay's own directory by an empty BEGIN_DIR", async () => {
        const { circuit, exit } = await fixture.open()
        const refused = circuit.connectDirectory()
        expect(await codeOf(refused.opened)).to.equal('END_NOTDIRECTORY')
        const otherwise = exitRelay.directory
        exitRelay.directory = echo()
        const stream = circuit.connectDirectory()
        expect(await stream.opened).to.include({ remoteAddress: undefined, ttl: undefined })
        await expectToEcho(stream)
        const begins = exit.messages.filter(({ command }) => command === BEGIN_DIR)
        expect(begins.map(({ length }) => length)).to.deep.equal([0, 0])
        exitRelay.directory = otherwise
        await circuit.close()
      })

      it('asks for names and addresses by RESOLVE', async () => {
        const { circuit, exit } = await fixture.open()
        const otherwise = exitRelay.resolve
        exitRelay.resolve = (name) =>
          name.endsWith('.arpa')
            ? [{ type: 'hostname', hostname: 'one.example', ttl: 5 }]
            : [
                { type: 'ipv4', address: '203.0.113.1', ttl: 60 },
                { type: 'ipv6', address: '2001:db8::1', ttl: 70 },
                { type: 'ipv4', address: '10.0.0.1', ttl: 80 },
              ]
        expect(await circuit.resolve('One.Example')).to.deep.equal([
          { type: 'ipv4', address: '203.0.113.1', ttl: 60 },
          { type: 'ipv6', address: '2001:db8::1', ttl: 70 },
        ])
        expect(await circuit.resolve('203.0.113.1')).to.deep.equal([
          { type: 'hostname', hostname: 'one.example', ttl: 5 },
        ])
        const questions = exit.messages.filter(({ command }) => command === RESOLVE)
        expect(questions.map(({ body }) => textOf(body))).to.deep.equal(['one.example\0', '1.113.0.203.in-addr.arpa\0'])
        exitRelay.resolve = otherwise
        await circuit.close()
      })

      it('ends them with reason MISC and nothing more, however they come to their end', async () => {
        const built = await fixture.open()
        const { circuit, exit } = built
        const abort = new AbortController()
        const ways = [
          (stream: ReturnType<Circuit['connect']>) => stream.close(),
          (stream: ReturnType<Circuit['connect']>) => stream.close(new Error('why not')),
          (stream: ReturnType<Circuit['connect']>) => stream.writable.abort(new Error('no more')),
          async (stream: ReturnType<Circuit['connect']>) => {
            await stream.readable.cancel()
            await stream.writable.close()
          },
          async () => abort.abort(),
        ]
        for (const end of ways) {
          const stream = circuit.connect('example.com:80', { signal: abort.signal })
          await stream.opened
          await end(stream)
        }
        const { signal } = new AbortController()
        const closing = circuit.connect('example.com:80', { signal, endOnClose: true })
        await closing.writable.close()
        await circuit.connect('example.com:80').close() // before it is connected
        await settled(built)
        const ends = exit.messages.filter(({ command }) => command === END)
        expect(ends.map(({ body }) => [...(body ?? [])])).to.deep.equal(
          Array.from({ length: 7 }, () => [EndReason.MISC]),
        )
        await circuit.close()
      })

      it('does not answer an END with an END', async () => {
        const built = await fixture.open()
        const { circuit, exit } = built
        exitRelay.exit = (): ExitConnection => ({
          readable: new ReadableStream({ start: (controller) => controller.close() }),
          writable: new WritableStream(),
        })
        const stream = circuit.connect('example.com:80')
        await stream.closed
        await stream.close()
        await settled(built)
        expect(exit.messages.filter(({ command }) => command === END)).to.deep.equal([])
        await circuit.close()
      })

      describe('with data before they are connected', () => {
        /** An exit that connects when it is told to. */
        function gate(): { readonly open: () => void } {
          let open = (): void => undefined
          const opened = new Promise<void>((resolve) => (open = resolve))
          exitRelay.exit = async (request) => {
            await opened
            return echo()(request)
          }
          return { open: () => open() }
        }

        const commands = ({ exit }: Built): number[] =>
          exit.messages.map(({ command }) => command).filter((command) => command !== RESOLVE)

        it('sends DATA right behind BEGIN', async () => {
          const built = await fixture.open()
          const { open } = gate()
          const stream = built.circuit.connect('example.com:80')
          await stream.writable.getWriter().write(new Uint8Array(1000))
          await settled(built)
          expect(commands(built)).to.deep.equal([BEGIN, DATA, DATA, DATA])
          expect(await stateOf(stream.opened)).to.equal('pending')
          open()
          await stream.opened
          await built.circuit.close()
        })

        it('gets no further than flow control lets it', async () => {
          const built = await fixture.open({ clock: new ManualClock() }) // a clock that stands still leaves a congestion window as it is
          const { open } = gate()
          const stream = built.circuit.connect('example.com:80')
          const writing = stream.writable.getWriter().write(new Uint8Array(2000 * 498))
          if (kind === 'windows') await built.exit.when(({ flow }) => flow.dataReceived === 500)
          else await built.exit.when((exit) => lastStream(exit)?.flow.xoffsSent === 1)
          await settled(built)
          // What was on its way when 244,000 bytes had come is no more than the window.
          const [least, most] = kind === 'windows' ? [500, 500] : [490, 490 + window]
          expect(built.exit.flow.dataReceived).to.be.within(least, most)
          expect(await stateOf(writing)).to.equal('pending')
          open()
          const drained = stream.readable.pipeTo(new WritableStream())
          await writing
          await stream.close()
          await drained
          await built.circuit.close()
        })

        it('holds DATA back until CONNECTED with optimistic: false', async () => {
          const built = await fixture.open()
          const { open } = gate()
          const stream = built.circuit.connect('example.com:80', { optimistic: false })
          const writing = stream.writable.getWriter().write(new Uint8Array(1000))
          await settled(built)
          expect(commands(built)).to.deep.equal([BEGIN])
          expect(await stateOf(writing)).to.equal('pending')
          open()
          await writing
          await built.exit.when(({ flow }) => flow.dataReceived === 3)
          expect(commands(built)).to.deep.equal([BEGIN, DATA, DATA, DATA])
          await built.circuit.close()
        })

        it('does as the defaults of the circuit say, unless the stream says otherwise', async () => {
          const built = await fixture.open({ streamDefaults: { optimistic: false } })
          gate()
          const patient = built.circuit.connect('example.com:80')
          const hasty = built.circuit.connect('example.com:80', { optimistic: true })
          for (const stream of [patient, hasty])
            stream.writable
              .getWriter()
              .write(new Uint8Array(1))
              .catch(() => undefined) // the circuit closes
          await settled(built)
          expect(commands(built)).to.deep.equal([BEGIN, BEGIN, DATA])
          await built.circuit.close()
        })
      })

      it('can be connected by a function of its own', async () => {
        const { circuit } = await fixture.open()
        const { connect } = circuit
        await expectToEcho(connect('example.com:80'))
        await circuit.close()
      })
    })
  })
}

describe('A network that is gone', () => {
  it('is LINK_UNREACHABLE, with what the transport said as the cause', async () => {
    const network = await TestNetwork.start({ relays: 3 })
    const path = network.path()
    await network.close()
    const failure = await failureOf(Circuit.open(path, { transport: network.transport }).opened)
    expect(failure.code).to.equal('LINK_UNREACHABLE')
    expect(failure.cause).to.be.instanceOf(Error)
  })
})
