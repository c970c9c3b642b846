import { expect } from 'chai'
import { leisurely } from '../../../../lib/client/bootstrap/sources/leisure.ts'
import { FakeClock } from '../../../support/fake-clock.ts'
import { turn } from '../../../support/turn.ts'
import { seed } from '../../../support/seed.ts'
import { seededRandom } from '../../support/seeded-random.ts'

const MINUTE = 60_000

describe('A client that has a directory', () => {
  let clock: FakeClock
  let hurry: AbortController
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
    const between = leisurely({ clock, random: () => 0 }, hurry.signal)
    expect(await begun(between, 4, 3000)).to.deep.equal([MINUTE, 2 * MINUTE, 3 * MINUTE, 4 * MINUTE])
  })

  it('asks another at the next look when one takes longer than a minute', async () => {
    const between = leisurely({ clock, random: () => 0 }, hurry.signal)
    expect(await begun(between, 2, 70_000)).to.deep.equal([2 * MINUTE, 4 * MINUTE])
  })

  it('asks later and later when that goes on, up to three times as late as before', async () => {
    // The longest that can be drawn: 1, 2, 5, 14, 41, 122 and 365 seconds.
    const between = leisurely({ clock, random: () => 1 - 2 ** -30 }, hurry.signal)
    expect((await begun(between, 7, 1000)).map((time) => time / MINUTE)).to.deep.equal([1, 2, 3, 4, 5, 8, 15])
  })

  it('never asks within the same minute, whatever is drawn', async () => {
    const draw = seededRandom(seed)
    const random = (): number => draw(1 << 30) / (1 << 30)
    for (let round = 0; round < 20; round++) {
      const times = await begun(leisurely({ clock, random }, hurry.signal), 5, 1000)
      for (const [index, time] of times.entries()) expect(time - (times[index - 1] ?? 0)).to.be.at.least(MINUTE)
    }
  })

  it('asks at once from when on somebody waits for it', async () => {
    const between = leisurely({ clock, random: () => 0 }, hurry.signal)
    const waiting = between()
    clock.advance(1000)
    hurry.abort()
    await waiting
    await between()
    expect(clock.timers).to.equal(0)
  })
})
