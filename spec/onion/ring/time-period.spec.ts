import { bytesToHex } from '@noble/hashes/utils.js'
import { expect } from 'chai'
import {
  clientRingTime,
  currentPeriod,
  disasterValue,
  isBetweenPeriodAndRandom,
  periodEnd,
  periodStart,
  runStart,
  type ConsensusTime,
} from '../../../lib/onion/ring/time-period.ts'

const HOUR = 3_600_000
const CURRENT = new Uint8Array(32).fill(1)
const PREVIOUS = new Uint8Array(32).fill(2)

/** A consensus of this time; `interval` is how often the network votes. */
function at(time: string, interval: number = HOUR, params: Record<string, number> = {}): ConsensusTime {
  const validAfter = Date.parse(time)
  return {
    validAfter,
    freshUntil: validAfter + interval,
    params: new Map(Object.entries(params)),
    sharedRandom: { current: CURRENT, previous: PREVIOUS },
  }
}

const iso = (time: number): string => new Date(time).toISOString().slice(0, 19)

describe('Time periods', () => {
  // rend-spec-v3, [TIME-PERIODS]; C tor src/test/test_hs_common.c, test_time_period.
  it('have the published numbers and bounds', () => {
    for (const [time, number] of [
      ['2016-04-13T11:00:00Z', 16_903],
      ['2016-04-13T11:59:59Z', 16_903],
      ['2016-04-13T12:00:00Z', 16_904],
    ] as const)
      expect(currentPeriod(at(time), false)).to.deep.equal({ number, minutes: 1440 })
    const consensus = at('2016-04-13T11:00:00Z')
    expect(iso(periodStart({ number: 16_903, minutes: 1440 }, consensus))).to.equal('2016-04-12T12:00:00')
    expect(iso(periodEnd({ number: 16_903, minutes: 1440 }, consensus))).to.equal('2016-04-13T12:00:00')
  })

  // C tor src/test/test_hs_common.c, test_start_time_of_next_time_period.
  it('begin in a testing network where the published ones do', () => {
    const ends = (time: string): string => {
      const consensus = at(time, 10_000)
      return iso(periodEnd(currentPeriod(consensus, true), consensus))
    }
    expect(ends('2016-04-13T00:00:00Z')).to.equal('2016-04-13T00:02:00')
    expect(ends('2016-04-13T00:02:00Z')).to.equal('2016-04-13T00:06:00')
  })

  it('are as long as the network says, within bounds, and in a testing network as its votes say', () => {
    const minutes = (hsdir_interval: number, testing: boolean): number =>
      currentPeriod(at('2016-04-13T11:00:00Z', HOUR, { hsdir_interval }), testing).minutes
    expect([minutes(120, false), minutes(1, false), minutes(99_999, false), minutes(120, true)]).to.deep.equal([
      120, 5, 14_400, 1440,
    ])
  })

  // C tor src/test/test_hs_common.c, test_time_between_tp_and_srv.
  it('and shared random values take turns', () => {
    for (const [time, between] of [
      ['1985-10-26T00:00:00Z', false],
      ['1985-10-26T11:00:00Z', false],
      ['1985-10-26T12:00:00Z', true],
      ['1985-10-26T13:00:00Z', true],
      ['1985-10-26T23:00:00Z', true],
      ['1985-10-27T00:00:00Z', false],
      ['1985-10-27T01:00:00Z', false],
    ] as const) {
      const consensus = at(time)
      expect(isBetweenPeriodAndRandom(consensus, false), time).to.equal(between)
      expect(clientRingTime(consensus, false).sharedRandom).to.equal(between ? CURRENT : PREVIOUS)
    }
    expect(iso(runStart(at('1985-10-26T13:00:00Z')))).to.equal('1985-10-26T00:00:00')
  })

  // Arti crates/tor-netdir/src/hsdir_params.rs, disaster; C tor src/test/test_hs_common.c, test_disaster_srv.
  it('have the published value where the network could agree on none', () => {
    expect(bytesToHex(disasterValue({ number: 1, minutes: 1440 }))).to.equal(
      'f8a4948707653837fa44abb5bbc75a12f6f101e7f8faf699b9715f4965d3507d',
    )
    const none = { ...at('2016-04-13T11:00:00Z'), sharedRandom: { current: CURRENT, previous: undefined } }
    expect(clientRingTime(none, false).sharedRandom).to.deep.equal(disasterValue({ number: 16_903, minutes: 1440 }))
  })
})
