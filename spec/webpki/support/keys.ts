/**
 * Keys that sign certificates: made once for each name, and used by every spec.
 *
 * @module
 */
import { derInteger, derNull, derObjectId, derSequence, derValue } from '../../../lib/testing/identity/der.ts'

/** How a key signs. */
export type Scheme =
  'ecdsa-p256-sha256' | 'ecdsa-p384-sha384' | 'rsa-sha256' | 'rsa-sha384' | 'rsa-sha512' | 'pss-sha256'

/** A key, and what is needed to sign certificates by it. */
export interface TestKey {
  /** The SubjectPublicKeyInfo as DER. */
  readonly spki: Uint8Array<ArrayBuffer>
  /** The AlgorithmIdentifier of its signatures. */
  readonly algorithm: Uint8Array<ArrayBuffer>
  sign(message: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>>
  /** The private key, for programs that take one. */
  readonly pkcs8?: Uint8Array<ArrayBuffer>
}

const SHA256 = derSequence(derObjectId(0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01), derNull)
const PKCS1 = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01]
const ECDSA_SHA2 = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03]

/** The AlgorithmIdentifier of RSA-PSS with SHA-256, with room for what should not be accepted. */
export function pssAlgorithm({ maskHash = SHA256, salt = 32 }: { maskHash?: Uint8Array; salt?: number } = {}) {
  const mask = derSequence(derObjectId(...PKCS1, 8), maskHash)
  const parameters = [derValue(0xa0, SHA256), derValue(0xa1, mask), derValue(0xa2, derInteger(Uint8Array.of(salt)))]
  return derSequence(derObjectId(...PKCS1, 10), derSequence(...parameters))
}

/** The AlgorithmIdentifier of each scheme. */
export const ALGORITHMS: Readonly<Record<Scheme, Uint8Array<ArrayBuffer>>> = {
  'ecdsa-p256-sha256': derSequence(derObjectId(...ECDSA_SHA2, 2)),
  'ecdsa-p384-sha384': derSequence(derObjectId(...ECDSA_SHA2, 3)),
  'rsa-sha256': derSequence(derObjectId(...PKCS1, 11), derNull),
  'rsa-sha384': derSequence(derObjectId(...PKCS1, 12), derNull),
  'rsa-sha512': derSequence(derObjectId(...PKCS1, 13), derNull),
  'pss-sha256': pssAlgorithm(),
}

const HASHES: Readonly<Record<Scheme, string>> = {
  'ecdsa-p256-sha256': 'SHA-256',
  'ecdsa-p384-sha384': 'SHA-384',
  'rsa-sha256': 'SHA-256',
  'rsa-sha384': 'SHA-384',
  'rsa-sha512': 'SHA-512',
  'pss-sha256': 'SHA-256',
}

const keys = new Map<string, Promise<TestKey>>()

/** The key of this name and kind. */
export function keyOf(name: string, scheme: Scheme = 'ecdsa-p256-sha256'): Promise<TestKey> {
  const id = `${scheme} ${name}`
  const made = keys.get(id) ?? makeKey(scheme)
  keys.set(id, made)
  return made
}

async function makeKey(scheme: Scheme): Promise<TestKey> {
  const isEcdsa = scheme.startsWith('ecdsa')
  const hash = HASHES[scheme]
  const rsa = {
    name: scheme.startsWith('pss') ? 'RSA-PSS' : 'RSASSA-PKCS1-v1_5',
    modulusLength: 2_048,
    publicExponent: Uint8Array.of(1, 0, 1),
    hash,
  }
  const curve = { name: 'ECDSA', namedCurve: scheme === 'ecdsa-p384-sha384' ? 'P-384' : 'P-256' }
  const pair = await crypto.subtle.generateKey(isEcdsa ? curve : rsa, true, ['sign', 'verify'])
  const signing = { name: isEcdsa ? 'ECDSA' : rsa.name, hash, saltLength: 32 }
  return {
    spki: new Uint8Array(await crypto.subtle.exportKey('spki', pair.publicKey)),
    algorithm: ALGORITHMS[scheme],
    pkcs8: new Uint8Array(await crypto.subtle.exportKey('pkcs8', pair.privateKey)),
    async sign(message) {
      const signature = new Uint8Array(await crypto.subtle.sign(signing, pair.privateKey, message))
      const half = signature.length / 2
      return isEcdsa
        ? derSequence(derInteger(signature.subarray(0, half)), derInteger(signature.subarray(half)))
        : signature
    },
  }
}
