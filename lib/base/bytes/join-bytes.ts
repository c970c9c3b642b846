/**
 * Several byte arrays as one, for what leaves through a stream. (`concat` of uint8arrays may give a view of a pool, which a byte
 * stream would transfer away whole.)
 *
 * @module
 */

/** All of them, one after the other, in a buffer of their own and of exact size. */
export function joinBytes(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
