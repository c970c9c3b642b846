/**
 * TLS to a server of the web, for a runtime that has none of its own: TLS 1.3, and the certificate held against the web's
 * authorities, or those that are given.
 *
 * @module
 */
import { parseIPAddress } from '../../cell/ip-address.ts'
import { SocketError } from '../../base/errors.ts'
import type { X25519 } from '../../platform/crypto/curves/x25519.ts'
import type { TlsAdapter, TlsRequest } from '../../platform/tls/tls-adapter.ts'
import { CertificateFault, type CertificateFaultReason } from '../../webpki/certificate-fault.ts'
import { verifyServerCertificate } from '../../webpki/server-certificate.ts'
import { anchorsOfPem, type TrustAnchor } from '../../webpki/trust-anchor.ts'
import { usableSuites } from '../keys/cipher-suites.ts'
import { createClientHello } from '../messages/client-hello.ts'
import { x25519Share } from '../keys/key-share.ts'
import { p256Share } from '../keys/p256-share.ts'
import { Alert } from '../protocol/registry.ts'
import { secureStreams, type BytesBelow, type SecuredStreams } from './secured-streams.ts'
import { TlsFault } from '../protocol/tls-fault.ts'

/** What the adapter needs of its surroundings. */
export interface WebTlsOptions {
  readonly x25519: X25519
  /** The time that certificates are held against, in ms since the epoch. */
  readonly now: () => number
  /** The authorities to trust where a request names none. Asked for when first needed. */
  readonly roots: () => Promise<readonly TrustAnchor[]>
}

/** The adapter, whose connections tell more than those of others. */
export interface WebTls extends TlsAdapter {
  secure(below: BytesBelow, request: TlsRequest): Promise<SecuredStreams>
}

/** Makes the adapter. */
export function webTls({ x25519, now, roots }: WebTlsOptions): WebTls {
  return {
    async secure(below, { serverName, alpn, ca, signal }) {
      if (globalThis.crypto?.subtle === undefined) {
        throw new SocketError(
          'TLS_UNSUPPORTED',
          'TLS needs crypto.subtle, which pages have over https: and on localhost only',
        )
      }
      const anchors = ca === undefined ? await roots() : anchorsOfPem(ca)
      const isAddress = parseIPAddress(serverName) !== undefined
      const hello = createClientHello({
        serverName: isAddress ? undefined : serverName, // RFC 6066, section 3: no addresses
        alpn,
        suites: (await usableSuites()).map(({ id }) => id),
        shares: [await x25519Share(x25519)],
        makeP256Share: p256Share,
      })
      const authenticate = async (chain: readonly Uint8Array[]): Promise<void> => {
        try {
          await verifyServerCertificate(chain, { serverName, anchors, now: now() })
        } catch (error) {
          throw error instanceof CertificateFault ? new TlsFault(ALERTS[error.fault], error.message, error) : error
        }
      }
      return await secureStreams(below, hello, authenticate, signal)
    },
  }
}

/** What the server is told (RFC 8446, section 6.2). */
const ALERTS: Readonly<Record<CertificateFaultReason, number>> = {
  'malformed': Alert.BAD_CERTIFICATE,
  'name': Alert.BAD_CERTIFICATE,
  'expired': Alert.CERTIFICATE_EXPIRED,
  'not-yet-valid': Alert.CERTIFICATE_EXPIRED,
  'usage': Alert.UNSUPPORTED_CERTIFICATE,
  'issuer': Alert.UNKNOWN_CA,
  'signature': Alert.BAD_CERTIFICATE,
  'constraint': Alert.BAD_CERTIFICATE,
  'critical': Alert.UNSUPPORTED_CERTIFICATE,
  'too-complex': Alert.CERTIFICATE_UNKNOWN,
}
