import { expect } from 'chai'
import { fc } from '../../support/seed.ts'
import { GuardManager, type GuardManagerOptions, type GuardPick } from '../../../lib/client/guards/guards.ts'
import { parseGuardState } from '../../../lib/client/guards/guard-state.ts'
import type { DirectoryRelay, NetworkDirectory } from '../../../lib/directory/network-directory.ts'
import { RelayFlag } from '../../../lib/directory/relay-flags.ts'
import { chiSquare } from '../support/chi-square.ts'
import {
  DAY,
  EPOCH,
  fingerprintAt,
  generatedDirectory,
  HOUR,
  type DirectoryPlan,
  type RelayPlan,
} from '../support/generated-directory.ts'
import { seededRandom } from '../support/seeded-random.ts'

const MINUTE = 60_000

interface FixturePlan extends DirectoryPlan {
  readonly count?: number
  readonly plans?: readonly RelayPlan[]
  readonly state?: string
  readonly filter?: GuardManagerOptions['filter']
}

const directoryOf = ({ count = 100, plans, ...plan }: FixturePlan): NetworkDirectory =>
  generatedDirectory(plans ?? Array.from({ length: count }, () => ({ flags: ['Guard'] })), plan)

/** A manager with a network and a clock. */
class Fixture {
  now = EPOCH
  readonly manager: GuardManager

  constructor(plan: FixturePlan = {}) {
    const { state, filter } = plan
    const options = { directory: directoryOf(plan), now: () => this.now, random: seededRandom(1) }
    this.manager = GuardManager.load(state, filter === undefined ? options : { ...options, filter })
  }

  pick(...without: readonly string[]): GuardPick {
    const pick = this.manager.pick({ allows: ({ fingerprint }) => !without.includes(fingerprint) })
    return pick ?? expect.fail('No guard was picked')
  }

  /** Confirms the primary guards by a circuit through each. */
  confirmPrimaries(): readonly string[] {
    for (let confirmed: string[] = []; confirmed.length < 3;) {
      const pick = this.pick(...confirmed)
      expect(this.manager.succeeded(pick)).to.equal('use')
      confirmed = [...confirmed, pick.relay.fingerprint]
    }
    return this.manager.primaries
  }

  /** Has the primary guards fail, as often as they are picked. */
  failPrimaries(): void {
    const { primaries } = this.manager
    for (let round = 0; round < primaries.length; round++) {
      const pick = this.pick()
      expect(pick.relay.fingerprint).to.be.oneOf([...primaries])
      this.manager.failed(pick)
    }
  }
}

/** A hundred guards, but for some that are none. */
const guardsBut = (isNone: (index: number) => boolean): RelayPlan[] =>
  Array.from({ length: 100 }, (_, index) => (isNone(index) ? {} : { flags: ['Guard'] }))

const nameOf = ({ relay }: GuardPick): string => relay.fingerprint

