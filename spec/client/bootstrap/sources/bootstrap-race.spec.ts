import { expect } from 'chai'
import {
  nextDelay,
  race,
  type RaceAttempt,
  type RaceLane,
} from '../../../../lib/client/bootstrap/sources/bootstrap-race.ts'
import { deferred, type Deferred } from '../../../../lib/base/waiting/deferred.ts'
import { FakeClock } from '../../../support/fake-clock.ts'
import { turn } from '../../../support/turn.ts'
import { chiSquare } from '../../support/chi-square.ts'
import { seededRandom } from '../../support/seeded-random.ts'

type Outcome = { readonly value: string } | undefined

/** A server that was asked. */
interface Asked {
  readonly lane: string
  /** In seconds after the first. */
  readonly at: number
  readonly outcome: Deferred<Outcome>
  isUnderWay: boolean
}

describe('The race for the first consensus', () => {
  let clock: FakeClock
  let start: number
  let asked: Asked[]
  const { signal } = new AbortController()

  beforeEach(() => {
    clock = new FakeClock()
    start = clock.now()
    asked = []
  })

  const laneOf = (lane: string, delay: number, most = Infinity): RaceLane<string> => ({
    delay,
    begin: (): RaceAttempt<string> | undefined => {
      if (asked.filter((each) => each.lane === lane).length === most) return undefined
      const each: Asked = { lane, at: (clock.now() - start) / 1000, outcome: deferred<Outcome>(), isUnderWay: false }
      asked.push(each)
      return { outcome: each.outcome.promise, isUnderWay: () => each.isUnderWay }
    },
  })
  const both = (): RaceLane<string>[] => [laneOf('fallback', 0), laneOf('authority', 6)]
  const times = (): string[] => asked.map(({ lane, at }) => `${lane} ${at}`)

  /** Lets so many seconds pass. */
  const pass = async (seconds: number): Promise<void> => {
    for (let second = 0; second < seconds; second++) {
      await turn(3)
      clock.advance(1000)
    }
    await turn(3)
  }

  it('begins at once, asks a second after a second, a third 1 or 2 s later, and no more at a time', async () => {
    const thirds = new Map<string, number>()
    for (let seed = 0; seed < 60; seed++) {
      asked = []
      start = clock.now()
      const over = race(both(), { clock, random: seededRandom(seed) }, signal)
      await pass(30)
      expect(times().slice(0, 2)).to.deep.equal(['fallback 0', 'fallback 1'])
      expect(asked).to.have.length(3)
      thirds.set(times()[2] as string, (thirds.get(times()[2] as string) ?? 0) + 1)
      asked[1]?.outcome.resolve({ value: 'second' })
      expect(await over).to.deep.equal({ value: 'second' })
    }
    // Of 60 that are one or the other as a coin falls, at least one of each, but for 10^-17.
    expect([...thirds.keys()].sort()).to.deep.equal(['fallback 2', 'fallback 3'])
  })

  it('begins nobody while one is asked over an open circuit, and goes on when that comes to nothing', async () => {
    const over = race(both(), { clock, random: () => 0 }, signal)
    await turn(3)
    const [first] = asked as [Asked]
    first.isUnderWay = true
    await pass(20)
    expect(times()).to.deep.equal(['fallback 0'])
    first.outcome.resolve(undefined)
    await turn(3)
    expect(times()).to.deep.equal(['fallback 0', 'fallback 20', 'authority 20'])
    asked[2]?.outcome.resolve({ value: 'of the authority' })
    expect(await over).to.deep.equal({ value: 'of the authority' })
    expect(clock.timers).to.equal(0)
  })

  it('asks an authority after 6 s where there is room', async () => {
    const over = race([laneOf('fallback', 0, 2), laneOf('authority', 6)], { clock, random: () => 0 }, signal)
    await pass(7)
    expect(times()).to.deep.equal(['fallback 0', 'fallback 1', 'authority 6'])
    asked[1]?.outcome.resolve(undefined)
    asked[2]?.outcome.resolve(undefined)
    await pass(6)
    expect(times().slice(3)).to.deep.equal(['authority 12'])
    asked[3]?.outcome.resolve({ value: 'x' })
    await over
  })

  it('does not ask the next ahead of its time, whether one has failed or all have', async () => {
    const over = race(both(), { clock, random: () => 0 }, signal)
    await pass(1)
    expect(times()).to.deep.equal(['fallback 0', 'fallback 1'])
    asked[0]?.outcome.resolve(undefined)
    await turn(3)
    expect(asked).to.have.length(2)
    clock.advance(300)
    asked[1]?.outcome.resolve(undefined)
    await turn(3)
    expect(asked).to.have.length(2)
    // The second begins with the first server, whatever fails in between.
    clock.advance(700)
    await turn(3)
    expect(times().slice(2)).to.deep.equal(['fallback 2'])
    asked[2]?.outcome.resolve({ value: 'x' })
    await over
  })

  it('waits for nobody when there are no more for certain', async () => {
    const isOver = (): boolean => asked.length === 2
    const over = race(
      both().map((lane) => ({ ...lane, isOver })),
      { clock, random: () => 0 },
      signal,
    )
    await pass(1)
    for (const { outcome } of asked) outcome.resolve(undefined)
    expect(await over).to.equal(undefined)
    expect(clock.timers).to.equal(0)
  })

  it('is over when it is not wanted any more, as soon as those that were asked are', async () => {
    const wanted = new AbortController()
    const over = race(both(), { clock, random: () => 0 }, wanted.signal)
    await pass(1)
    wanted.abort()
    for (const { outcome } of asked) outcome.resolve(undefined)
    expect(await over).to.equal(undefined)
    expect(asked).to.have.length(2)
    expect(clock.timers).to.equal(0)
  })

  it('comes to nothing when all have failed and there are no more, and to what one throws at', async () => {
    const over = race([laneOf('fallback', 0, 2), laneOf('authority', 6, 0)], { clock, random: () => 0 }, signal)
    await pass(7)
    for (const { outcome } of asked) outcome.resolve(undefined)
    await pass(2)
    expect(await over).to.equal(undefined)
    asked = []
    const thrown = race(both(), { clock, random: () => 0 }, signal)
    await turn(3)
    asked[0]?.outcome.reject(new Error('enough'))
    expect(await thrown.catch((error: unknown) => (error as Error).message)).to.equal('enough')
    expect(clock.timers).to.equal(0)
  })

  it('waits as a tor client does: between the least and three times what it waited before', () => {
    const random = seededRandom(1)
    for (const [last, least, from, to] of [
      [0, 0, 1, 2],
      [1, 0, 1, 3],
      [10, 0, 1, 30],
      [6, 6, 6, 18],
      [1, 6, 6, 7],
    ] as const) {
      const counts = Array.from({ length: to }, () => 0)
      for (let draw = 0; draw < 3000; draw++) {
        const delay = nextDelay(last, least, random)
        expect(delay).to.be.within(from, to - 1)
        counts[delay] = (counts[delay] as number) + 1
      }
      if (to - from < 3) continue
      const { statistic, critical } = chiSquare(
        counts.slice(from),
        Array.from({ length: to - from }, () => 1),
      )
      expect(statistic).to.be.below(critical)
    }
  })
})
