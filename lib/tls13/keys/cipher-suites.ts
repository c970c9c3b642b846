/**
 * The cipher suites: a hash for the key schedule, and an AEAD by WebCrypto for the records (RFC 8446, sections 5.2 and
 * B.4).
 *
 * @module
 */
import { sha256, sha384 } from '@noble/hashes/sha2.js'

/** A hash of the key schedule. */
export type SuiteHash = typeof sha256 | typeof sha384

/** A cipher suite. */
export interface CipherSuite {
  /** Its number. */
  readonly id: number
  readonly hash: SuiteHash
  /** Bytes of a key. */
  readonly keySize: number
  /** Its name in WebCrypto. */
  readonly cipher: 'AES-GCM' | 'ChaCha20-Poly1305'
}

/** Bytes of a nonce. */
export const NONCE_SIZE = 12

/** Bytes of the tag behind each record. */
export const TAG_SIZE = 16

/** All that are spoken, the one to be preferred first. */
export const CIPHER_SUITES: readonly CipherSuite[] = [
  { id: 0x1301, hash: sha256, keySize: 16, cipher: 'AES-GCM' },
  { id: 0x1302, hash: sha384, keySize: 32, cipher: 'AES-GCM' },
  { id: 0x1303, hash: sha256, keySize: 32, cipher: 'ChaCha20-Poly1305' },
]

let usable: Promise<readonly CipherSuite[]> | undefined

/** Those that this runtime's WebCrypto has: the two of AES always, ChaCha20-Poly1305 in some. Tried once. */
export function usableSuites(): Promise<readonly CipherSuite[]> {
  usable ??= hasChaCha().then((has) => CIPHER_SUITES.filter(({ cipher }) => cipher === 'AES-GCM' || has))
  return usable
}

async function hasChaCha(): Promise<boolean> {
  try {
    await importAeadKey('ChaCha20-Poly1305', new Uint8Array(32))
    return true
  } catch {
    return false // no such algorithm in this engine
  }
}

/** A key for {@link seal} and {@link open}. */
export function importAeadKey(cipher: CipherSuite['cipher'], key: Uint8Array<ArrayBuffer>): Promise<CryptoKey> {
  // Secure Curves and the modern algorithms took another name for the format of a bare key.
  const format = (cipher === 'AES-GCM' ? 'raw' : 'raw-secret') as 'raw'
  return crypto.subtle.importKey(format, key, cipher, false, ['encrypt', 'decrypt'])
}

/** Encrypts one record's content: as long, and a tag. */
export async function seal(
  suite: CipherSuite,
  key: CryptoKey,
  iv: Uint8Array<ArrayBuffer>,
  additionalData: Uint8Array<ArrayBuffer>,
  content: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer>> {
  const algorithm = { name: suite.cipher, iv, additionalData, tagLength: 8 * TAG_SIZE }
  return new Uint8Array(await crypto.subtle.encrypt(algorithm, key, content))
}

/** Decrypts what {@link seal} made. Rejects when it is not that. */
export async function open(
  suite: CipherSuite,
  key: CryptoKey,
  iv: Uint8Array<ArrayBuffer>,
  additionalData: Uint8Array<ArrayBuffer>,
  sealed: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer>> {
  const algorithm = { name: suite.cipher, iv, additionalData, tagLength: 8 * TAG_SIZE }
  return new Uint8Array(await crypto.subtle.decrypt(algorithm, key, sealed))
}
