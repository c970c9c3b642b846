/**
 * The keys of clients of a service with restricted discovery (rend-spec-v3, "Client authorization" and appendix G): the
 * forms that they are given in, and the 16 bytes that the service has encrypted to each of its clients.
 *
 * @module
 */
import { decodeBase64 } from '../../directory/text/encoding.ts'
import type { X25519 } from '../../platform/crypto/curves/x25519.ts'
import { shake } from '../hashing.ts'
import { decodeBase32 } from './base32.ts'
import { parseOnionAddress } from './address.ts'

const KEY_SIZE = 32
const ID_SIZE = 8

/** Whose descriptor a key opens, where its text says so, and the secret: an X25519 key of 32 bytes. */
export interface ClientKey {
  readonly identity: Uint8Array | undefined
  readonly secret: Uint8Array
}

/**
 * Reads a client's key: the 32 bytes; 52 letters of base32; `descriptor:x25519:<52 letters>`, with the address and a
 * colon ahead as in C tor's `.auth_private` files; or `x25519:<base64>` as on its control port. Undefined for anything
 * else.
 */
export function parseClientKey(key: Uint8Array | string): ClientKey | undefined {
  if (typeof key !== 'string')
    return key.length === KEY_SIZE ? { identity: undefined, secret: new Uint8Array(key) } : undefined
  const text = key.trim()
  const onControlPort = /^x25519:([A-Za-z0-9+/]+={0,2})$/.exec(text)?.[1]
  const inFile = /^(?:(?:([a-z2-7]{56})(?:\.onion)?:)?descriptor:x25519:)?([a-z2-7]{52})$/i.exec(text)
  const address = inFile?.[1]
  const secret = onControlPort === undefined ? inFile?.[2] && decodeBase32(inFile[2]) : decodeBase64(onControlPort)
  const identity = address === undefined ? undefined : parseOnionAddress(`${address}.onion`)
  if (!secret || secret.length !== KEY_SIZE || typeof identity === 'string') return undefined
  return { identity, secret }
}

/** How a client finds its line in a descriptor, and opens it. */
export interface ClientCredential {
  /** Which line is its own. */
  readonly id: Uint8Array
  /** The key of AES-256 in counter mode that the line is encrypted with. */
  readonly key: Uint8Array
}

/** What the client's secret and the descriptor's ephemeral key make; undefined for an ephemeral key of small order. */
export async function clientCredential(
  secret: Uint8Array,
  ephemeralKey: Uint8Array,
  subcredential: Uint8Array,
  x25519: X25519,
): Promise<ClientCredential | undefined> {
  const secretKey = await x25519.secretKey(secret)
  let seed: Uint8Array
  try {
    seed = await x25519.sharedSecret(secretKey, ephemeralKey)
  } catch {
    return undefined // whoever wrote it has encrypted nothing to anybody
  } finally {
    secretKey.forget()
  }
  const keys = shake(ID_SIZE + KEY_SIZE, subcredential, seed)
  seed.fill(0)
  return { id: keys.subarray(0, ID_SIZE), key: keys.subarray(ID_SIZE) }
}
