import { expect } from 'chai'
import { RelayCommand } from '../../../lib/cell/commands.ts'
import { encodeXoff, encodeXon } from '../../../lib/cell/relay/xon-xoff.ts'
import { TorError } from '../../../lib/base/errors.ts'
import { HalfClosedStream } from '../../../lib/stream/flow/half-closed.ts'
import { thrownBy } from '../../cell/support/bytes.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { FakeCircuit, type Message } from '../support/fake-circuit.ts'
import { DEFAULT_XON_XOFF } from '../../../lib/stream/contract/flow-parameters.ts'
import { TorStream } from '../../../lib/stream/tor-stream.ts'
import { connected, connecting, pattern, type StreamFixture } from '../support/stream-fixture.ts'

const DATA: Message = [RelayCommand.DATA, pattern(498)]
const CONNECTED: Message = [RelayCommand.CONNECTED]
const END: Message = [RelayCommand.END, Uint8Array.of(6)]
const SENDME: Message = [RelayCommand.SENDME]
const XOFF: Message = [RelayCommand.XOFF, encodeXoff()]
const XON: Message = [RelayCommand.XON, encodeXon(100)]

/** Checks that these messages break the protocol, and that the ones before the last do not. */
function expectViolation({ circuit }: Pick<StreamFixture, 'circuit'>, ...messages: readonly Message[]): void {
  for (const message of messages.slice(0, -1)) circuit.deliver(1, message)
  const error = thrownBy(() => circuit.deliver(1, messages.at(-1) as Message))
  expect(error).to.be.instanceOf(TorError)
  expect((error as TorError).code).to.equal('CIRCUIT_PROTOCOL')
}

/** A stream that is over, after so many cells were sent. */
async function ended(sentCells = 0, make: typeof connected = connected): Promise<StreamFixture> {
  const fixture = make({ congestionControl: true, credit: 1e5 })
  if (sentCells > 0) await fixture.socket.writable.getWriter().write(new Uint8Array(sentCells * 498))
  await fixture.socket.close().catch(() => undefined) // it never opened
  return fixture
}

describe('a stream with congestion control after our END', () => {
  it('keeps its id until END comes, then frees it, and leaves no timer', async () => {
    const { circuit, clock } = await ended()
    expect(circuit.endpoints.get(1)).to.be.instanceOf(HalfClosedStream)
    expect(clock.timers).to.equal(0)
    circuit.deliver(1, END)
    expect(circuit.endpoints.size).to.equal(0)
  })

  it('bears 16,384 cells of DATA, more than any window, and not one more', async () => {
    const fixture = await ended()
    for (let pass = 0; pass < 128; pass++) fixture.circuit.deliver(1, ...new Array<Message>(128).fill(DATA))
    expectViolation(fixture, DATA)
  })

  it('counts cells without bytes like any others', async () => {
    const fixture = await ended()
    const empty: Message = [RelayCommand.DATA, new Uint8Array(0)]
    for (let pass = 0; pass < 128; pass++) fixture.circuit.deliver(1, ...new Array<Message>(128).fill(empty))
    expectViolation(fixture, empty)
  })

  for (const [name, message, sent] of [
    ['DATA', DATA, 0],
    ['END', END, 0],
    ['XOFF', XOFF, 1000],
    ['XON', XON, 1000],
  ] as const) {
    it(`bears ${name} for a minute, and not a moment longer`, async () => {
      const inTime = await ended(sent)
      inTime.clock.advance(60_000)
      inTime.circuit.deliver(1, message)
      const late = await ended(sent)
      late.clock.advance(60_001)
      expectViolation(late, message)
    })
  }

  it('bears CONNECTED for a minute when it had none, then DATA', async () => {
    const fixture = await ended(0, connecting)
    fixture.clock.advance(60_000)
    fixture.circuit.deliver(1, CONNECTED, DATA)
    expect(fixture.circuit.endpoints.get(1)?.state).to.equal('ended-open under congestion control')
    const late = await ended(0, connecting)
    late.clock.advance(60_001)
    expectViolation(late, CONNECTED)
    expectViolation(await ended(0, connecting), CONNECTED, CONNECTED)
    expectViolation(await ended(0, connecting), DATA)
    expectViolation(await ended(), CONNECTED)
  })

  it('bears all that for as long as the circuit has ever taken for a round trip, if that is longer', async () => {
    const clock = new FakeClock()
    const circuit = new FakeCircuit({ flow: { parameters: DEFAULT_XON_XOFF, clock, maxRtt: 90_000 } })
    const socket = new TorStream(circuit, 'example.com:80', { clock })
    circuit.connect()
    await socket.close()
    clock.advance(90_000)
    circuit.deliver(1, DATA)
    clock.advance(1)
    expectViolation({ circuit }, DATA)
  })

  it('bears no SENDME, however much was sent', async () => {
    expectViolation(await ended(1000), SENDME)
    expectViolation(await ended(1000, connecting), SENDME)
  })

  it('goes on counting XOFFs and XONs by what was sent before', async () => {
    expectViolation(await ended(), XOFF)
    expectViolation(await ended(), XON)
    expectViolation(await ended(244), XOFF)
    expectViolation(await ended(245), XOFF, XOFF)
    expectViolation(await ended(250), XON, XON)
    expectViolation(await ended(245), XOFF, XON, XOFF)
    const told = connected({ congestionControl: true, credit: 1e5 })
    await told.socket.writable.getWriter().write(new Uint8Array(600 * 498))
    told.circuit.xoff()
    await told.socket.close()
    told.circuit.deliver(1, XON, XOFF)
    expectViolation(told, XOFF)
  })

  it('does nothing about what it is told', async () => {
    const { circuit, clock } = await ended(600)
    const sent = circuit.sent.length
    circuit.deliver(1, XOFF, XON, DATA)
    clock.advance(1000)
    expect(circuit.sent.length).to.equal(sent)
    expect(clock.timers).to.equal(0)
  })

  it('bears nothing after the END', async () => {
    for (const message of [DATA, END, XOFF, XON, SENDME, CONNECTED]) expectViolation(await ended(1000), END, message)
  })
})
