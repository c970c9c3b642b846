/**
 * The XOFF and XON messages of a stream whose circuit runs congestion control: "stop", and "go on, about this fast"
 * (proposal 324, section 4.1). When they are sent and what they do is for the stream to say.
 *
 * @module
 */
import { ByteReader, ByteWriter } from '../bytes.ts'

/** The only version there is. */
const VERSION = 0

/**
 * The largest rate that limits anything, in 1000 bytes per second: C tor and Arti count bytes per second in 31 bits.
 */
export const MAX_XON_RATE = 2_147_483

/** The body of an XOFF. */
export function encodeXoff(): Uint8Array<ArrayBuffer> {
  return new ByteWriter().u8(VERSION).finish()
}

/**
 * Reads the body of an XOFF: there is nothing in it but its version.
 *
 * @throws TorError `CELL_MALFORMED` when it has another version or length
 */
export function decodeXoff(body: Uint8Array): void {
  const reader = new ByteReader(body, 'XOFF message')
  readVersion(reader)
  reader.end()
}

/**
 * The body of an XON.
 *
 * @param rate - in 1000 bytes per second, a whole number from 1 to {@link MAX_XON_RATE}, or `Infinity` for no limit
 * @throws RangeError for another rate: one of 0 would say the opposite of "stop"
 */
export function encodeXon(rate: number): Uint8Array<ArrayBuffer> {
  if (rate !== Infinity && !(Number.isInteger(rate) && rate >= 1 && rate <= MAX_XON_RATE)) {
    throw new RangeError(`Cannot encode an XON with a rate of ${rate}`)
  }
  return new ByteWriter()
    .u8(VERSION)
    .u32(rate === Infinity ? 0 : rate)
    .finish()
}

/**
 * Reads the body of an XON: its rate in 1000 bytes per second. It is `Infinity`, no limit, when the message says 0 or
 * more than {@link MAX_XON_RATE}.
 *
 * @throws TorError `CELL_MALFORMED` when it has another version or length
 */
export function decodeXon(body: Uint8Array): number {
  const reader = new ByteReader(body, 'XON message')
  readVersion(reader)
  const rate = reader.u32()
  reader.end()
  return rate === 0 || rate > MAX_XON_RATE ? Infinity : rate
}

function readVersion(reader: ByteReader): void {
  const version = reader.u8()
  if (version !== VERSION) reader.fail(`it has version ${version}`)
}
