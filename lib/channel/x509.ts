/**
 * The X.509 certificate of a relay's RSA identity (RFC 5280 section 4.1; type 2 of tor-spec, "CERTS cells"): just the
 * fields that Tor looks at. Names and extensions mean nothing here.
 *
 * @module
 */
import { sha1 } from '../base/hashes/sha1.ts'
import { sha256 } from '../base/hashes/sha256.ts'
import { constantTimeEqual } from '../cell/bytes.ts'
import { DerReader, DerTag } from '../crypto/der.ts'
import { SHA1_DIGEST_INFO, SHA256_DIGEST_INFO } from '../crypto/digest-info.ts'
import { parseRsaPublicKey, type RsaPublicKey } from '../crypto/rsa-public-key.ts'
import { hasPkcs1Padding, rsaSignedBlock } from '../crypto/rsa-signature.ts'
import type { Platform } from '../platform/platform.ts'

const WHAT = 'X.509 certificate'

/** The encoded object identifiers in use, as hex digits (RFC 8017, appendix C). */
const RSA_ENCRYPTION = '2a864886f70d010101'
const SHA1_WITH_RSA = '2a864886f70d010105'
const SHA256_WITH_RSA = '2a864886f70d01010b'

/** A certificate of an RSA key. The byte arrays are views. */
export interface X509Certificate {
  /** What is signed: the TBSCertificate, whole. */
  readonly signed: Uint8Array
  /** The object identifier of the signature's algorithm, its encoded bytes in hex digits. */
  readonly signatureAlgorithm: string
  readonly signature: Uint8Array
  /** From when on and until when it holds, in ms since the epoch. */
  readonly notBefore: number
  readonly notAfter: number
  /** The key that is certified. */
  readonly key: RsaPublicKey
}

/** Reads an AlgorithmIdentifier that stands alone in `bytes`, and gives the identifier. */
function readAlgorithm(bytes: Uint8Array): string {
  const algorithm = new DerReader(bytes, WHAT).sequence()
  const identifier = algorithm.objectIdentifier()
  // Parameters: NULL for RSA; they say nothing.
  if (algorithm.nextTag !== undefined) algorithm.skip()
  algorithm.end()
  return identifier
}

function readKey(reader: DerReader): RsaPublicKey {
  const info = reader.sequence()
  if (readAlgorithm(info.whole(DerTag.SEQUENCE)) !== RSA_ENCRYPTION) info.fail('its key is no RSA key')
  const der = info.bitString()
  info.end()
  return parseRsaPublicKey(der)
}

/** Reads a certificate of an RSA key. Throws a TorError `CELL_MALFORMED` for anything else. It checks no signature. */
export function parseX509(bytes: Uint8Array): X509Certificate {
  const outer = new DerReader(bytes, WHAT)
  const certificate = outer.sequence()
  outer.end()
  const signed = certificate.whole(DerTag.SEQUENCE)
  const algorithm = certificate.whole(DerTag.SEQUENCE)
  const signature = certificate.bitString()
  certificate.end()

  const tbs = new DerReader(signed, WHAT).sequence()
  if (tbs.nextTag === 0xa0) tbs.skip() // version
  tbs.contents(DerTag.INTEGER) // serial number
  // The one that is not signed must be the one that is (RFC 5280 section 4.1.1.2).
  if (!constantTimeEqual(tbs.whole(DerTag.SEQUENCE), algorithm)) tbs.fail('it names two signature algorithms')
  tbs.contents(DerTag.SEQUENCE) // issuer
  const validity = tbs.sequence()
  const notBefore = validity.time()
  const notAfter = validity.time()
  validity.end()
  tbs.contents(DerTag.SEQUENCE) // subject
  const key = readKey(tbs)
  // Unique identifiers and extensions: [1], [2] and [3].
  while (tbs.nextTag !== undefined && tbs.nextTag >= 0x80) tbs.skip()
  tbs.end()
  return { signed, signatureAlgorithm: readAlgorithm(algorithm), signature, notBefore, notAfter, key }
}

/** The RSA identity that a key gives: the SHA-1 of its RSAPublicKey, 20 bytes (tor-spec, "Preliminaries"). */
export const rsaIdentityOf = (key: RsaPublicKey): Uint8Array => sha1(key.der)

/**
 * True when the certificate is signed with the very key that it certifies, by PKCS #1 v1.5 with SHA-1 or SHA-256. It
 * says nothing of its time.
 */
export function isSelfSigned(certificate: X509Certificate, platform: Pick<Platform, 'rsaPublic'>): boolean {
  const { key, signature, signed, signatureAlgorithm } = certificate
  const block = rsaSignedBlock(signature, key, platform)
  if (block === undefined) return false
  switch (signatureAlgorithm) {
    case SHA1_WITH_RSA:
      return hasPkcs1Padding(block, SHA1_DIGEST_INFO, sha1(signed))
    case SHA256_WITH_RSA:
      return hasPkcs1Padding(block, SHA256_DIGEST_INFO, sha256(signed))
    default:
      return false
  }
}