describe('GuardManager', () => {
  describe('picks a guard for a circuit', () => {
    it('which is the first primary one, again and again', () => {
      const fixture = new Fixture()
      for (let circuit = 0; circuit < 10; circuit++)
        expect(nameOf(fixture.pick())).to.equal(fixture.manager.primaries[0])
    })

    it('of as many primary ones as the consensus says, evenly', () => {
      const fixture = new Fixture({ params: { 'guard-n-primary-guards-to-use': 2 } })
      const [first, second] = fixture.manager.primaries
      const counts = [0, 0]
      for (let circuit = 0; circuit < 2000; circuit++) {
        const name = nameOf(fixture.pick())
        expect(name).to.be.oneOf([first, second])
        const index = name === first ? 0 : 1
        counts[index] = (counts[index] as number) + 1
      }
      const { statistic } = chiSquare(counts, [1, 1])
      expect(statistic).to.be.below(37.4) // one degree of freedom, one in 10^9
    })

    it('with its keys, and out of the directory that is there', () => {
      const fixture = new Fixture()
      expect(fixture.pick().relay.ntorOnionKey.length).to.equal(32)
      const newer = directoryOf({ validAfter: EPOCH + HOUR })
      fixture.manager.updateDirectory(newer)
      expect(newer.relays).to.include(fixture.pick().relay)
    })

    it('which is the next primary one when the first fails', () => {
      const fixture = new Fixture()
      const [first, second, third] = fixture.manager.primaries
      for (const name of [first, second, third]) {
        const pick = fixture.pick()
        expect(nameOf(pick)).to.equal(name)
        fixture.manager.failed(pick)
      }
      expect(nameOf(fixture.pick())).to.not.be.oneOf([first, second, third])
    })

    it('which is a primary one that goes with the path when the first does not', () => {
      const fixture = new Fixture()
      const [first, second, third] = fixture.manager.primaries as [string, string, string]
      expect(nameOf(fixture.pick(first))).to.equal(second)
      expect(nameOf(fixture.pick(first, second))).to.equal(third)
      expect(nameOf(fixture.pick())).to.equal(first)
    })

    it('of fewer primary ones, rather than of others, when one does not go with the path', () => {
      const fixture = new Fixture({ params: { 'guard-n-primary-guards-to-use': 2 } })
      const [first, second] = fixture.manager.primaries as [string, string]
      for (let circuit = 0; circuit < 30; circuit++) expect(nameOf(fixture.pick(first))).to.equal(second)
    })

    it('which is the first of the sample that goes with the path when no primary one does', () => {
      const fixture = new Fixture()
      const { primaries } = fixture.manager
      expect(nameOf(fixture.pick(...primaries))).to.equal(fixture.manager.sampled[3])
    })

    it('which is one that has been used before, when the primary ones fail', () => {
      const fixture = new Fixture()
      fixture.confirmPrimaries()
      const sixth = fixture.manager.sampled[5] as string
      const pick = fixture.pick(...fixture.manager.sampled.filter((name) => name !== sixth))
      expect(nameOf(pick)).to.equal(sixth)
      fixture.manager.succeeded(pick)
      fixture.failPrimaries()
      expect(nameOf(fixture.pick())).to.equal(sixth)
    })

    it('whose microdescriptor is there', () => {
      const plans: RelayPlan[] = Array.from({ length: 3 }, (_, index) => ({
        flags: ['Guard'],
        hasMicrodescriptor: index !== 1,
      }))
      const fixture = new Fixture({ plans })
      expect(fixture.manager.primaries.length).to.equal(3)
      const seen = new Set<string>()
      for (let circuit = 0; circuit < 3; circuit++) {
        const pick = fixture.pick()
        seen.add(nameOf(pick))
        fixture.manager.failed(pick)
      }
      expect([...seen].sort()).to.deep.equal([0, 2].map(fingerprintAt))
    })

    it('which the filter lets pass', () => {
      const fixture = new Fixture({ filter: ({ fingerprint }) => fingerprint === fingerprintAt(5), count: 15 })
      expect(nameOf(fixture.pick())).to.equal(fingerprintAt(5))
      expect(fixture.manager.sampled.length).to.equal(15)
    })

    it('and none when there is none', () => {
      expect(new Fixture({ count: 0 }).manager.pick()).to.equal(undefined)
      expect(new Fixture().manager.pick({ allows: () => false })).to.equal(undefined)
      expect(GuardManager.load(undefined, { now: () => EPOCH }).pick()).to.equal(undefined)
    })
  })

  describe('when primary guards are unreachable', () => {
    it('tries them again on schedule, and comes back to them', () => {
      const fixture = new Fixture()
      const [first] = fixture.confirmPrimaries()
      fixture.failPrimaries()
      const tried: number[] = []
      for (fixture.now = EPOCH; fixture.now < EPOCH + 9 * HOUR; fixture.now += MINUTE) {
        const pick = fixture.pick()
        if (nameOf(pick) === first) {
          tried.push((fixture.now - EPOCH) / MINUTE)
          fixture.manager.failed(pick)
        } else {
          fixture.manager.cancelled(pick)
        }
      }
      expect(tried.slice(0, 3)).to.deep.equal([10, 20, 30])
      expect(tried.filter((minute) => minute > 350)).to.deep.equal([360, 450])
      fixture.now = EPOCH + 12 * HOUR
      fixture.manager.succeeded(fixture.pick())
      expect(nameOf(fixture.pick())).to.equal(first)
    })

    it('sends several circuits that are built at a time to one other guard', () => {
      const fixture = new Fixture()
      fixture.confirmPrimaries()
      fixture.failPrimaries()
      const names = new Set(Array.from({ length: 10 }, () => nameOf(fixture.pick())))
      expect([...names]).to.deep.equal([fixture.manager.sampled[3]])
    })

    it('goes on to another guard when one does not answer for 15 seconds', () => {
      const fixture = new Fixture()
      fixture.confirmPrimaries()
      fixture.failPrimaries()
      const { sampled } = fixture.manager
      expect(nameOf(fixture.pick())).to.equal(sampled[3])
      fixture.now += 14_999
      expect(nameOf(fixture.pick())).to.equal(sampled[3])
      fixture.now += 1
      expect(nameOf(fixture.pick())).to.equal(sampled[4])
    })

    it('tries all of them again at once when everything fails: it may be the network', () => {
      const fixture = new Fixture()
      const seen: string[] = []
      for (let attempt = 0; attempt < 20; attempt++) {
        const pick = fixture.pick()
        seen.push(nameOf(pick))
        fixture.manager.failed(pick)
      }
      expect(new Set(seen).size).to.equal(20)
      expect(seen.slice(0, 3)).to.deep.equal(fixture.manager.primaries)
      expect(nameOf(fixture.pick())).to.equal(fixture.manager.primaries[0])
      expect(fixture.manager.sampled.length).to.equal(20)
    })

    it('tries all of them again at once when it is told so', () => {
      const fixture = new Fixture()
      fixture.failPrimaries()
      fixture.manager.retryAll()
      expect(nameOf(fixture.pick())).to.equal(fixture.manager.primaries[0])
    })

    it('tries them again at once when the clock was set back', () => {
      const fixture = new Fixture()
      fixture.failPrimaries()
      fixture.now -= HOUR
      expect(nameOf(fixture.pick())).to.equal(fixture.manager.primaries[0])
    })

    it('tries them again after eight hours of sleep', () => {
      const fixture = new Fixture()
      fixture.failPrimaries()
      fixture.now += 8 * HOUR
      expect(nameOf(fixture.pick())).to.equal(fixture.manager.primaries[0])
    })
  })

  describe('says of a circuit that was built', () => {
    /** All primary guards are confirmed, and have just failed; a circuit through another guard is on its way. */
    function exploring(): { readonly fixture: Fixture; readonly pick: GuardPick } {
      const fixture = new Fixture()
      fixture.confirmPrimaries()
      fixture.failPrimaries()
      const pick = fixture.pick()
      expect(fixture.manager.primaries).to.not.include(nameOf(pick))
      return { fixture, pick }
    }

    it('to use it when its guard is primary', () => {
      const fixture = new Fixture()
      expect(fixture.manager.succeeded(fixture.pick())).to.equal('use')
      const other = fixture.pick(fixture.manager.primaries[0] as string)
      expect(fixture.manager.succeeded(other)).to.equal('use')
    })

    it('to use it when its guard becomes primary by being confirmed', () => {
      const fixture = new Fixture()
      fixture.failPrimaries()
      const pick = fixture.pick()
      expect(fixture.manager.succeeded(pick)).to.equal('use')
      expect(fixture.manager.primaries).to.include(nameOf(pick))
    })

    it('to use it when all better guards are down', () => {
      const { fixture, pick } = exploring()
      expect(fixture.manager.succeeded(pick)).to.equal('use')
    })

    it('to wait while a primary guard is worth another try, then to use it if that fails', () => {
      const { fixture, pick } = exploring()
      fixture.now += 9 * MINUTE
      fixture.manager.succeeded(pick)
      fixture.now += MINUTE
      expect(fixture.manager.verdict(pick)).to.equal('wait')
      fixture.failPrimaries()
      expect(fixture.manager.verdict(pick)).to.equal('use')
    })

    it('to discard it when a primary guard has turned out to be reachable', () => {
      const { fixture, pick } = exploring()
      fixture.now += 10 * MINUTE
      const better = fixture.pick()
      expect(fixture.manager.primaries).to.include(nameOf(better))
      expect(fixture.manager.succeeded(better)).to.equal('use')
      expect(fixture.manager.succeeded(pick)).to.equal('discard')
    })

    it('to wait while a better guard is being tried, for 15 seconds', () => {
      const { fixture, pick: earlier } = exploring()
      const later = fixture.pick(nameOf(earlier))
      // The first of the two is better once it is confirmed too; while neither is, the order of the sample counts.
      expect(fixture.manager.succeeded(later)).to.equal('use')
      const confirmed = fixture.pick()
      expect(nameOf(confirmed)).to.equal(nameOf(later))
      fixture.manager.succeeded(earlier)
      const again = fixture.pick()
      expect(nameOf(again)).to.equal(nameOf(earlier))
      expect(fixture.manager.verdict(confirmed)).to.equal('discard')
      fixture.manager.failed(again)
      expect(fixture.manager.verdict(confirmed)).to.equal('use')
      fixture.manager.retryAll()
      fixture.failPrimaries()
      const third = fixture.pick()
      expect(nameOf(third)).to.equal(nameOf(earlier))
      expect(fixture.manager.verdict(confirmed)).to.equal('wait')
      fixture.now += 15_000
      expect(fixture.manager.verdict(confirmed)).to.equal('use')
    })

    it('to use it when the guards that are better do not go with its path', () => {
      const fixture = new Fixture()
      const primaries = fixture.confirmPrimaries()
      const pick = fixture.pick(...primaries)
      expect(fixture.manager.succeeded(pick)).to.equal('use')
    })

    it('to wait when nothing worked for ten minutes: the better guards failed while this host was offline', () => {
      const { fixture, pick } = exploring()
      // They are tried again at ten minutes, and fail again; the circuit is built some minutes later.
      fixture.now += 10 * MINUTE
      fixture.failPrimaries()
      fixture.now += 5 * MINUTE
      expect(fixture.manager.succeeded(pick)).to.equal('wait')
      expect(nameOf(fixture.pick())).to.equal(fixture.manager.primaries[0])
    })

    it('to discard it when its guard is no longer one of ours', () => {
      const fixture = new Fixture()
      const pick = fixture.pick()
      fixture.now = EPOCH + 200 * DAY
      fixture.manager.updateDirectory(directoryOf({ validAfter: fixture.now }))
      expect(fixture.manager.succeeded(pick)).to.equal('discard')
      expect(fixture.manager.verdict(pick)).to.equal('discard')
    })

    it('to discard it when the guard was not picked here', () => {
      const fixture = new Fixture()
      const stranger = { relay: fixture.pick().relay }
      expect(fixture.manager.succeeded(stranger)).to.equal('discard')
      expect(fixture.manager.verdict(stranger)).to.equal('discard')
      fixture.manager.failed(stranger)
      fixture.manager.cancelled(stranger)
      expect(nameOf(fixture.pick())).to.equal(stranger.relay.fingerprint)
    })
  })

  it('does not hold against a guard what went wrong beyond it', () => {
    const fixture = new Fixture()
    for (let circuit = 0; circuit < 5; circuit++) fixture.manager.cancelled(fixture.pick())
    expect(nameOf(fixture.pick())).to.equal(fixture.manager.primaries[0])
  })

  describe('picks a guard to fetch documents from', () => {
    it('of the first three, evenly, with or without their microdescriptors', () => {
      const plans: RelayPlan[] = Array.from({ length: 30 }, () => ({ flags: ['Guard'], hasMicrodescriptor: false }))
      const fixture = new Fixture({ plans })
      const { primaries } = fixture.manager
      const counts = [0, 0, 0]
      for (let fetch = 0; fetch < 3000; fetch++) {
        const pick = fixture.manager.pickForDirectory() ?? expect.fail('No guard was picked')
        const index = primaries.indexOf(pick.relay.fingerprint)
        counts[index] = (counts[index] as number) + 1
      }
      const { statistic, critical } = chiSquare(counts, [1, 1, 1])
      expect(statistic).to.be.below(critical)
      expect(fixture.manager.pick()).to.equal(undefined)
    })

    it('another one when it is told to', () => {
      const fixture = new Fixture()
      const { primaries } = fixture.manager
      const pick = fixture.manager.pickForDirectory({ allows: ({ fingerprint }) => !primaries.includes(fingerprint) })
      expect(pick?.relay.fingerprint).to.equal(fixture.manager.sampled[3])
    })
  })

  it('says which microdescriptors to wait for: those of the guards that are used next', () => {
    const plans = (missing: readonly string[]): RelayPlan[] =>
      Array.from({ length: 40 }, (_, index) => ({
        flags: ['Guard'],
        hasMicrodescriptor: !missing.includes(fingerprintAt(index)),
      }))
    const fixture = new Fixture({ plans: plans([]) })
    const [first, second, third] = fixture.manager.primaries as [string, string, string]
    const missing = (): string[] => fixture.manager.missingMicrodescriptors().map(({ fingerprint }) => fingerprint)
    expect(missing()).to.deep.equal([])
    fixture.manager.updateDirectory(directoryOf({ plans: plans([first, third]) }))
    expect(missing()).to.deep.equal([first])
    fixture.manager.updateDirectory(directoryOf({ plans: plans([second, third]) }))
    expect(missing()).to.deep.equal([second])
    fixture.manager.failed(fixture.pick())
    expect(missing()).to.deep.equal([second, third])
  })

  describe('keeps its guards', () => {
    it('from one run to the next', () => {
      const fixture = new Fixture()
      fixture.confirmPrimaries()
      fixture.failPrimaries()
      fixture.manager.succeeded(fixture.pick())
      const state = fixture.manager.save()
      const again = new Fixture({ state })
      expect(again.manager.sampled).to.deep.equal(fixture.manager.sampled)
      expect(again.manager.primaries).to.deep.equal(fixture.manager.primaries)
      expect(again.manager.save()).to.equal(state)
      // What was unreachable then is worth a try now.
      expect(nameOf(again.pick())).to.equal(again.manager.primaries[0])
    })

    it('and says when there is something new to keep', () => {
      const fixture = new Fixture()
      fixture.pick()
      expect(fixture.manager.changed).to.equal(true)
      fixture.manager.save()
      expect(fixture.manager.changed).to.equal(false)
      fixture.manager.failed(fixture.pick())
      expect(fixture.manager.changed).to.equal(false)
      fixture.manager.succeeded(fixture.pick())
      expect(fixture.manager.changed).to.equal(true)
      fixture.manager.save()
      fixture.manager.succeeded(fixture.pick())
      fixture.manager.updateDirectory(directoryOf({ validAfter: EPOCH + HOUR }))
      expect(fixture.manager.changed).to.equal(false)
      fixture.manager.updateDirectory(directoryOf({ validAfter: EPOCH + HOUR, count: 3 }))
      expect(fixture.manager.changed).to.equal(true)
    })

    it('before there is a directory', () => {
      const state = new Fixture().manager.save()
      const manager = GuardManager.load(state, { now: () => EPOCH })
      expect(manager.save()).to.equal(state)
      expect(manager.changed).to.equal(false)
    })

    it('and takes fresh ones when what it kept cannot be read', () => {
      const kept = new Fixture()
      kept.pick()
      const state = kept.manager.save()
      const fixture = new Fixture({ state: state.slice(0, -2) })
      expect(fixture.manager.wasCorrupt).to.equal(true)
      expect(nameOf(fixture.pick())).to.equal(fixture.manager.primaries[0])
      expect(new Fixture({ state }).manager.wasCorrupt).to.equal(false)
      expect(new Fixture().manager.wasCorrupt).to.equal(false)
    })

    it('while a guard vanishes from the consensus, and takes it back when it returns', () => {
      const fixture = new Fixture()
      const [first, second] = fixture.confirmPrimaries() as [string, string]
      const without = (gone: string | undefined, validAfter: number): NetworkDirectory =>
        directoryOf({ validAfter, plans: guardsBut((index) => fingerprintAt(index) === gone) })
      fixture.now += DAY
      fixture.manager.updateDirectory(without(first, fixture.now))
      expect(nameOf(fixture.pick())).to.equal(second)
      expect(fixture.manager.sampled).to.include(first)
      fixture.now += DAY
      fixture.manager.updateDirectory(without(undefined, fixture.now))
      expect(nameOf(fixture.pick())).to.equal(first)
      fixture.now += DAY
      fixture.manager.updateDirectory(without(first, fixture.now))
      fixture.now += 21 * DAY
      fixture.manager.updateDirectory(without(first, fixture.now))
      expect(fixture.manager.sampled).to.not.include(first)
    })
  })

  it('holds to its rules whatever happens', () => {
    const pause = fc.constantFrom(1000, 20_000, 11 * MINUTE, 2 * HOUR, 8 * HOUR, -HOUR)
    const gone = fc.uniqueArray(fc.nat({ max: 99 }), { maxLength: 60 })
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.record({ kind: fc.constant('pick'), without: fc.nat({ max: 99 }) }) },
      {
        weight: 3,
        arbitrary: fc.record({ kind: fc.constantFrom('succeeded', 'failed', 'failed', 'cancelled'), which: fc.nat() }),
      },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant('wait'), ms: pause }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('directory'), gone, days: fc.nat({ max: 30 }) }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('restart', 'retry') }) },
    ) as fc.Arbitrary<Step>
    fc.assert(
      fc.property(fc.array(step, { minLength: 20, maxLength: 120 }), fc.integer(), (steps, seed) => {
        const random = seededRandom(seed)
        let now = EPOCH
        let latest = now // the clock may be set back
        let directory = directoryOf({})
        const load = (state: string | undefined): GuardManager =>
          GuardManager.load(state, { directory, now: () => now, random })
        let manager = load(undefined)
        let picks: GuardPick[] = []
        for (const each of steps) {
          const before = manager.sampled
          switch (each.kind) {
            case 'pick': {
              const excluded = fingerprintAt(each.without)
              const allows = ({ fingerprint }: DirectoryRelay): boolean => fingerprint !== excluded
              const pick = manager.pick({ allows })
              if (pick === undefined) {
                expect(manager.sampled.filter((name) => name !== excluded && isListed(directory, name))).to.deep.equal(
                  [],
                )
                break
              }
              expect(pick.relay.fingerprint).to.not.equal(excluded)
              expect(manager.sampled).to.include(pick.relay.fingerprint)
              expect(directory.relays).to.include(pick.relay)
              expect(isListed(directory, pick.relay.fingerprint)).to.equal(true)
              picks.push(pick)
              break
            }
            case 'succeeded':
            case 'failed':
            case 'cancelled': {
              const pick = picks[each.which % Math.max(1, picks.length)]
              if (pick === undefined) break
              if (manager[each.kind](pick) === 'use') {
                const record = parseGuardState(manager.save())?.find(
                  ({ fingerprint }) => fingerprint === pick.relay.fingerprint,
                )
                expect(record?.confirmedAt).to.be.at.most(latest)
              }
              break
            }
            case 'wait':
              now += each.ms
              latest = Math.max(latest, now)
              break
            case 'directory':
              now = Math.max(now, EPOCH) + each.days * DAY
              latest = Math.max(latest, now)
              directory = directoryOf({
                validAfter: now,
                plans: guardsBut((index) => each.gone.includes(index)),
              })
              manager.updateDirectory(directory)
              break
            case 'retry':
              manager.retryAll()
              break
            case 'restart': {
              const state = manager.save()
              expect(GuardManager.load(state, { now: () => now }).sampled).to.deep.equal(manager.sampled)
              manager = load(state)
              picks = []
              break
            }
          }
          // The sample grows at its end, and only a directory takes guards out of it.
          if (each.kind !== 'directory' && each.kind !== 'restart')
            expect(manager.sampled.slice(0, before.length)).to.deep.equal(before)
          expect(manager.sampled.length).to.be.at.most(20 + 60)
          expect(new Set(manager.sampled).size).to.equal(manager.sampled.length)
          expect(manager.primaries.length).to.be.at.most(3)
          for (const name of manager.primaries) {
            expect(manager.sampled).to.include(name)
            expect(isListed(directory, name)).to.equal(true)
          }
          const state = parseGuardState(manager.save())
          expect(state?.map(({ fingerprint }) => fingerprint)).to.deep.equal(manager.sampled)
        }
      }),
      { numRuns: 60 },
    )
  })
})

type Step =
  | { readonly kind: 'pick'; readonly without: number }
  | { readonly kind: 'succeeded' | 'failed' | 'cancelled'; readonly which: number }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'directory'; readonly gone: readonly number[]; readonly days: number }
  | { readonly kind: 'restart' | 'retry' }

/** Whether the consensus has this relay as a guard: in these networks those that are none have no flag of it. */
const isListed = (directory: NetworkDirectory, name: string): boolean =>
  directory.consensus.relays.some(({ fingerprint, flags }) => fingerprint === name && (flags & RelayFlag.Guard) !== 0)
