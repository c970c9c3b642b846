/**
 * Is this chain of certificates good for this name? (RFC 5280 and RFC 9525, with the rules of the web's authorities; what
 * is not checked: revocation and transparency logs, as asking would tell others which server is visited.)
 *
 * @module
 */
import { equals } from 'uint8arrays/equals'
import { TorError } from '../base/errors.ts'
import { readCertificate, type Certificate } from './certificate.ts'
import { KeyUsage, Purpose } from './certificate-extensions.ts'
import { CertificateFault } from './certificate-fault.ts'
import { checkTime, findPath } from './certificate-path.ts'
import { isForServer, isPresentedName } from './host-name.ts'
import { isStrongKey } from './signature-algorithm.ts'
import type { TrustAnchor } from './trust-anchor.ts'

/** What a chain is held against. */
export interface ServerCheck {
  /** Who the server is to be: a host name in ASCII, or an IP address without brackets. */
  readonly serverName: string
  /** Whom to trust. */
  readonly anchors: readonly TrustAnchor[]
  /** The time, in ms since the epoch. */
  readonly now: number
}

/**
 * Resolves when the server is who it should be. That it holds the key of the first certificate is for TLS to find out.
 *
 * @param chain - what the server sent, as DER: its own first, the others in any order
 * @throws CertificateFault (a SocketError `TLS_CERTIFICATE`, as a rejection) with the reason
 */
export async function verifyServerCertificate(chain: readonly Uint8Array[], check: ServerCheck): Promise<void> {
  const [own, ...others] = chain
  if (own === undefined) throw new CertificateFault('malformed')
  // One that was given as trusted needs nobody else's word, and may be an authority: so `openssl req -x509` makes them.
  const given = check.anchors.find(({ certificate }) => certificate !== undefined && equals(certificate.der, own))
  if (given?.certificate !== undefined) return checkServer(given.certificate, check)
  const leaf = readOr(own, (error) => {
    throw new CertificateFault('malformed', error)
  })
  checkServer(leaf, check)
  if (leaf.isAuthority === true) throw new CertificateFault('usage')
  if (leaf.keyUsage !== undefined && (leaf.keyUsage & KeyUsage.KEY_CERT_SIGN) !== 0) throw new CertificateFault('usage')
  if (leaf.nameConstraints !== undefined) throw new CertificateFault('malformed') // for authorities only (4.2.1.10)
  // A server may send what nobody needs: it counts only if it can be read.
  const intermediates = others.flatMap((der) => readOr(der, () => []))
  await findPath(leaf, { ...check, intermediates })
}

/** What the server's own certificate must be. */
function checkServer(leaf: Certificate, { serverName, now }: ServerCheck): void {
  const { names = [], purposes, keyUsage } = leaf
  checkTime(leaf, now)
  if (leaf.hasUnknownCritical) throw new CertificateFault('critical')
  if (names.some((name) => name.kind === 'dns' && !isPresentedName(name.text))) throw new CertificateFault('malformed')
  if (!isForServer(names, serverName)) throw new CertificateFault('name')
  if (purposes !== undefined && !purposes.includes(Purpose.SERVER)) throw new CertificateFault('usage')
  if (keyUsage !== undefined && (keyUsage & KeyUsage.DIGITAL_SIGNATURE) === 0) throw new CertificateFault('usage')
  if (!isStrongKey(leaf.publicKey)) throw new CertificateFault('signature')
}

function readOr<T>(der: Uint8Array, otherwise: (error: TorError) => T): Certificate | T {
  try {
    return readCertificate(der)
  } catch (error) {
    if (error instanceof TorError) return otherwise(error)
    throw error
  }
}
