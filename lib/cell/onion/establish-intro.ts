/**
 * ESTABLISH_INTRO: a service asks a relay to introduce clients to it (rend-spec-v3, "Registering an introduction point").
 *
 * ```text
 * key type 1 (2), key length 2 (32), AUTH_KEY 32, count of extensions 1 (0), MAC 32, signature length 2 (64), signature 64
 * ```
 *
 * @module
 */
import { joinBytes } from '../../base/bytes/join-bytes.ts'
import { asciiBytes, ByteReader, ByteWriter } from '../bytes.ts'
import { skipExtensions } from './introduce.ts'

const ED25519 = 2
const KEY_SIZE = 32
const MAC_SIZE = 32
const SIGNATURE_SIZE = 64

/** What goes ahead of what is signed. */
const PREFIX = 'Tor establish-intro cell v1'

/** How a service proves that the key is its own, and that it speaks on this very circuit. */
export interface IntroProof {
  /** The MAC with what only the two ends of the circuit know. */
  mac(message: Uint8Array): Uint8Array
  /** The signature with AUTH_KEY. */
  sign(message: Uint8Array): Uint8Array
}

/** The body of an ESTABLISH_INTRO without extensions. */
export function encodeEstablishIntro(authKey: Uint8Array, { mac, sign }: IntroProof): Uint8Array<ArrayBuffer> {
  const head = new ByteWriter().u8(ED25519).u16(KEY_SIZE).bytes(authKey).u8(0).finish()
  const signed = joinBytes([head, mac(head)])
  const signature = sign(joinBytes([asciiBytes(PREFIX), signed]))
  return new ByteWriter().bytes(signed).u16(SIGNATURE_SIZE).bytes(signature).finish()
}

/** An ESTABLISH_INTRO as it stands; bytes in it are views. */
export interface EstablishIntro {
  readonly authKey: Uint8Array
  /** What the MAC is of. */
  readonly authenticated: Uint8Array
  readonly mac: Uint8Array
  /** What the signature is of, its prefix included. */
  readonly signed: Uint8Array
  readonly signature: Uint8Array
}

/** Reads a message. Throws `CELL_MALFORMED`. Nothing of it is verified. */
export function decodeEstablishIntro(body: Uint8Array): EstablishIntro {
  const reader = new ByteReader(body, 'ESTABLISH_INTRO message')
  if (reader.u8() !== ED25519 || reader.u16() !== KEY_SIZE) reader.fail('its key is of another kind')
  const authKey = reader.take(KEY_SIZE)
  skipExtensions(reader)
  const authenticated = body.subarray(0, body.length - reader.remaining)
  const mac = reader.take(MAC_SIZE)
  const signed = joinBytes([asciiBytes(PREFIX), body.subarray(0, body.length - reader.remaining)])
  if (reader.u16() !== SIGNATURE_SIZE) reader.fail('its signature is of another kind')
  const signature = reader.take(SIGNATURE_SIZE)
  reader.end()
  return { authKey, authenticated, mac, signed, signature }
}
