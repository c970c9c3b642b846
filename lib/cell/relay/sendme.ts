/**
 * The SENDME message (tor-spec, "SENDME cell format"). One to a stream has an empty body; one to a circuit bears the
 * tag of the cell that it acknowledges (proposal 289).
 *
 * @module
 */
import { ByteReader, ByteWriter } from '../bytes.ts'

/** Bytes of the tag of relay cell format v0: a SHA-1 digest. */
export const TAG_SIZE = 20

/** What a SENDME says. Which versions are acceptable is for the circuit to say. */
export interface Sendme {
  /** 0 for an empty body. */
  readonly version: number
  /** With version 1: what proves that the DATA cells were received. A view. */
  readonly tag: Uint8Array | undefined
}

/** The body of a SENDME of version 1. */
export function encodeSendme(tag: Uint8Array): Uint8Array<ArrayBuffer> {
  return new ByteWriter().u8(1).u16(tag.length).bytes(tag).finish()
}

/**
 * Reads the body of a SENDME. A tag of version 1 that is longer than `tagSize` bytes is cut to that (proposal 289
 * section 3.1); a shorter one throws `CELL_MALFORMED`. Of an unknown version only the number is read.
 */
export function decodeSendme(body: Uint8Array, tagSize: number = TAG_SIZE): Sendme {
  if (body.length === 0) return { version: 0, tag: undefined }
  const reader = new ByteReader(body, 'SENDME message')
  const version = reader.u8()
  if (version !== 1) return { version, tag: undefined }
  const length = reader.u16()
  if (length < tagSize) reader.fail(`its tag has ${length} bytes`)
  return { version, tag: reader.take(length).subarray(0, tagSize) }
}
