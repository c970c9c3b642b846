import { expect } from 'chai'
import { leisurely, needily } from '../../../../lib/client/bootstrap/sources/leisure.ts'
import { FakeClock } from '../../../support/fake-clock.ts'
import { turn } from '../../../support/turn.ts'
import { seed } from '../../../support/seed.ts'
import { seededRandom } from '../../support/seeded-random.ts'

const MINUTE = 60_000
const LOOKS = { every: MINUTE, inNeed: 1000 }

describe('A client that has a directory', () => {
  let clock: FakeClock
  let hurry: AbortController
  const { signal } = new AbortController()
  beforeEach(() => {
    clock = new FakeClock()
    hurry = new AbortController()
  })
  afterEach(() => expect(clock.timers).to.equal(0))

  /** After how many ms each of some tries may begin; each takes so long. */
  async function begun(between: () => Promise<void>, count: number, lasts: number): Promise<number[]> {
    const start = clock.now()
    const times: number[] = []
    while (times.length < count) {
      clock.advance(lasts)
      let isOver = false
      void between().then(() => (isOver = true))
      for (await turn(1); !isOver; await turn(1)) clock.advance(clock.untilNext ?? 0)
      times.push(clock.now() - start)
    }
    return times
  }

  it('asks another server when it looks again, a minute after the one before', async () => {
    // The shortest that can be drawn: a second, time after time.
    const between = leisurely({ clock, begunAt: clock.now(), random: () => 0 }, LOOKS, hurry.signal, signal)
    expect(await begun(between, 4, 3000)).to.deep.equal([MINUTE, 2 * MINUTE, 3 * MINUTE, 4 * MINUTE])
  })

  it('asks another at the next look when one takes longer than a minute', async () => {
    const between = leisurely({ clock, begunAt: clock.now(), random: () => 0 }, LOOKS, hurry.signal, signal)
    expect(await begun(between, 2, 70_000)).to.deep.equal([2 * MINUTE, 4 * MINUTE])
  })

  it('asks later and later when that goes on, up to three times as late as before', async () => {
    // The longest that can be drawn: 1, 2, 5, 14, 41, 122 and 365 seconds.
    const between = leisurely({ clock, begunAt: clock.now(), random: () => 1 - 2 ** -30 }, LOOKS, hurry.signal, signal)
    expect((await begun(between, 7, 1000)).map((time) => time / MINUTE)).to.deep.equal([1, 2, 3, 4, 5, 8, 15])
  })

  it('never asks within the same minute, whatever is drawn', async () => {
    const draw = seededRandom(seed)
    const random = (): number => draw(1 << 30) / (1 << 30)
    for (let round = 0; round < 20; round++) {
      const times = await begun(
        leisurely({ clock, begunAt: clock.now(), random }, LOOKS, hurry.signal, signal),
        5,
        1000,
      )
      for (const [index, time] of times.entries()) expect(time - (times[index - 1] ?? 0)).to.be.at.least(MINUTE)
    }
  })

  it('looks more often from when on somebody waits for it', async () => {
    const between = leisurely({ clock, begunAt: clock.now(), random: () => 0 }, LOOKS, hurry.signal, signal)
    const start = clock.now()
    const waiting = between()
    clock.advance(1700)
    hurry.abort()
    await turn(3)
    // A second has passed since the failure: the next look is at two.
    expect(clock.untilNext).to.equal(300)
    clock.advance(300)
    await waiting
    expect((await begun(between, 2, 400)).map((time) => time + 2000)).to.deep.equal([4000, 6000])
    expect(clock.now() - start).to.equal(6000)
  })

  it('is kept by nothing when it is not wanted any more', async () => {
    const ended = new AbortController()
    const between = leisurely({ clock, begunAt: clock.now(), random: () => 0 }, LOOKS, hurry.signal, ended.signal)
    const waiting = between()
    ended.abort()
    hurry.abort()
    await waiting
  })
})

describe('A client that has too few descriptions', () => {
  let clock: FakeClock
  let arrivals: (() => void)[]
  let isEnough: boolean
  const { signal } = new AbortController()

  beforeEach(() => {
    clock = new FakeClock()
    arrivals = []
    isEnough = false
  })
  afterEach(() => expect(clock.timers).to.equal(0))

  /** A row of tries of a client that began so many ms ago. */
  const tries = (age: number): ((isLate?: boolean) => Promise<boolean>) => {
    const between = needily(
      { clock, random: () => 0, begunAt: clock.now() - age },
      () => Promise.resolve(isEnough),
      () => new Promise((resolve) => arrivals.push(resolve)),
      signal,
    )
    return (isLate = false) => between(isLate)
  }

  it('asks another server when it looks again, every ten seconds since it began, and not within a second', async () => {
    for (const [age, wait] of [
      [3000, 7000],
      [0, 10_000],
      [19_500, 10_500],
    ] as const) {
      const outcome = tries(age)()
      await turn(3)
      expect(clock.untilNext).to.equal(wait)
      clock.advance(wait)
      expect(await outcome).to.equal(true)
    }
  })

  it('looks when some have come from others, too, if a second has passed', async () => {
    const outcome = tries(0)()
    await turn(3)
    clock.advance(500)
    for (const arrived of arrivals.splice(0)) arrived()
    await turn(3)
    expect(clock.untilNext).to.equal(9500)
    clock.advance(1000)
    for (const arrived of arrivals.splice(0)) arrived()
    expect(await outcome).to.equal(true)
  })

  it('asks another at once when one was silent', async () => {
    expect(await tries(0)(true)).to.equal(true)
    isEnough = true
    expect(await tries(0)(true)).to.equal(false)
  })

  it('asks nobody when what there is is enough, at once or once others have come', async () => {
    const outcome = tries(0)()
    await turn(3)
    isEnough = true
    for (const arrived of arrivals.splice(0)) arrived()
    expect(await outcome).to.equal(false)
    expect(await tries(0)()).to.equal(false)
  })
})
