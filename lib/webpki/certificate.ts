/**
 * An X.509 certificate of the web (RFC 5280, section 4.1): every field that its path depends on. It checks no signature.
 *
 * @module
 */
import { equals } from 'uint8arrays/equals'
import { DerReader, DerTag } from '../crypto/der.ts'
import { readPublicKeyInfo, type PublicKeyInfo } from '../crypto/public-key-info.ts'
import type { SignatureAlgorithm } from '../crypto/signature.ts'
import { readExtensions, type CertificateExtensions } from './certificate-extensions.ts'
import { canonicalName } from './distinguished-name.ts'
import { readSignatureAlgorithm } from './signature-algorithm.ts'

const WHAT = 'certificate'

/** The most bytes of a serial number (section 4.1.2.2). */
const MAX_SERIAL = 20

/** The byte arrays are views. */
export interface Certificate extends CertificateExtensions {
  /** All of it. */
  readonly der: Uint8Array
  /** What is signed: the TBSCertificate, whole. */
  readonly signed: Uint8Array
  /** How it is signed; undefined when that is too weak, or not known. */
  readonly algorithm: SignatureAlgorithm | undefined
  readonly signature: Uint8Array
  /** Names as DER: an issuer and a subject are the same when their bytes are. */
  readonly issuer: Uint8Array
  readonly subject: Uint8Array
  /** The subject as {@link canonicalName} has it; empty when it has none. */
  readonly subjectParts: readonly string[]
  /** From when on and until when it holds, in ms since the epoch; both are within. */
  readonly notBefore: number
  readonly notAfter: number
  readonly publicKey: PublicKeyInfo
}

/**
 * Reads a certificate of version 3.
 *
 * @param isAnchor - it is trusted as it is: some old roots have a serial number of zero
 * @throws TorError `CELL_MALFORMED` for anything else
 */
export function readCertificate(der: Uint8Array, isAnchor = false): Certificate {
  const outer = new DerReader(der, WHAT)
  const certificate = outer.sequence()
  outer.end()
  const signed = certificate.whole(DerTag.SEQUENCE)
  const algorithm = certificate.whole(DerTag.SEQUENCE)
  const signature = certificate.bitString()
  certificate.end()

  const tbs = new DerReader(signed, WHAT).sequence()
  const version = tbs.optional(0xa0) ?? tbs.fail('it is not of version 3')
  if (version.contents(DerTag.INTEGER).join() !== '2') version.fail('it is not of version 3')
  version.end()
  if (isAnchor) tbs.contents(DerTag.INTEGER)
  else if (tbs.positiveInteger().length > MAX_SERIAL) tbs.fail('its serial number is too long')
  // The one that is not signed must be the one that is (section 4.1.1.2).
  if (!equals(tbs.whole(DerTag.SEQUENCE), algorithm)) tbs.fail('it names two signature algorithms')
  const issuer = tbs.whole(DerTag.SEQUENCE)
  if (canonicalName(issuer).length === 0) tbs.fail('its issuer has no name') // section 4.1.2.4
  const validity = tbs.sequence()
  const notBefore = validity.time()
  const notAfter = validity.time()
  validity.end()
  const subject = tbs.whole(DerTag.SEQUENCE)
  const subjectParts = canonicalName(subject)
  const publicKey = readPublicKeyInfo(tbs.whole(DerTag.SEQUENCE))
  for (const uniqueIdentifier of [0x81, 0x82]) tbs.optional(uniqueIdentifier)
  const extensions = readExtensions(tbs.optional(0xa3))
  tbs.end()
  if (subjectParts.length === 0 && !extensions.hasCriticalNames) tbs.fail('it is for nobody') // section 4.2.1.6
  const identity = { issuer, subject, subjectParts, notBefore, notAfter, publicKey }
  return { der, signed, algorithm: readSignatureAlgorithm(algorithm), signature, ...identity, ...extensions }
}

/** True for a certificate that names itself as its issuer: it may still be signed by another key. */
export const isSelfIssued = ({ issuer, subject }: Pick<Certificate, 'issuer' | 'subject'>): boolean =>
  equals(issuer, subject)
