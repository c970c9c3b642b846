/**
 * The algorithms that sign certificates (RFC 4055, RFC 5758), and which keys are strong enough.
 *
 * @module
 */
import { DerReader } from '../crypto/der.ts'
import type { PublicKeyInfo } from '../crypto/public-key-info.ts'
import { parseRsaPublicKey } from '../crypto/rsa-public-key.ts'
import type { SignatureAlgorithm, SignatureHash } from '../crypto/signature.ts'

/**
 * The least bits of an RSA key (CA/Browser Forum Baseline Requirements, section 6.1.5). No authority has more than the
 * most, nor a longer exponent: with those one signature would take long to verify.
 */
const LEAST_RSA_BITS = 2_048
const MOST_RSA_BITS = 8_192
const MOST_EXPONENT_BYTES = 4

const RSA_PSS = '2a864886f70d01010a'
const MGF1 = '2a864886f70d010108'
const NULL = 0x05

const PKCS1: Readonly<Record<string, SignatureHash>> = {
  '2a864886f70d01010b': 'SHA-256',
  '2a864886f70d01010c': 'SHA-384',
  '2a864886f70d01010d': 'SHA-512',
}
const ECDSA: Readonly<Record<string, SignatureHash>> = {
  '2a8648ce3d040302': 'SHA-256',
  '2a8648ce3d040303': 'SHA-384',
  '2a8648ce3d040304': 'SHA-512',
}
const HASHES: Readonly<Record<string, { readonly hash: SignatureHash; readonly size: number }>> = {
  '608648016503040201': { hash: 'SHA-256', size: 32 },
  '608648016503040202': { hash: 'SHA-384', size: 48 },
  '608648016503040203': { hash: 'SHA-512', size: 64 },
}

/**
 * Reads the AlgorithmIdentifier of a signature.
 *
 * @returns undefined for one that is not accepted: SHA-1 and MD5 are too weak, others are not in use
 * @throws TorError `CELL_MALFORMED`
 */
export function readSignatureAlgorithm(bytes: Uint8Array): SignatureAlgorithm | undefined {
  const outer = new DerReader(bytes, 'signature algorithm')
  const algorithm = outer.sequence()
  outer.end()
  const identifier = algorithm.objectIdentifier()
  if (Object.hasOwn(PKCS1, identifier)) {
    if (algorithm.contents(NULL).length > 0) algorithm.fail('it has parameters')
    algorithm.end()
    return { kind: 'rsa-pkcs1', hash: PKCS1[identifier] as SignatureHash }
  }
  if (Object.hasOwn(ECDSA, identifier)) {
    algorithm.end()
    return { kind: 'ecdsa', hash: ECDSA[identifier] as SignatureHash }
  }
  if (identifier !== RSA_PSS) return undefined
  const hash = readPssParameters(algorithm.sequence())
  algorithm.end()
  return hash && { kind: 'rsa-pss', hash }
}

/** Hash, MGF1 with the same hash, and a salt as long as it (RFC 4055, section 3.1; the Baseline Requirements have no other). */
function readPssParameters(parameters: DerReader): SignatureHash | undefined {
  const hash = only(parameters.optional(0xa0), (field) => readHash(field.sequence()))
  const maskHash = only(parameters.optional(0xa1), (field) =>
    only(field.sequence(), (mask) => (mask.objectIdentifier() === MGF1 ? readHash(mask.sequence()) : mask.skip())),
  )
  const saltSize = only(parameters.optional(0xa2), (field) => field.positiveInteger())
  parameters.end()
  if (hash === undefined || maskHash?.hash !== hash.hash) return undefined
  return saltSize?.length === 1 && saltSize[0] === hash.size ? hash.hash : undefined
}

/** What a reader has, which must be nothing more than `read` reads. */
function only<T>(reader: DerReader | undefined, read: (reader: DerReader) => T): T | undefined {
  if (reader === undefined) return undefined
  const value = read(reader)
  reader.end()
  return value
}

function readHash(algorithm: DerReader): { readonly hash: SignatureHash; readonly size: number } | undefined {
  const identifier = algorithm.objectIdentifier()
  if (algorithm.nextTag === NULL && algorithm.contents(NULL).length > 0) algorithm.fail('it has parameters')
  algorithm.end()
  return Object.hasOwn(HASHES, identifier) ? HASHES[identifier] : undefined
}

/** True for a key that is strong enough: an RSA key of 2048 bits or more, in whole bytes, or one on P-256 or P-384. */
export function isStrongKey(info: PublicKeyInfo): boolean {
  if (info.kind !== 'rsa') return info.kind !== undefined
  const { modulus, exponent } = parseRsaPublicKey(info.key)
  const [first = 0] = modulus
  const bits = 8 * modulus.length - Math.clz32(first) + 24
  const isOdd = ((exponent[exponent.length - 1] ?? 0) & 1) === 1
  if (bits < LEAST_RSA_BITS || bits > MOST_RSA_BITS || bits % 8 !== 0) return false
  return isOdd && exponent.length <= MOST_EXPONENT_BYTES && (exponent.length > 1 || (exponent[0] ?? 0) >= 3)
}
