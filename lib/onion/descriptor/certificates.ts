/**
 * The Ed25519 certificates in a descriptor (cert-spec, appendix A.1; rend-spec-v3, "Outer wrapper" and "Second layer
 * plaintext format").
 *
 * @module
 */
import type { DocumentReader } from '../../directory/text/document.ts'
import { CertKeyType, isSignedBy, parseTorCert } from '../../channel/tor-cert.ts'
import type { Platform } from '../../platform/platform.ts'

/** What a certificate is for. */
export const OnionCertType = {
  /** The blinded key certifies the key that signs a descriptor. */
  DESCRIPTOR_SIGNING: 8,
  /** The descriptor's key certifies the key by which an introduction point knows the service. */
  INTRO_AUTH: 9,
  /** The descriptor's key certifies the key that introductions are encrypted to. */
  INTRO_ENCRYPTION: 11,
} as const

/** What a certificate has to be. */
export interface CertificateRule {
  readonly type: number
  readonly signedWith: Uint8Array
  /** In ms since the epoch. */
  readonly now: number
  readonly platform: Pick<Platform, 'verifyEd25519'>
}

/**
 * The key that the certificate of this item certifies, and until when, in ms since the epoch.
 *
 * @throws TorError (as a rejection) `DIRECTORY_MALFORMED`, `CELL_MALFORMED`
 */
export async function readCertificate(
  reader: DocumentReader,
  { type, signedWith, now, platform }: CertificateRule,
): Promise<{ readonly key: Uint8Array; readonly expires: number }> {
  const cert = parseTorCert(reader.object('ED25519 CERT'))
  if (cert.type !== type || cert.keyType !== CertKeyType.ED25519) reader.fail('a certificate in it is of another kind')
  // It has to name the key: who verifies it with another one is deceived.
  if (cert.signingKey === undefined || !(await isSignedBy(cert, signedWith, platform)))
    reader.fail('a certificate in it is not signed with the right key')
  if (cert.expires <= now) reader.fail('a certificate in it has expired')
  return { key: cert.certifiedKey, expires: cert.expires }
}
