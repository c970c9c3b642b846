/**
 * Reads the EXTEND2 message, as relays do (tor-spec, "EXTEND and EXTENDED cells").
 *
 * @module
 */
import { ByteReader } from '../bytes.ts'
import { readHandshake } from '../create2.ts'
import { decodeLinkSpecifiers } from '../link-specifier-reader.ts'
import type { Extend2 } from './extend2.ts'

/** Reads the body of an EXTEND2 message; bytes in it are views. Throws `CELL_MALFORMED`. */
export function decodeExtend2(body: Uint8Array): Extend2 {
  const reader = new ByteReader(body, 'EXTEND2 message')
  return { linkSpecifiers: decodeLinkSpecifiers(reader), ...readHandshake(reader) }
}
