import { expect } from 'chai'
import { RelayCommand } from '../../lib/cell/commands.ts'
import { encodeXoff, encodeXon } from '../../lib/cell/relay/xon-xoff.ts'
import { TorError } from '../../lib/base/errors.ts'
import { lookUp } from '../../lib/stream/lookup.ts'
import { TorStream } from '../../lib/stream/tor-stream.ts'
import { hex, thrownBy } from '../cell/support/bytes.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { FakeCircuit, type Message } from '../stream/support/fake-circuit.ts'
import {
  codeOf,
  connected,
  connecting,
  pattern,
  type StreamFixture,
  type FixtureOptions,
} from '../stream/support/stream-fixture.ts'
import { turn } from '../support/turn.ts'

const XOFF: Message = [RelayCommand.XOFF, encodeXoff()]
const XON: Message = [RelayCommand.XON, encodeXon(1000)]
const SENDME: Message = [RelayCommand.SENDME]
const raw = (command: number, body: string): Message => [command, hex(body)]

/** Where a stream is when the far end misbehaves, and how many DATA cells it has sent. */
interface Place {
  readonly name: string
  readonly enter: (cells: number) => Promise<Pick<StreamFixture, 'circuit' | 'clock'> & Partial<StreamFixture>>
}

const place = (name: string, make: typeof connected, options: FixtureOptions, close = false): Place => ({
  name,
  enter: async (cells) => {
    const fixture = make({ credit: 1e5, ...options })
    const writer = fixture.socket.writable.getWriter()
    if (cells > 0) await writer.write(pattern(cells * 498))
    writer.releaseLock()
    if (close) await fixture.socket.close().catch(() => undefined) // it never opened
    return fixture
  },
})

const OPEN = place('open', connected, { congestionControl: true })
const CONNECTING = place('connecting', connecting, { congestionControl: true })
const CLOSED = place('closed by us', connected, { congestionControl: true }, true)
const CLOSED_EARLY = place('closed by us before it was connected', connecting, { congestionControl: true }, true)
const UNDER_CONGESTION_CONTROL = [OPEN, CONNECTING, CLOSED, CLOSED_EARLY]
const UNDER_WINDOWS = [
  place('open', connected, {}),
  place('connecting', connecting, {}),
  place('closed by us', connected, {}, true),
]
const LOOKUPS: readonly Place[] = [false, true].map((givenUp) => ({
  name: givenUp ? 'a lookup that was given up' : 'a lookup',
  enter: async () => {
    const clock = new FakeClock()
    const fixture = connected({ congestionControl: true })
    const abort = new AbortController()
    const circuit = new FakeCircuit({ flow: fixture.circuit.flow })
    lookUp(circuit, 'example.com', { clock, signal: abort.signal }).catch(() => undefined) // it is lost, or given up
    if (givenUp) abort.abort()
    return { circuit, clock }
  },
}))

/** What loses the circuit, by its last message: `cells` DATA cells were sent before. */
const VIOLATIONS: readonly (readonly [
  what: string,
  places: readonly Place[],
  cells: number,
  ...messages: Message[],
])[] = [
  ['a SENDME of the stream', UNDER_CONGESTION_CONTROL, 1000, SENDME],
  ['an XOFF before any data was sent', UNDER_CONGESTION_CONTROL, 0, XOFF],
  ['an XON before any data was sent', UNDER_CONGESTION_CONTROL, 0, XON],
  ['an XOFF a cell too early', UNDER_CONGESTION_CONTROL, 244, XOFF],
  ['an advisory XON a cell too early', UNDER_CONGESTION_CONTROL, 249, XON],
  ['an XOFF after an XOFF', UNDER_CONGESTION_CONTROL, 2000, XOFF, XOFF],
  ['an XOFF, answered, and another one, for the bytes of one', UNDER_CONGESTION_CONTROL, 489, XOFF, XON, XOFF],
  ['two advisory XONs for the bytes of one', UNDER_CONGESTION_CONTROL, 499, XON, XON],
  ['the XON of an XOFF, and then too much advice', UNDER_CONGESTION_CONTROL, 250, XOFF, XON, XON, XON],
  ['an XOFF of a version that does not exist', UNDER_CONGESTION_CONTROL, 2000, raw(RelayCommand.XOFF, '01')],
  ['an XOFF without a version', UNDER_CONGESTION_CONTROL, 2000, raw(RelayCommand.XOFF, '')],
  ['an XOFF with something behind it', UNDER_CONGESTION_CONTROL, 2000, raw(RelayCommand.XOFF, '00 00')],
  ['an XON of a version that does not exist', UNDER_CONGESTION_CONTROL, 2000, raw(RelayCommand.XON, '01 00000001')],
  ['an XON without a rate', UNDER_CONGESTION_CONTROL, 2000, raw(RelayCommand.XON, '00')],
  ['an XON with half a rate', UNDER_CONGESTION_CONTROL, 2000, raw(RelayCommand.XON, '00 0001')],
  ['an XON with something behind it', UNDER_CONGESTION_CONTROL, 2000, raw(RelayCommand.XON, '00 00000001 00')],
  ['an XOFF although there are windows', UNDER_WINDOWS, 500, XOFF],
  ['an XON although there are windows', UNDER_WINDOWS, 500, XON],
  ['an XOFF', LOOKUPS, 0, XOFF],
  ['an XON', LOOKUPS, 0, XON],
  ['a SENDME', LOOKUPS, 0, SENDME],
]

