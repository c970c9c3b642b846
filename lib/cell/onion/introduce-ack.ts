/**
 * INTRODUCE_ACK: what the introduction point did with an INTRODUCE1 (rend-spec-v3, "INTRODUCE_ACK message format").
 *
 * @module
 */
import { ByteReader, ByteWriter } from '../bytes.ts'
import { skipExtensions } from './introduce.ts'

/** What became of an INTRODUCE1. Numbers beyond these are failures as well. */
export const IntroduceStatus = {
  /** It was passed on, perhaps to a service that is gone. */
  SUCCESS: 0,
  /** Nobody has established an introduction point by this key here; or too many want to be introduced. */
  UNKNOWN_SERVICE: 1,
  BAD_FORMAT: 2,
  CANNOT_RELAY: 3,
} as const

/** Reads the status. Throws `CELL_MALFORMED`. Extensions are ignored, and so is what follows them. */
export function decodeIntroduceAck(body: Uint8Array): number {
  const reader = new ByteReader(body, 'INTRODUCE_ACK message')
  const status = reader.u16()
  if (reader.remaining > 0) skipExtensions(reader)
  return status
}

/** The body of an INTRODUCE_ACK without extensions. */
export const encodeIntroduceAck = (status: number): Uint8Array<ArrayBuffer> =>
  new ByteWriter().u16(status).u8(0).finish()
