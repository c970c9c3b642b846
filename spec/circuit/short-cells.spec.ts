import { expect } from 'chai'
import { fc } from '../support/seed.ts'
import { SHORT_DATA, ShortCells } from '../../lib/circuit/short-cells.ts'

describe('ShortCells', () => {
  it('leaves at least 20 bytes of padding in one of every 51 to 100 cells of a long upload', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 49 }), { minLength: 12, maxLength: 12 }), (randoms) => {
        let next = 0
        const cells = new ShortCells(100, () => randoms[next++ % randoms.length] as number)
        let full = 0
        const runs: number[] = []
        for (let cell = 0; cell < 800; cell++) {
          const size = cells.cellSize
          cells.packed(size)
          if (size === SHORT_DATA) {
            runs.push(full)
            full = 0
          } else {
            expect(size).to.equal(498)
            full += 1
          }
        }
        expect(runs).to.deep.equal(runs.map((_, index) => 50 + (randoms[index % randoms.length] as number)))
      }),
      { numRuns: 50 },
    )
  })

  it('counts anew after a cell that was short by itself', () => {
    const cells = new ShortCells(100, () => 0)
    for (let cell = 0; cell < 49; cell++) cells.packed(498)
    cells.packed(478)
    for (let cell = 0; cell < 50; cell++) {
      expect(cells.cellSize).to.equal(498)
      cells.packed(498)
    }
    expect(cells.cellSize).to.equal(478)
  })

  it('does not take a cell of 479 bytes for a short one', () => {
    const cells = new ShortCells(100, () => 0)
    for (let cell = 0; cell < 50; cell++) cells.packed(479)
    expect(cells.cellSize).to.equal(478)
  })

  it('draws its own randomness by default', () => {
    const lengths = Array.from({ length: 300 }, () => {
      const cells = new ShortCells(100)
      let full = 0
      for (; cells.cellSize !== SHORT_DATA; full++) cells.packed(498)
      return full
    })
    expect(Math.min(...lengths)).to.be.within(50, 55)
    expect(Math.max(...lengths)).to.be.within(94, 99)
  })
})
