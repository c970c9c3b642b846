/**
 * The encryption of either layer of a descriptor (rend-spec-v3, "Encrypting descriptors"): a salt, the cipher text and a
 * MAC over both, under keys that are made of what only its readers know.
 *
 * @module
 */
import { constantTimeEqual } from '../../cell/bytes.ts'
import { aesCtr } from '../../crypto/aes-ctr.ts'
import { DIGEST_SIZE, mac, shake, u64, type Hashed } from '../hashing.ts'

const SALT_SIZE = 16
const KEY_SIZE = 32
const IV_SIZE = 16

/** What the keys of a layer are made of, beside its salt. */
export interface LayerSecrets {
  /** The blinded key, and for clients that the service has authorized their cookie. */
  readonly secret: readonly Uint8Array[]
  readonly subcredential: Uint8Array
  readonly revision: bigint
  /** Which layer it is. */
  readonly purpose: 'hsdir-superencrypted-data' | 'hsdir-encrypted-data'
}

interface LayerKeys {
  readonly key: Uint8Array
  readonly iv: Uint8Array
  readonly macKey: Uint8Array
}

function keysOf({ secret, subcredential, revision, purpose }: LayerSecrets, salt: Uint8Array): LayerKeys {
  const parts: readonly Hashed[] = [...secret, subcredential, u64(revision), salt, purpose]
  const keys = shake(KEY_SIZE + IV_SIZE + DIGEST_SIZE, ...parts)
  return {
    key: keys.subarray(0, KEY_SIZE),
    iv: keys.subarray(KEY_SIZE, KEY_SIZE + IV_SIZE),
    macKey: keys.subarray(KEY_SIZE + IV_SIZE),
  }
}

/**
 * The plain text of a layer; undefined when it was encrypted with other secrets, or changed. Nothing is decrypted before
 * the MAC is right.
 */
export async function decryptLayer(blob: Uint8Array, secrets: LayerSecrets): Promise<Uint8Array | undefined> {
  if (blob.length <= SALT_SIZE + DIGEST_SIZE) return undefined
  const salt = blob.subarray(0, SALT_SIZE)
  const cipherText = blob.subarray(SALT_SIZE, -DIGEST_SIZE)
  const { key, iv, macKey } = keysOf(secrets, salt)
  const expected = mac(macKey, u64(SALT_SIZE), salt, cipherText)
  if (!constantTimeEqual(expected, blob.subarray(-DIGEST_SIZE))) return undefined
  return await aesCtr(key, iv, cipherText)
}

/** A layer with this plain text. `salt` has 16 bytes, fresh ones each time. */
export async function encryptLayer(plain: Uint8Array, secrets: LayerSecrets, salt: Uint8Array): Promise<Uint8Array> {
  const { key, iv, macKey } = keysOf(secrets, salt)
  const cipherText = await aesCtr(key, iv, plain)
  const blob = new Uint8Array(SALT_SIZE + cipherText.length + DIGEST_SIZE)
  blob.set(salt)
  blob.set(cipherText, SALT_SIZE)
  blob.set(mac(macKey, u64(SALT_SIZE), salt, cipherText), SALT_SIZE + cipherText.length)
  return blob
}
