import { expect } from 'chai'
import { fc } from '../../support/seed.ts'
import { RelayCommand } from '../../../lib/cell/commands.ts'
import { EndReason } from '../../../lib/cell/reasons.ts'
import { TorError } from '../../../lib/base/errors.ts'
import { thrownBy } from '../../cell/support/bytes.ts'
import { pattern, sameBytes } from '../../stream/support/stream-fixture.ts'
import { turn } from '../../support/turn.ts'
import { Attaching, type AttachingOptions, type CircuitKind, type FakeAttachable } from '../support/attaching.ts'

const CELL = 498
const WINDOWS: CircuitKind = { credit: 5000 }
const CONGESTION_CONTROL: CircuitKind = { credit: 5000, congestionControl: true }

describe('Attachment: from one kind of flow control to another', () => {
  let attaching: Attaching
  let socket: ReturnType<Attaching['connect']>
  let writer: WritableStreamDefaultWriter<BufferSource>

  /** A stream that goes to these circuits in turn, and stays on the last. */
  async function begin(circuits: readonly CircuitKind[], options: AttachingOptions = {}): Promise<void> {
    attaching = new Attaching({
      ...options,
      circuit: (index) => circuits[Math.min(index, circuits.length - 1)] as CircuitKind,
    })
    socket = attaching.connect()
    writer = socket.writable.getWriter()
    await turn()
  }

  const at = (index: number): FakeAttachable => attaching.circuits[index] as FakeAttachable

  async function retry(): Promise<FakeAttachable> {
    attaching.last.end(EndReason.EXITPOLICY)
    await turn()
    return attaching.last
  }

  async function leaveNothing(): Promise<void> {
    await socket.close()
    await turn()
    attaching.expectNothingLeft()
  }

  for (const [from, to, kind] of [
    [WINDOWS, CONGESTION_CONTROL, 'congestion-control'],
    [CONGESTION_CONTROL, WINDOWS, 'windows'],
  ] as const) {
    it(`goes from a circuit of the other kind to one with ${kind}, and is told which it is on`, async () => {
      await begin([from, to])
      await writer.write(pattern(1000))
      const circuit = await retry()
      expect(sameBytes(circuit.dataBytes, pattern(1000))).to.equal(true)
      circuit.connect()
      expect((await socket.opened).flowControl).to.equal(kind)
      await writer.write(pattern(500, 1000))
      await turn()
      expect(sameBytes(circuit.dataBytes, pattern(1500))).to.equal(true)
      await leaveNothing()
    })
  }

  it('remembers no more than 500 cells, and writes wait for the answer then: where nothing else would stop them', async () => {
    await begin([CONGESTION_CONTROL])
    let done = false
    const written = writer.write(pattern(2000 * CELL)).then(() => (done = true))
    await turn()
    expect(at(0).cells).to.have.length(500)
    at(0).grant(1000)
    await turn()
    expect(at(0).cells).to.have.length(500)
    expect(writer.desiredSize).to.be.at.most(0)
    expect(done).to.equal(false)
    at(0).connect()
    await written
    expect(sameBytes(at(0).dataBytes, pattern(2000 * CELL))).to.equal(true)
    await leaveNothing()
  })

  it("lets writes that waited for the answer stand in the circuit's line when it has no credit by then", async () => {
    await begin([{ ...CONGESTION_CONTROL, credit: 500 }])
    const written = writer.write(pattern(600 * CELL))
    await turn()
    at(0).connect()
    await turn()
    expect(at(0).cells).to.have.length(500)
    at(0).grant(100)
    await written
    await leaveNothing()
  })

  it('fits all that it remembers into the window of another circuit', async () => {
    await begin([CONGESTION_CONTROL, WINDOWS])
    const written = writer.write(pattern(600 * CELL))
    await turn()
    const circuit = await retry()
    expect(circuit.cells).to.have.length(500)
    expect(socket.windows.package).to.equal(0)
    circuit.connect()
    circuit.sendme()
    circuit.sendme()
    await written
    expect(sameBytes(circuit.dataBytes, pattern(600 * CELL))).to.equal(true)
    await leaveNothing()
  })

  it('counts for XOFFs what this circuit got, not what others did', async () => {
    await begin([CONGESTION_CONTROL])
    await writer.write(pattern(300 * CELL))
    at(0).xoff()
    const second = await retry()
    second.xoff() // it got the 300 cells as well
    const third = await retry()
    expect(
      thrownBy(() => {
        third.xoff()
        third.xoff()
      }),
    ).to.be.instanceOf(TorError)

    await begin([CONGESTION_CONTROL, { ...CONGESTION_CONTROL, credit: 200 }])
    await writer.write(pattern(300 * CELL))
    const short = await retry()
    expect(short.cells).to.have.length(200)
    expect(thrownBy(() => short.xoff())).to.include({ code: 'CIRCUIT_PROTOCOL' })
  })

  it('does not take along an XOFF, nor a rate, nor a timer', async () => {
    for (const act of [(circuit: FakeAttachable) => circuit.xoff(), (circuit: FakeAttachable) => circuit.xon(1)]) {
      await begin([CONGESTION_CONTROL])
      await writer.write(pattern(400 * CELL))
      act(at(0))
      const written = writer.write(pattern(10 * CELL, 400 * CELL))
      await turn()
      const circuit = await retry()
      await written
      expect(sameBytes(circuit.dataBytes, pattern(410 * CELL))).to.equal(true)
      circuit.connect()
      expect(attaching.clock.timers).to.equal(0)
      await leaveNothing()
    }
  })

  it('is stopped by an XOFF while it is sent again, and what is written behind it waits as well', async () => {
    await begin([CONGESTION_CONTROL, { ...CONGESTION_CONTROL, credit: 300 }])
    await writer.write(pattern(400 * CELL))
    const circuit = await retry()
    expect(circuit.cells).to.have.length(300)
    circuit.xoff()
    let done = false
    const written = writer.write(pattern(5 * CELL, 400 * CELL)).then(() => (done = true))
    circuit.grant(1000)
    circuit.connect()
    await turn()
    expect(circuit.cells).to.have.length(300)
    expect(done).to.equal(false)
    circuit.xon()
    await written
    expect(sameBytes(circuit.dataBytes, pattern(405 * CELL))).to.equal(true)
    await leaveNothing()
  })

  it('is held to the rate of an XON while it is sent again, by one timer', async () => {
    await begin([CONGESTION_CONTROL, { ...CONGESTION_CONTROL, credit: 300 }])
    await writer.write(pattern(400 * CELL))
    const circuit = await retry()
    circuit.xon(10)
    const written = writer.write(pattern(5 * CELL, 400 * CELL))
    circuit.grant(1000)
    circuit.connect()
    await turn()
    expect(circuit.cells).to.have.length(320)
    expect(attaching.clock.timers).to.equal(1)
    for (let second = 0; second < 5; second++) {
      attaching.clock.advance(1000)
      await turn()
      expect(attaching.clock.timers).to.be.at.most(1)
    }
    await written
    expect(sameBytes(circuit.dataBytes, pattern(405 * CELL))).to.equal(true)
    await leaveNothing()
  })

  it("leaves behind on each circuit what judges by that circuit's rules", async () => {
    await begin([CONGESTION_CONTROL, WINDOWS])
    await writer.write(pattern(300 * CELL))
    attaching.clock.advance(10_000)
    await turn()
    attaching.clock.advance(10_000)
    await turn()
    expect(attaching.circuits).to.have.length(3)
    expect(at(0).endpoints.get(1)?.state).to.equal('ended-connecting under congestion control')
    expect(at(1).endpoints.get(1)?.state).to.equal('ended-connecting')
    at(0).connect()
    at(0).xoff()
    expect(thrownBy(() => at(0).xoff())).to.include({ code: 'CIRCUIT_PROTOCOL' })
    at(1).connect()
    for (let sendmes = 0; sendmes < 6; sendmes++) at(1).sendme()
    expect(thrownBy(() => at(1).sendme())).to.include({ code: 'CIRCUIT_PROTOCOL' })
  })

  it('counts there what was really sent, not the last bytes that were not in a cell yet', async () => {
    await begin([WINDOWS])
    await writer.write(pattern(49 * CELL))
    await writer.write(pattern(10, 49 * CELL))
    expect(at(0).cells).to.have.length(49)
    attaching.clock.advance(10_000) // before the turn ends
    await turn()
    expect(at(0).cells).to.have.length(49)
    expect(at(1).cells).to.deep.equal([...new Array<number>(49).fill(CELL), 10])
    at(0).connect()
    expect(thrownBy(() => at(0).sendme())).to.include({ code: 'CIRCUIT_PROTOCOL' })
    at(1).connect()
    at(1).sendme()
    expect(socket.windows.package).to.equal(500)
  })

  it('arrives once and in order on the circuit that connects, whatever kinds there were and whatever they said', async () => {
    const circuit = fc.record({
      congestionControl: fc.boolean(),
      credit: fc.constantFrom(0, 5, 260, 1000),
      grant: fc.integer({ min: 0, max: 300 }),
      say: fc.constantFrom('nothing', 'xoff', 'xon'),
      end: fc.constantFrom('die', 'refuse', 'timeout'),
    })
    const writes = fc.array(fc.oneof(fc.integer({ min: 1, max: 600 }), fc.integer({ min: 1, max: 200_000 })), {
      minLength: 1,
      maxLength: 6,
    })
    await fc.assert(
      fc.asyncProperty(
        writes,
        fc.array(circuit, { minLength: 1, maxLength: 5 }),
        fc.boolean(),
        async (sizes, circuits, lastKind) => {
          await begin([...circuits, { congestionControl: lastKind, credit: 3 }], { timeout: Infinity })
          let size = 0
          const writing = (async () => {
            for (const each of sizes) {
              size += each
              await writer.write(pattern(each, size - each))
            }
          })()
          for (const { congestionControl, grant, say, end } of circuits) {
            const present = attaching.last
            await turn()
            present.grant(grant)
            await turn()
            if (congestionControl && present.dataBytes.length >= 124_500) {
              if (say === 'xoff') present.xoff()
              if (say === 'xon') present.xon(3)
            }
            await turn()
            if (end === 'die') present.die()
            else if (end === 'refuse') present.end(EndReason.EXITPOLICY)
            else attaching.clock.advance(15_000)
            await turn(2)
          }
          const last = attaching.last
          last.connect()
          let acknowledged = 0
          let done = false
          void writing.then(() => (done = true))
          for (let round = 0; round < 2000 && !(done && last.dataBytes.length === size); round++) {
            last.grant(50)
            await turn()
            if (lastKind) continue
            for (; (acknowledged + 1) * 50 <= last.cells.length; acknowledged++) last.sendme()
          }
          await writing
          await turn()
          expect(last.commands[0]).to.equal(RelayCommand.BEGIN)
          expect(sameBytes(last.dataBytes, pattern(size))).to.equal(true)
          expect(attaching.clock.timers).to.equal(0)
          await leaveNothing()
        },
      ),
      { numRuns: 80 },
    )
  })
})
