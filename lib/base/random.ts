/**
 * Random numbers without bias, so that specs can bring their own.
 *
 * @module
 */

/**
 * Gives an integer from 0 up to but not including `limit`, each equally likely.
 *
 * @throws RangeError when `limit` is no integer from 1 to 2^53 - 1
 */
export type Random = (limit: number) => number

/** Fills two words with random bits. */
export type RandomWords = (words: Uint32Array<ArrayBuffer>) => void

/**
 * Numbers out of random bits: as many bits as `limit` has are taken, and taken anew while they say `limit` or more,
 * which happens less than every other time. A remainder of a division would favour the small numbers.
 */
export function randomFrom(fill: RandomWords): Random {
  const words = new Uint32Array(2)
  return (limit) => {
    if (!Number.isSafeInteger(limit) || limit < 1) {
      throw new RangeError(`Cannot draw below "limit" as it must be from 1 to 2^53 - 1: ${limit}`)
    }
    const highest = Math.floor((limit - 1) / 0x1_0000_0000)
    const highMask = maskOf(highest)
    const lowMask = highest === 0 ? maskOf(limit - 1) : 0xffff_ffff
    for (;;) {
      fill(words)
      const value = ((words[0] as number) & highMask) * 0x1_0000_0000 + (((words[1] as number) & lowMask) >>> 0)
      if (value < limit) return value
    }
  }
}

/** All ones, as many as `value` has bits. */
function maskOf(value: number): number {
  return value === 0 ? 0 : 0xffff_ffff >>> Math.clz32(value)
}

/** Words of the runtime's that nobody has had yet: the first `left` of them. It takes as long for one as for a hundred. */
const pool = /* @__PURE__ */ new Uint32Array(256)
let left = 0

/** The runtime's own random numbers, fit for secrets. None is kept once it was given. */
export const secureRandom: Random = /* @__PURE__ */ randomFrom((words) => {
  for (let at = 0; at < words.length; at++) {
    if (left === 0) left = crypto.getRandomValues(pool).length
    words[at] = pool[--left] as number
    pool[left] = 0
  }
})

/**
 * A time between `now` and `interval` ms before, any of them equally likely: what is stored in place of `now`, so that
 * nobody who reads it learns exactly when something happened (guard-spec, "Random values").
 */
export function randomPast(now: number, interval: number, random: Random): number {
  return Math.max(0, Math.floor(now) - random(Math.max(1, Math.floor(interval) + 1)))
}

/** The same items in an order of which each is equally likely (the shuffle of Fisher and Yates). */
export function shuffled<T>(items: readonly T[], random: Random): T[] {
  const order = [...items]
  for (let last = order.length - 1; last > 0; last--) {
    const at = random(last + 1)
    const item = order[at] as T
    order[at] = order[last] as T
    order[last] = item
  }
  return order
}
