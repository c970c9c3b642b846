/**
 * Does a CERTS cell prove that the relay at the other end of this TLS connection is the one that was asked for?
 * (tor-spec, "CERTS cells", the list for an Ed25519 and RSA identity.)
 *
 * ```text
 * RSA identity ──2──▸ itself          (self-signed X.509)
 * RSA identity ──7──▸ Ed25519 identity
 * Ed25519 identity ──4──▸ signing key ──5──▸ SHA-256 of the TLS certificate
 * ```
 *
 * A relay that proves its RSA identity only (types 1 and 2) is refused: every relay has an Ed25519 identity.
 *
 * @module
 */
import { sha256 } from '../base/hashes/sha256.ts'
import { constantTimeEqual } from '../cell/bytes.ts'
import { CertType, type CellCertificate } from '../cell/channel/certs-cell.ts'
import { clockFault } from '../base/clock-fault.ts'
import { TorError } from '../base/errors.ts'
import { spanOf } from '../base/span.ts'
import type { Platform } from '../platform/platform.ts'
import type { DirectoryServer } from '../relay.ts'
import { isCrossSignedBy, parseRsaCrossCert } from './rsa-cross-cert.ts'
import { CertKeyType, isSignedBy, parseTorCert, type TorCert } from './tor-cert.ts'
import { isSelfSigned, parseX509, rsaIdentityOf } from './x509.ts'

/** What {@link verifyCerts} judges. */
export interface CertsToVerify {
  /** What the CERTS cell holds. */
  readonly certs: readonly CellCertificate[]
  /** The DER bytes of the certificate that the relay showed in TLS. */
  readonly peerCertificate: Uint8Array
  /** Who it has to be. */
  readonly expected: Pick<DirectoryServer, 'rsaIdentity' | 'ed25519Identity'>
  /** The present, in ms since the epoch. */
  readonly now: number
  readonly platform: Pick<Platform, 'rsaPublic' | 'verifyEd25519'>
}

/** Relays' identity keys have 1024 bits and the exponent 65537 (tor-spec, "Preliminaries" and "CERTS cells"). */
const RSA_BYTES = 128
const RSA_EXPONENT = Uint8Array.of(1, 0, 1)

function refuse(why: string, cause?: unknown): never {
  throw new TorError('LINK_CERTS', `The relay does not prove who it is: ${why}`, cause === undefined ? {} : { cause })
}

/** Whoever shows certificates that do not hold now may be right, and this machine's clock wrong. */
function checkTime(condition: boolean, what: string): void {
  if (!condition) throw clockFault('LINK_CERTS', `The relay does not prove who it is: its ${what}`)
}

function check(condition: boolean, why: string): asserts condition {
  if (!condition) refuse(why)
}

/** The one certificate of `type`, as `parse` reads it. */
function parsed<T>(certs: ReadonlyMap<number, Uint8Array>, type: number, parse: (bytes: Uint8Array) => T): T {
  const bytes = certs.get(type)
  check(bytes !== undefined, `it shows no certificate of type ${type}`)
  try {
    return parse(bytes)
  } catch (cause) {
    return refuse(`its certificate of type ${type} is malformed`, cause)
  }
}

/** An Ed25519 certificate of `type`, which must also say so itself. */
function torCert(certs: ReadonlyMap<number, Uint8Array>, type: number): TorCert {
  const cert = parsed(certs, type, parseTorCert)
  check(cert.type === type, `its certificate of type ${type} says that it is of type ${cert.type}`)
  return cert
}

/** The identities that a relay has proved: the SHA-1 of its RSA key, and its Ed25519 key. */
export interface ProvenIdentity {
  /** The SHA-1 of its RSA identity key, 20 bytes. */
  readonly rsaIdentity: Uint8Array
  /** Its Ed25519 identity key, 32 bytes. */
  readonly ed25519Identity: Uint8Array
}

