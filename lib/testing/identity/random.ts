/**
 * Random bytes, so that specs can bring their own.
 *
 * @module
 */

/** Makes `length` random bytes, in a fresh array. */
export type RandomSource = (length: number) => Uint8Array<ArrayBuffer>

/** The runtime's own random bytes; at most 65,536 at once. */
export const systemRandom: RandomSource = (length) => crypto.getRandomValues(new Uint8Array(length))
