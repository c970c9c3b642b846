import { expect } from 'chai'
import { currentPlatform } from '../../lib/platform/current.ts'
import { RelayCommand } from '../../lib/cell/commands.ts'
import { encodeConnected } from '../../lib/cell/relay/connected.ts'
import type { Hop } from '../../lib/circuit/hop.ts'
import { TorError } from '../../lib/base/errors.ts'
import type { StreamEndpoint } from '../../lib/stream/contract/carrier.ts'
import { lookUp } from '../../lib/stream/lookup.ts'
import { TorStream } from '../../lib/stream/tor-stream.ts'
import { echo, pattern, sink, source } from '../../lib/testing/exit/exits.ts'
import type { TestLink } from '../../lib/testing/relay/test-relay.ts'
import type { TestRelay } from '../../lib/testing/relay/test-relay.ts'
import { flowControls } from '../support/flow-controls.ts'
import { turn } from '../support/turn.ts'
import { ManualClock } from '../testing/support/manual-clock.ts'
import { SplicedCircuit } from '../hostile/support/spliced-circuit.ts'
import { expectToEcho, CircuitFixture, settled, stateOf, type Built } from './support/circuit-fixture.ts'
import { codeOf } from '../support/failures.ts'
import { expectPattern, Upload } from './support/transfer.ts'

const { BEGIN, CONNECTED, DATA, END, RESOLVE } = RelayCommand

/**
 * How unevenly streams may share. Keystream that is made ahead may end in the middle of a share, whose rest is then
 * everybody's.
 */
const UNEVEN = currentPlatform().keystream(new Uint8Array(16)).available === Infinity ? 0.1 : 0.25

