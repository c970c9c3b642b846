/**
 * What the handshakes ntor and ntor-v3 have in common: Diffie-Hellman results that only client and relay know, joined
 * with the public values of the transcript, for as long as they are needed and no longer.
 *
 * @module
 */
import { joinBytes } from '../../base/bytes/join-bytes.ts'
import { TorError } from '../../base/errors.ts'
import type { X25519, X25519KeyPair, X25519SecretKey } from '../../platform/crypto/curves/x25519.ts'

/** Bytes of a Curve25519 key, secret or public, and of a Diffie-Hellman result. */
export const KEY_SIZE = 32

/** A key pair for one handshake: a new one, or that of a test vector's secret. */
export async function ephemeralPair(x25519: X25519, secret: Uint8Array | undefined): Promise<X25519KeyPair> {
  if (secret === undefined) return x25519.generateKeyPair()
  const secretKey = await x25519.secretKey(secret)
  return { secretKey, publicKey: await x25519.publicKey(secretKey) }
}

/** A secret key of ours and a public key of theirs. */
export type KeyPair = readonly [secretKey: X25519SecretKey, publicKey: Uint8Array]

/**
 * Makes the secret input of a handshake for the duration of `use`: what the key pairs give, one after the other, then
 * `transcript`. It is overwritten afterwards, whatever happens.
 *
 * @throws TorError `CIRCUIT_HANDSHAKE` (as a rejection) when a public key is of small order, and what `use` throws
 */
export async function withSecretInput<T>(
  x25519: X25519,
  pairs: readonly KeyPair[],
  transcript: readonly Uint8Array[],
  use: (input: Uint8Array) => T,
): Promise<T> {
  const secrets: Uint8Array[] = []
  try {
    for (const [secretKey, publicKey] of pairs) secrets.push(await x25519.sharedSecret(secretKey, publicKey))
    const input = joinBytes([...secrets, ...transcript])
    secrets.push(input)
    return use(input)
  } finally {
    for (const bytes of secrets) bytes.fill(0)
  }
}

/**
 * A copy of a key or an identity.
 *
 * @throws RangeError naming it when it has another length
 */
export function expectLength(name: string, bytes: Uint8Array, length: number): Uint8Array<ArrayBuffer> {
  if (bytes.length !== length) throw new RangeError(`"${name}" must have ${length} bytes: got ${bytes.length}`)
  return new Uint8Array(bytes)
}

/** What a handshake fails with: `CIRCUIT_HANDSHAKE`. */
export function handshakeError(message: string, cause?: unknown): TorError {
  return new TorError(
    'CIRCUIT_HANDSHAKE',
    `Cannot complete the handshake: ${message}`,
    cause === undefined ? {} : { cause },
  )
}
