/**
 * A random choice in which each item has its weight.
 *
 * @module
 */
import type { Random } from './random.ts'

/**
 * Chooses one of `items`, each as often as its weight says; all equally often when no weight is above zero, as C tor does.
 * Undefined when there are none.
 *
 * Weights are not negative, and counted in whole numbers. The sum is exact as long as it stays below 2^53. Bandwidths of a
 * consensus times 10,000 stay there up to 900 TB/s in all; beyond that every weight is divided by the same power of two.
 */
export function chooseWeighted<T>(items: readonly T[], weightOf: (item: T) => number, random: Random): T | undefined {
  if (items.length === 0) return undefined
  // sums[i] is the weight of the items up to i.
  const sums = new Float64Array(items.length)
  let total = 0
  for (let i = 0; i < items.length; i++) {
    total += wholeWeight(weightOf(items[i] as T))
    sums[i] = total
  }
  if (total > Number.MAX_SAFE_INTEGER) total = sumScaled(items, weightOf, sums, total)
  if (total === 0) return items[random(items.length)]
  return items[firstAbove(sums, random(total))]
}

/** A weight as a whole number; what is no number at all counts as none. */
function wholeWeight(weight: number): number {
  return weight > 0 ? Math.min(Math.floor(weight), Number.MAX_SAFE_INTEGER) : 0
}

/** Sums the weights anew, each divided so that the sum is exact. Returns it. */
function sumScaled<T>(items: readonly T[], weightOf: (item: T) => number, sums: Float64Array, total: number): number {
  // Twice more than needed: `total` itself was rounded.
  const divisor = 2 ** (Math.ceil(Math.log2(total / Number.MAX_SAFE_INTEGER)) + 1)
  let sum = 0
  for (let i = 0; i < items.length; i++) {
    sum += Math.floor(wholeWeight(weightOf(items[i] as T)) / divisor)
    sums[i] = sum
  }
  return sum
}

/** The index of the first of these ascending sums that is above `value`. There is one. */
function firstAbove(sums: Float64Array, value: number): number {
  let low = 0
  let high = sums.length - 1
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((sums[middle] as number) > value) high = middle
    else low = middle + 1
  }
  return low
}
