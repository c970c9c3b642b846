import { expect } from 'chai'
import { fc } from '../../support/seed.ts'
import { RelayCommand } from '../../../lib/cell/commands.ts'
import { EndReason } from '../../../lib/cell/reasons.ts'
import type { SocketError } from '../../../lib/base/errors.ts'
import { codeOf, pattern, rejection, sameBytes } from '../../stream/support/stream-fixture.ts'
import { turn } from '../../support/turn.ts'
import { Attaching, type AttachingOptions, type FakeAttachable } from '../support/attaching.ts'

const CELL = 498

/** True when this is what the circuit has got, and nothing before BEGIN. */
function hasGot(circuit: FakeAttachable, bytes: Uint8Array): boolean {
  expect(circuit.commands.slice(0, 1)).to.deep.equal([RelayCommand.BEGIN])
  return sameBytes(circuit.dataBytes, bytes)
}

describe('Attachment: optimistic data', () => {
  let attaching: Attaching
  let socket: ReturnType<Attaching['connect']>
  let writer: WritableStreamDefaultWriter<BufferSource>

  async function begin(options?: AttachingOptions): Promise<void> {
    attaching = new Attaching(options)
    socket = attaching.connect()
    writer = socket.writable.getWriter()
    await turn()
  }

  /** The n-th circuit. */
  const at = (index: number): FakeAttachable => attaching.circuits[index] as FakeAttachable

  /** The present circuit answers with an END that another may mend. */
  async function retry(reason: number = EndReason.EXITPOLICY): Promise<FakeAttachable> {
    attaching.last.end(reason)
    await turn()
    return attaching.last
  }

  it('goes to the next circuit cell by cell as it went to the one before, however it was written', async () => {
    await begin()
    for (const [size, from] of [
      [3, 0],
      [1200, 3],
      [498, 1203],
      [20, 1701],
    ] as const) {
      await writer.write(pattern(size, from))
      await turn()
    }
    expect(at(0).cells).to.deep.equal([3, 498, 498, 204, 498, 20])
    await retry()
    expect(at(1).cells).to.deep.equal(at(0).cells)
    expect(hasGot(at(1), pattern(1721))).to.equal(true)
    expect(socket.windows.package).to.equal(494)
    at(1).connect()
    await writer.write(pattern(10, 1721))
    await turn()
    expect(hasGot(at(1), pattern(1731))).to.equal(true)
    await socket.close()
    attaching.expectNothingLeft()
  })

  it('survives every way in which a circuit can fail', async () => {
    await begin()
    await writer.write(pattern(5000))
    at(0).die()
    await turn()
    attaching.clock.advance(10_000)
    await turn()
    const last = await retry(EndReason.MISC)
    expect(attaching.circuits.length).to.equal(4)
    expect(hasGot(last, pattern(5000))).to.equal(true)
    last.connect()
    await socket.opened
    await socket.close()
    attaching.expectNothingLeft()
  })

  it('waits, half sent, for credit; what is written meanwhile waits behind it', async () => {
    await begin({ circuit: (index) => ({ credit: index === 0 ? 1000 : 3 }) })
    await writer.write(pattern(10 * CELL))
    const circuit = await retry()
    let written = false
    const more = writer.write(pattern(7 * CELL, 10 * CELL)).then(() => (written = true))
    await turn()
    expect(circuit.cells.length).to.equal(3)
    circuit.grant(4)
    await turn()
    expect(circuit.cells.length).to.equal(7)
    expect(written).to.equal(false)
    circuit.grant(5) // three for what is sent again, the rest for what is new
    await turn()
    expect(circuit.cells.length).to.equal(12)
    circuit.grant(100)
    await more
    expect(hasGot(circuit, pattern(17 * CELL))).to.equal(true)
    expect(socket.windows.package).to.equal(500 - 17)
    circuit.connect()
    await socket.close()
    attaching.expectNothingLeft()
  })

  it('goes on when CONNECTED comes before all of it was sent again, and a close waits for it', async () => {
    await begin({ circuit: (index) => ({ credit: index === 0 ? 1000 : 3 }), stream: { endOnClose: true } })
    await writer.write(pattern(10 * CELL))
    const circuit = await retry()
    circuit.connect()
    await socket.opened
    let closed = false
    const closing = writer.close().then(() => (closed = true))
    await turn()
    expect(closed).to.equal(false)
    expect(circuit.commands).to.not.include(RelayCommand.END)
    circuit.grant(100)
    await closing
    expect(hasGot(circuit, pattern(10 * CELL))).to.equal(true)
    expect(circuit.commands.at(-1)).to.equal(RelayCommand.END)
    await socket.closed
    attaching.expectNothingLeft()
  })

  it('is told to be lost when the far end finishes before all of it was sent again', async () => {
    await begin({ circuit: (index) => ({ credit: index === 0 ? 1000 : 3 }) })
    await writer.write(pattern(10 * CELL))
    const circuit = await retry()
    circuit.connect()
    const closing = writer.close()
    circuit.end(EndReason.DONE)
    expect(await codeOf(closing)).to.equal('ENDED')
    await new Response(socket.readable).arrayBuffer()
    await socket.closed
    attaching.expectNothingLeft()
  })

  it('moves on from one circuit to another while it is being sent again, without a cell to the wrong one', async () => {
    await begin({ circuit: (index) => ({ credit: index === 2 ? 1000 : 4 }) })
    const written = writer.write(pattern(20 * CELL))
    await turn()
    const second = await retry()
    second.grant(1)
    await turn()
    await retry()
    expect(at(0).cells.length).to.equal(4)
    expect(second.cells.length).to.equal(5)
    // Whoever stood in line there stands there no more.
    second.grant(100)
    at(0).grant(100)
    await written
    expect([at(0).cells.length, second.cells.length]).to.deep.equal([4, 5])
    expect(hasGot(at(2), pattern(20 * CELL))).to.equal(true)
    at(2).connect()
    await socket.close()
    attaching.expectNothingLeft()
  })

  it('of a full window is sent again, and the window opens as the exit acknowledges it', async () => {
    await begin()
    const written = writer.write(pattern(600 * CELL))
    await turn()
    expect(at(0).cells.length).to.equal(500)
    const circuit = await retry()
    expect(circuit.cells.length).to.equal(500)
    expect(socket.windows.package).to.equal(0)
    circuit.connect()
    circuit.sendme()
    circuit.sendme()
    await written
    await turn()
    expect(hasGot(circuit, pattern(600 * CELL))).to.equal(true)
    await socket.close()
    attaching.expectNothingLeft()
  })

  it('in many small cells leaves no less room in the window than the exit will acknowledge', async () => {
    await begin()
    for (let byte = 0; byte < 500; byte++) {
      await writer.write(pattern(1, byte))
      await turn()
    }
    expect(socket.windows.package).to.equal(0)
    const circuit = await retry()
    expect(circuit.cells.length + socket.windows.package).to.equal(500)
    circuit.connect()
    circuit.sendme() // more would be a violation if fewer cells had been sent
    await writer.write(pattern(1, 500))
    await turn()
    expect(hasGot(circuit, pattern(501))).to.equal(true)
  })

  it('never overruns the exit when the next circuit wants short cells and needs one more', async () => {
    await begin()
    let count = 0
    const written = writer.write(pattern(500 * CELL))
    await turn()
    expect(at(0).cells.length).to.equal(500)
    const second = attaching.make()
    second.cellSize = () => (count++ % 50 === 0 ? 478 : 498)
    attaching.make = () => second
    const circuit = await retry()
    await written
    expect(circuit.cells.length).to.equal(500)
    circuit.connect()
    circuit.sendme()
    await turn()
    expect(circuit.cells.length).to.equal(501)
    expect(socket.windows.package).to.equal(49)
    expect(hasGot(circuit, pattern(500 * CELL))).to.equal(true)
  })

  it('that was not in a cell yet when its circuit died goes with the rest to the next', async () => {
    for (const [before, credit] of [
      [0, 1000],
      [3 * CELL, 1000],
      [3 * CELL, 2],
    ] as const) {
      await begin({ byHand: true, circuit: (index) => ({ credit: index === 0 ? 1000 : credit }) })
      attaching.give()
      await turn()
      if (before > 0) await writer.write(pattern(before))
      // The last bytes wait for the end of the turn, their credit set aside.
      await writer.write(pattern(100, before))
      expect(at(0).reserved).to.equal(1)
      at(0).die()
      // The next circuit is there before the turn ends.
      for (let microtask = 0; microtask < 20; microtask++) await Promise.resolve()
      attaching.give()
      for (let microtask = 0; microtask < 20; microtask++) await Promise.resolve()
      await turn()
      const circuit = attaching.last
      circuit.grant(10)
      expect(hasGot(circuit, pattern(before + 100)), `${before} bytes before, ${credit} cells`).to.equal(true)
      expect(socket.windows.package + circuit.cells.length).to.equal(500)
      circuit.connect()
      await writer.write(pattern(10, before + 100))
      await socket.close()
      expect(hasGot(circuit, pattern(before + 110))).to.equal(true)
      attaching.expectNothingLeft()
    }
  })

  it('that was not in a cell yet when its circuit died, and none was there at the end of the turn, is not lost', async () => {
    await begin({ byHand: true })
    attaching.give()
    await turn()
    await writer.write(pattern(CELL + 10))
    at(0).die()
    await turn(2)
    await writer.write(pattern(0))
    attaching.give()
    await turn()
    expect(hasGot(at(1), pattern(CELL + 10))).to.equal(true)
    expect(at(1).cells).to.deep.equal([CELL, 10])
  })

  it('waits for CONNECTED where it is switched off, and is written once then', async () => {
    await begin({ stream: { optimistic: false } })
    const written = writer.write(pattern(1000))
    await turn()
    const circuit = await retry()
    expect(at(0).cells).to.deep.equal([])
    expect(circuit.cells).to.deep.equal([])
    circuit.connect()
    await written
    await turn()
    expect(hasGot(circuit, pattern(1000))).to.equal(true)
  })

  it('fails with all attempts when no circuit could deliver it', async () => {
    await begin()
    await writer.write(pattern(1000))
    await retry()
    const parked = writer.write(pattern(600 * CELL))
    await turn()
    attaching.last.end(EndReason.CONNECTREFUSED)
    const error = (await rejection(parked)) as SocketError
    expect(error.code).to.equal('END_CONNECTREFUSED')
    expect(error.attempts.length).to.equal(2)
    attaching.expectNothingLeft()
  })

  it('arrives once and in order on the circuit that connects, whatever happened before', async () => {
    const write = fc.record({
      size: fc.oneof(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: 20_000 })),
      turns: fc.integer({ min: 0, max: 2 }),
    })
    const circuit = fc.record({
      credit: fc.constantFrom(0, 1, 5, 40, 1000),
      short: fc.integer({ min: 1, max: 60 }),
      after: fc.integer({ min: 0, max: 6 }),
      grant: fc.integer({ min: 0, max: 30 }),
      end: fc.constantFrom('die', 'refuse', 'timeout'),
    })
    const scenario = fc.record({
      writes: fc.array(write, { maxLength: 12 }),
      circuits: fc.array(circuit, { minLength: 1, maxLength: 5 }),
      connectAfter: fc.integer({ min: 0, max: 3 }),
    })
    await fc.assert(
      fc.asyncProperty(scenario, async ({ writes, circuits, connectAfter }) => {
        await begin({ timeout: Infinity, circuit: (index) => ({ credit: circuits[index]?.credit ?? 3 }) })
        const give = attaching.make.bind(attaching)
        attaching.make = () => {
          const made = give()
          const { short = 50 } = circuits[attaching.circuits.length] ?? {}
          let count = 0
          made.cellSize = () => (++count % short === 0 ? 478 : 498)
          return made
        }
        let size = 0
        const writing = (async () => {
          for (const each of writes) {
            const from = size
            size += each.size
            await writer.write(pattern(each.size, from))
            await turn(each.turns)
          }
        })()
        for (const { after, grant, end } of circuits) {
          const present = attaching.last
          await turn(after)
          present.grant(grant)
          await turn(after)
          if (end === 'die') present.die()
          else if (end === 'refuse') present.end(EndReason.EXITPOLICY)
          else attaching.clock.advance(15_000)
          if (after % 2 === 0) await turn()
        }
        await turn(2)
        const last = attaching.last
        await turn(connectAfter)
        last.connect()
        let acknowledged = 0
        let done = false
        void writing.then(() => (done = true))
        for (let round = 0; round < 200 && !(done && last.dataBytes.length === size); round++) {
          last.grant(round % 7)
          await turn()
          for (; (acknowledged + 1) * 50 <= last.cells.length; acknowledged++) last.sendme()
          expect(last.cells.length).to.be.at.most(500 + 50 * acknowledged)
        }
        await writing
        await turn()
        expect(hasGot(last, pattern(size))).to.equal(true)
        expect(socket.windows.package).to.equal(500 - last.cells.length + 50 * acknowledged)
        await socket.close()
        attaching.expectNothingLeft()
      }),
      { numRuns: 150 },
    )
  })
})
