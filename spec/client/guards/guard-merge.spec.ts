import { expect } from 'chai'
import { fc } from '../../support/seed.ts'
import { GuardManager } from '../../../lib/client/guards/guards.ts'
import { formatGuardState, parseGuardState, type GuardRecord } from '../../../lib/client/guards/guard-state.ts'
import { DAY, EPOCH, fingerprintAt, generatedDirectory, HOUR } from '../support/generated-directory.ts'
import { seededRandom } from '../support/seeded-random.ts'

const directory = generatedDirectory(Array.from({ length: 500 }, () => ({ flags: ['Guard'] as const })))

/** A client by itself, with a network of 500 guards. */
const clientOf = (seed: number, state?: string): GuardManager =>
  GuardManager.load(state, { directory, now: () => EPOCH, random: seededRandom(seed) })

/** Has the client confirm the guard that it would use, beside these. */
function confirmOne(client: GuardManager, without: readonly string[] = []): string {
  const pick = client.pick({ allows: ({ fingerprint }) => !without.includes(fingerprint) })
  if (pick === undefined) return expect.fail('no guard was picked')
  client.succeeded(pick)
  return pick.relay.fingerprint
}

const recordsOf = (state: string): readonly GuardRecord[] => parseGuardState(state) ?? expect.fail('no state')
const namesOf = (state: string): string[] => recordsOf(state).map(({ fingerprint }) => fingerprint)
const confirmedIn = (state: string): string[] =>
  recordsOf(state)
    .filter(({ confirmedAt }) => confirmedAt !== undefined)
    .map(({ fingerprint }) => fingerprint)

const record = (index: number, more: Partial<GuardRecord> = {}): GuardRecord => ({
  fingerprint: fingerprintAt(index),
  sampledAt: EPOCH - DAY,
  unlistedSince: undefined,
  confirmedAt: undefined,
  ...more,
})

describe('Guards of clients that share what they keep', () => {
  it('are those of both: what is kept comes first, in its order, and every confirmed one stays', () => {
    const [one, other] = [clientOf(1), clientOf(2)]
    const first = confirmOne(one)
    const second = confirmOne(other)
    const kept = one.save()
    expect(other.merge(kept)).to.equal(true)
    const merged = other.save()
    expect(namesOf(merged).slice(0, namesOf(kept).length)).to.deep.equal(namesOf(kept))
    expect(confirmedIn(merged)).to.deep.equal([first, second])
    expect(one.merge(merged)).to.equal(true)
    expect(one.save()).to.equal(merged)
    expect(one.primaries).to.deep.equal(other.primaries)
  })

  it('are those that were kept, when a client drew its own while it could not read them, but for what it has used', () => {
    const kept = clientOf(1).save()
    const late = clientOf(2)
    const used = confirmOne(late)
    late.merge(kept)
    expect(late.sampled).to.deep.equal([...namesOf(kept), used])
    // However often that happens, only what was used is added.
    let state = late.save()
    for (let run = 3; run < 10; run++) {
      const client = clientOf(run)
      client.merge(state)
      state = client.save()
    }
    expect(namesOf(state)).to.deep.equal([...namesOf(kept), used])
  })

  it('include those that a client added because the others were down, up to what a sample may have', () => {
    const state = clientOf(1).save()
    const clients = [clientOf(2, state), clientOf(3, state), clientOf(4, state)]
    for (const client of clients) {
      for (let failure = 0; failure < 40; failure++) {
        const pick = client.pick()
        if (pick) client.failed(pick)
      }
    }
    let kept = state
    for (const client of clients) {
      const own = client.sampled
      expect(own.length).to.be.above(namesOf(state).length)
      client.merge(kept)
      const before = kept
      kept = client.save()
      expect(namesOf(kept).slice(0, namesOf(before).length)).to.deep.equal(namesOf(before))
      expect(namesOf(kept).length).to.be.at.most(60)
    }
    expect(namesOf(kept)).to.include.members([...(clients[0] as GuardManager).sampled])
  })

  it('keep when they were sampled and confirmed first', () => {
    const state = formatGuardState([record(1, { confirmedAt: EPOCH - DAY }), record(2), record(3)])
    const client = clientOf(
      1,
      formatGuardState([
        record(1, { sampledAt: EPOCH - HOUR, confirmedAt: EPOCH - HOUR }),
        record(2, { confirmedAt: EPOCH - HOUR }),
      ]),
    )
    client.merge(state)
    expect(recordsOf(client.save()).slice(0, 3)).to.deep.equal([
      record(1, { confirmedAt: EPOCH - DAY }),
      record(2, { confirmedAt: EPOCH - HOUR }),
      record(3),
    ])
  })

  it('do not come back when they are too old, nor stay when they are not listed for too long', () => {
    const kept = formatGuardState([
      record(1, { sampledAt: EPOCH - 1000 * DAY }),
      record(2, { confirmedAt: EPOCH - 1000 * DAY }),
      record(600, { unlistedSince: EPOCH - 100 * DAY }),
      record(601),
      record(3),
    ])
    const client = clientOf(1)
    client.merge(kept)
    const [first, second, ...others] = recordsOf(client.save())
    expect(others).to.deep.equal([])
    expect(first?.fingerprint).to.equal(fingerprintAt(601))
    expect(first?.unlistedSince).to.be.a('number')
    expect(second).to.deep.equal(record(3))
  })

  it('are not touched by what cannot be read, or by a state without guards', () => {
    const client = clientOf(1)
    const before = client.save()
    expect(client.merge(before.slice(0, -2))).to.equal(false)
    expect(client.merge(formatGuardState([]))).to.equal(true)
    expect(client.save()).to.equal(before)
  })

  it('of a circuit that is being built go on as they were, where they are still ours', () => {
    const kept = clientOf(1).save()
    const client = clientOf(2)
    const pick = client.pick()
    if (pick === undefined) return expect.fail('no guard was picked')
    client.merge(kept)
    expect(client.sampled).to.not.include(pick.relay.fingerprint)
    expect(client.succeeded(pick)).to.equal('discard')
    const again = client.pick()
    if (again === undefined) return expect.fail('no guard was picked')
    client.merge(kept)
    expect(client.succeeded(again)).to.equal('use')
  })

  it('come to be the same for all, with every confirmed one, in whatever order they write', () => {
    const writes = fc.array(fc.record({ who: fc.nat({ max: 2 }), confirms: fc.boolean() }), { maxLength: 12 })
    fc.assert(
      fc.property(writes, fc.nat(), (acts, seed) => {
        const clients = [0, 1, 2].map((index) => clientOf(seed + index))
        const confirmed = new Set<string>()
        let state: string | undefined
        const write = (client: GuardManager): void => {
          if (state !== undefined) expect(client.merge(state)).to.equal(true)
          state = client.save()
        }
        for (const { who, confirms } of acts) {
          const client = clients[who] as GuardManager
          if (confirms) confirmed.add(confirmOne(client, [...confirmed]))
          write(client)
        }
        for (const client of [...clients, ...clients]) write(client)
        for (const client of clients) expect(client.save()).to.equal(state)
        expect(confirmedIn(state ?? '')).to.have.members([...confirmed])
        expect(namesOf(state ?? '').length).to.be.at.most(60)
      }),
      { numRuns: 30 },
    )
  })
})
