import { expect } from 'chai'
import { fc } from '../support/seed.ts'
import { SHORT_DATA, ShortCells } from '../../lib/circuit/short-cells.ts'

/** Of which cells of an upload room is taken, counted from 0. `available` is how much there is to send with each. */
function forced(cells: ShortCells, available: readonly number[]): number[] {
  return available.flatMap((length, index) => {
    const most = cells.cellSize
    cells.packed(Math.min(length, most))
    return most === SHORT_DATA ? [index] : []
  })
}

const full = (count: number): number[] => Array.from({ length: count }, () => 498)

/** Draws these, one after the other. */
const drawing = (...numbers: number[]): ((limit: number) => number) => {
  let next = 0
  return (limit) => {
    expect(limit).to.equal(50)
    return numbers[next++ % numbers.length] as number
  }
}

describe('ShortCells', () => {
  it('leaves 20 bytes of a long upload empty after 50 to 99 cells, and then in one of every 50 to 99', () => {
    expect(forced(new ShortCells(drawing(0, 49, 20, 7)), full(300))).to.deep.equal([50, 149, 219, 276])
  })

  it('takes a cell that is short by itself for the next one that would be forced, and counts on', () => {
    const sizes = full(300)
    sizes[10] = SHORT_DATA
    sizes[49] = 1
    expect(forced(new ShortCells(drawing(0)), sizes)).to.deep.equal([100, 150, 200, 250])
    sizes[50] = 3 // the next count begins with the cell that ended the one before, and not in its favour
    expect(forced(new ShortCells(drawing(0)), sizes)).to.deep.equal([100, 150, 200, 250])
    sizes[51] = 3
    expect(forced(new ShortCells(drawing(0)), sizes)).to.deep.equal([150, 200, 250])
  })

  it('does not take a cell of 479 bytes for a short one', () => {
    const sizes = full(60)
    sizes[20] = 479
    expect(forced(new ShortCells(drawing(0)), sizes)).to.deep.equal([50])
  })

  it('is followed by no 199 cells without one that is short, whatever is sent', () => {
    const length = fc.oneof({ weight: 40, arbitrary: fc.constant(498) }, fc.integer({ min: 1, max: 498 }))
    fc.assert(
      fc.property(
        fc.array(length, { minLength: 600, maxLength: 600 }),
        fc.array(fc.nat(49), { minLength: 1 }),
        (sizes, draws) => {
          const cells = new ShortCells(drawing(...draws))
          let run = 0
          for (const size of sizes) {
            const most = cells.cellSize
            const length = Math.min(size, most)
            cells.packed(length)
            run = length <= SHORT_DATA ? 0 : run + 1
            expect(run).to.be.below(199)
          }
        },
      ),
      { numRuns: 100 },
    )
  })
})
