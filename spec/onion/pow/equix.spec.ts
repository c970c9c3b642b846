import { expect } from 'chai'
import { asciiBytes } from '../../../lib/cell/bytes.ts'
import { EquiXSolver, faultOf, type EquiXSolution } from '../../../lib/onion/pow/equix.ts'
import { compilingMaker } from '../../../lib/onion/pow/hashx/table-maker.ts'
import { COUNT, JUDGED, SOLUTIONS } from './vectors/equix.ts'

const solver = new EquiXSolver()
const maker = compilingMaker()

const parsed = (text: string): EquiXSolution => text.split(' ').map((digits) => parseInt(digits, 16))
const printed = (solution: EquiXSolution): string =>
  solution.map((number) => number.toString(16).padStart(4, '0')).join(' ')

/** All solutions; undefined where there is no program. */
async function solutionsOf(challenge: Uint8Array): Promise<EquiXSolution[] | undefined> {
  const table = await maker.make(challenge, async () => undefined)
  return table && solver.solve(table)
}

const numbered = (number: number): Uint8Array => Uint8Array.of(number, 0, 0, 0)

describe('Equi-X', function () {
  for (const [challenge, solutions] of SOLUTIONS) {
    it(`has the published solutions of "${challenge}", each of which passes, and none that is changed`, async () => {
      const bytes = asciiBytes(challenge)
      const found = await solutionsOf(bytes)
      expect(found?.map(printed).sort()).to.deep.equal(solutions && [...solutions].sort())
      if (found === undefined) expect(faultOf(bytes, [1, 2, 3, 4, 5, 6, 7, 8])).to.equal('no program')
      for (const solution of found ?? []) {
        expect(faultOf(bytes, solution)).to.equal(undefined)
        const [first = 0, second = 0, ...rest] = solution
        expect(faultOf(bytes, [first + 1, second, ...rest])).to.be.oneOf(['sum', 'order'])
        expect(faultOf(bytes, [second, first, ...rest])).to.equal('order')
      }
    })
  }

  it('judges as published', () => {
    for (const [solution, fault] of JUDGED) expect(faultOf(asciiBytes('a'), parsed(solution)), solution).to.equal(fault)
    expect(faultOf(asciiBytes('a'), [])).to.equal('order')
  })

  it('finds as many solutions as published, and none twice', async () => {
    const all = new Set<string>()
    for (let number = 0; number < 20; number++)
      for (const solution of (await solutionsOf(numbered(number))) ?? []) all.add(printed(solution))
    expect(all.size).to.equal(COUNT)
  })

  it('lets one order of the eight numbers pass, and no other', async () => {
    const [solution = []] = (await solutionsOf(numbered(0))) ?? []
    const faults = { order: 0, sum: 0, passed: 0 }
    const count = (order: EquiXSolution): void => {
      // Only orders that are right can be wrong in their sums, which takes a program to tell.
      const fault = faultOf(numbered(0), order)
      if (fault === undefined) faults.passed += 1
      else faults[fault as 'order' | 'sum'] += 1
    }
    const permute = (taken: EquiXSolution, left: EquiXSolution): void => {
      if (left.length === 0) count(taken)
      for (const number of left)
        permute(
          [...taken, number],
          left.filter((other) => other !== number),
        )
    }
    permute([], solution)
    expect(faults).to.deep.equal({ passed: 1, sum: 314, order: 40_320 - 315 })
  })
})