/**
 * The identities that the certificates prove, which are the expected ones, for the connection that `peerCertificate` belongs to, at
 * the time `now`. Certificates of other types are ignored, but none may be there twice.
 *
 * @throws TorError (as a rejection) `LINK_CERTS` when they prove nothing: one is missing, twice there, malformed, expired or signed
 * wrongly, or does not go with the others or the connection; `LINK_IDENTITY` when they prove another relay
 */
export async function verifyCerts({
  certs,
  peerCertificate,
  expected,
  now,
  platform,
}: CertsToVerify): Promise<ProvenIdentity> {
  const byType = new Map(certs.map(({ type, bytes }) => [type, bytes]))
  check(byType.size === certs.length, 'it shows two certificates of one type')

  const rsa = parsed(byType, CertType.RSA_IDENTITY, parseX509)
  const signing = torCert(byType, CertType.ED25519_SIGNING)
  const link = torCert(byType, CertType.ED25519_LINK)
  const cross = parsed(byType, CertType.RSA_ED25519_CROSS, parseRsaCrossCert)

  const { modulus, exponent } = rsa.key
  check(modulus.length === RSA_BYTES && (modulus[0] as number) >= 0x80, 'its RSA identity key has not 1024 bits')
  check(constantTimeEqual(exponent, RSA_EXPONENT), 'its RSA identity key has not the exponent 65537')
  check(isSelfSigned(rsa, platform), 'its RSA identity certificate is not signed with its key')

  const ed25519Identity = signing.signingKey
  check(ed25519Identity !== undefined, 'its signing key certificate names no identity')
  check(signing.keyType === CertKeyType.ED25519, 'its signing key is no Ed25519 key')
  check(
    await isSignedBy(signing, ed25519Identity, platform),
    'its signing key certificate is not signed with its identity',
  )
  check(
    await isSignedBy(link, signing.certifiedKey, platform),
    'its link certificate is not signed with its signing key',
  )
  check(
    link.keyType === CertKeyType.SHA256_OF_X509 || link.keyType === CertKeyType.ED25519,
    'its link certificate certifies no TLS certificate',
  )
  check(
    constantTimeEqual(link.certifiedKey, sha256(peerCertificate)),
    'its link certificate is for another TLS certificate',
  )

  check(
    constantTimeEqual(cross.ed25519Identity, ed25519Identity),
    'its cross-certificate is for another Ed25519 identity',
  )
  check(isCrossSignedBy(cross, rsa.key, platform), 'its cross-certificate is not signed with its RSA identity')

  const rsaIdentity = rsaIdentityOf(rsa.key)
  const sameRsa = constantTimeEqual(rsaIdentity, expected.rsaIdentity)
  // A directory server may be known by its RSA identity alone; the cross-certificate ties the other to it.
  const sameEd25519 =
    expected.ed25519Identity === undefined || constantTimeEqual(ed25519Identity, expected.ed25519Identity)
  if (!sameRsa || !sameEd25519) {
    const which = sameRsa ? 'Ed25519' : sameEd25519 ? 'RSA' : 'RSA and Ed25519'
    throw new TorError('LINK_IDENTITY', `The relay proves another ${which} identity than the one that was asked for`)
  }
  // Last: that the clock may be wrong is the word of the relay that was asked for, and of nobody in between.
  const { notBefore, notAfter } = rsa
  checkTime(notBefore <= now, `RSA identity certificate is valid only ${spanOf(notBefore - now)} from now`)
  const ends = {
    'RSA identity': notAfter,
    'signing key': signing.expires,
    'link': link.expires,
    'cross': cross.expires,
  }
  for (const [which, end] of Object.entries(ends))
    checkTime(end >= now, `${which} certificate expired ${spanOf(now - end)} ago`)

  return { rsaIdentity: new Uint8Array(rsaIdentity), ed25519Identity: new Uint8Array(ed25519Identity) }
}
