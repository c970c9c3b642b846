/**
 * A SubjectPublicKeyInfo (RFC 5280, section 4.1.2.7), and where it stands in a certificate.
 *
 * @module
 */
import { DerReader, DerTag } from './der.ts'
import { parseRsaPublicKey } from './rsa-public-key.ts'

/** The kinds of keys that are known, by their object identifiers as hex digits (RFC 3279, RFC 5480). */
export type PublicKeyKind = 'rsa' | 'P-256' | 'P-384'

/** A public key as WebCrypto imports it. */
export interface PublicKeyInfo {
  /** All of it, as DER: the format `spki`. */
  readonly spki: Uint8Array
  /** Undefined for a key of another kind. */
  readonly kind: PublicKeyKind | undefined
  /** The key itself: an uncompressed point, or an RSAPublicKey. */
  readonly key: Uint8Array
}

const RSA_ENCRYPTION = '2a864886f70d010101'
const EC_PUBLIC_KEY = '2a8648ce3d0201'
const CURVES: Readonly<Record<string, PublicKeyKind>> = { '2a8648ce3d030107': 'P-256', '2b81040022': 'P-384' }
const POINT_SIZES: Readonly<Record<'P-256' | 'P-384', number>> = { 'P-256': 65, 'P-384': 97 }
const NULL = 0x05

/**
 * Reads a SubjectPublicKeyInfo. Its views are of `spki`.
 *
 * @throws TorError `CELL_MALFORMED`
 */
export function readPublicKeyInfo(spki: Uint8Array): PublicKeyInfo {
  const outer = new DerReader(spki, 'public key')
  const info = outer.sequence()
  outer.end()
  const algorithm = info.sequence()
  const identifier = algorithm.objectIdentifier()
  let kind: PublicKeyKind | undefined
  if (identifier === RSA_ENCRYPTION) {
    // The parameters are NULL (RFC 3279, section 2.3.1).
    if (algorithm.contents(NULL).length === 0) kind = 'rsa'
  } else if (identifier === EC_PUBLIC_KEY && algorithm.nextTag === DerTag.OBJECT_IDENTIFIER) {
    const curve = algorithm.objectIdentifier()
    kind = Object.hasOwn(CURVES, curve) ? CURVES[curve] : undefined // a named curve only (RFC 5480, section 2.1.1)
  }
  if (kind !== undefined) algorithm.end()
  const key = info.bitString()
  info.end()
  if (kind === 'rsa') parseRsaPublicKey(key)
  // Not every runtime takes a compressed point, so none should.
  else if (kind !== undefined && !(key[0] === 0x04 && key.length === POINT_SIZES[kind])) kind = undefined
  return { spki, kind, key }
}

/**
 * The SubjectPublicKeyInfo of an X.509 certificate. Nothing else of the certificate is looked at.
 *
 * @throws TorError `CELL_MALFORMED`
 */
export function publicKeyInfoOf(certificate: Uint8Array): PublicKeyInfo {
  const outer = new DerReader(certificate, 'certificate')
  const tbs = outer.sequence().sequence()
  outer.end()
  if (tbs.nextTag === 0xa0) tbs.skip() // version
  tbs.contents(DerTag.INTEGER) // serial number
  for (let field = 0; field < 4; field++) tbs.contents(DerTag.SEQUENCE) // signature, issuer, validity, subject
  return readPublicKeyInfo(tbs.whole(DerTag.SEQUENCE))
}
