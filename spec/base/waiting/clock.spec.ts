import { expect } from 'chai'
import { startBackgroundTimer, startTimer, systemClock, type Clock } from '../../../lib/base/waiting/clock.ts'
import { LONGEST_TIMER } from '../../../lib/base/checks.ts'
import { FakeClock } from '../../support/fake-clock.ts'

const nothing = (): void => undefined

for (const [what, start, awaited] of [
  ['A timer that somebody waits for', startTimer, 1],
  ['A timer of the background', startBackgroundTimer, 0],
] as const) {
  describe(what, () => {
    it(`${awaited === 1 ? 'keeps' : 'does not keep'} the process, goes off once in its time, and can be stopped`, () => {
      const clock = new FakeClock()
      let calls = 0
      start(clock, 100, () => (calls += 1))
      const stop = start(clock, 100, () => expect.fail('it was stopped'))
      expect([clock.timers, clock.awaited]).to.deep.equal([2, 2 * awaited])
      stop()
      clock.advance(99)
      expect(calls).to.equal(0)
      clock.advance(1000)
      expect([calls, clock.timers]).to.deep.equal([1, 0])
      stop()
    })

    it('never goes off when its time is longer than any timer can wait, and is none then', () => {
      const clock = new FakeClock()
      for (const delay of [Infinity, LONGEST_TIMER + 1]) start(clock, delay, nothing)()
      expect(clock.timers).to.equal(0)
      start(clock, LONGEST_TIMER, nothing)
      expect(clock.timers).to.equal(1)
    })

    it('is one of any clock that a user brings', () => {
      const delays: number[] = []
      const simple: Clock = {
        now: () => 0,
        after(delay) {
          delays.push(delay)
          return nothing
        },
      }
      start(simple, 7, nothing)
      expect(delays).to.deep.equal([7])
    })

    it('goes off by the clock of the runtime, or is stopped', async () => {
      const order: string[] = []
      const stop = start(systemClock, 0, () => order.push('stopped'))
      stop()
      start(systemClock, 0, () => order.push('first'))
      await new Promise<void>((resolve) => startTimer(systemClock, 1, resolve)) // keeps the process for the other
      expect(order).to.deep.equal(['first'])
    })
  })
}
