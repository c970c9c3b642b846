import { expect } from 'chai'
import { guardParameters, retryDelay } from '../../../lib/client/guards/guard-parameters.ts'
import { DAY, generatedDirectory, HOUR } from '../support/generated-directory.ts'

const MINUTE = 60_000

describe('The parameters of guards', () => {
  const defaults = {
    lifetime: 120 * DAY,
    confirmedLifetime: 60 * DAY,
    unlistedLifetime: 20 * DAY,
    maxSample: 60,
    maxSamplePercent: 20,
    minFiltered: 20,
    primaries: 3,
    primariesToUse: 1,
    primariesForDirectory: 3,
    internetLikelyDown: 10 * MINUTE,
    connectTimeout: 15_000,
  }

  it('are those of the specification without a consensus, or where it says nothing', () => {
    expect(guardParameters(undefined)).to.deep.equal(defaults)
    expect(guardParameters(generatedDirectory([]))).to.deep.equal(defaults)
  })

  it('are those of the consensus', () => {
    const params = {
      'guard-lifetime-days': 10,
      'guard-confirmed-min-lifetime-days': 9,
      'guard-remove-unlisted-guards-after-days': 8,
      'guard-max-sample-size': 7,
      'guard-max-sample-threshold-percent': 6,
      'guard-min-filtered-sample-size': 5,
      'guard-n-primary-guards': 4,
      'guard-n-primary-guards-to-use': 3,
      'guard-n-primary-dir-guards-to-use': 2,
      'guard-internet-likely-down-interval': 11,
      'guard-nonprimary-guard-connect-timeout': 12,
    }
    expect(guardParameters(generatedDirectory([], { params }))).to.deep.equal({
      lifetime: 10 * DAY,
      confirmedLifetime: 9 * DAY,
      unlistedLifetime: 8 * DAY,
      maxSample: 7,
      maxSamplePercent: 6,
      minFiltered: 5,
      primaries: 4,
      primariesToUse: 3,
      primariesForDirectory: 2,
      internetLikelyDown: 11_000,
      connectTimeout: 12_000,
    })
  })

  it('stay within their bounds', () => {
    const low = guardParameters(
      generatedDirectory([], { params: { 'guard-lifetime-days': 0, 'guard-n-primary-guards': -5 } }),
    )
    expect(low).to.deep.include({ lifetime: DAY, primaries: 1 })
    const params = { 'guard-lifetime-days': 100_000, 'guard-max-sample-threshold-percent': 300 }
    const high = guardParameters(generatedDirectory([], { params }))
    expect(high).to.deep.include({ lifetime: 3650 * DAY, maxSamplePercent: 100 })
  })
})

describe('The schedule by which guards are tried again', () => {
  const rows: readonly (readonly [failingFor: number, primary: number, other: number])[] = [
    [0, 10 * MINUTE, HOUR],
    [6 * HOUR, 10 * MINUTE, HOUR],
    [6 * HOUR + 1, 90 * MINUTE, 4 * HOUR],
    [4 * DAY, 90 * MINUTE, 4 * HOUR],
    [4 * DAY + 1, 4 * HOUR, 18 * HOUR],
    [7 * DAY, 4 * HOUR, 18 * HOUR],
    [7 * DAY + 1, 9 * HOUR, 36 * HOUR],
    [1000 * DAY, 9 * HOUR, 36 * HOUR],
  ]
  for (const [failingFor, primary, other] of rows) {
    it(`has ${primary / MINUTE} and ${other / MINUTE} minutes for those that fail since ${failingFor} ms`, () => {
      expect(retryDelay(failingFor, true)).to.equal(primary)
      expect(retryDelay(failingFor, false)).to.equal(other)
    })
  }

  it('takes a clock that was set back for no time at all', () => {
    expect(retryDelay(-5 * DAY, true)).to.equal(10 * MINUTE)
  })
})
