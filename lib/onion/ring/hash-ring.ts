/**
 * Which relays keep a service's descriptor (rend-spec-v3, "Where to publish a hidden service descriptor"): a ring of
 * relays by a hash that nobody can foresee, and on it places for each replica of the descriptor.
 *
 * @module
 */
import { sha3, u64 } from '../hashing.ts'
import type { RingTime, TimePeriod } from './time-period.ts'

/** What a ring is made of. */
export interface RingMember {
  /** 32 bytes. */
  readonly ed25519Identity: Uint8Array
}

/** How many replicas there are, and how many relays for each. */
export interface RingSpread {
  readonly replicas: number
  readonly perReplica: number
}

/** Where a relay stands. */
export const relayIndex = (ed25519Identity: Uint8Array, { period, sharedRandom }: RingTime): Uint8Array =>
  sha3('node-idx', ed25519Identity, sharedRandom, u64(period.number), u64(period.minutes))

/** Where replica number `replica` of the descriptor belongs, from 1. (The length is ahead of the number here.) */
export const serviceIndex = (blindedKey: Uint8Array, replica: number, { number, minutes }: TimePeriod): Uint8Array =>
  sha3('store-at-idx', blindedKey, u64(replica), u64(minutes), u64(number))

/** The relays of one period, in the order of the ring. */
export class HashRing<R extends RingMember> {
  readonly #period: TimePeriod
  readonly #places: readonly { readonly index: Uint8Array; readonly relay: R }[]

  /** @param relays - those that keep descriptors */
  constructor(relays: readonly R[], time: RingTime) {
    this.#period = time.period
    this.#places = relays
      .map((relay) => ({ index: relayIndex(relay.ed25519Identity, time), relay }))
      .sort((a, b) => compare(a.index, b.index))
  }

  /**
   * The relays that are responsible for a descriptor: for each replica the first ones from its place on, without those
   * that an earlier replica has.
   */
  responsible(blindedKey: Uint8Array, { replicas, perReplica }: RingSpread): R[] {
    const chosen = new Set<R>()
    const places = this.#places
    for (let replica = 1; replica <= replicas; replica++) {
      const from = this.#firstFrom(serviceIndex(blindedKey, replica, this.#period))
      let left = perReplica
      for (let step = 0; step < places.length && left > 0; step++) {
        const { relay } = places[(from + step) % places.length] as { readonly relay: R }
        if (chosen.has(relay)) continue
        chosen.add(relay)
        left -= 1
      }
    }
    return [...chosen]
  }

  /** The first place at or behind an index; the number of places when there is none, which is the first one again. */
  #firstFrom(index: Uint8Array): number {
    let low = 0
    let high = this.#places.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (compare((this.#places[middle] as { readonly index: Uint8Array }).index, index) < 0) low = middle + 1
      else high = middle
    }
    return low
  }
}

/** By the first byte that differs; both have the same length. */
function compare(a: Uint8Array, b: Uint8Array): number {
  for (let at = 0; at < a.length; at++) {
    const difference = (a[at] as number) - (b[at] as number)
    if (difference !== 0) return difference
  }
  return 0
}
