/**
 * The bytes that the HTTP target serves: they look random, anybody can make them again, and a gap, a repetition or a
 * swapped piece changes their checksum.
 *
 * @module
 */
import { createCipheriv, createHash } from 'node:crypto'

/** A prime, so that the sequence never repeats in step with cells, reads or windows. */
const period = 1_048_573

/** One period of the sequence: the keystream of AES-128-CTR under a zero key. */
const block = new Uint8Array(
  createCipheriv('aes-128-ctr', new Uint8Array(16), new Uint8Array(16)).update(new Uint8Array(period)),
)

/** The bytes from `offset` on, as many as are left of the period, at most `length`: a view, not to be written to. */
export function testBytesView(offset: number, length: number): Uint8Array {
  const start = offset % period
  return block.subarray(start, Math.min(start + length, period))
}

/** A fresh copy of `length` bytes of the sequence from `offset` on. */
export function testBytes(length: number, offset = 0): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length)
  for (let done = 0; done < length;) {
    const piece = testBytesView(offset + done, length - done)
    bytes.set(piece, done)
    done += piece.length
  }
  return bytes
}

/** The SHA-256 of the first `length` bytes of the sequence, in hexadecimal. */
export function testBytesSha256(length: number): string {
  const hash = createHash('sha256')
  for (let done = 0; done < length;) {
    const piece = testBytesView(done, length - done)
    hash.update(piece)
    done += piece.length
  }
  return hash.digest('hex')
}
