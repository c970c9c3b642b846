/**
 * Who is trusted from the start (RFC 5280, section 6.1.1, d).
 *
 * @module
 */
import type { PublicKeyInfo } from '../crypto/public-key-info.ts'
import { readCertificate, type Certificate } from './certificate.ts'
import { certificatesOfPem } from './pem.ts'

/** An authority that is trusted: its name and its key. */
export interface TrustAnchor {
  /** Its name as DER. */
  readonly subject: Uint8Array
  readonly publicKey: PublicKeyInfo
  /** The certificate that it was given as, whose time and constraints hold too; undefined for a built-in one. */
  readonly certificate?: Certificate | undefined
}

/**
 * The authorities that a caller gives: PEM, one or several certificates in each text.
 *
 * @param option - what the caller knows them by
 * @throws TypeError naming the option when one cannot be read
 */
export function anchorsOfPem(texts: readonly string[], option = 'tls.ca'): TrustAnchor[] {
  try {
    return texts.flatMap(certificatesOfPem).map((der) => {
      const certificate = readCertificate(der, true)
      return { subject: certificate.subject, publicKey: certificate.publicKey, certificate }
    })
  } catch (error) {
    throw new TypeError(`Cannot use the option ${option} as a certificate in it is malformed`, { cause: error })
  }
}