/** What an honest far end may do at the most, which must never cost a circuit. */
const ALLOWED: readonly (readonly [what: string, places: readonly Place[], cells: number, ...messages: Message[]])[] = [
  ['an XOFF after half of what the consensus says', UNDER_CONGESTION_CONTROL, 245, XOFF],
  ['an advisory XON after half of what the consensus says', UNDER_CONGESTION_CONTROL, 250, XON],
  ['an XON without a rate', UNDER_CONGESTION_CONTROL, 250, raw(RelayCommand.XON, '00 00000000')],
  ['an XON with the largest rate', UNDER_CONGESTION_CONTROL, 250, raw(RelayCommand.XON, '00 ffffffff')],
  ['an XON with a rate that no 31 bits hold', UNDER_CONGESTION_CONTROL, 250, raw(RelayCommand.XON, '00 80000000')],
  ['XOFFs and XONs in turn', UNDER_CONGESTION_CONTROL, 735, XOFF, XON, XOFF, XON, XOFF, XON],
  ['as much advice as the bytes allow', UNDER_CONGESTION_CONTROL, 750, XON, XON, XON],
]

describe('A far end that plays with flow control', () => {
  for (const [what, places, cells, ...messages] of VIOLATIONS) {
    for (const { name, enter } of places) {
      it(`loses the circuit by ${what}, to a stream that is ${name}`, async () => {
        const { circuit, clock, socket } = await enter(cells)
        const neighbour = new TorStream(circuit, 'example.com:81', { clock })
        const [before, last] = [messages.slice(0, -1), messages.at(-1) as Message]
        for (const message of before) circuit.deliver(1, message)
        const error = thrownBy(() => circuit.deliver(1, last))
        expect(error).to.be.instanceOf(TorError).and.to.include({ code: 'CIRCUIT_PROTOCOL' })
        expect(await codeOf(neighbour.closed)).to.equal('CIRCUIT_PROTOCOL')
        await socket?.closed.catch(() => undefined) // it may be over already
        await turn()
        expect(circuit.faults).to.deep.equal([])
        expect(clock.timers).to.equal(0)
      })
    }
  }

  for (const [what, places, cells, ...messages] of ALLOWED) {
    for (const { name, enter } of places) {
      it(`keeps the circuit with ${what}, to a stream that is ${name}`, async () => {
        const { circuit } = await enter(cells)
        for (const message of messages) circuit.deliver(1, message)
        expect(circuit.endpoints.size).to.equal(1)
        expect(circuit.faults).to.deep.equal([])
      })
    }
  }

  it('gets no more out of a rate of 1 than a stream that is slow: it closes at once, and the circuit is free', async () => {
    const { circuit, clock, socket } = await OPEN.enter(1000)
    circuit.deliver(1, [RelayCommand.XON, encodeXon(1)])
    const write = (socket as TorStream).writable
      .getWriter()
      .write(new Uint8Array(1e6))
      .catch(() => 'given up')
    await turn()
    await (socket as TorStream).close()
    expect(await write).to.equal('given up')
    expect(clock.timers).to.equal(0)
    expect(circuit.line.credit).to.equal(circuit.available)
  })

  it('gets no memory by XONs without end: each is judged and forgotten', async () => {
    const { circuit, clock } = await OPEN.enter(1000)
    for (let round = 0; round < 3; round++) circuit.deliver(1, XON)
    expect(thrownBy(() => circuit.deliver(1, XON, XON))).to.include({ code: 'CIRCUIT_PROTOCOL' })
    expect(clock.timers).to.equal(0)
  })
})
