import { expect } from 'chai'
import { GuardSample } from '../../../lib/client/guards/guard-sample.ts'
import { formatGuardState, parseGuardState, type GuardRecord } from '../../../lib/client/guards/guard-state.ts'
import type { SampledGuard } from '../../../lib/client/guards/sampled-guard.ts'
import type { ConsensusRelay } from '../../../lib/directory/relay-entry.ts'
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

const guards = (count: number, plan: RelayPlan = {}): RelayPlan[] =>
  Array.from({ length: count }, () => ({ flags: ['Guard'], ...plan }))

interface Setup {
  /** @default EPOCH */
  readonly now?: number
  readonly seed?: number
  readonly records?: readonly GuardRecord[]
  readonly filter?: (relay: ConsensusRelay) => boolean
}

const emptySample = ({ seed = 1, records = [], filter = () => true }: Setup = {}): GuardSample =>
  new GuardSample(records, { random: seededRandom(seed), filter })

/** A sample that has seen a directory of these relays. */
function sampleOf(
  plans: readonly RelayPlan[],
  { now = EPOCH, ...setup }: Setup = {},
  plan: DirectoryPlan = {},
): GuardSample {
  const sample = emptySample(setup)
  sample.update(generatedDirectory(plans, plan), now)
  return sample
}

function fail(...failing: readonly SampledGuard[]): void {
  for (const guard of failing) {
    guard.tried(EPOCH)
    guard.failed(EPOCH)
  }
}

/** The same relays in a consensus of another time, some of them gone. */
const later = (
  count: number,
  validAfter: number,
  gone: readonly string[] = [],
): ReturnType<typeof generatedDirectory> =>
  generatedDirectory(
    guards(count).map((plan, index) => (gone.includes(fingerprintAt(index)) ? {} : plan)),
    { validAfter },
  )

const record = (index: number, changes: Partial<GuardRecord> = {}): GuardRecord => ({
  fingerprint: fingerprintAt(index),
  sampledAt: EPOCH - DAY,
  unlistedSince: undefined,
  confirmedAt: undefined,
  ...changes,
})

/** Those of the guards that were in the sample before, not taken into it anew. */
const kept = (sample: GuardSample, records: readonly GuardRecord[]): string[] =>
  names(
    sample.guards.filter((guard) =>
      records.some(({ fingerprint, sampledAt }) => guard.fingerprint === fingerprint && guard.sampledAt === sampledAt),
    ),
  )

const names = (list: readonly SampledGuard[]): string[] => list.map(({ fingerprint }) => fingerprint)

