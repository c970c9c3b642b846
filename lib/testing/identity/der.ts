/**
 * A writer of the little DER that a self-signed X.509 certificate takes (X.690; RFC 5280, section 4.1). It reads
 * nothing.
 *
 * @module
 */
import { concat } from 'uint8arrays/concat'

/** One DER value: tag, length, and the contents one after the other. */
export function derValue(tag: number, ...contents: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const body = concat([...contents])
  return concat([Uint8Array.of(tag, ...derLength(body.length)), body])
}

/** A length in as few bytes as it takes, up to 2^24 - 1. */
function derLength(length: number): number[] {
  if (length < 0x80) return [length]
  if (length < 0x100) return [0x81, length]
  if (length < 0x10000) return [0x82, length >>> 8, length & 0xff]
  return [0x83, length >>> 16, (length >>> 8) & 0xff, length & 0xff]
}

/** A SEQUENCE of values. */
export const derSequence = (...values: readonly Uint8Array[]): Uint8Array<ArrayBuffer> => derValue(0x30, ...values)

/** A non-negative INTEGER from its big-endian bytes. */
export function derInteger(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  let start = 0
  while (start < bytes.length - 1 && bytes[start] === 0) start += 1
  const digits = bytes.subarray(start)
  return (digits[0] ?? 0) >= 0x80 || digits.length === 0
    ? derValue(0x02, Uint8Array.of(0), digits)
    : derValue(0x02, digits)
}

/** A BIT STRING without unused bits. */
export const derBitString = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => derValue(0x03, Uint8Array.of(0), bytes)

/** NULL. */
export const derNull: Uint8Array = Uint8Array.of(0x05, 0x00)

/** An OBJECT IDENTIFIER from its encoded contents. */
export const derObjectId = (...contents: readonly number[]): Uint8Array<ArrayBuffer> =>
  derValue(0x06, Uint8Array.from(contents))

/** A UTF8String. */
export const derText = (text: string): Uint8Array<ArrayBuffer> => derValue(0x0c, new TextEncoder().encode(text))

/** A point in time in whole seconds: UTCTime up to 2049, GeneralizedTime after it (RFC 5280, section 4.1.2.5). */
export function derTime(milliseconds: number): Uint8Array<ArrayBuffer> {
  const digits = new Date(milliseconds).toISOString().replace(/[-:T]/g, '').slice(0, 14)
  const early = Number(digits.slice(0, 4)) < 2050
  return derValue(early ? 0x17 : 0x18, new TextEncoder().encode(`${early ? digits.slice(2) : digits}Z`))
}
