/**
 * What a client tells a service in an INTRODUCE message, encrypted (rend-spec-v3, "Processing an INTRODUCE2 message at
 * the hidden service"): where it waits, and how it can be recognised there.
 *
 * @module
 */
import { ByteReader, ByteWriter } from '../bytes.ts'
import { INTRODUCE_PLAIN_SIZE } from './introduce.ts'

/** Bytes of a rendezvous cookie. */
export const COOKIE_SIZE = 20

const NTOR = 1
const KEY_SIZE = 32

/** The extensions (rend-spec-v3, "Introduction protocol"; proposal 327). */
export const IntroduceExtension = {
  /** The client speaks congestion control. No data. */
  CONGESTION_CONTROL: 1,
  /** A proof of work. */
  PROOF_OF_WORK: 2,
} as const

/** What a client tells. */
export interface IntroducePlain {
  /** 20 bytes. */
  readonly cookie: Uint8Array
  /** By their types. */
  readonly extensions: ReadonlyMap<number, Uint8Array>
  /** The ntor onion key of the relay where it waits, 32 bytes. */
  readonly ntorOnionKey: Uint8Array
  /** A count and as many link specifiers: that relay. */
  readonly linkSpecifiers: Uint8Array
}

/**
 * The plain text, padded with zeros to the one size that all have.
 *
 * @throws RangeError when it does not fit
 */
export function encodeIntroducePlain(plain: IntroducePlain): Uint8Array<ArrayBuffer> {
  const { cookie, extensions, ntorOnionKey, linkSpecifiers } = plain
  const writer = new ByteWriter().bytes(cookie).u8(extensions.size)
  for (const [type, data] of extensions) writer.u8(type).u8(data.length).bytes(data)
  writer.u8(NTOR).u16(KEY_SIZE).bytes(ntorOnionKey).bytes(linkSpecifiers)
  if (writer.length > INTRODUCE_PLAIN_SIZE)
    throw new RangeError(`Cannot encode an INTRODUCE1 as it has ${writer.length} bytes to encrypt`)
  const padded = new Uint8Array(INTRODUCE_PLAIN_SIZE)
  padded.set(writer.finish())
  return padded
}

/**
 * Reads a plain text; bytes in it are views, and what pads it is not looked at. Throws `CELL_MALFORMED`. What the link
 * specifiers say is not checked.
 */
export function decodeIntroducePlain(bytes: Uint8Array): IntroducePlain {
  const reader = new ByteReader(bytes, 'INTRODUCE plain text')
  const cookie = reader.take(COOKIE_SIZE)
  const extensions = new Map<number, Uint8Array>()
  for (let count = reader.u8(); count > 0; count--) {
    const type = reader.u8()
    if (extensions.has(type)) reader.fail(`its extension ${type} is there twice`)
    extensions.set(type, reader.take(reader.u8()))
  }
  if (reader.u8() !== NTOR || reader.u16() !== KEY_SIZE) reader.fail('its onion key is of another kind')
  const ntorOnionKey = reader.take(KEY_SIZE)
  const start = bytes.length - reader.remaining
  for (let count = reader.u8(); count > 0; count--) {
    reader.u8()
    reader.take(reader.u8())
  }
  return { cookie, extensions, ntorOnionKey, linkSpecifiers: bytes.subarray(start, bytes.length - reader.remaining) }
}
