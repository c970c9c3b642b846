/**
 * Certificates of every shape, right ones and wrong ones, and what comes of checking them.
 *
 * @module
 */
import { derBitString, derInteger, derSequence, derTime, derValue } from '../../../lib/testing/identity/der.ts'
import { readCertificate } from '../../../lib/webpki/certificate.ts'
import { CertificateFault } from '../../../lib/webpki/certificate-fault.ts'
import { verifyServerCertificate } from '../../../lib/webpki/server-certificate.ts'
import type { TrustAnchor } from '../../../lib/webpki/trust-anchor.ts'
import { basicConstraints, commonName, dns, keyUsage, names, purposes, Purposes, Usage } from './extensions.ts'
import { keyOf, type TestKey } from './keys.ts'

const DAY = 86_400_000

/** The time of every check that names none. */
export const NOW: number = Date.UTC(2030, 5, 15)

/** The name of every server that has no other. */
export const HOST = 'www.example.test'

/** Fields of a certificate; each has a usual value. */
export interface Fields {
  readonly version?: Uint8Array
  readonly serial?: Uint8Array
  /** The AlgorithmIdentifier that is signed, and the one that is not. */
  readonly algorithm?: Uint8Array
  readonly outerAlgorithm?: Uint8Array
  readonly issuer?: Uint8Array
  readonly subject?: Uint8Array
  /** In ms since the epoch. */
  readonly notBefore?: number
  readonly notAfter?: number
  /** In place of the two times. */
  readonly validity?: Uint8Array
  readonly spki?: Uint8Array
  readonly extensions?: readonly Uint8Array[]
  /** What follows the key: the extensions by default. */
  readonly tail?: readonly Uint8Array[]
  readonly signature?: Uint8Array
}

/** A certificate and its key. */
export interface Issued {
  readonly der: Uint8Array<ArrayBuffer>
  readonly subject: Uint8Array
  readonly key: TestKey
}

/** Of an authority: with it others are issued. */
export const authorityExtensions = (pathLength?: number): Uint8Array[] => [
  basicConstraints(true, pathLength),
  keyUsage(Usage.KEY_CERT_SIGN | Usage.CRL_SIGN),
]

/** Of a server. */
export const serverExtensions = (...presented: readonly Uint8Array[]): Uint8Array[] => [
  keyUsage(Usage.DIGITAL_SIGNATURE),
  purposes(Purposes.SERVER),
  names(...(presented.length === 0 ? [dns(HOST)] : presented)),
]

/** Makes a certificate. */
export async function certify(key: TestKey, issuer: Pick<Issued, 'subject' | 'key'>, fields: Fields): Promise<Issued> {
  const { subject = commonName('nobody') } = fields
  const algorithm = fields.algorithm ?? issuer.key.algorithm
  const { extensions = [] } = fields
  const tbs = derSequence(
    fields.version ?? derValue(0xa0, derInteger(Uint8Array.of(2))),
    fields.serial ?? derInteger(Uint8Array.of(7)),
    algorithm,
    fields.issuer ?? issuer.subject,
    fields.validity ?? derSequence(derTime(fields.notBefore ?? NOW - DAY), derTime(fields.notAfter ?? NOW + DAY)),
    subject,
    fields.spki ?? key.spki,
    ...(fields.tail ?? (extensions.length === 0 ? [] : [derValue(0xa3, derSequence(...extensions))])),
  )
  const signature = fields.signature ?? (await issuer.key.sign(tbs))
  return { der: derSequence(tbs, fields.outerAlgorithm ?? algorithm, derBitString(signature)), subject, key }
}

/** An authority that has signed itself. */
export async function root(name = 'root', fields: Fields = {}, key?: TestKey): Promise<Issued> {
  const own = key ?? (await keyOf(name))
  const subject = fields.subject ?? commonName(name)
  return await certify(own, { subject, key: own }, { extensions: authorityExtensions(), ...fields, subject })
}

/** An authority below another. */
export async function authority(issuer: Issued, name: string, fields: Fields = {}, key?: TestKey): Promise<Issued> {
  const usual = { subject: commonName(name), extensions: authorityExtensions() }
  return await certify(key ?? (await keyOf(name)), issuer, { ...usual, ...fields })
}

/** A server's certificate. */
export async function server(issuer: Issued, fields: Fields = {}, key?: TestKey): Promise<Issued> {
  const usual = { subject: commonName('server'), extensions: serverExtensions() }
  return await certify(key ?? (await keyOf('server')), issuer, { ...usual, ...fields })
}

/** An authority as one that is trusted. */
export function anchorOf({ der }: Pick<Issued, 'der'>): TrustAnchor {
  const certificate = readCertificate(der, true)
  return { subject: certificate.subject, publicKey: certificate.publicKey, certificate }
}

/** What a check is made with beside the chain. */
export interface Circumstances {
  readonly serverName?: string
  readonly now?: number
}

/** What comes of a chain: 'accepted', or the word for why not. Any other error is let through. */
export async function verdict(
  chain: readonly Pick<Issued, 'der'>[],
  trusted: readonly Pick<Issued, 'der'>[],
  { serverName = HOST, now = NOW }: Circumstances = {},
): Promise<string> {
  try {
    const ders = chain.map(({ der }) => der)
    await verifyServerCertificate(ders, { serverName, now, anchors: trusted.map(anchorOf) })
    return 'accepted'
  } catch (error) {
    if (error instanceof CertificateFault) return error.fault
    throw error
  }
}
