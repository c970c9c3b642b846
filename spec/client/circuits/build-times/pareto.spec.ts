import { expect } from 'chai'
import { ABANDONED, binOf, fit, quantileOf, type Pareto } from '../../../../lib/client/circuits/build-times/pareto.ts'
import { fc } from '../../../support/seed.ts'

/** The times of C tor's test_circuit_timeout_xm_alpha (src/test/test.c, 0.4.9.11). */
const C_TIMES = Array.from({ length: 10 }, (_, index) => [
  ...[100, 20, 1000, 500, 200, 5000, 30, 600, 200, 300].map((time) => time + index),
  ABANDONED,
]).flat()

/** The times of Arti's pareto_estimate_timeout (crates/tor-circmgr/src/timeouts/pareto.rs). */
const ARTI_TIMES = [300, 500, 542, 305, 543, 307, 212, 203, 617, 413]

describe('The curve of build times', () => {
  for (const [modes, xm, alpha] of [
    [1, 205, 1.394401],
    [3, 117, 0.902313],
    [5, 146, 1.049032],
    [10, 800, 4.851754],
    [15, 800, 4.851754],
    [20, 800, 4.851754],
  ] as const) {
    it(`is C tor's with ${modes} modes`, () => {
      const curve = fit(C_TIMES, modes) as Pareto
      expect(curve.xm).to.equal(xm)
      expect(1 / curve.inverseAlpha).to.be.closeTo(alpha, 0.00001)
    })
  }

  it("is Arti's, and so are its quantiles", () => {
    const curve = fit(ARTI_TIMES, 2) as Pareto
    expect(curve.xm).to.equal(401)
    expect(quantileOf(curve, 0.8)).to.be.closeTo(493.169, 0.001)
    expect(quantileOf(curve, 0.99)).to.be.closeTo(724.841, 0.001)
  })

  it("has Arti's bins", () => {
    expect([7, 8, 9, 10, 11, 12, 13, 903].map(binOf)).to.deep.equal([5, 5, 5, 15, 15, 15, 15, 905])
  })

  it('is none of nothing, and of what was abandoned', () => {
    expect(fit([], 10)).to.equal(undefined)
    expect(fit([ABANDONED, ABANDONED], 10)).to.equal(undefined)
  })

  it('has a finite quantile of any times, of which those that are all the same have that very bin', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: ABANDONED - 1 }), { minLength: 1 }),
        fc.integer({ min: 1, max: 20 }),
        (times, modes) => {
          const curve = fit(times, modes) as Pareto
          const [timeout, close] = [quantileOf(curve, 0.8), quantileOf(curve, 0.99)]
          expect(timeout).to.be.within(curve.xm, close)
          expect(close).to.be.at.most(2 ** 31 - 1)
        },
      ),
    )
    expect(quantileOf(fit(Array<number>(200).fill(305), 10) as Pareto, 0.99)).to.be.closeTo(305, 1e-6)
  })
})
