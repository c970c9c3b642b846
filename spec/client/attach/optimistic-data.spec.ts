import { expect } from 'chai'
import { fc } from '../../support/seed.ts'
import { RelayCommand } from '../../../lib/cell/commands.ts'
import { OptimisticData } from '../../../lib/client/attach/optimistic-data.ts'
import type { CellSource } from '../../../lib/stream/contract/carrier.ts'
import { concat, pattern, sameBytes } from '../../stream/support/stream-fixture.ts'

/** A source of cells of these sizes. */
function sourceOf(sizes: readonly number[], from = 0): CellSource {
  let next = 0
  let at = from
  return {
    fill(target, offset, size) {
      const length = Math.min(size, sizes[next++] ?? 0)
      target.set(pattern(length, at), offset)
      at += length
      return length
    },
  }
}

/** What a circuit with cells of this size gets, cell by cell. */
function replay(recording: OptimisticData, cellSize: () => number = () => 498): Uint8Array[] {
  const cells: Uint8Array[] = []
  while (!recording.replayed) {
    const batch = recording.cellsLeft
    for (let cell = 0; cell < batch; cell++) {
      const buffer = new Uint8Array(600).fill(0xee)
      const length = recording.fill(buffer, 50, cellSize())
      expect(buffer[50 + length]).to.equal(0xee)
      cells.push(buffer.slice(50, 50 + length))
    }
  }
  return cells
}

/** A recording of cells of these sizes, which one circuit took. */
function recorded(sizes: readonly number[]): OptimisticData {
  const recording = new OptimisticData()
  const tee = recording.tee(sourceOf(sizes))
  for (const size of sizes) tee.fill(new Uint8Array(600), 3, size)
  return recording
}

const total = (sizes: readonly number[]): number => sizes.reduce((sum, size) => sum + size, 0)

describe('OptimisticData', () => {
  it('keeps a copy of the message that opens the stream, and has none before', () => {
    const recording = new OptimisticData()
    expect(() => recording.opening).to.throw(TypeError)
    const body = pattern(7)
    recording.open(RelayCommand.BEGIN, body)
    body.fill(0)
    expect(recording.opening).to.deep.equal({ command: RelayCommand.BEGIN, body: pattern(7) })
  })

  it('passes on what the circuit takes, and keeps a copy', () => {
    const recording = new OptimisticData()
    const buffer = new Uint8Array(509)
    expect(recording.tee(sourceOf([300])).fill(buffer, 11, 498)).to.equal(300)
    expect(sameBytes(buffer.slice(11, 311), pattern(300))).to.equal(true)
    buffer.fill(0)
    expect(recording.replayed).to.equal(true)
    expect(recording.bytes).to.equal(0)
    recording.rewind()
    expect(recording.replayed).to.equal(false)
    expect(sameBytes(concat(replay(recording)), pattern(300))).to.equal(true)
    expect(recording.bytes).to.equal(300)
  })

  it('gives each circuit the same cells, however small they are', () => {
    const recording = recorded([1, 498, 20, 478, 3])
    for (let round = 0; round < 3; round++) {
      recording.rewind()
      expect(replay(recording).map(({ length }) => length)).to.deep.equal([1, 498, 20, 478, 3])
    }
  })

  it('moves on what a short cell leaves behind, and needs one cell more for it', () => {
    const recording = recorded([498, 498, 498, 100, 100])
    recording.rewind()
    const sizes = [478, 498, 498, 498, 498, 498]
    const cells = replay(recording, () => sizes.shift() ?? 498)
    expect(cells.map(({ length }) => length)).to.deep.equal([478, 498, 498, 120, 100])
    expect(sameBytes(concat(cells), pattern(1694))).to.equal(true)
    recording.rewind()
    expect(replay(recorded([])).length).to.equal(0)
    const full = recorded([498, 498])
    full.rewind()
    const short = [478, 498, 498]
    expect(replay(full, () => short.shift() ?? 498).map(({ length }) => length)).to.deep.equal([478, 498, 20])
  })

  it('adds what no circuit has got yet behind what the current one still has to get', () => {
    const recording = recorded([10, 20])
    recording.rewind()
    expect(recording.fill(new Uint8Array(498), 0, 498)).to.equal(10)
    recording.drain(sourceOf([498, 5], 30), 2)
    expect(recording.cellsLeft).to.equal(3)
    expect(sameBytes(concat(replay(recording)), pattern(523, 10))).to.equal(true)
  })

  it('has room for a window of cells, and takes more without a word', () => {
    const recording = recorded(new Array(499).fill(498))
    expect(recording.room).to.equal(1)
    recording.drain(sourceOf([498, 498]), 2)
    expect(recording.room).to.equal(-1)
    recording.clear()
    expect(recording.room).to.equal(500)
  })

  it('takes no empty cell', () => {
    const recording = new OptimisticData()
    recording.drain(sourceOf([5]), 3)
    expect(recording.cellsLeft).to.equal(1)
  })

  it('holds nothing once it is cleared, half replayed or not', () => {
    const recording = recorded([498, 498])
    recording.rewind()
    recording.fill(new Uint8Array(498), 0, 100)
    recording.clear()
    expect(recording.replayed).to.equal(true)
    expect(recording.cellsLeft).to.equal(0)
    expect(recording.fill(new Uint8Array(498), 0, 498)).to.equal(0)
  })

  it('gives every byte once and in order, never in fewer cells than before, whatever cells a circuit wants', () => {
    const cellSizes = fc.array(fc.constantFrom(498, 498, 498, 478), { minLength: 1, maxLength: 8 })
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 498 }), { maxLength: 40 }),
        fc.array(cellSizes, { minLength: 1, maxLength: 4 }),
        (sizes, circuits) => {
          const recording = recorded(sizes)
          for (const [round, wanted] of circuits.entries()) {
            recording.rewind()
            let next = 0
            const cells = replay(recording, () => wanted[next++ % wanted.length] as number)
            expect(sameBytes(concat(cells), pattern(total(sizes)))).to.equal(true)
            expect(cells.length).to.be.within(sizes.length, sizes.length + Math.ceil((cells.length * 20) / 478))
            expect(cells.every(({ length }) => length > 0)).to.equal(true)
            expect(recording.bytes).to.equal((round + 1) * total(sizes))
          }
        },
      ),
    )
  })
})
