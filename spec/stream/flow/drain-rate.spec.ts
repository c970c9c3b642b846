import { expect } from 'chai'
import { fc } from '../../support/seed.ts'
import { DrainRate } from '../../../lib/stream/flow/drain-rate.ts'

const MEASURE = 1000

describe('DrainRate', () => {
  it('is without a limit before anything is measured', () => {
    expect(new DrainRate(MEASURE, 2).rate).to.equal(Infinity)
  })

  it('measures from the first bytes that leave others behind, which do not count themselves', () => {
    const drain = new DrainRate(MEASURE, 2)
    drain.drained(700, 5000, 100)
    drain.drained(400, 4600, 150)
    expect(drain.rate).to.equal(Infinity)
    drain.drained(600, 4000, 200)
    expect(drain.rate).to.equal(10) // 1000 bytes in 100 ms
  })

  it('begins the next measurement where one ended', () => {
    const drain = new DrainRate(MEASURE, 2)
    drain.drained(1, 9000, 0)
    drain.drained(1000, 8000, 100)
    drain.drained(1000, 7000, 120)
    expect(drain.rate).to.be.closeTo((2 * 50 + 10) / 3, 1e-9)
  })

  for (const [count, expected] of [
    [2, (2 * 40 + 1 * 10) / 3],
    [5, (2 * 40 + 4 * 10) / 6],
    [100, (2 * 40 + 99 * 10) / 101],
  ] as const) {
    it(`averages over ${count} measurements as an N-EWMA does`, () => {
      const drain = new DrainRate(MEASURE, count)
      drain.drained(1, 9000, 0)
      drain.drained(1000, 8000, 100)
      drain.drained(1000, 7000, 125)
      expect(drain.rate).to.be.closeTo(expected, 1e-9)
    })
  }

  it('takes a queue that is emptied before the first measurement is whole for what it is: better than nothing', () => {
    const drain = new DrainRate(MEASURE, 2)
    drain.drained(1, 500, 0)
    drain.drained(500, 0, 50)
    expect(drain.rate).to.equal(10)
    // Not so for the next one.
    drain.drained(1, 500, 60)
    drain.drained(500, 0, 1060)
    expect(drain.rate).to.equal(10)
  })

  it('does not take for slowness that nothing arrived, or that nobody began to read', () => {
    const drain = new DrainRate(MEASURE, 2)
    drain.drained(1000, 0, 0)
    drain.drained(100, 2000, 60_000)
    drain.drained(2000, 0, 60_001)
    expect(drain.rate).to.equal(Infinity)
  })

  it('measures nothing in less time than clocks can tell', () => {
    const drain = new DrainRate(MEASURE, 2)
    drain.drained(1, 50_000, 0)
    for (let at = 0; at < 10; at++) drain.drained(1000, 50_000, at)
    expect(drain.rate).to.equal(Infinity)
    drain.drained(1000, 50_000, 10)
    expect(drain.rate).to.equal(1100)
  })

  it('survives a clock that stands still, or goes back', () => {
    const drain = new DrainRate(MEASURE, 2)
    for (const at of [100, 100, 100, 50, 50]) drain.drained(1000, 1000, at)
    expect(drain.rate).to.equal(Infinity)
    drain.drained(1000, 0, 50)
    expect(drain.rate).to.equal(Infinity)
  })

  it("doubles after each measurement's worth of bytes that found the queue empty", () => {
    const drain = new DrainRate(MEASURE, 2)
    drain.drained(1, 5000, 0)
    drain.drained(1000, 4000, 100)
    drain.drained(4000, 0, 300)
    const rate = drain.rate
    drain.drained(999, 0, 400)
    expect(drain.rate).to.equal(rate)
    drain.drained(1, 0, 500)
    expect(drain.rate).to.equal(2 * rate)
    // A queue that is there for no longer than a moment is as good as none.
    drain.drained(500, 500, 600)
    drain.drained(500, 0, 601)
    drain.drained(500, 0, 700)
    expect(drain.rate).to.equal(4 * rate)
  })

  it('begins to count again for that when the queue has been there', () => {
    const drain = new DrainRate(MEASURE, 2)
    drain.drained(1, 5000, 0)
    drain.drained(1000, 0, 100)
    drain.drained(900, 0, 200)
    drain.drained(1, 500, 300)
    drain.drained(500, 0, 400)
    drain.drained(900, 0, 500)
    expect(drain.rate).to.equal(10)
  })

  it('forgets everything at an XOFF', () => {
    const drain = new DrainRate(MEASURE, 2)
    drain.drained(1, 5000, 0)
    drain.drained(1000, 4000, 100)
    drain.drained(900, 3100, 200)
    drain.forget()
    expect(drain.rate).to.equal(Infinity)
    drain.drained(500, 3000, 10_000)
    drain.drained(1000, 2000, 10_050)
    expect(drain.rate).to.equal(20)
  })

  it('of a steady reader is its speed, whatever its portions', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5000 }),
        fc.array(fc.integer({ min: 1, max: 65_536 }), { minLength: 40, maxLength: 80 }),
        (speed, portions) => {
          const drain = new DrainRate(249_000, 2)
          let now = 0
          for (const portion of portions) {
            now += portion / speed
            drain.drained(portion, 1_000_000, now)
          }
          if (drain.rate !== Infinity) expect(drain.rate).to.be.closeTo(speed, speed * 1e-6)
        },
      ),
    )
  })
})
