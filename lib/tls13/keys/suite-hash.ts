/**
 * The hashes of the cipher suites, by WebCrypto: what is hashed in a handshake is secret or short.
 *
 * @module
 */

/** A hash of the key schedule. */
export interface SuiteHash {
  /** Its name in WebCrypto. */
  readonly name: 'SHA-256' | 'SHA-384'
  /** Bytes of a digest. */
  readonly size: number
}

/** The digest of these bytes. */
export async function digestOf(hash: SuiteHash, bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await crypto.subtle.digest(hash.name, bytes))
}

/** HMAC (RFC 2104) of a message. The key must not be empty: some engines have none that is. */
export async function macOf(hash: SuiteHash, key: Bytes, message: Bytes): Promise<Uint8Array<ArrayBuffer>> {
  const algorithm = { name: 'HMAC', hash: hash.name }
  const imported = await crypto.subtle.importKey('raw', key, algorithm, false, ['sign'])
  return new Uint8Array(await crypto.subtle.sign('HMAC', imported, message))
}

type Bytes = Uint8Array<ArrayBuffer>
