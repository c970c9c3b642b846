import { expect } from 'chai'
import { fc } from '../../support/seed.ts'
import { readCongestionParameters, readXonXoffParameters } from '../../../lib/circuit/congestion/parameters.ts'
import { DEFAULT_XON_XOFF } from '../../../lib/stream/contract/flow-parameters.ts'

/** Name, default, least and greatest value: C tor 0.4.9.11, src/core/or/congestion_control_{common,vegas,flow}.c. */
const CONGESTION = [
  ['sendmeIncrement', 'cc_sendme_inc', 31, 1, 254],
  ['cwndInit', 'cc_cwnd_init', 124, 31, 10_000],
  ['cwndMin', 'cc_cwnd_min', 124, 31, 1000],
  ['cwndMax', 'cc_cwnd_max', 2_147_483_647, 500, 2_147_483_647],
  ['cwndIncrement', 'cc_cwnd_inc', 1, 1, 1000],
  ['cwndIncrementRate', 'cc_cwnd_inc_rate', 31, 1, 250],
  ['cwndIncrementPctSlowStart', 'cc_cwnd_inc_pct_ss', 100, 1, 500],
  ['cwndFullGap', 'cc_cwnd_full_gap', 4, 0, 32_767],
  ['cwndFullMinPct', 'cc_cwnd_full_minpct', 25, 0, 100],
  ['cwndFullPerCwnd', 'cc_cwnd_full_per_cwnd', 1, 0, 1],
  ['slowStartCap', 'cc_sscap_exit', 600, 100, 2_147_483_647],
  ['slowStartMax', 'cc_ss_max', 5000, 500, 2_147_483_647],
  ['alpha', 'cc_vegas_alpha_exit', 186, 0, 1000],
  ['beta', 'cc_vegas_beta_exit', 248, 0, 1000],
  ['gamma', 'cc_vegas_gamma_exit', 186, 0, 1000],
  ['delta', 'cc_vegas_delta_exit', 310, 0, 2_147_483_647],
  ['ewmaCwndPct', 'cc_ewma_cwnd_pct', 50, 1, 255],
  ['ewmaMax', 'cc_ewma_max', 10, 2, 2_147_483_647],
  ['ewmaSlowStart', 'cc_ewma_ss', 2, 2, 2_147_483_647],
  ['rttResetPct', 'cc_rtt_reset_pct', 100, 0, 100],
] as const

const XON_XOFF = [
  ['xoffClient', 'cc_xoff_client', 500, 1, 10_000],
  ['xoffExit', 'cc_xoff_exit', 500, 1, 10_000],
  ['xonRate', 'cc_xon_rate', 500, 1, 5000],
  ['xonChangePct', 'cc_xon_change_pct', 25, 1, 99],
  ['xonEwmaCount', 'cc_xon_ewma_cnt', 2, 2, 100],
] as const

const kinds = [
  [
    'readCongestionParameters',
    CONGESTION,
    (params: ReadonlyMap<string, number>) => readCongestionParameters(params) ?? {},
  ],
  ['readXonXoffParameters', XON_XOFF, readXonXoffParameters],
] as const

for (const [title, rows, read] of kinds) {
  const valueOf = (params: ReadonlyMap<string, number>, field: string): number | undefined => {
    return (read(params) as Record<string, number>)[field]
  }

  describe(title, () => {
    it('has the defaults of C tor, and no field beside them', () => {
      expect(read(new Map())).to.deep.equal(Object.fromEntries(rows.map(([field, , byDefault]) => [field, byDefault])))
    })

    for (const [field, name, , min, max] of rows) {
      it(`reads ${field} from ${name}, bounded by ${min} and ${max}`, () => {
        expect(valueOf(new Map([[name, min]]), field)).to.equal(min)
        expect(valueOf(new Map([[name, min + 1]]), field)).to.equal(min + 1)
        expect(valueOf(new Map([[name, min - 1]]), field)).to.equal(min)
        expect(valueOf(new Map([[name, max]]), field)).to.equal(max)
        expect(valueOf(new Map([[name, max + 1]]), field)).to.equal(max)
        expect(valueOf(new Map([[name, -2_147_483_648]]), field)).to.equal(min)
      })
    }

    it('lets no consensus move anything out of bounds', () => {
      const int32 = fc.integer({ min: -2_147_483_648, max: 2_147_483_647 })
      fc.assert(
        fc.property(fc.array(int32, { minLength: rows.length, maxLength: rows.length }), (values) => {
          const params = new Map(rows.map(([, name], index) => [name as string, values[index] ?? 0]))
          for (const [field, , , min, max] of rows) expect(valueOf(params, field)).to.be.within(min, max)
        }),
      )
    })
  })
}

describe('readCongestionParameters by cc_alg', () => {
  it('is on without cc_alg, as 2 is its default', () => {
    expect(readCongestionParameters(new Map([['cc_cwnd_min', 31]]))).to.include({ cwndMin: 31 })
  })

  it('is on with 2, Vegas', () => {
    expect(readCongestionParameters(new Map([['cc_alg', 2]]))).to.include({ cwndMin: 124 })
  })

  for (const algorithm of [0, 1, 3, 4, -1, 2_147_483_647]) {
    it(`leaves fixed windows with ${algorithm}`, () => {
      expect(readCongestionParameters(new Map([['cc_alg', algorithm]]))).to.equal(undefined)
    })
  }
})

describe('DEFAULT_XON_XOFF', () => {
  it('is what a consensus without parameters says', () => {
    expect(readXonXoffParameters(new Map())).to.deep.equal(DEFAULT_XON_XOFF)
  })
})
