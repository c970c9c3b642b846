/**
 * CREATE2 and CREATED2 (tor-spec, "CREATE and CREATED cells"). EXTENDED2 has the form of CREATED2, and EXTEND2 ends in
 * the form of CREATE2. What the handshake data say is a matter of circuit/.
 *
 * @module
 */
import { ByteReader, ByteWriter } from './bytes.ts'

/** The types of circuit handshakes that are in use (tor-spec, "Choosing circuit handshake types"). */
export const HandshakeType = {
  NTOR: 2,
  NTOR_V3: 3,
} as const

/** A request for a circuit hop. */
export interface Create2 {
  /** See {@link HandshakeType}; a peer may name others. */
  readonly handshakeType: number
  readonly data: Uint8Array
}

/** Reads what CREATE2 and the end of EXTEND2 have in common. */
export function readHandshake(reader: ByteReader): Create2 {
  const handshakeType = reader.u16()
  return { handshakeType, data: reader.take(reader.u16()) }
}

/** The body of a CREATE2 cell, unpadded. */
export function encodeCreate2(handshakeType: number, data: Uint8Array): Uint8Array<ArrayBuffer> {
  return new ByteWriter().u16(handshakeType).u16(data.length).bytes(data).finish()
}

/** Reads the body of a CREATE2 cell; the data are a view. Throws `CELL_MALFORMED`. */
export function decodeCreate2(body: Uint8Array): Create2 {
  return readHandshake(new ByteReader(body, 'CREATE2 cell'))
}

/** The body of a CREATED2 cell, unpadded, or of an EXTENDED2 message. */
export function encodeCreated2(data: Uint8Array): Uint8Array<ArrayBuffer> {
  return new ByteWriter().u16(data.length).bytes(data).finish()
}

/** The handshake data of a CREATED2 cell or an EXTENDED2 message, as a view. Throws `CELL_MALFORMED`. */
export function decodeCreated2(body: Uint8Array): Uint8Array {
  const reader = new ByteReader(body, 'CREATED2 cell')
  return reader.take(reader.u16())
}
