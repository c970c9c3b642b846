/**
 * The one seam to the runtime. node.ts, deno.ts, bun.ts and web.ts each make one of these, all of one shape; nothing
 * else in the library asks which runtime it runs in. The rooms beside this file define what it is made of.
 *
 * @module
 */
import type { Keystream } from './crypto/ciphers/keystream.ts'
import type { RsaPublicOperation } from './crypto/rsa/rsa-public.ts'
import type { LongHash, RunningDigest } from './crypto/digests/running-digest.ts'
import type { Sha3Functions } from './crypto/digests/sha3-functions.ts'
import type { X25519 } from './crypto/curves/x25519.ts'
import type { Transport } from './links/transport.ts'
import type { Storage } from './storage/storage.ts'
import type { TlsAdapter } from './tls/tls-adapter.ts'

/** What the library needs of its runtime. */
export interface Platform extends RsaPublicOperation {
  /** Which runtime it is for. */
  readonly name: 'node' | 'deno' | 'bun' | 'web'
  /** What is in the way of a client here, as a sentence that says what to change; undefined when nothing is. */
  obstacle?(): string | undefined
  /** AES in counter mode from a zero counter; the key has 16 bytes (AES-128) or 32 (AES-256). */
  keystream(key: Uint8Array): Keystream
  /** A running digest of SHA-1 that has taken in `seed`. */
  runningDigest(seed: Uint8Array): RunningDigest
  /** A hash by SHA-256 of what is long: native where that is there at once. */
  sha256Hash(): LongHash
  /** The SHA-256 of something short in base64 without padding, fit for thousands; undefined where nothing native has it at once. */
  readonly sha256Text?: (bytes: Uint8Array) => string
  /** SHA3-256 and SHAKE256. */
  readonly sha3: Sha3Functions
  /** A running digest of SHA3-256 that has taken in `seed`. */
  sha3Digest(seed: Uint8Array): RunningDigest
  /** A hash by SHA3-256 of what is long. */
  sha3Hash(): LongHash
  /** The key agreement of the ntor handshakes. */
  readonly x25519: X25519
  /**
   * True when `signature` (64 bytes) is `publicKey`'s (32 bytes) over `message` (RFC 8032, section 5.1.7). False for
   * encodings that are not canonical, public keys of small order and wrong lengths too.
   *
   * Runtimes may differ, as RFC 8032 lets them, about a signature that its own signer made ambiguous by points with a
   * part of small order.
   */
  verifyEd25519(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): Promise<boolean>
  /** The transport that a caller gets who brings none, or undefined where the runtime has no sockets. */
  readonly transport: Transport | undefined
  /** TLS to the far end of a stream, or undefined where the runtime has none. */
  readonly tls: TlsAdapter | undefined
  /**
   * Makes the storage that a client gets who brings none.
   *
   * @param place a name of lower-case letters and digits, for what is kept apart from the rest
   */
  readonly storage: (place?: string) => Promise<Storage>
}
