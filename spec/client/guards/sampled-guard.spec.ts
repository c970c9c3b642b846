import { expect } from 'chai'
import { SampledGuard } from '../../../lib/client/guards/sampled-guard.ts'
import { fingerprintAt, HOUR } from '../support/generated-directory.ts'

const MINUTE = 60_000
const NOW = 1_000_000_000

const fresh = (): SampledGuard =>
  new SampledGuard({ fingerprint: fingerprintAt(0), sampledAt: 1, unlistedSince: undefined, confirmedAt: undefined })

/** One that was tried and failed at `at`. */
function failed(at: number): SampledGuard {
  const guard = fresh()
  guard.tried(at)
  guard.failed(at)
  return guard
}

describe('SampledGuard', () => {
  it('is worth a try until it was tried', () => {
    const guard = fresh()
    expect(guard.reachable).to.equal('maybe')
    guard.tried(NOW)
    expect(guard.reachable).to.equal('maybe')
    guard.succeeded()
    expect(guard.reachable).to.equal('yes')
  })

  it('is tried again when the schedule says so, sooner when it is primary', () => {
    const guard = failed(NOW)
    guard.retryWhenDue(NOW + 10 * MINUTE - 1, true)
    expect(guard.reachable).to.equal('no')
    guard.retryWhenDue(NOW + HOUR - 1, false)
    expect(guard.reachable).to.equal('no')
    guard.retryWhenDue(NOW + 10 * MINUTE, true)
    expect(guard.reachable).to.equal('maybe')
  })

  it('is tried less often the longer it fails', () => {
    const guard = failed(NOW)
    let retries = 0
    for (let now = NOW; now < NOW + 12 * HOUR; now += MINUTE) {
      guard.retryWhenDue(now, true)
      if (guard.reachable === 'no') continue
      retries++
      guard.tried(now)
      guard.failed(now)
    }
    // Every 10 minutes for the first six hours, then every 90.
    expect(retries).to.equal(36 + 3)
  })

  it('begins the schedule anew after a success', () => {
    const guard = failed(NOW)
    guard.tried(NOW + 30 * HOUR)
    guard.succeeded()
    guard.tried(NOW + 31 * HOUR)
    guard.failed(NOW + 31 * HOUR)
    guard.retryWhenDue(NOW + 31 * HOUR + 10 * MINUTE, true)
    expect(guard.reachable).to.equal('maybe')
  })

  it('is tried again at once when the clock was set back', () => {
    const guard = failed(NOW)
    guard.retryWhenDue(NOW - 1, false)
    expect(guard.reachable).to.equal('maybe')
  })

  it('is tried again at once when it is told so, and stays in its place of the schedule', () => {
    const guard = failed(NOW)
    guard.retryNow()
    expect(guard.reachable).to.equal('maybe')
    const later = NOW + 7 * HOUR
    guard.tried(later)
    guard.failed(later)
    guard.retryWhenDue(later + 10 * MINUTE, true)
    expect(guard.reachable).to.equal('no')
    guard.retryWhenDue(later + 90 * MINUTE, true)
    expect(guard.reachable).to.equal('maybe')
  })

  it('is not made doubtful again by being told to retry what works', () => {
    const guard = fresh()
    guard.succeeded()
    guard.retryNow()
    expect(guard.reachable).to.equal('yes')
  })

  it('is pending from the first attempt to the first result', () => {
    const guard = fresh()
    expect(guard.pendingFor(NOW)).to.equal(undefined)
    guard.tried(NOW)
    guard.tried(NOW + 10)
    expect(guard.pendingFor(NOW + 30)).to.equal(30)
    guard.succeeded()
    expect(guard.pendingFor(NOW + 40)).to.equal(undefined)
  })

  it('is pending until every attempt is given up', () => {
    const guard = fresh()
    guard.tried(NOW)
    guard.tried(NOW)
    guard.givenUp()
    expect(guard.pendingFor(NOW + 5)).to.equal(5)
    guard.givenUp()
    guard.givenUp()
    expect(guard.pendingFor(NOW + 5)).to.equal(undefined)
    guard.tried(NOW + 9)
    expect(guard.pendingFor(NOW + 9)).to.equal(0)
    expect(guard.pendingFor(NOW)).to.equal(0)
  })
})
