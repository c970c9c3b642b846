/**
 * The SHA-256 of something short as text, by node:crypto: in one call where there is one, as to make a hash for each of thousands
 * takes as long as to hash what they are of.
 *
 * @module
 */

/** Characters of 32 bytes in base64 without padding. */
const LENGTH = 43

/** The part of node:crypto that is needed. */
export interface TextHashModule {
  hash?(algorithm: string, data: Uint8Array, outputEncoding: 'base64'): string
  createHash(algorithm: string): { update(data: Uint8Array): { digest(outputEncoding: 'base64'): string } }
}

/** Gives what hashes. */
export const nativeSha256Text =
  (crypto: TextHashModule) =>
  (bytes: Uint8Array): string =>
    (crypto.hash?.('sha256', bytes, 'base64') ?? crypto.createHash('sha256').update(bytes).digest('base64')).slice(
      0,
      LENGTH,
    )
