/**
 * The keystream of onion encryption, as each runtime makes it.
 *
 * @module
 */

/**
 * A stretch of AES-CTR keystream that is used up from its start (tor-spec, "Relay cell encryption": zero initial
 * counter).
 *
 * Where the runtime's cipher is synchronous `available` is Infinity. Where only WebCrypto is there, keystream is made
 * ahead, and whoever is about to take more than `available` awaits `refill` first.
 */
export interface Keystream {
  /** How many bytes `apply` can take now. */
  readonly available: number
  /** Resolves when `bytes` can be taken. `bytes` may be larger than what is made ahead. */
  refill(bytes: number): Promise<void>
  /**
   * XORs the next `data.length` bytes of keystream with `data`. Returns the result: `data` itself, changed in place, or
   * a fresh buffer. Throws a RangeError beyond `available`.
   */
  apply(data: Uint8Array): Uint8Array
}
