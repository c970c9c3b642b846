/**
 * What holds of X25519 and Ed25519 whoever computes them: which keys, signatures and shared secrets are refused, so
 * that every runtime judges alike.
 *
 * @module
 */
import { TorError } from '../../../base/errors.ts'
import type { X25519SecretKey } from './x25519.ts'

/** Bytes of a secret key, a public key and a shared secret. */
export const CURVE_KEY_SIZE = 32

/** Bytes of an Ed25519 signature. */
export const ED25519_SIGNATURE_SIZE = 64

/** 2^255 - 19: the prime of the field that both curves are over. */
export const P: bigint = 2n ** 255n - 19n

/**
 * The y coordinates of the points whose order divides the cofactor 8: order 1 and 2 (1 and -1), order 4 (0), order 8.
 * Whoever has such a public key can make signatures that hold for many messages.
 */
const SMALL_ORDER: ReadonlySet<bigint> = new Set([
  0n,
  1n,
  P - 1n,
  0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7n,
  0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n,
])

/**
 * The shared secret, if it is one: in a buffer of its own, and what `derive` made is overwritten.
 *
 * @throws TorError `CIRCUIT_HANDSHAKE` when `derive` fails, as it does at a public key of small order, or when the secret is all
 * zero; that is found in a time that does not depend on its bytes
 * @throws RangeError when the public key has not 32 bytes
 */
export async function agreedOn(
  publicKey: Uint8Array,
  derive: () => Promise<Uint8Array> | Uint8Array,
): Promise<Uint8Array> {
  checkKeySize('publicKey', publicKey)
  let shared: Uint8Array
  try {
    shared = await derive()
  } catch (cause) {
    throw degenerateKey(cause)
  }
  let bits = 0
  for (const byte of shared) bits |= byte
  if (bits === 0) throw degenerateKey()
  const own = new Uint8Array(shared)
  shared.fill(0)
  return own
}

/** The error for a public key of small order. */
const degenerateKey = (cause?: unknown): TorError =>
  new TorError(
    'CIRCUIT_HANDSHAKE',
    'Cannot agree on a secret: the public key is degenerate',
    cause === undefined ? {} : { cause },
  )

/** The base point, whose u coordinate is 9 (RFC 7748, section 4.1). */
export const BASE_POINT_U: Uint8Array<ArrayBuffer> = /* @__PURE__ */ Uint8Array.of(9, ...new Uint8Array(31))

/** What is ahead of a secret key's 32 bytes in DER: PrivateKeyInfo with version 0 and 1.3.101.110 (RFC 8410). */
const PKCS8 = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x6e, 4, 0x22, 4, 0x20]

/**
 * A secret key in DER, to be overwritten by whoever asked for it.
 *
 * @throws RangeError when it has not 32 bytes
 */
export function pkcs8(secretKey: Uint8Array): Uint8Array<ArrayBuffer> {
  checkKeySize('secretKey', secretKey)
  return Uint8Array.of(...PKCS8, ...secretKey)
}

/** A secret key that the runtime holds, as an object of its own. */
export class HeldKey<Key extends object> implements X25519SecretKey {
  #key: Key | undefined

  constructor(key: Key) {
    this.#key = key
  }

  /** @throws TypeError when it is forgotten */
  get key(): Key {
    return this.#key ?? forgotten()
  }

  forget(): void {
    this.#key = undefined
  }
}

/** For whoever still uses a secret key that was forgotten. */
export function forgotten(): never {
  throw new TypeError('Cannot use a secret key that was forgotten')
}

/** Throws a RangeError that names the key, if it has not 32 bytes. */
export function checkKeySize(name: string, key: Uint8Array): void {
  if (key.length !== CURVE_KEY_SIZE)
    throw new RangeError(`"${name}" must have ${CURVE_KEY_SIZE} bytes: got ${key.length}`)
}

/** True when both have the right length and the key's encoding is canonical and of no point of small order. */
export function isWorthVerifying(signature: Uint8Array, publicKey: Uint8Array): boolean {
  if (signature.length !== ED25519_SIGNATURE_SIZE || publicKey.length !== CURVE_KEY_SIZE) return false
  const y = yOf(publicKey)
  return y < P && !SMALL_ORDER.has(y)
}

/** The y coordinate of an encoded point: little-endian, without the highest bit, which is the sign of x. */
function yOf(point: Uint8Array): bigint {
  let y = BigInt((point[CURVE_KEY_SIZE - 1] as number) & 0x7f)
  for (let at = CURVE_KEY_SIZE - 2; at >= 0; at--) y = (y << 8n) | BigInt(point[at] as number)
  return y
}
