/**
 * The extensions that the messages within an ntor-v3 handshake are made of (proposal 332 section A.2; tor-spec,
 * "ntor-v3"): a count, then of each its type, its length and its body.
 *
 * What the specification says of a list that is odd holds here: of several extensions of one type the first counts,
 * their order does not matter, and unknown ones are ignored. What is not well-formed is refused, bytes behind the last
 * extension included.
 *
 * @module
 */
import { ByteReader, ByteWriter } from './bytes.ts'

/** The types of extensions that are known here. */
export const HandshakeExtensionType = {
  /** The client asks for congestion control; the body is empty (proposal 324 section 10.3). */
  CONGESTION_CONTROL_REQUEST: 1,
  /** The relay agrees, and says after how many cells a SENDME follows. */
  CONGESTION_CONTROL_RESPONSE: 2,
} as const

/** Bodies of extensions by their types. */
export type HandshakeExtensions = ReadonlyMap<number, Uint8Array>

/**
 * The bytes of a list of extensions, in the order of their types. Throws a RangeError when a type or a body does not
 * fit.
 */
export function encodeHandshakeExtensions(extensions: HandshakeExtensions): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter().u8(extensions.size)
  for (const [type, body] of [...extensions].sort(([a], [b]) => a - b)) writer.u8(type).u8(body.length).bytes(body)
  return writer.finish()
}

/** Reads a list of extensions; the bodies are views. Throws `CELL_MALFORMED`. */
export function decodeHandshakeExtensions(bytes: Uint8Array): HandshakeExtensions {
  const reader = new ByteReader(bytes, 'list of handshake extensions')
  const extensions = new Map<number, Uint8Array>()
  for (let left = reader.u8(); left > 0; left--) {
    const type = reader.u8()
    const body = reader.take(reader.u8())
    if (!extensions.has(type)) extensions.set(type, body)
  }
  reader.end()
  return extensions
}

/** The body of the relay's answer to a request for congestion control; `increment` is in cells, 1 to 255. */
export function encodeCongestionControlResponse(increment: number): Uint8Array<ArrayBuffer> {
  return new ByteWriter().u8(increment).finish()
}

/** The increment that the relay's answer tells, in cells. Throws `CELL_MALFORMED`. */
export function decodeCongestionControlResponse(body: Uint8Array): number {
  const reader = new ByteReader(body, 'response about congestion control')
  const increment = reader.u8()
  reader.end()
  return increment
}
