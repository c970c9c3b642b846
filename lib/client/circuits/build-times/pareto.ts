/**
 * The curve of build times, and the time within which a share of circuits is built (path-spec, "Distribution used").
 *
 * It is a Pareto distribution of which only the tail counts: it begins not at the least time, but at the mean of the
 * times that are most common.
 *
 * @module
 */

/** Stands for a time that was too long to be measured. */
export const ABANDONED = 0x7fff_fffe

/** No time is longer. */
const MOST = 0x7fff_ffff

/** How wide a bin of the histogram is, in ms. */
const BIN_WIDTH = 10

/** A curve. */
export interface Pareto {
  /** Where it begins, in ms. */
  readonly xm: number
  /** 1 / alpha: 0 when all times are the same. */
  readonly inverseAlpha: number
}

/** The middle of the bin that a time falls into, in ms. */
export const binOf = (time: number): number => Math.floor(time / BIN_WIDTH) * BIN_WIDTH + BIN_WIDTH / 2

/** How many times are in each bin, by its middle; those that were abandoned are in none. */
export function histogramOf(times: Iterable<number>): Map<number, number> {
  const bins = new Map<number, number>()
  for (const time of times) if (time !== ABANDONED) bins.set(binOf(time), (bins.get(binOf(time)) ?? 0) + 1)
  return bins
}

/**
 * The curve that fits these times best. Undefined when none was measured.
 *
 * @param modes - how many of the fullest bins make up its beginning
 */
export function fit(times: readonly number[], modes: number): Pareto | undefined {
  const measured = times.filter((time) => time !== ABANDONED)
  // Of bins that are equally full the lower one.
  const fullest = [...histogramOf(measured)].sort(([a, n], [b, m]) => m - n || a - b).slice(0, modes)
  const count = fullest.reduce((sum, [, n]) => sum + n, 0)
  if (count === 0) return undefined
  const xm = Math.floor(fullest.reduce((sum, [middle, n]) => sum + middle * n, 0) / count)
  // The maximum likelihood estimator. What was abandoned has no weight, as in C tor since 0.4.6.
  const logs = measured.reduce((sum, time) => sum + Math.log(Math.max(time, xm)), 0)
  return { xm, inverseAlpha: Math.max(0, logs / measured.length - Math.log(xm)) }
}

/** The time within which this share of circuits is built, in ms. */
export const quantileOf = ({ xm, inverseAlpha }: Pareto, share: number): number =>
  Math.min(MOST, xm / (1 - share) ** inverseAlpha)
