/**
 * AES in counter mode over one message, from any initial counter, by WebCrypto.
 *
 * @module
 */

/**
 * Encrypts, or decrypts: it is its own inverse.
 *
 * @param key - 16 bytes for AES-128, 32 for AES-256
 * @param counter - the initial counter, 16 bytes, of which all count
 */
export async function aesCtr(
  key: Uint8Array,
  counter: Uint8Array,
  message: Uint8Array,
): Promise<Uint8Array<ArrayBuffer>> {
  const cryptoKey = await crypto.subtle.importKey('raw', new Uint8Array(key), 'AES-CTR', false, ['encrypt'])
  const algorithm = { name: 'AES-CTR', counter: new Uint8Array(counter), length: 128 }
  return new Uint8Array(await crypto.subtle.encrypt(algorithm, cryptoKey, new Uint8Array(message)))
}
