import { expect } from 'chai'
import { fc } from '../../support/seed.ts'
import { formatGuardState, parseGuardState, type GuardRecord } from '../../../lib/client/guards/guard-state.ts'
import { fingerprintAt } from '../support/generated-directory.ts'

const time = fc.integer({ min: 0, max: 8_640_000_000_000_000 })
const records: fc.Arbitrary<GuardRecord[]> = fc.uniqueArray(
  fc.record({
    fingerprint: fc.nat({ max: 1000 }).map(fingerprintAt),
    sampledAt: time,
    unlistedSince: fc.option(time, { nil: undefined }),
    confirmedAt: fc.option(time, { nil: undefined }),
  }),
  { selector: ({ fingerprint }) => fingerprint, maxLength: 30 },
)

const GUARD = { fingerprint: 'A'.repeat(40), sampledAt: 1_700_000_000_000 }

/** A state with one guard that is not as it should be. */
const withGuard = (changes: Record<string, unknown>): string =>
  JSON.stringify({ version: 1, guards: [{ ...GUARD, ...changes }] })

describe('The state of guards', () => {
  it('comes back as it was written, in its order', () => {
    fc.assert(
      fc.property(records, (guards) => {
        expect(parseGuardState(formatGuardState(guards))).to.deep.equal(guards)
      }),
    )
  })

  it('is text that says no more than it must', () => {
    const text = formatGuardState([
      { ...GUARD, unlistedSince: undefined, confirmedAt: 5, nickname: 'secret' } as GuardRecord,
    ])
    expect(text).to.equal(
      `{"version":1,"guards":[{"fingerprint":"${'A'.repeat(40)}","sampledAt":1700000000000,"confirmedAt":5}]}`,
    )
  })

  it('is read where it is whole', () => {
    expect(parseGuardState(withGuard({}))).to.deep.equal([
      { ...GUARD, unlistedSince: undefined, confirmedAt: undefined },
    ])
    expect(parseGuardState('{"version":1,"guards":[]}')).to.deep.equal([])
  })

  it('is refused wherever it is cut short', () => {
    const text = formatGuardState([{ ...GUARD, unlistedSince: 1, confirmedAt: 2 }])
    for (let length = 0; length < text.length; length++)
      expect(parseGuardState(text.slice(0, length))).to.equal(undefined)
  })

  const malformed: Readonly<Record<string, string>> = {
    'is no object': '[]',
    'is nothing': 'null',
    'is of another version': '{"version":2,"guards":[]}',
    'has no version': '{"guards":[]}',
    'has no guards': '{"version":1}',
    'has guards that are no list': '{"version":1,"guards":{}}',
    'has more to it': '{"version":1,"guards":[],"more":1}',
    'has a guard that is none': '{"version":1,"guards":[null]}',
    'has a guard that is a list': '{"version":1,"guards":[[]]}',
    'has a short fingerprint': withGuard({ fingerprint: 'A'.repeat(39) }),
    'has a fingerprint in lower case': withGuard({ fingerprint: 'a'.repeat(40) }),
    'has no fingerprint': withGuard({ fingerprint: undefined }),
    'has no time of sampling': withGuard({ sampledAt: undefined }),
    'has a time before the epoch': withGuard({ sampledAt: -1 }),
    'has a time that is no whole number': withGuard({ sampledAt: 1.5 }),
    'has a time beyond what a Date knows': withGuard({ sampledAt: 8_640_000_000_000_001 }),
    'has a time in words': withGuard({ confirmedAt: 'yesterday' }),
    'has a time that is null': withGuard({ unlistedSince: null }),
    'has a guard with more to it': withGuard({ reachable: true }),
    'has a guard twice': JSON.stringify({ version: 1, guards: [GUARD, GUARD] }),
    'has a key of every object': '{"version":1,"guards":[],"__proto__":{}}',
    'has too many guards': JSON.stringify({
      version: 1,
      guards: Array.from({ length: 5001 }, (_, index) => ({ fingerprint: fingerprintAt(index), sampledAt: 1 })),
    }),
    'is too long': `${' '.repeat(1_000_000)}{"version":1,"guards":[]}`,
  }
  for (const [what, text] of Object.entries(malformed)) {
    it(`is refused when it ${what}`, () => {
      expect(parseGuardState(text)).to.equal(undefined)
    })
  }

  it('is read or refused whatever the text', () => {
    const text = formatGuardState([{ ...GUARD, unlistedSince: 1, confirmedAt: 2 }])
    const mutated = fc
      .tuple(fc.nat({ max: text.length }), fc.nat({ max: 5 }), fc.string({ maxLength: 5 }))
      .map(([at, removed, inserted]) => text.slice(0, at) + inserted + text.slice(at + removed))
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json(), mutated), (any) => {
        const guards = parseGuardState(any)
        if (guards !== undefined) expect(parseGuardState(formatGuardState(guards))).to.deep.equal(guards)
      }),
      { numRuns: 1000 },
    )
  })
})