for (const { kind, window, step } of flowControls) {
  describe(`Many streams on one circuit (${kind})`, () => {
    let fixture: CircuitFixture
    let relay: TestRelay
    before(async () => {
      fixture = await CircuitFixture.under(kind)
      relay = fixture.network.relays[2] as TestRelay
    })
    after(() => fixture.close())
    afterEach(() => {
      Object.assign(relay.withhold, { streamSendmes: false, circuitSendmes: false })
      relay.exit = echo()
      relay.onMessage = undefined
    })

    it('open, move data and close: 1000 at once, and others after them', async function () {
      const built = await fixture.open()
      for (const [from, count] of [
        [0, 1000],
        [1000, 100],
      ] as const) {
        const streams = Array.from({ length: count }, (_, index) => ({
          stream: built.circuit.connect(`host-${index}.example:80`),
          length: 1 + ((index * 37) % 1500),
        }))
        await Promise.all(
          streams.map(async ({ stream, length }) => {
            const upload = new Upload(stream, length)
            expect(await expectPattern(stream, length)).to.equal(length)
            await upload.done
          }),
        )
        await Promise.all(streams.map(({ stream }) => stream.close()))
        await settled(built)
        expect(built.exit.streams.size, 'different ids').to.equal(from + count)
        const seen = [...built.exit.streams.values()].slice(from)
        expect(seen.map(({ bytesReceived }) => bytesReceived)).to.deep.equal(streams.map(({ length }) => length))
        expect(seen.map(({ target }) => target?.host)).to.deep.equal(streams.map((_, index) => `host-${index}.example`))
        expect(seen.every(({ endReceived }) => endReceived === 1)).to.equal(true)
      }
      expect(built.exit.violation).to.equal(undefined)
      await built.circuit.close()
    })

    describe('that upload while the circuit is starved', () => {
      /** What each stream brought to the exit. */
      const received = ({ exit }: Built): number[] => [...exit.streams.values()].map(({ dataReceived }) => dataReceived)

      /** Gives the circuit SENDMEs one by one, each of which is credit for `step` cells. */
      async function feed(built: Built, count: number): Promise<void> {
        for (let sendme = 0; sendme < count; sendme++) {
          await turn() // keystream that was being made is there
          const before = built.exit.flow.dataReceived
          built.exit.releaseSendmes('circuit', 1)
          await built.exit.when(({ flow }) => flow.dataReceived === before + step)
        }
      }

      async function starve(): Promise<Built> {
        relay.exit = sink()
        relay.withhold.circuitSendmes = true
        return fixture.open({ clock: new ManualClock() }) // time stands still, so that a congestion window stays as it is
      }

      it('share it evenly, within 10 %', async () => {
        const built = await starve()
        for (let count = 0; count < 2; count++) new Upload(built.circuit.connect('example.com:80'), 100_000_000)
        await built.exit.when(({ flow }) => flow.dataReceived === window)
        const sendmes = Math.floor(4000 / step)
        await feed(built, sendmes)
        const [one, two] = received(built) as [number, number]
        expect(one + two).to.equal(window + sendmes * step)
        expect(Math.abs(one - two)).to.be.at.most(0.05 * (one + two))
        await built.circuit.close()
      })

      for (const sizes of [
        [1_000_000, 65_536],
        [1_000_000, 16_384],
        [65_536, 16_384],
        [1_000_000, 1000],
        [16_384, 498],
        [300_000, 20_000, 3000],
      ]) {
        it(`share it evenly, within ${100 * UNEVEN} %, when they write ${sizes.join(' and ')} bytes at a time, the first being there before`, async () => {
          const built = await starve()
          const [first, ...others] = sizes as [number, ...number[]]
          new Upload(built.circuit.connect('example.com:80'), 100_000_000, first)
          await built.exit.when(({ flow }) => flow.dataReceived === window)
          for (const size of others) new Upload(built.circuit.connect('example.com:80'), 100_000_000, size)
          await settled(built)
          expect(received(built)).to.deep.equal([window, ...others.map(() => 0)])
          const sendmes = Math.floor(6000 / step)
          await feed(built, sendmes)
          const shares = received(built).map((cells, index) => (index === 0 ? cells - window : cells))
          const fair = (sendmes * step) / sizes.length
          for (const share of shares)
            expect(share, shares.join()).to.be.within((1 - UNEVEN) * fair, (1 + UNEVEN) * fair)
          await built.circuit.close()
        })
      }

      const onlyWindows = kind === 'windows' ? it : undefined
      onlyWindows?.("do not take from one another what a stream's own window forbids", async () => {
        const built = await starve()
        relay.withhold.streamSendmes = true
        for (let count = 0; count < 3; count++) new Upload(built.circuit.connect('example.com:80'), 100_000_000)
        await built.exit.when(({ flow }) => flow.dataReceived === window)
        await feed(built, 5)
        await settled(built)
        expect(received(built)).to.deep.equal([500, 500, 500])
        await built.circuit.close()
      })
    })

    describe('of which one is at fault', () => {
      const faults: readonly (readonly [
        what: string,
        code: string | undefined,
        commit: (built: Built) => Promise<TorStream>,
      ])[] = [
        [
          'the exit refuses it',
          'END_INTERNAL',
          async ({ circuit }) => {
            relay.exit = () => {
              throw new Error('no such place')
            }
            return circuit.connect('example.com:80')
          },
        ],
        [
          'its CONNECTED is malformed',
          'CELL_MALFORMED',
          async ({ circuit }) => {
            relay.onMessage = (exit, { command, streamId }) => {
              if (command !== BEGIN) return 'handle'
              exit.send({ command: CONNECTED, streamId, body: new Uint8Array(3) })
              return 'ignore'
            }
            return circuit.connect('example.com:80')
          },
        ],
        [
          'its destination fails',
          'END_CONNRESET',
          async ({ circuit }) => {
            relay.exit = () => ({
              readable: new ReadableStream({ pull: () => Promise.reject(new Error('reset')) }),
              writable: new WritableStream(),
            })
            return circuit.connect('example.com:80')
          },
        ],
        [
          'the application writes what is no bytes',
          'ABORTED',
          async ({ circuit }) => {
            const stream = circuit.connect('example.com:80')
            await stream.opened
            await stream.writable
              .getWriter()
              .write('text' as never)
              .catch(() => undefined) // rejects with a TypeError
            return stream
          },
        ],
        [
          'the application aborts it',
          'ABORTED',
          async ({ circuit }) => {
            const stream = circuit.connect('example.com:80')
            await stream.opened
            new Upload(stream, 10_000_000)
            await stream.readable.getReader().read()
            const abort = new AbortController()
            const given = circuit.connect('example.com:80', { signal: abort.signal })
            const writing = given.writable.getWriter().write(new Uint8Array(1_000_000))
            abort.abort(null)
            expect(await codeOf(writing)).to.equal('ABORTED')
            await stream.close()
            return given
          },
        ],
        [
          'nobody reads it',
          undefined,
          async ({ circuit }) => {
            const stream = circuit.connect('example.com:80')
            new Upload(stream, 10_000_000)
            await stream.opened
            return stream
          },
        ],
        [
          'it is cancelled while much is under way',
          undefined,
          async ({ circuit }) => {
            const stream = circuit.connect('example.com:80')
            new Upload(stream, 10_000_000)
            await stream.readable.getReader().cancel(undefined)
            return stream
          },
        ],
      ]
      for (const [what, code, commit] of faults) {
        it(`leave the others alone when ${what}`, async () => {
          const built = await fixture.open()
          const others = Array.from({ length: 5 }, () => built.circuit.connect('example.com:80'))
          await Promise.all(others.map(expectToEcho))
          const stream = await commit(built)
          if (code !== undefined) expect(await codeOf(stream.closed)).to.equal(code)
          relay.exit = echo()
          relay.onMessage = undefined
          for (let round = 0; round < 3; round++) await Promise.all(others.map(expectToEcho))
          const late = built.circuit.connect('example.com:80')
          const upload = new Upload(late, 200_000)
          expect(await expectPattern(late, 200_000)).to.equal(200_000)
          await upload.done
          for (const other of others) expect(await stateOf(other.closed)).to.equal('pending')
          expect(built.exit.violation).to.equal(undefined)
          await built.circuit.close()
        })
      }
    })

    it('keep the circuit in step when downloads are given up half way: every SENDME is right, and the next one comes whole', async () => {
      const { circuit, exit, guard } = await fixture.open()
      relay.exit = source({ length: 2_000_000 })
      for (let round = 0; round < 6; round++) {
        const stream = circuit.connect('example.com:80')
        await expectPattern(stream, 50_000 * (round + 1))
        if (round % 2 === 0) await stream.close()
        else await stream.readable.cancel().then(() => stream.writable.close())
      }
      relay.exit = source({ length: 400_000 })
      const stream = circuit.connect('example.com:80')
      expect(await expectPattern(stream)).to.equal(400_000)
      await stream.closed
      expect(exit.violation ?? guard.violation).to.equal(undefined)
      await exit.when(({ flow }) => flow.sendmesReceived === Math.floor(flow.dataSent / step))
      expect(exit.flow.sendmesReceived).to.be.greaterThan(20)
      await circuit.close()
    })

    it('have echoes that are all their own, with writes of every size in every order', async () => {
      const built = await fixture.open()
      await Promise.all(
        Array.from({ length: 20 }, async (_, index) => {
          const stream = built.circuit.connect('example.com:80')
          const writer = stream.writable.getWriter()
          const reader = stream.readable.getReader()
          const sent: number[] = []
          const got: number[] = []
          for (const size of [1, 478, 479, 497, 498, 499, 996, 5000].map((size) => size + (index % 3))) {
            const chunk = pattern(index * 1000 + sent.length, size)
            sent.push(...chunk)
            await writer.write(chunk)
          }
          while (got.length < sent.length) got.push(...((await reader.read()).value ?? []))
          expect(got).to.deep.equal(sent)
          await stream.close()
        }),
      )
      await built.circuit.close()
    })
  })
}

