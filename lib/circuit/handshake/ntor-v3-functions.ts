/**
 * The functions that ntor-v3 is made of (proposal 332 section A.1): SHA3-256, SHAKE-256 and AES-256 in counter mode,
 * each tweaked by what it is for.
 *
 * @module
 */
import { joinBytes } from '../../base/bytes/join-bytes.ts'
import type { Sha3Functions } from '../../platform/crypto/digests/sha3-functions.ts'
import type { Platform } from '../../platform/platform.ts'

/** Bytes of a digest, of a MAC, and of the key of either MAC or cipher. */
export const DIGEST_SIZE = 32

const ascii = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text)

/** The protocol's name as it stands in transcripts and tweaks (proposal 332 section A.2). */
export const PROTOCOL_ID: Uint8Array = /* @__PURE__ */ ascii('ntor3-curve25519-sha3_256-1')

/** What the handshake is for, when it makes a hop of a circuit: `VER` of the specification. */
export const CIRCUIT_EXTEND: Uint8Array = /* @__PURE__ */ ascii('circuit extend')

/** The uses that tell the functions apart, `t_msgkdf` and so on of the specification. */
export type Tweak = 'kdf_phase1' | 'msg_mac' | 'key_seed' | 'verify' | 'kdf_final' | 'auth_final'

/** The bytes behind their length in 8 bytes. */
export function encapsulate(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const length = new Uint8Array(8)
  new DataView(length.buffer).setUint32(4, bytes.length)
  return joinBytes([length, bytes])
}

/** H: 32 bytes. */
export function digest({ sha3 }: Sha3Functions, tweak: Tweak, message: Uint8Array): Uint8Array {
  return sha3(prefix(tweak), message)
}

/** MAC: 32 bytes. */
export function mac({ sha3 }: Sha3Functions, tweak: Tweak, key: Uint8Array, message: Uint8Array): Uint8Array {
  const keyed = encapsulate(key)
  try {
    return sha3(prefix(tweak), keyed, message)
  } finally {
    keyed.fill(0)
  }
}

/** KDF: the first `length` bytes of as many as anybody wants. */
export function deriveKeys({ shake256 }: Sha3Functions, tweak: Tweak, secret: Uint8Array, length: number): Uint8Array {
  return shake256(length, prefix(tweak), secret)
}

/** ENC, which is its own inverse. The key has 32 bytes and may be overwritten when the promise has settled. */
export async function crypt(
  platform: Pick<Platform, 'keystream'>,
  key: Uint8Array,
  message: Uint8Array,
): Promise<Uint8Array> {
  const keystream = platform.keystream(key)
  await keystream.refill(message.length)
  return keystream.apply(new Uint8Array(message))
}

const prefix = (tweak: Tweak): Uint8Array => encapsulate(joinBytes([PROTOCOL_ID, ascii(`:${tweak}`)]))