describe('GuardSample', () => {
  describe('takes guards into the sample', () => {
    it('until enough are usable', () => {
      const sample = sampleOf(guards(200))
      expect(sample.guards.length).to.equal(20)
      expect(new Set(names(sample.guards)).size).to.equal(20)
      expect(sample.hasChanged).to.equal(true)
    })

    it('until none are left', () => {
      expect(names(sampleOf(guards(5)).guards).sort()).to.deep.equal([0, 1, 2, 3, 4].map(fingerprintAt))
    })

    it('up to a fifth of those that there are, and no more than 60, when others are unreachable', () => {
      for (const [count, size] of [
        [50, 20],
        [150, 30],
        [200, 40],
        [500, 60],
      ] as const) {
        const sample = sampleOf(guards(count))
        for (let round = 0; round < 10; round++) {
          fail(...sample.guards)
          sample.expand(EPOCH)
        }
        expect(sample.guards.length).to.equal(size)
      }
    })

    it('as many as the consensus says', () => {
      const params = { 'guard-min-filtered-sample-size': 5, 'guard-max-sample-size': 7 }
      const sample = sampleOf(guards(100), {}, { params })
      expect(sample.guards.length).to.equal(5)
      fail(...sample.guards)
      sample.expand(EPOCH)
      expect(sample.guards.length).to.equal(7)
    })

    it('only those that are fit for every circuit and every document', () => {
      const plans: RelayPlan[] = [
        { flags: ['Guard'] },
        {},
        { flags: ['Guard'], without: ['Stable'] },
        { flags: ['Guard'], without: ['Fast'] },
        { flags: ['Guard'], without: ['V2Dir'] },
        { flags: ['Guard'], without: ['Valid'] },
        { flags: ['Guard'], without: ['Running'] },
        { flags: ['Guard', 'MiddleOnly'] },
        { flags: ['Guard', 'NoEdConsensus'] },
        { flags: ['Guard'], protocols: 'FlowCtrl=1 Link=1-3 Relay=2' },
        { flags: ['Guard'], protocols: 'FlowCtrl=1 Link=4-5 Relay=1' },
        { flags: ['Guard'], protocols: 'Link=4-5 Relay=2' },
        { flags: ['Guard'], addresses: [] },
        { flags: ['Guard', 'Exit'], hasMicrodescriptor: false },
      ]
      expect(names(sampleOf(plans).guards).sort()).to.deep.equal([0, 13].map(fingerprintAt))
    })

    it('by their weight for the guard position', () => {
      const plans: RelayPlan[] = [100, 200, 300, 400].flatMap((bandwidth) => [
        { flags: ['Guard'], bandwidth },
        { flags: ['Guard', 'Exit'], bandwidth },
      ])
      const counts = plans.map(() => 0)
      const directory = generatedDirectory(plans, { params: { 'guard-min-filtered-sample-size': 1 } })
      for (let seed = 0; seed < 4000; seed++) {
        const sample = emptySample({ seed })
        sample.update(directory, EPOCH)
        const index = Number.parseInt((sample.guards[0] as SampledGuard).fingerprint, 16) - 1
        counts[index] = (counts[index] as number) + 1
      }
      const { statistic, critical } = chiSquare(
        counts,
        [100, 200, 300, 400].flatMap((bandwidth) => [bandwidth * 6217, bandwidth * 877]),
      )
      expect(statistic).to.be.below(critical)
    })

    it('with a date up to a tenth of their lifetime ago', () => {
      const dates = sampleOf(guards(200)).guards.map(({ sampledAt }) => sampledAt)
      for (const date of dates) expect(date).to.be.within(EPOCH - 12 * DAY, EPOCH)
      expect(Math.max(...dates) - Math.min(...dates)).to.be.above(6 * DAY)
    })

    it('without asking whether they can be connected to, but until enough of them can', () => {
      const isEven = ({ fingerprint }: ConsensusRelay): boolean => Number.parseInt(fingerprint, 16) % 2 === 0
      const sample = sampleOf(guards(500), { filter: isEven })
      const passing = sample.guards.filter((guard) => sample.isFiltered(guard))
      expect(passing.length).to.equal(20)
      expect(sample.guards.length).to.be.within(25, 60)
      for (const guard of sample.primaries(EPOCH)) expect(passing).to.include(guard)
    })

    it('in no hurry while the clock and the consensus disagree by more than a day', () => {
      expect(sampleOf(guards(30), { now: EPOCH - DAY - 1 }).guards).to.deep.equal([])
      expect(sampleOf(guards(30), { now: EPOCH + 3 * HOUR + DAY + 1 }).guards).to.deep.equal([])
      expect(sampleOf(guards(30), { now: EPOCH - DAY }).guards.length).to.equal(20)
      expect(sampleOf(guards(30), { now: EPOCH + 3 * HOUR + DAY }).guards.length).to.equal(20)
    })

    it('not before there is a directory', () => {
      const sample = emptySample()
      sample.expand(EPOCH)
      expect(sample.guards).to.deep.equal([])
      expect(sample.primaries(EPOCH)).to.deep.equal([])
    })
  })

  describe('with guards that the consensus no longer lists', () => {
    it('keeps them for a while, and does not use them', () => {
      const sample = emptySample({ records: [record(0), record(1)] })
      sample.update(later(2, EPOCH, [fingerprintAt(0)]), EPOCH)
      const [gone, listed] = sample.guards as [SampledGuard, SampledGuard]
      expect(sample.isFiltered(gone)).to.equal(false)
      expect(sample.isFiltered(listed)).to.equal(true)
      expect(gone.unlistedSince).to.be.within(EPOCH - 4 * DAY, EPOCH)
      expect(sample.hasChanged).to.equal(true)
    })

    it('does not move the date on while they stay away', () => {
      const sample = emptySample({ records: [record(0, { unlistedSince: EPOCH - DAY })] })
      sample.update(later(1, EPOCH, [fingerprintAt(0)]), EPOCH)
      expect(sample.guards[0]?.unlistedSince).to.equal(EPOCH - DAY)
      expect(sample.hasChanged).to.equal(false)
    })

    it('uses them again when they are back', () => {
      const sample = emptySample({ records: [record(0, { unlistedSince: EPOCH - 5 * DAY })] })
      sample.update(later(1, EPOCH), EPOCH)
      expect(sample.guards[0]?.unlistedSince).to.equal(undefined)
      expect(names(sample.primaries(EPOCH))).to.deep.equal([fingerprintAt(0)])
    })

    it('removes them after 20 days', () => {
      const records = [
        record(0, { unlistedSince: EPOCH - 20 * DAY }),
        record(1, { unlistedSince: EPOCH - 20 * DAY - 1 }),
      ]
      const sample = emptySample({ records })
      sample.update(later(2, EPOCH, [fingerprintAt(0), fingerprintAt(1)]), EPOCH)
      expect(names(sample.guards)).to.deep.equal([fingerprintAt(0)])
    })

    it('does not take a missing microdescriptor for a missing guard', () => {
      const sample = emptySample({ records: [record(0)] })
      sample.update(generatedDirectory(guards(1, { hasMicrodescriptor: false })), EPOCH)
      const [guard] = sample.guards as [SampledGuard]
      expect(sample.isFiltered(guard)).to.equal(true)
      expect(sample.complete(guard)).to.equal(undefined)
      expect(sample.listed(guard)?.fingerprint).to.equal(fingerprintAt(0))
    })

    it('changes nothing while the clock and the consensus disagree by more than a day', () => {
      const records = [
        record(0),
        record(1, { sampledAt: EPOCH - 1000 * DAY }),
        record(2, { unlistedSince: 5 }),
        record(3, { sampledAt: EPOCH + 90 * DAY }),
      ]
      for (const now of [EPOCH - 30 * DAY, EPOCH + 30 * DAY]) {
        const sample = emptySample({ records })
        sample.update(later(3, EPOCH, [fingerprintAt(0)]), now)
        expect(parseGuardState(formatGuardState(sample.guards))).to.deep.equal(records)
        expect(sample.hasChanged).to.equal(false)
      }
    })
  })

  it('goes by what the last consensus in its time said, while there is none', () => {
    const sample = emptySample({ records: [record(0, { unlistedSince: EPOCH - DAY }), record(1)] })
    sample.update(later(2, EPOCH), EPOCH + 30 * DAY)
    expect(names(sample.primaries(EPOCH + 30 * DAY))).to.deep.equal([fingerprintAt(1)])
  })

  describe('with guards that grow old', () => {
    it('removes those that were never used after 120 days', () => {
      const records = [record(0, { sampledAt: EPOCH - 120 * DAY }), record(1, { sampledAt: EPOCH - 120 * DAY - 1 })]
      const sample = emptySample({ records })
      sample.update(later(2, EPOCH), EPOCH)
      expect(kept(sample, records)).to.deep.equal([fingerprintAt(0)])
      expect(sample.hasChanged).to.equal(true)
    })

    it('removes those that were used 60 days after they were first used', () => {
      const old = { sampledAt: EPOCH - 150 * DAY }
      const records = [
        record(0, { ...old, confirmedAt: EPOCH - 60 * DAY }),
        record(1, { ...old, confirmedAt: EPOCH - 60 * DAY - 1 }),
      ]
      const sample = emptySample({ records })
      sample.update(later(2, EPOCH), EPOCH)
      expect(kept(sample, records)).to.deep.equal([fingerprintAt(0)])
    })

    it('replaces primary guards that are removed', () => {
      const sample = emptySample({ records: [0, 1, 2, 3].map((index) => record(index)) })
      sample.update(later(4, EPOCH), EPOCH)
      expect(names(sample.primaries(EPOCH))).to.deep.equal([0, 1, 2].map(fingerprintAt))
      const now = EPOCH + 30 * DAY
      sample.update(later(4, now, [fingerprintAt(1)]), now)
      expect(names(sample.primaries(now))).to.deep.equal([0, 2, 3].map(fingerprintAt))
    })

    it('gives a date in the future, from when the clock was wrong, a new one', () => {
      const ahead = EPOCH + 400 * DAY
      const dates = { sampledAt: ahead, unlistedSince: ahead }
      const sample = emptySample({ records: [record(0, { ...dates, confirmedAt: ahead }), record(1, dates)] })
      sample.update(later(2, EPOCH, [fingerprintAt(1)]), EPOCH)
      const [listed, gone] = sample.guards as [SampledGuard, SampledGuard]
      for (const date of [listed.sampledAt, listed.confirmedAt, gone.sampledAt])
        expect(date).to.be.within(EPOCH - 12 * DAY, EPOCH)
      expect(listed.unlistedSince).to.equal(undefined)
      expect(gone.unlistedSince).to.be.within(EPOCH - 4 * DAY, EPOCH)
    })
  })

  describe('has primary guards', () => {
    it('that are the first of the sample', () => {
      const sample = sampleOf(guards(200))
      expect(sample.primaries(EPOCH)).to.deep.equal(sample.guards.slice(0, 3))
    })

    it('as many as the consensus says', () => {
      expect(sampleOf(guards(200), {}, { params: { 'guard-n-primary-guards': 5 } }).primaries(EPOCH).length).to.equal(5)
    })

    it('fewer where there are not enough', () => {
      expect(sampleOf(guards(2)).primaries(EPOCH).length).to.equal(2)
    })

    it('of which a confirmed guard takes the place of the last that is none', () => {
      const sample = sampleOf(guards(200))
      const [first, second, third, , fifth] = sample.guards as [
        SampledGuard,
        SampledGuard,
        SampledGuard,
        SampledGuard,
        SampledGuard,
      ]
      expect(sample.primaries(EPOCH)).to.deep.equal([first, second, third])
      sample.confirm(fifth, EPOCH)
      expect(sample.primaries(EPOCH)).to.deep.equal([first, second, fifth])
      sample.confirm(second, EPOCH)
      sample.confirm(third, EPOCH)
      expect(sample.primaries(EPOCH)).to.deep.equal([second, third, fifth])
    })

    it('that stay primary while they are unreachable', () => {
      const sample = sampleOf(guards(200))
      const primaries = sample.primaries(EPOCH)
      fail(...primaries)
      sample.update(later(200, EPOCH + HOUR), EPOCH + HOUR)
      expect(sample.primaries(EPOCH + HOUR)).to.deep.equal(primaries)
    })

    it('to which no guard is added that is known to be unreachable', () => {
      const sample = emptySample({ records: [0, 1, 2, 3, 4].map((index) => record(index)) })
      fail(sample.guards[1] as SampledGuard)
      sample.update(later(5, EPOCH), EPOCH)
      expect(names(sample.primaries(EPOCH))).to.deep.equal([0, 2, 3].map(fingerprintAt))
    })

    it('that are the same after a restart', () => {
      const sample = sampleOf(guards(200))
      sample.confirm(sample.guards[7] as SampledGuard, EPOCH)
      const again = emptySample({ seed: 99, records: sample.guards })
      again.update(later(200, EPOCH), EPOCH)
      expect(names(again.primaries(EPOCH))).to.deep.equal(names(sample.primaries(EPOCH)))
    })
  })

  it('confirms a guard once, at a date up to a tenth of its lifetime ago', () => {
    const sample = sampleOf(guards(30))
    const [guard] = sample.guards as [SampledGuard]
    sample.stored()
    sample.confirm(guard, EPOCH)
    const { confirmedAt } = guard
    expect(confirmedAt).to.be.within(EPOCH - 12 * DAY, EPOCH)
    expect(sample.hasChanged).to.equal(true)
    sample.stored()
    sample.confirm(guard, EPOCH + 50 * DAY)
    expect(guard.confirmedAt).to.equal(confirmedAt)
    expect(sample.hasChanged).to.equal(false)
  })
})