describe('Many streams on one circuit, when ids come to their end,', () => {
  let fixture: CircuitFixture
  before(async () => {
    fixture = await CircuitFixture.start()
  })
  after(() => fixture.close())

  const splice = (): SplicedCircuit =>
    new SplicedCircuit(fixture.channel, fixture.network.relays[0]?.links[0] as TestLink)
  const streamsOf = ({ controller }: SplicedCircuit): Hop['streams'] => (controller.hops[2] as Hop).streams

  const nobody: StreamEndpoint = {
    state: 'open',
    dataArrived() {},
    messageArrived() {},
    readProcessed() {},
    circuitFailed() {},
  }

  /** Takes and frees ids until `next` is the next one. */
  function advanceTo(circuit: SplicedCircuit, next: number): void {
    const streams = streamsOf(circuit)
    for (let id: number | undefined; id !== (next === 1 ? 65_535 : next - 1); streams.replace(id as number, undefined))
      id = streams.allocate(nobody)
  }

  async function open(
    circuit: SplicedCircuit,
    count: number,
  ): Promise<{ readonly stream: TorStream; readonly id: number }> {
    const stream = new TorStream(circuit.controller, 'example.com:80')
    return { stream, id: await circuit.idOf(BEGIN, count) }
  }

  it('begin again at 1 after 65535, and skip ids of streams that are open, half-closed or resolving', async () => {
    const circuit = splice()
    advanceTo(circuit, 1)
    const [first, second, third] = [await open(circuit, 1), await open(circuit, 2), await open(circuit, 3)]
    expect([first.id, second.id, third.id]).to.deep.equal([1, 2, 3])
    for (const { id } of [first, second, third])
      await circuit.send(circuit.exit, { command: CONNECTED, streamId: id, body: encodeConnected() })
    await Promise.all([first, second, third].map(({ stream }) => stream.opened))
    const answers = lookUp(circuit.controller, 'example.com')
    expect(await circuit.idOf(RESOLVE)).to.equal(4)
    await second.stream.close() // half-closed: its id stays taken
    await circuit.send(circuit.exit, { command: END, streamId: 3, body: Uint8Array.of(6) })
    await third.stream.closed // over: its id is free

    advanceTo(circuit, 65_534)
    const ids: number[] = []
    for (let count = 4; count <= 8; count++) ids.push((await open(circuit, count)).id)
    expect(ids).to.deep.equal([65_534, 65_535, 3, 5, 6])
    circuit.controller.close(new TorError('CIRCUIT_CLOSED', 'the spec is over'))
    expect(await codeOf(answers)).to.equal('CIRCUIT_CLOSED')
  })

  it('still tell a stream from the one that had its id before', async () => {
    const circuit = splice()
    advanceTo(circuit, 9)
    const before = await open(circuit, 1)
    await circuit.send(circuit.exit, { command: CONNECTED, streamId: 9, body: encodeConnected() })
    await circuit.send(circuit.exit, { command: END, streamId: 9, body: Uint8Array.of(6) })
    await before.stream.closed
    advanceTo(circuit, 9)
    const after = await open(circuit, 2)
    expect(after.id).to.equal(9)
    await before.stream.close()
    await circuit.send(circuit.exit, { command: CONNECTED, streamId: 9, body: encodeConnected() })
    await circuit.send(circuit.exit, { command: DATA, streamId: 9, body: Uint8Array.of(5) })
    expect((await after.stream.readable.getReader().read()).value).to.deep.equal(Uint8Array.of(5))
    expect(circuit.sent.filter(({ command }) => command === END)).to.deep.equal([])
    circuit.controller.close(new TorError('CIRCUIT_CLOSED', 'the spec is over'))
  })

  it('fail with CIRCUIT_FULL when all 65535 are taken, and the others go on', async () => {
    const circuit = splice()
    const { stream, id } = await open(circuit, 1)
    const streams = streamsOf(circuit)
    for (let taken = 1; taken < 65_535; taken++) expect(streams.allocate(nobody)).to.be.within(1, 65_535)
    const one = new TorStream(circuit.controller, 'example.com:80')
    for (const promise of [
      one.opened,
      one.closed,
      one.readable.getReader().read(),
      lookUp(circuit.controller, 'example.com'),
    ]) {
      expect(await codeOf(promise)).to.equal('CIRCUIT_FULL')
    }
    await circuit.send(circuit.exit, { command: CONNECTED, streamId: id, body: encodeConnected() })
    await stream.opened
    // As soon as one is free again there is room.
    await circuit.send(circuit.exit, { command: END, streamId: id, body: Uint8Array.of(6) })
    await stream.closed
    expect((await open(circuit, 2)).id).to.equal(id)
    expect(circuit.sent.map(({ command }) => command)).to.deep.equal([BEGIN, BEGIN])
    circuit.controller.close(new TorError('CIRCUIT_CLOSED', 'the spec is over'))
  })
})
