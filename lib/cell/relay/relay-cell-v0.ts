/**
 * Relay cell format v0 (tor-spec, "Relay cells"): where each field of a decrypted 509-byte cell body lies. Format v1
 * (proposal 359) is another such module; what is above asks only for sizes and fields.
 *
 * ```text
 * offset 0        1             3           5         9        11
 *        command  recognized 2  stream id 2 digest 4  length 2 body, at most 498
 * ```
 *
 * These functions read and write in a buffer of many bodies at `offset`, a multiple of `BODY_SIZE`: the hot path
 * has no object per cell.
 *
 * @module
 */

/** Bytes ahead of the message body. */
export const HEADER_SIZE = 11

/** The longest message body: 498 bytes. */
export const MAX_DATA = 498

const RECOGNIZED = 1
const STREAM_ID = 3
/** Where the 4 bytes of the running digest stand. */
export const DIGEST: number = 5
const LENGTH = 9

const u16 = (bytes: Uint8Array, at: number): number => ((bytes[at] as number) << 8) | (bytes[at + 1] as number)

/** True when the cell looks decrypted: `recognized` is zero. Only the digest proves it. */
export const looksRecognized = (bodies: Uint8Array, offset: number): boolean =>
  bodies[offset + RECOGNIZED] === 0 && bodies[offset + RECOGNIZED + 1] === 0

/** The relay command of a decrypted cell. */
export const commandOf = (bodies: Uint8Array, offset: number): number => bodies[offset] as number

/** The stream id of a decrypted cell, 0 for a message to the circuit. */
export const streamIdOf = (bodies: Uint8Array, offset: number): number => u16(bodies, offset + STREAM_ID)

/** The body's length as the cell claims it; more than {@link MAX_DATA} is a protocol violation. */
export const lengthOf = (bodies: Uint8Array, offset: number): number => u16(bodies, offset + LENGTH)

/** The message body as a view. The caller has checked the length. */
export const bodyOf = (bodies: Uint8Array, offset: number, length: number): Uint8Array =>
  bodies.subarray(offset + HEADER_SIZE, offset + HEADER_SIZE + length)

/** Writes every header field, with `recognized` and the digest zero. */
export function writeHeader(
  bodies: Uint8Array,
  offset: number,
  command: number,
  streamId: number,
  length: number,
): void {
  bodies[offset] = command
  bodies[offset + RECOGNIZED] = 0
  bodies[offset + RECOGNIZED + 1] = 0
  bodies[offset + STREAM_ID] = streamId >>> 8
  bodies[offset + STREAM_ID + 1] = streamId & 0xff
  bodies.fill(0, offset + DIGEST, offset + DIGEST + 4)
  bodies[offset + LENGTH] = length >>> 8
  bodies[offset + LENGTH + 1] = length & 0xff
}
