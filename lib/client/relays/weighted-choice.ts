/**
 * A random choice in which each item has its weight.
 *
 * @module
 */
import type { Random } from '../../base/random.ts'

/** How often one that fits is drawn for. */
const MAX_DRAWS = 64

/**
 * Items with their weights, summed up once to be drawn from many times.
 *
 * Weights are not negative, and counted in whole numbers. The sum is exact as long as it stays below 2^53. Bandwidths
 * of a consensus times 10,000 stay there up to 900 TB/s in all; beyond that every weight is divided by the same power
 * of two.
 */
export class WeightedList<T> {
  readonly #items: readonly T[]
  /** The weight of the items up to each. */
  readonly #sums: Float64Array

  constructor(items: readonly T[], weightOf: (item: T) => number) {
    this.#items = items
    this.#sums = new Float64Array(items.length)
    const total = this.#sumUp(weightOf, 1)
    // Twice more than needed: `total` itself was rounded.
    if (total > Number.MAX_SAFE_INTEGER)
      this.#sumUp(weightOf, 2 ** (Math.ceil(Math.log2(total / Number.MAX_SAFE_INTEGER)) + 1))
  }

  /**
   * One of the items, each as often as its weight says; all equally often when no weight is above zero, as C tor does.
   */
  draw(random: Random): T | undefined {
    const { length } = this.#items
    if (length === 0) return undefined
    const total = this.#sums[length - 1] as number
    return this.#items[total === 0 ? random(length) : this.#firstAbove(random(total))]
  }

  /**
   * One of the items that fit, each as often as its weight says among those. Drawing again what does not fit is as good as
   * leaving it out, and in a long list a hundred times as fast; where hardly any fits it ends in vain: then those that fit
   * are to be looked for one by one.
   */
  drawFitting(random: Random, fits: (item: T) => boolean): T | undefined {
    for (let draws = 0; draws < MAX_DRAWS; draws++) {
      const item = this.draw(random)
      if (item === undefined || fits(item)) return item
    }
    return undefined
  }

  /** Sums up the weights, each divided by `divisor`. Returns the sum. */
  #sumUp(weightOf: (item: T) => number, divisor: number): number {
    let sum = 0
    for (let at = 0; at < this.#items.length; at++) {
      const weight = weightOf(this.#items[at] as T)
      // What is no number counts as none.
      if (weight > 0) sum += Math.floor(Math.min(weight, Number.MAX_SAFE_INTEGER) / divisor)
      this.#sums[at] = sum
    }
    return sum
  }

  /** The index of the first sum that is above `value`. There is one. */
  #firstAbove(value: number): number {
    let low = 0
    let high = this.#sums.length - 1
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#sums[middle] as number) > value) high = middle
      else low = middle + 1
    }
    return low
  }
}

/** Draws from `items` once: see {@link WeightedList}. Undefined when there are none. */
export function chooseWeighted<T>(items: readonly T[], weightOf: (item: T) => number, random: Random): T | undefined {
  return new WeightedList(items, weightOf).draw(random)
}
