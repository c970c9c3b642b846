/**
 * The cipher suites: a hash for the key schedule, and an AEAD for the records, by WebCrypto or by what is faster in this runtime
 * (RFC 8446, sections 5.2 and B.4).
 *
 * @module
 */
import { runtimeName } from '../../platform/runtime/runtime.ts'
import type { SuiteHash } from './suite-hash.ts'

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

const SHA256: SuiteHash = { name: 'SHA-256', size: 32 }
const SHA384: SuiteHash = { name: 'SHA-384', size: 48 }

/** All that are spoken, the one to be preferred first. */
export const CIPHER_SUITES: readonly CipherSuite[] = [
  { id: 0x1301, hash: SHA256, keySize: 16, cipher: 'AES-GCM' },
  { id: 0x1302, hash: SHA384, keySize: 32, cipher: 'AES-GCM' },
  { id: 0x1303, hash: SHA256, keySize: 32, cipher: 'ChaCha20-Poly1305' },
]

/** An AEAD with one key. `additionalData` is what is not encrypted, and bound to the rest. */
export interface AeadKey {
  /** Encrypts one record's content: as long, and a tag. */
  seal(iv: Bytes, additionalData: Bytes, content: Bytes): Promise<Bytes> | Bytes
  /** Decrypts what {@link seal} made: an array of its own. Undefined when it is not that. */
  open(iv: Bytes, additionalData: Bytes, sealed: Bytes): Opened
}

/** What was sealed, at once or later; undefined when it was altered. There is one for each record: no promise more than it takes. */
export type Opened = Promise<Bytes | undefined> | Bytes | undefined

type Bytes = Uint8Array<ArrayBuffer>

let usable: Promise<readonly CipherSuite[]> | undefined

/** AES-GCM without a promise for each record, where the runtime has that. */
let synchronousGcm: ((key: Bytes) => AeadKey) | undefined

/** Those that this runtime has: the two of AES always, ChaCha20-Poly1305 in some. Tried once, before the first connection. */
export function usableSuites(): Promise<readonly CipherSuite[]> {
  usable ??= tried()
  return usable
}

async function tried(): Promise<readonly CipherSuite[]> {
  if (runtimeName() === 'node')
    synchronousGcm = (await import('../../platform/crypto/ciphers/native-aead.ts')).nativeGcm
  const has = await hasChaCha()
  return CIPHER_SUITES.filter(({ cipher }) => cipher === 'AES-GCM' || has)
}

async function hasChaCha(): Promise<boolean> {
  try {
    await importAeadKey('ChaCha20-Poly1305', new Uint8Array(32))
    return true
  } catch {
    return false // no such algorithm in this engine
  }
}

/** Makes a key. */
export async function importAeadKey(cipher: CipherSuite['cipher'], key: Bytes): Promise<AeadKey> {
  if (cipher === 'AES-GCM' && synchronousGcm !== undefined) return synchronousGcm(key)
  // Secure Curves and the modern algorithms took another name for the format of a bare key.
  const format = (cipher === 'AES-GCM' ? 'raw' : 'raw-secret') as 'raw'
  const imported = await crypto.subtle.importKey(format, key, cipher, false, ['encrypt', 'decrypt'])
  const algorithm = (iv: Bytes, additionalData: Bytes) => ({
    name: cipher,
    iv,
    additionalData,
    tagLength: 8 * TAG_SIZE,
  })
  return {
    seal: async (iv, additionalData, content) =>
      new Uint8Array(await crypto.subtle.encrypt(algorithm(iv, additionalData), imported, content)),
    open: (iv, additionalData, sealed) =>
      crypto.subtle.decrypt(algorithm(iv, additionalData), imported, sealed).then(bytesOf, nothing),
  }
}

const bytesOf = (buffer: ArrayBuffer): Bytes => new Uint8Array(buffer)

const nothing = (): undefined => undefined
