/**
 * What an RSA signature of PKCS #1 v1.5 signs (RFC 8017 section 8.2.2), on top of the platform's public operation. Tor
 * also signs bare digests, without the DigestInfo that names the hash: WebCrypto cannot verify those.
 *
 * @module
 */
import { constantTimeEqual } from '../cell/bytes.ts'
import { TorError } from '../base/errors.ts'
import type { RsaPublicOperation } from '../platform/crypto/rsa/rsa-public.ts'
import type { RsaPublicKey } from './rsa-public-key.ts'

/** The block that `signature` encrypts, as long as the modulus; undefined when key and signature cannot go together. */
export function rsaSignedBlock(
  signature: Uint8Array,
  key: Pick<RsaPublicKey, 'modulus' | 'exponent'>,
  platform: RsaPublicOperation,
): Uint8Array | undefined {
  if (signature.length !== key.modulus.length) return undefined
  try {
    return platform.rsaPublic(signature, key.modulus, key.exponent)
  } catch (error) {
    // Numbers that are no RSA key or no signature under it: the platform says so with this code.
    if (error instanceof TorError && error.code === 'LINK_CERTS') return undefined
    throw error
  }
}

/**
 * True when `block` is exactly `00 01 ff…ff 00` with 8 bytes `ff` or more, then `digestInfo`, then `digest`. The
 * expected block is built and compared whole: nothing of the block is parsed.
 */
export function hasPkcs1Padding(block: Uint8Array, digestInfo: Uint8Array, digest: Uint8Array): boolean {
  const length = digestInfo.length + digest.length
  if (block.length < length + 11) return false
  const expected = new Uint8Array(block.length).fill(0xff)
  expected[0] = 0
  expected[1] = 1
  expected[block.length - length - 1] = 0
  expected.set(digestInfo, block.length - length)
  expected.set(digest, block.length - digest.length)
  return constantTimeEqual(block, expected)
}

/**
 * True when `signature` is one of `key` over a bare `digest`, with PKCS #1 v1.5 padding and no DigestInfo, as Tor's
 * documents have.
 */
export function signsDigest(
  signature: Uint8Array,
  digest: Uint8Array,
  key: Pick<RsaPublicKey, 'modulus' | 'exponent'>,
  platform: RsaPublicOperation,
): boolean {
  const block = rsaSignedBlock(signature, key, platform)
  return block !== undefined && hasPkcs1Padding(block, new Uint8Array(0), digest)
}
