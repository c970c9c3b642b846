/**
 * The numbers of congestion control: those that the consensus may set, with their defaults and bounds. Those are of C
 * tor 0.4.9 (src/core/or/congestion_control_common.c and congestion_control_vegas.c): of some, proposal 324, 6.5, still
 * says what they were first. The Vegas thresholds are those of a path to an exit, or to an onion service.
 *
 * @module
 */
import type { OptionNames } from '../../base/checks.ts'
import { DEFAULT_XON_XOFF, type XonXoffParameters } from '../../stream/contract/flow-parameters.ts'

/** What a client needs for the circuits that it sends on. */
export interface CongestionControlParameters {
  /** `cc_sendme_inc`: how many cells a circuit SENDME acknowledges, unless the exit negotiates another number. */
  readonly sendmeIncrement: number
  /** `cc_cwnd_init`: the congestion window that a circuit begins with, in cells. */
  readonly cwndInit: number
  /** `cc_cwnd_min`: the least that the window may become, in cells. */
  readonly cwndMin: number
  /** `cc_cwnd_max`: the most that the window may become, in cells. */
  readonly cwndMax: number
  /** `cc_cwnd_inc`: by how many cells the window changes after slow start. */
  readonly cwndIncrement: number
  /** `cc_cwnd_inc_rate`: how often it changes after slow start, in changes for each window that is acknowledged. */
  readonly cwndIncrementRate: number
  /** `cc_cwnd_inc_pct_ss`: by what percentage of a SENDME's cells each of them opens the window in slow start. */
  readonly cwndIncrementPctSlowStart: number
  /** `cc_cwnd_full_gap`: how many SENDMEs' worth of the window may be unused while it still counts as full. */
  readonly cwndFullGap: number
  /** `cc_cwnd_full_minpct`: with less than this percentage of it used, the window is not full. */
  readonly cwndFullMinPct: number
  /**
   * `cc_cwnd_full_per_cwnd`: 1 if whether the window is full is judged anew once a window, 0 if at each change of it.
   */
  readonly cwndFullPerCwnd: number
  /** `cc_sscap_exit`: above this many cells slow start grows linearly (RFC 3742). */
  readonly slowStartCap: number
  /** `cc_ss_max`: at this many cells slow start ends. */
  readonly slowStartMax: number
  /** `cc_vegas_alpha_exit`: with fewer cells than this in queues the window grows. */
  readonly alpha: number
  /** `cc_vegas_beta_exit`: with more cells than this in queues the window shrinks. */
  readonly beta: number
  /** `cc_vegas_gamma_exit`: with this many cells in queues slow start ends. */
  readonly gamma: number
  /** `cc_vegas_delta_exit`: with more cells than this in queues the window drops to what leaves this many. */
  readonly delta: number
  /**
   * `cc_ewma_cwnd_pct`: over what percentage of a window's SENDMEs the round-trip time is averaged after slow start.
   */
  readonly ewmaCwndPct: number
  /** `cc_ewma_max`: over how many SENDMEs it is averaged at most after slow start. */
  readonly ewmaMax: number
  /** `cc_ewma_ss`: over how many SENDMEs it is averaged in slow start. */
  readonly ewmaSlowStart: number
  /**
   * `cc_rtt_reset_pct`: how far, in percent, the least round-trip time rises to the present one when the window is at
   * its minimum.
   */
  readonly rttResetPct: number
}

/** Every parameter of congestion control. */
export const CONGESTION_PARAMETER_NAMES: OptionNames<CongestionControlParameters> = {
  sendmeIncrement: true,
  cwndInit: true,
  cwndMin: true,
  cwndMax: true,
  cwndIncrement: true,
  cwndIncrementRate: true,
  cwndIncrementPctSlowStart: true,
  cwndFullGap: true,
  cwndFullMinPct: true,
  cwndFullPerCwnd: true,
  slowStartCap: true,
  slowStartMax: true,
  alpha: true,
  beta: true,
  gamma: true,
  delta: true,
  ewmaCwndPct: true,
  ewmaMax: true,
  ewmaSlowStart: true,
  rttResetPct: true,
}

/** Every parameter of XON/XOFF. */
export const XON_XOFF_PARAMETER_NAMES: OptionNames<XonXoffParameters> = {
  xoffClient: true,
  xoffExit: true,
  xonRate: true,
  xonChangePct: true,
  xonEwmaCount: true,
}

const MAX_INT16 = 0x7fff
const MAX_INT32 = 0x7fff_ffff

/** Cells in a full TLS record. */
const RECORD_CELLS = 31

/** Cells that a relay's connection buffers (proposal 324, 3.3: `OUTBUF_CELLS`). */
const OUTBUF_CELLS = 2 * RECORD_CELLS

/** A parameter of the consensus. What is out of bounds is taken for the nearest bound, as C tor does. */
interface Row {
  readonly name: string
  readonly byDefault: number
  readonly min: number
  readonly max: number
}

