/**
 * Signatures of the web's certificates and of TLS, by WebCrypto.
 *
 * @module
 */
import { TorError } from '../base/errors.ts'
import { DerReader } from './der.ts'
import type { PublicKeyInfo } from './public-key-info.ts'

/** A hash by its name in WebCrypto. */
export type SignatureHash = 'SHA-256' | 'SHA-384' | 'SHA-512'

/** How a signature is made. */
export interface SignatureAlgorithm {
  readonly kind: 'rsa-pkcs1' | 'rsa-pss' | 'ecdsa'
  readonly hash: SignatureHash
}

const HASH_SIZE: Readonly<Record<SignatureHash, number>> = { 'SHA-256': 32, 'SHA-384': 48, 'SHA-512': 64 }

/**
 * True when `signature` is the key's over `message`. False too when the key is not of the algorithm's kind, or cannot be
 * used. For RSA-PSS the salt is as long as the hash, and MGF1 has the same hash (RFC 8446, section 4.2.3).
 */
export async function verifySignature(
  { kind, hash }: SignatureAlgorithm,
  key: PublicKeyInfo,
  signature: Uint8Array,
  message: Uint8Array,
): Promise<boolean> {
  if (key.kind === undefined || (kind === 'ecdsa') !== (key.kind !== 'rsa')) return false
  const imported = importAs(kind, hash, key.kind)
  const verified = verifyAs(kind, hash)
  let fixed: Uint8Array | undefined = signature
  if (key.kind !== 'rsa') fixed = fixedEcdsa(signature, key.kind === 'P-256' ? 32 : 48)
  if (fixed === undefined) return false
  try {
    const cryptoKey = await crypto.subtle.importKey('spki', new Uint8Array(key.spki), imported, false, ['verify'])
    return await crypto.subtle.verify(verified, cryptoKey, new Uint8Array(fixed), new Uint8Array(message))
  } catch {
    return false // a point that is not on the curve, a modulus that the runtime refuses
  }
}

function importAs(
  kind: SignatureAlgorithm['kind'],
  hash: SignatureHash,
  curve: string,
): RsaHashedImportParams | EcKeyImportParams {
  if (kind === 'ecdsa') return { name: 'ECDSA', namedCurve: curve }
  return { name: kind === 'rsa-pss' ? 'RSA-PSS' : 'RSASSA-PKCS1-v1_5', hash }
}

function verifyAs(
  kind: SignatureAlgorithm['kind'],
  hash: SignatureHash,
): AlgorithmIdentifier | RsaPssParams | EcdsaParams {
  if (kind === 'ecdsa') return { name: 'ECDSA', hash }
  if (kind === 'rsa-pss') return { name: 'RSA-PSS', saltLength: HASH_SIZE[hash] }
  return { name: 'RSASSA-PKCS1-v1_5' }
}

/**
 * An Ecdsa-Sig-Value (RFC 5480, appendix A) as WebCrypto takes it: r and s of `size` bytes each. Undefined for what is not
 * strict DER of two positive integers of that size.
 */
export function fixedEcdsa(der: Uint8Array, size: number): Uint8Array<ArrayBuffer> | undefined {
  try {
    const outer = new DerReader(der, 'signature')
    const numbers = outer.sequence()
    outer.end()
    const fixed = new Uint8Array(2 * size)
    for (const end of [size, 2 * size]) {
      const number = numbers.positiveInteger()
      if (number.length > size) return undefined
      fixed.set(number, end - number.length)
    }
    numbers.end()
    return fixed
  } catch (error) {
    if (error instanceof TorError) return undefined // not DER
    throw error
  }
}
