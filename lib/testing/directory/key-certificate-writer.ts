/**
 * Writes an authority's key certificate (dir-spec, "Creating key certificates"), true or forged.
 *
 * @module
 */
import { sha1 } from '../../base/hashes/sha1.ts'
import type { AuthorityKeys } from './authority-keys.ts'
import { documentTime, pemObject, textBytes, withWrongBit } from './document-text.ts'

/** What a key certificate says. */
export interface KeyCertificateContent {
  /** Whose it is; both keys sign. */
  readonly keys: AuthorityKeys
  /** Since when the signing key is certified, in ms since the epoch. */
  readonly published: number
  /** Until when, in ms since the epoch. */
  readonly expires: number
  /** The `dir-address`, as `192.0.2.1:80`; the line is left out by default. */
  readonly address?: string
  /** What the `fingerprint` line says, if not the identity key's fingerprint. It is signed all the same. */
  readonly fingerprint?: string
  /**
   * Which signature has one wrong bit: that of the identity key over the certificate, or that of the signing key over
   * the identity key.
   */
  readonly forged?: 'certification' | 'crosscert'
}

/** The text of a certificate, its last newline included. */
export function writeKeyCertificate(content: KeyCertificateContent): string {
  const { keys, published, expires, address, forged } = content
  const { identity, signing } = keys
  // Signatures are over bare digests, without the name of the algorithm (dir-spec, "Signing documents").
  const crosscert = signing.signRaw(identity.fingerprint)
  const text = [
    'dir-key-certificate-version 3\n',
    address === undefined ? '' : `dir-address ${address}\n`,
    `fingerprint ${content.fingerprint ?? keys.v3Identity}\n`,
    `dir-key-published ${documentTime(published)}\n`,
    `dir-key-expires ${documentTime(expires)}\n`,
    `dir-identity-key\n${pemObject('RSA PUBLIC KEY', identity.publicKey)}`,
    `dir-signing-key\n${pemObject('RSA PUBLIC KEY', signing.publicKey)}`,
    `dir-key-crosscert\n${pemObject('ID SIGNATURE', forged === 'crosscert' ? withWrongBit(crosscert) : crosscert)}`,
    'dir-key-certification\n',
  ].join('')
  const certification = identity.signRaw(sha1(textBytes(text)))
  return text + pemObject('SIGNATURE', forged === 'certification' ? withWrongBit(certification) : certification)
}
