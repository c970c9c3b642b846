/**
 * Why a certificate is not accepted.
 *
 * @module
 */
import { SocketError } from '../base/errors.ts'

/**
 * The reason in a word.
 *
 * - `malformed`: it is no X.509 certificate of version 3 in strict DER, or one of its extensions makes no sense
 * - `name`: it is for another name
 * - `expired`, `not-yet-valid`: now is not within its time
 * - `usage`: it is not for servers, or its issuer may not issue
 * - `issuer`: no path leads to an authority that is trusted
 * - `signature`: it is not signed by its issuer, or by an algorithm or a key that is too weak
 * - `constraint`: an issuer may not issue for this name, or not so deep
 * - `critical`: it has a critical extension that is not known
 * - `too-complex`: looking for a path costs more than any honest chain does
 */
export type CertificateFaultReason =
  | 'malformed'
  | 'name'
  | 'expired'
  | 'not-yet-valid'
  | 'usage'
  | 'issuer'
  | 'signature'
  | 'constraint'
  | 'critical'
  | 'too-complex'

const SENTENCES: Readonly<Record<CertificateFaultReason, string>> = {
  'malformed': "the server's certificate is malformed",
  'name': "the server's certificate is for another name",
  'expired': "the server's certificate, or its issuer's, has expired",
  'not-yet-valid': "the server's certificate, or its issuer's, is not valid yet",
  'usage': "the server's certificate is not for servers, or its issuer may not issue certificates",
  'issuer': "no authority that is trusted issued the server's certificate",
  'signature': "a signature in the server's chain of certificates does not hold, or is too weak",
  'constraint': "an issuer of the server's certificate may not issue it",
  'critical': "the server's chain has a certificate with a critical extension that is not known",
  'too-complex': "the server's chain of certificates takes too long to verify",
}

/** A certificate that is not accepted. */
export class CertificateFault extends SocketError {
  /** Why, as a word. */
  readonly fault: CertificateFaultReason

  constructor(fault: CertificateFaultReason, cause?: unknown) {
    super('TLS_CERTIFICATE', SENTENCES[fault], cause === undefined ? {} : { cause })
    this.fault = fault
  }
}
