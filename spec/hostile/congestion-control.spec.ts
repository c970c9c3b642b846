import { expect } from 'chai'
import { RelayCommand } from '../../lib/cell/commands.ts'
import { encodeSendme } from '../../lib/cell/relay/sendme.ts'
import { encodeXoff, encodeXon } from '../../lib/cell/relay/xon-xoff.ts'
import { Circuit } from '../../lib/circuit/circuit.ts'
import type { CircuitOptions } from '../../lib/circuit/circuit-options.ts'
import type { TorStream } from '../../lib/stream/tor-stream.ts'
import { echo, sink } from '../../lib/testing/exit/exits.ts'
import type { TestCircuit } from '../../lib/testing/relay/test-circuit.ts'
import type { TestRelay } from '../../lib/testing/relay/test-relay.ts'
import { hex } from '../cell/support/bytes.ts'
import {
  expectToEcho,
  CircuitFixture,
  roundTrip,
  seenBy,
  settled,
  stateOf,
  type Built,
} from '../circuit/support/circuit-fixture.ts'
import { codeOf } from '../support/failures.ts'
import { lastStream, Upload } from '../circuit/support/transfer.ts'
import { ManualClock } from '../testing/support/manual-clock.ts'

const { DATA, END, RESOLVE, SENDME } = RelayCommand

type Message = readonly [command: number, body: Uint8Array]

const XOFF: Message = [RelayCommand.XOFF, encodeXoff()]
const XON: Message = [RelayCommand.XON, encodeXon(1000)]
const STREAM_SENDME: Message = [SENDME, new Uint8Array(0)]
const rawXoff = (body: string): Message => [RelayCommand.XOFF, hex(body)]
const rawXon = (body: string): Message => [RelayCommand.XON, hex(body)]

/** A circuit and a stream id of its exit. */
interface StreamFixture extends Built {
  readonly id: number
  readonly stream?: TorStream
}

