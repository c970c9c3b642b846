/**
 * INTRODUCE1 and INTRODUCE2, which are the same bytes (rend-spec-v3, "Introduction protocol"): by a client to the
 * introduction point, and from there to the service.
 *
 * ```text
 * legacy key id 20 (zeros), key type 1 (2), key length 2 (32), AUTH_KEY 32, count of extensions 1 (0)    the header
 * client's key 32, cipher text, MAC 32                                                                   encrypted
 * ```
 *
 * @module
 */
import { ByteReader, ByteWriter } from '../bytes.ts'

const LEGACY_ID_SIZE = 20
const ED25519 = 2
const KEY_SIZE = 32
const MAC_SIZE = 32

/** Bytes of a header without extensions. */
export const INTRODUCE_HEADER_SIZE = 56

/** Bytes of the whole message: the most that fits any cell format, so that nobody can tell clients apart by it. */
export const INTRODUCE_SIZE = 490

/** Bytes of the plain text that makes a message of this size. */
export const INTRODUCE_PLAIN_SIZE: number = INTRODUCE_SIZE - INTRODUCE_HEADER_SIZE - KEY_SIZE - MAC_SIZE

/** An INTRODUCE1 or INTRODUCE2 as it stands; bytes in it are views. */
export interface Introduce {
  /** All ahead of what is encrypted, extensions included. */
  readonly header: Uint8Array
  readonly authKey: Uint8Array
  readonly clientKey: Uint8Array
  readonly cipherText: Uint8Array
  readonly mac: Uint8Array
}

/** The header for the introduction point that knows the service by `authKey`. */
export function introduceHeader(authKey: Uint8Array): Uint8Array<ArrayBuffer> {
  return new ByteWriter().bytes(new Uint8Array(LEGACY_ID_SIZE)).u8(ED25519).u16(KEY_SIZE).bytes(authKey).u8(0).finish()
}

/** Reads a message. Throws `CELL_MALFORMED`, also for one of the legacy kind. */
export function decodeIntroduce(body: Uint8Array): Introduce {
  const reader = new ByteReader(body, 'INTRODUCE message')
  if (reader.take(LEGACY_ID_SIZE).some((byte) => byte !== 0)) reader.fail('it is for a service of an older version')
  if (reader.u8() !== ED25519 || reader.u16() !== KEY_SIZE) reader.fail('its key is of another kind')
  const authKey = reader.take(KEY_SIZE)
  skipExtensions(reader)
  const header = body.subarray(0, body.length - reader.remaining)
  const clientKey = reader.take(KEY_SIZE)
  if (reader.remaining < MAC_SIZE) reader.fail('it ends too early')
  const cipherText = reader.take(reader.remaining - MAC_SIZE)
  return { header, authKey, clientKey, cipherText, mac: reader.rest() }
}

/** Passes over a count of one byte and as many extensions. */
export function skipExtensions(reader: ByteReader): void {
  for (let count = reader.u8(); count > 0; count--) {
    reader.u8()
    reader.take(reader.u8())
  }
}
