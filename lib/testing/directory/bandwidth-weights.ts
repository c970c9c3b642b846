/**
 * The `bandwidth-weights` of a consensus (dir-spec section 3.8.3): how much of each kind of relay's bandwidth each
 * position of a path may use, so that no position has less than the others. Where the specification has no solution and
 * tor writes no weights at all, as in a network of middle relays only, they are brought into range here.
 *
 * @module
 */

/** The weight that is one. */
export const WEIGHT_SCALE = 10_000

/** The bandwidths of a network, by what its relays may be. Any unit. */
export interface BandwidthTotals {
  /** Of relays with the Guard flag, not Exit. */
  readonly guard: number
  /** Of relays with neither flag. */
  readonly middle: number
  /** Of relays with the Exit flag, not Guard. */
  readonly exit: number
  /** Of relays with both flags. */
  readonly both: number
}

/** The weights that the others follow from. */
interface Solution {
  readonly Wgg: number
  readonly Wgd: number
  readonly Wmg: number
  readonly Wme: number
  readonly Wmd: number
  readonly Wee: number
  readonly Wed: number
}

/** All 19 weights by name, each from 0 to {@link WEIGHT_SCALE}, in the order of the line. */
export function bandwidthWeights(totals: BandwidthTotals): Record<string, number> {
  const { Wgg, Wgd, Wmg, Wme, Wmd, Wee, Wed } = solve(totals)
  const one = WEIGHT_SCALE
  return {
    Wbd: Wmd,
    Wbe: Wme,
    Wbg: Wmg,
    Wbm: one,
    Wdb: one,
    Web: one,
    Wed,
    Wee,
    Weg: Wed,
    Wem: Wee,
    Wgb: one,
    Wgd,
    Wgg,
    Wgm: Wgg,
    Wmb: one,
    Wmd,
    Wme,
    Wmg,
    Wmm: one,
  }
}

const divide = (numerator: number, denominator: number): number => Math.trunc(numerator / denominator)

const inRange = (solution: Solution): boolean =>
  Object.values(solution).every((weight) => weight >= 0 && weight <= WEIGHT_SCALE)

function solve(totals: BandwidthTotals): Solution {
  // Each sum begins with 1 so that no division is by zero (since consensus method 26).
  const G = totals.guard + 1
  const M = totals.middle + 1
  const E = totals.exit + 1
  const D = totals.both + 1
  const T = G + M + E + D
  const one = WEIGHT_SCALE
  if (3 * E >= T && 3 * G >= T) {
    const third = divide(one, 3)
    const Wee = divide(one * (E + G + M), 3 * E)
    const Wmg = divide(one * (2 * G - E - M), 3 * G)
    return { Wgg: one - Wmg, Wgd: third, Wmg, Wme: one - Wee, Wmd: third, Wee, Wed: third }
  }
  if (3 * E < T && 3 * G < T) return bothScarce(G, M, E, D)
  return oneScarce(G, M, E, D, T)
}

/** Case 2. */
function bothScarce(G: number, M: number, E: number, D: number): Solution {
  const one = WEIGHT_SCALE
  if (Math.min(E, G) + D < Math.max(E, G)) {
    const exitIsScarcer = E < G
    return { Wgg: one, Wgd: exitIsScarcer ? 0 : one, Wmg: 0, Wme: 0, Wmd: 0, Wee: one, Wed: exitIsScarcer ? one : 0 }
  }
  const Wed = divide(one * (D - 2 * E + 4 * G - 2 * M), 3 * D)
  const half = divide(one - Wed, 2)
  const balanced = {
    Wgg: one,
    Wgd: half,
    Wmg: 0,
    Wme: divide(one * (G - M), E),
    Wmd: half,
    Wee: divide(one * (E - G + M), E),
    Wed,
  }
  if (inRange(balanced)) return balanced
  const exits = Math.min(Math.max(0, divide(one * (D - 2 * E + G + M), 3 * D)), one)
  const middles = Math.min(Math.max(0, divide(one * (D - 2 * M + G + E), 3 * D)), one - exits)
  return { Wgg: one, Wgd: one - exits - middles, Wmg: 0, Wme: 0, Wmd: middles, Wee: one, Wed: exits }
}

/** Case 3. */
function oneScarce(G: number, M: number, E: number, D: number, T: number): Solution {
  const one = WEIGHT_SCALE
  if (3 * (Math.min(E, G) + D) < T) {
    if (G < E) {
      const Wme = E < M ? 0 : divide(one * (E - M), 2 * E)
      return { Wgg: one, Wgd: one, Wmg: 0, Wme, Wmd: 0, Wee: one - Wme, Wed: 0 }
    }
    const Wmg = G < M ? 0 : divide(one * (G - M), 2 * G)
    return { Wgg: one - Wmg, Wgd: 0, Wmg, Wme: 0, Wmd: 0, Wee: one, Wed: one }
  }
  if (G < E) {
    const Wgd = divide(one * (D - 2 * G + E + M), 3 * D)
    const Wee = divide(one * (E + M), 2 * E)
    const half = divide(one - Wgd, 2)
    return { Wgg: one, Wgd, Wmg: 0, Wme: one - Wee, Wmd: half, Wee, Wed: half }
  }
  const Wed = divide(one * (D - 2 * E + G + M), 3 * D)
  const Wgg = divide(one * (G + M), 2 * G)
  const half = divide(one - Wed, 2)
  return { Wgg, Wgd: half, Wmg: one - Wgg, Wme: 0, Wmd: half, Wee: one, Wed }
}