describe('A relay that breaks the rules of congestion control', () => {
  let circuitFixture: CircuitFixture
  let relay: TestRelay
  let bystander: TorStream
  before(async () => {
    circuitFixture = await CircuitFixture.start({ congestionControl: true })
    relay = circuitFixture.network.relays[2] as TestRelay
    const { circuit } = await circuitFixture.open()
    bystander = circuit.connect('bystander.example:80')
    await bystander.opened
  })
  after(() => circuitFixture.close())
  beforeEach(() => {
    relay.exit = sink()
    relay.congestionControl.xoffLimit = Infinity // it is the specs that send XOFFs
  })
  afterEach(async () => {
    relay.withhold.circuitSendmes = false
    relay.onMessage = undefined
    await expectToEcho(bystander)
  })

  /** Opens a stream on which so many bytes come to the exit. */
  const connect = async (built: Built, bytes: number): Promise<StreamFixture & { readonly stream: TorStream }> => {
    const stream = built.circuit.connect('example.com:80', { linger: Infinity })
    await built.exit.when(({ streams }) => streams.size > 0)
    const writer = stream.writable.getWriter()
    await writer.write(new Uint8Array(bytes))
    writer.releaseLock()
    const seen = lastStream(built.exit)
    await built.exit.when(() => seen.bytesReceived === bytes)
    return { ...built, stream, id: seen.id }
  }

  /** Where a stream stands, whose client has sent so many bytes. */
  type Place = (bytes: number, options?: CircuitOptions) => Promise<StreamFixture>

  const open: Place = async (bytes, options) => {
    const fixture = await connect(await circuitFixture.open(options), bytes)
    await fixture.stream.opened
    const seen = lastStream(fixture.exit)
    await fixture.exit.when(() => seen.dataConsumed === seen.dataReceived) // or it would answer the spec's XOFF by an XON
    return fixture
  }
  const connecting: Place = async (bytes, options) => {
    relay.exit = () => new Promise(() => undefined)
    return connect(await circuitFixture.open(options), bytes)
  }
  const closed =
    (place: Place): Place =>
    async (bytes, options) => {
      const fixture = await place(bytes, options)
      await fixture.stream?.close()
      await fixture.exit.when(({ messages }) => messages.at(-1)?.command === END)
      return fixture
    }
  const looking =
    (givenUp: boolean): Place =>
    async () => {
      const built = await circuitFixture.open()
      relay.onMessage = (_circuit, { command }) => (command === RESOLVE ? 'ignore' : 'handle')
      const abort = new AbortController()
      built.circuit.resolve('example.com', { signal: abort.signal }).catch(() => undefined) // it is lost, or given up
      await built.exit.when(({ messages }) => messages.at(-1)?.command === RESOLVE)
      const id = built.exit.messages.at(-1)?.streamId as number
      relay.onMessage = undefined
      if (givenUp) abort.abort()
      return { ...built, id }
    }
  const answered: Place = async () => {
    const built = await circuitFixture.open()
    await roundTrip(built)
    return { ...built, id: built.exit.messages.at(-1)?.streamId as number }
  }
  const ended: Place = async (bytes) => {
    const fixture = await open(bytes)
    lastStream(fixture.exit).end(6)
    await fixture.stream?.closed
    return fixture
  }
  const numbered =
    (id: number): Place =>
    async (bytes) => ({ ...(await open(bytes)), id })
  const withWindows =
    (place: Place): Place =>
    (bytes) =>
      place(bytes, { congestionControl: false })

  type Places = Readonly<Record<string, Place>>
  const STREAMS: Places = {
    'open': open,
    'connecting': connecting,
    'closed by the client': closed(open),
    'closed by the client before it was connected': closed(connecting),
  }
  const OTHER_IDS: Places = {
    'a lookup': looking(false),
    'a lookup that was given up': looking(true),
    'a lookup that was answered': answered,
    'over': ended,
    'the circuit itself': numbered(0),
    'one that there never was': numbered(65_535),
  }
  const WITH_WINDOWS: Places = {
    'open on a circuit with windows': withWindows(open),
    'closed by the client on a circuit with windows': withWindows(closed(open)),
  }

  const send = ({ exit, id }: StreamFixture, messages: readonly Message[], from: TestCircuit = exit): void => {
    for (const [command, body] of messages) from.send({ command, streamId: id, body })
  }

  async function expectToClose({ circuit, guard, stream }: Built & Partial<StreamFixture>): Promise<void> {
    expect(await codeOf(circuit.closed)).to.equal('CIRCUIT_PROTOCOL')
    await guard.when(({ closed: isClosed }) => isClosed)
    expect(guard.destroyReceived).to.equal(0)
    if (stream) expect(await stateOf(stream.closed)).to.not.equal('pending')
  }

  async function expectToGoOn(built: Built): Promise<void> {
    await roundTrip(built)
    expect(built.exit.violation).to.equal(undefined)
    relay.exit = echo()
    await expectToEcho(built.circuit.connect('example.com:80'))
    await built.circuit.close()
  }

  /** What loses the circuit, by the last message: so many bytes were sent before. */
  const VIOLATIONS: readonly (readonly [what: string, places: Places, bytes: number, ...messages: Message[]])[] = [
    ['a SENDME of the stream', STREAMS, 100_000, STREAM_SENDME],
    ['an XOFF before any data', STREAMS, 0, XOFF],
    ['an XON before any data', STREAMS, 0, XON],
    ['an XOFF a byte too early', STREAMS, 121_999, XOFF],
    ['an XON a byte too early', STREAMS, 124_499, XON],
    ['an XOFF twice', STREAMS, 300_000, XOFF, XOFF],
    ['an XOFF that was taken back, and another for the bytes of one', STREAMS, 243_999, XOFF, XON, XOFF],
    ['two XONs that answer nothing for the bytes of one', STREAMS, 248_999, XON, XON],
    ['an XOFF of version 1', STREAMS, 300_000, rawXoff('01')],
    ['an XOFF without a version', STREAMS, 300_000, rawXoff('')],
    ['an XOFF with a byte too many', STREAMS, 300_000, rawXoff('00 00')],
    ['an XON of version 1', STREAMS, 300_000, rawXon('01 00000001')],
    ['an XON without a version', STREAMS, 300_000, rawXon('')],
    ['an XON without a rate', STREAMS, 300_000, rawXon('00')],
    ['an XON a byte too short', STREAMS, 300_000, rawXon('00 000001')],
    ['an XON with a byte too many', STREAMS, 300_000, rawXon('00 00000001 00')],
    ['a SENDME', OTHER_IDS, 0, [SENDME, encodeSendme(new Uint8Array(20))]],
    ['an XOFF', OTHER_IDS, 300_000, XOFF],
    ['an XON', OTHER_IDS, 300_000, XON],
    ['an XOFF', WITH_WINDOWS, 200_000, XOFF],
    ['an XON', WITH_WINDOWS, 200_000, XON],
  ]
  for (const [what, places, bytes, ...messages] of VIOLATIONS) {
    for (const [name, place] of Object.entries(places)) {
      it(`loses the circuit by ${what}, to a stream that is ${name}`, async () => {
        const fixture = await place(bytes)
        const before = messages.slice(0, -1)
        if (before.length > 0) {
          send(fixture, before)
          await roundTrip(fixture)
        }
        send(fixture, messages.slice(-1))
        await expectToClose(fixture)
      })
    }
  }

  for (const [hop, name] of ['guard', 'middle'].entries()) {
    for (const [what, message] of [
      ['an XOFF', XOFF],
      ['an XON', XON],
      ['a SENDME', STREAM_SENDME],
    ] as const) {
      for (const [where, place] of Object.entries(STREAMS)) {
        it(`loses the circuit by ${what} from the ${name}, to a stream of the exit that is ${where}`, async () => {
          const fixture = await place(300_000)
          send(fixture, [message], fixture.hops[hop])
          await expectToClose(fixture)
        })
      }
    }
  }

  /** What an honest relay may do at the most, and what it leaves of the package window of a stream that is open. */
  const HANDLED: readonly (readonly [what: string, bytes: number, left: number, ...messages: Message[]])[] = [
    ['an XOFF for half of what the network says', 122_000, 0, XOFF],
    ['an XON for half of what the network says', 124_500, 1_000_000 / 498, XON],
    ['an XON with a rate of 0, which is none', 130_000, Infinity, rawXon('00 00000000')],
    ['an XON with the least rate', 130_000, 1000 / 498, rawXon('00 00000001')],
    ['an XON with the greatest rate that 31 bits hold', 130_000, 2_147_483_000 / 498, rawXon('00 0020c49b')],
    ['an XON with a rate that 31 bits do not hold', 130_000, Infinity, rawXon('00 0020c49c')],
    ['an XON with the greatest rate that there is', 130_000, Infinity, rawXon('00 ffffffff')],
    ['XOFF and XON in turn', 366_000, 1_000_000 / 498, XOFF, XON, XOFF, XON, XOFF, XON],
  ]
  for (const [what, bytes, left, ...messages] of HANDLED) {
    for (const [name, place] of Object.entries(STREAMS)) {
      it(`keeps the circuit with ${what}, to a stream that is ${name}`, async () => {
        const fixture = await place(bytes, { clock: new ManualClock() })
        send(fixture, messages)
        await roundTrip(fixture)
        if (place === open) expect(fixture.stream?.windows.package).to.equal(Math.floor(left))
        await expectToGoOn(fixture)
      })
    }
  }

  describe('with SENDMEs of the circuit', () => {
    /** Sends so many cells while the exit keeps its SENDMEs to itself, and gives the tags that they would have. */
    async function due(cells: number): Promise<Built & { readonly tags: readonly Uint8Array[] }> {
      relay.withhold.circuitSendmes = true
      const built = await circuitFixture.open({ clock: new ManualClock() })
      const stream = built.circuit.connect('example.com:80')
      await stream.opened
      const writer = stream.writable.getWriter()
      // One at a time, each in a cell of its own: a write resolves within its turn, and another turn begins with the
      // cell's arrival.
      for (let cell = 1; cell <= cells; cell++) {
        await writer.write(Uint8Array.of(cell))
        await built.exit.when(({ flow }) => flow.dataReceived === cell)
      }
      return { ...built, tags: built.exit.flow.withheld }
    }

    const tag = (tags: readonly Uint8Array[], index: number): Uint8Array => tags[index] as Uint8Array

    it('is believed when the tag is that of the 31st cell', async () => {
      const built = await due(40)
      expect(built.circuit.windows.package).to.equal(84)
      built.exit.send({ command: SENDME, body: encodeSendme(tag(built.tags, 0)) })
      await roundTrip(built)
      expect(built.circuit.windows.package).to.equal(115)
      await expectToGoOn(built)
    })

    const refused: readonly (readonly [
      what: string,
      cells: number,
      bodies: (tags: readonly Uint8Array[]) => readonly Uint8Array[],
    ])[] = [
      ['before anything was sent', 0, () => [encodeSendme(new Uint8Array(20))]],
      ['a cell too early', 30, () => [encodeSendme(new Uint8Array(20))]],
      ['with a wrong tag', 31, (tags) => [encodeSendme(tag(tags, 0).map((byte, at) => (at === 19 ? byte ^ 1 : byte)))]],
      ['with a tag that is due later', 62, (tags) => [encodeSendme(tag(tags, 1))]],
      ['with a tag that was used already', 62, (tags) => [encodeSendme(tag(tags, 0)), encodeSendme(tag(tags, 0))]],
      ['once more than is due', 61, (tags) => [encodeSendme(tag(tags, 0)), encodeSendme(tag(tags, 0))]],
      ['of version 0', 31, () => [new Uint8Array(0)]],
      ['of a version that does not exist', 31, (tags) => [Uint8Array.of(2, 0, 20, ...tag(tags, 0))]],
      ['with a tag of 16 bytes', 31, (tags) => [encodeSendme(tag(tags, 0).subarray(0, 16))]],
      ['that ends before its tag does', 31, (tags) => [encodeSendme(tag(tags, 0)).subarray(0, 20)]],
    ]
    for (const [what, cells, bodies] of refused) {
      it(`loses the circuit by one ${what}`, async () => {
        const built = await due(cells)
        for (const body of bodies(built.tags)) built.exit.send({ command: SENDME, body })
        await expectToClose(built)
      })
    }

    for (const [hop, name] of ['guard', 'middle'].entries()) {
      it(`loses the circuit when the ${name} sends what the exit was to send`, async () => {
        const built = await due(31)
        built.hops[hop]?.send({ command: SENDME, body: encodeSendme(tag(built.tags, 0)) })
        await expectToClose(built)
      })
    }

    it('gets no cell beyond the congestion window when none comes, for ever', async () => {
      relay.withhold.circuitSendmes = true
      const clock = new ManualClock()
      const built = await circuitFixture.open({ clock })
      const stream = built.circuit.connect('example.com:80')
      void new Upload(stream, 500_000)
      await stream.opened
      await built.exit.when(({ flow }) => flow.dataReceived >= 124)
      await settled(built)
      clock.advance(86_400_000)
      await settled(built)
      expect(built.exit.flow.dataReceived).to.equal(124)
      built.exit.releaseSendmes('circuit', 4)
      await built.exit.when(({ flow }) => flow.dataReceived >= 248)
      relay.withhold.circuitSendmes = false
      built.exit.releaseSendmes('circuit', built.exit.withheld.circuit)
      await expectToGoOn(built)
    })
  })

  describe('with the time that its SENDMEs take', () => {
    const DAY = 86_400_000
    /** What time does before each SENDME, and how many of those that are due come at once. */
    const games: readonly (readonly [
      what: string,
      burst: number,
      pass: (clock: ManualClock, round: number) => void,
    ])[] = [
      ['time stands still', 1, () => undefined],
      ['each takes a minute', 1, (clock) => clock.advance(60_000)],
      ['each takes a day', 1, (clock) => clock.advance(DAY)],
      ['all come in bursts, after a long time', Infinity, (clock) => clock.advance(5000)],
      ['all come in bursts, and no time passes within', 3, (clock) => clock.advance(100)],
      [
        'the first takes next to no time and all others a second',
        1,
        (clock, round) => clock.advance(round === 0 ? 0.001 : 1000),
      ],
      [
        'the first takes a day and all others next to no time',
        1,
        (clock, round) => clock.advance(round === 0 ? DAY : 0.001),
      ],
      ['they take ever longer', 1, (clock, round) => clock.advance(1.2 ** round)],
      [
        'every other takes ten thousand times as long',
        1,
        (clock, round) => clock.advance(round % 2 === 0 ? 1 : 10_000),
      ],
      ['the clock goes back each time', 1, (clock) => clock.advance(-1000)],
      ['the clock goes back and forth', 1, (clock, round) => clock.advance(round % 2 === 0 ? DAY : -DAY)],
      ['the clock stands now and then', 1, (clock, round) => clock.advance(round % 10 < 5 ? 0 : 50)],
    ]
    for (const [what, burst, pass] of games) {
      it(`gets no more than an upload that is slow: ${what}`, async () => {
        const length = 700_000
        relay.withhold.circuitSendmes = true
        const clock = new ManualClock()
        const built = await circuitFixture.open({ clock })
        const stream = built.circuit.connect('example.com:80')
        await stream.opened
        const uploading = new Upload(stream, length)
        const seen = lastStream(built.exit)
        const congestionWindow = (): number =>
          built.exit.flow.dataReceived - 31 * built.exit.flow.sendmesSent + built.circuit.windows.package
        for (let round = 0; ; round++) {
          // Where keystream is made ahead, cells may come later than the answer to a question that was asked after
          // them.
          await built.exit.when(() => built.exit.withheld.circuit > 0 || seen.bytesReceived === length)
          await settled(built)
          expect(congestionWindow(), 'the congestion window').to.be.at.most(5000)
          if (built.exit.withheld.circuit === 0) break
          pass(clock, round)
          built.exit.releaseSendmes('circuit', Math.min(burst, built.exit.withheld.circuit))
        }
        await uploading.done
        expect(congestionWindow(), 'the congestion window').to.be.within(124, 5000)
        await expectToGoOn(built)
      })
    }
  })

  describe("with DATA after the client's END", () => {
    const after = async (time: number): Promise<StreamFixture> => {
      const clock = new ManualClock()
      const fixture = await closed(open)(1000, { clock })
      clock.advance(time)
      for (let cell = 0; cell < 1000; cell++)
        fixture.exit.send({ command: DATA, streamId: fixture.id, body: new Uint8Array(498) })
      return fixture
    }

    it('keeps the circuit with more than a window of it, within a minute', async () => {
      await expectToGoOn(await after(60_000))
    })

    it('loses the circuit by it later, when nothing can be on its way any more', async () => {
      await expectToClose(await after(60_001))
    })
  })

  it("loses the circuit when it sends without end and reads nothing, before the answers that it does not take fill the client's memory", async function () {
    const { network } = circuitFixture
    const circuit = Circuit.open(network.path(), { transport: network.transport })
    const stream = circuit.connect('example.com:80')
    await stream.opened
    const { exit, guard } = seenBy(network, circuit)
    const { toRelay } = guard.link.memory
    toRelay.stall()
    const streamId = lastStream(exit).id
    const failed = codeOf(circuit.closed)
    // Cells without bytes: what would fill the memory are the answers.
    while ((await stateOf(failed)) === 'pending') {
      for (let cell = 0; cell < 500; cell++) exit.send({ command: DATA, streamId })
      expect(exit.flow.dataSent).to.be.below(100_000)
    }
    expect(await failed).to.equal('CIRCUIT_PROTOCOL')
    expect(exit.flow.dataSent).to.be.above(40_000)
    toRelay.resume()
    await guard.when(({ link }) => link.closed)
  })
})