const ROWS: Readonly<Record<keyof CongestionControlParameters, Row>> = {
  sendmeIncrement: { name: 'cc_sendme_inc', byDefault: RECORD_CELLS, min: 1, max: 254 },
  cwndInit: { name: 'cc_cwnd_init', byDefault: 4 * RECORD_CELLS, min: RECORD_CELLS, max: 10_000 },
  cwndMin: { name: 'cc_cwnd_min', byDefault: 4 * RECORD_CELLS, min: RECORD_CELLS, max: 1000 },
  cwndMax: { name: 'cc_cwnd_max', byDefault: MAX_INT32, min: 500, max: MAX_INT32 },
  cwndIncrement: { name: 'cc_cwnd_inc', byDefault: 1, min: 1, max: 1000 },
  cwndIncrementRate: { name: 'cc_cwnd_inc_rate', byDefault: RECORD_CELLS, min: 1, max: 250 },
  cwndIncrementPctSlowStart: { name: 'cc_cwnd_inc_pct_ss', byDefault: 100, min: 1, max: 500 },
  cwndFullGap: { name: 'cc_cwnd_full_gap', byDefault: 4, min: 0, max: MAX_INT16 },
  cwndFullMinPct: { name: 'cc_cwnd_full_minpct', byDefault: 25, min: 0, max: 100 },
  cwndFullPerCwnd: { name: 'cc_cwnd_full_per_cwnd', byDefault: 1, min: 0, max: 1 },
  slowStartCap: { name: 'cc_sscap_exit', byDefault: 600, min: 100, max: MAX_INT32 },
  slowStartMax: { name: 'cc_ss_max', byDefault: 5000, min: 500, max: MAX_INT32 },
  alpha: { name: 'cc_vegas_alpha_exit', byDefault: 3 * OUTBUF_CELLS, min: 0, max: 1000 },
  beta: { name: 'cc_vegas_beta_exit', byDefault: 4 * OUTBUF_CELLS, min: 0, max: 1000 },
  gamma: { name: 'cc_vegas_gamma_exit', byDefault: 3 * OUTBUF_CELLS, min: 0, max: 1000 },
  delta: { name: 'cc_vegas_delta_exit', byDefault: 5 * OUTBUF_CELLS, min: 0, max: MAX_INT32 },
  ewmaCwndPct: { name: 'cc_ewma_cwnd_pct', byDefault: 50, min: 1, max: 255 },
  ewmaMax: { name: 'cc_ewma_max', byDefault: 10, min: 2, max: MAX_INT32 },
  ewmaSlowStart: { name: 'cc_ewma_ss', byDefault: 2, min: 2, max: MAX_INT32 },
  rttResetPct: { name: 'cc_rtt_reset_pct', byDefault: 100, min: 0, max: 100 },
}

/** What differs on a path to an onion service, which is twice as long. */
const ONION_ROWS: typeof ROWS = {
  ...ROWS,
  slowStartCap: { name: 'cc_sscap_onion', byDefault: 475, min: 100, max: MAX_INT32 },
  alpha: { name: 'cc_vegas_alpha_onion', byDefault: 3 * OUTBUF_CELLS, min: 0, max: 1000 },
  beta: { name: 'cc_vegas_beta_onion', byDefault: 6 * OUTBUF_CELLS, min: 0, max: 1000 },
  gamma: { name: 'cc_vegas_gamma_onion', byDefault: 4 * OUTBUF_CELLS, min: 0, max: 1000 },
  delta: { name: 'cc_vegas_delta_onion', byDefault: 7 * OUTBUF_CELLS, min: 0, max: MAX_INT32 },
}

/** C tor src/core/or/congestion_control_flow.c; cells as DEFAULT_XON_XOFF counts them. */
const XON_XOFF_ROWS: Readonly<Record<keyof XonXoffParameters, Row>> = {
  xoffClient: { name: 'cc_xoff_client', byDefault: DEFAULT_XON_XOFF.xoffClient, min: 1, max: 10_000 },
  xoffExit: { name: 'cc_xoff_exit', byDefault: DEFAULT_XON_XOFF.xoffExit, min: 1, max: 10_000 },
  xonRate: { name: 'cc_xon_rate', byDefault: DEFAULT_XON_XOFF.xonRate, min: 1, max: 5000 },
  xonChangePct: { name: 'cc_xon_change_pct', byDefault: DEFAULT_XON_XOFF.xonChangePct, min: 1, max: 99 },
  xonEwmaCount: { name: 'cc_xon_ewma_cnt', byDefault: DEFAULT_XON_XOFF.xonEwmaCount, min: 2, max: 100 },
}

/** `cc_alg`: the one algorithm beside fixed windows that relays implement. */
const VEGAS = 2

/**
 * What a consensus says of congestion control; its defaults without parameters. Undefined when `cc_alg` is another than
 * 2, Vegas: circuits then have fixed windows.
 *
 * @param params - the `params` line of the consensus
 * @param path - where the path leads
 */
export function readCongestionParameters(
  params: ReadonlyMap<string, number>,
  path: 'exit' | 'onion' = 'exit',
): CongestionControlParameters | undefined {
  return (params.get('cc_alg') ?? VEGAS) === VEGAS ? read(params, path === 'exit' ? ROWS : ONION_ROWS) : undefined
}

/**
 * What a consensus says of XON/XOFF; its defaults without parameters.
 *
 * @param params - the `params` line of the consensus
 */
export function readXonXoffParameters(params: ReadonlyMap<string, number>): XonXoffParameters {
  return read(params, XON_XOFF_ROWS)
}

function read<Name extends string>(
  params: ReadonlyMap<string, number>,
  rows: Readonly<Record<Name, Row>>,
): Record<Name, number> {
  const values = Object.entries<Row>(rows).map(([field, { name, byDefault, min, max }]) => {
    return [field, Math.max(min, Math.min(max, params.get(name) ?? byDefault))]
  })
  return Object.fromEntries(values) as Record<Name, number>
}
