/**
 * The certificates of a test relay's CERTS cell (tor-spec, "CERTS cells"; cert-spec), true or forged:
 *
 * - type 2: the RSA identity, self-signed X.509
 * - type 4: the Ed25519 signing key, signed by the Ed25519 identity
 * - type 5: the SHA-256 of the TLS leaf, signed by the signing key
 * - type 7: the Ed25519 identity, signed by the RSA identity
 *
 * @module
 */
import { concat } from 'uint8arrays/concat'
import { ed25519 } from '@noble/curves/ed25519.js'
import { sha256 } from '@noble/hashes/sha2.js'
import {
  derBitString,
  derInteger,
  derNull,
  derObjectId,
  derSequence,
  derText,
  derTime,
  derValue,
} from '../identity/der.ts'
import { createRelayIdentity } from '../identity/relay-identity.ts'
import type { KeyPair, RelayIdentity } from '../identity/relay-identity.ts'
import { systemRandom } from '../identity/random.ts'
import type { RandomSource } from '../identity/random.ts'
import type { RsaKey } from '../identity/rsa-key.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR

/** The certificate types that a test relay sends. */
export type RelayCertificateType = 2 | 4 | 5 | 7

/**
 * What is wrong with one certificate:
 *
 * - `missing`: it is not there
 * - `duplicate`: it is there twice
 * - `expired`: its time is over since a day, though everything is signed well
 * - `not-yet-valid`: type 2 only: its time begins tomorrow
 * - `bad-signature`: one bit of the signature is wrong
 * - `other-subject`: it certifies another key (type 5: another TLS leaf) than the rest of the cell speaks of, signed
 *   well
 * - `other-signer`: it is signed well, by a key that is not the one it should be
 * - `truncated`: its last 16 bytes are missing
 */
export type CertificateFault =
  | 'missing'
  | 'duplicate'
  | 'expired'
  | 'not-yet-valid'
  | 'bad-signature'
  | 'other-subject'
  | 'other-signer'
  | 'truncated'

/** Which certificates of a CERTS cell are forged, and how. */
export type CertificateFaults = { readonly [type in RelayCertificateType]?: CertificateFault }

/** One certificate as it stands in a CERTS cell. */
export interface RelayCertificate {
  /** The CertType byte. */
  readonly type: number
  /** DER for type 2, the format of cert-spec for the others. */
  readonly bytes: Uint8Array
}

/** What {@link makeCertificates} needs beside the relay's keys. */
export interface CertificateOptions {
  /** The present, in milliseconds since the epoch. */
  readonly now: number
  /** What to forge; nothing by default. */
  readonly faults?: CertificateFaults | undefined
  readonly random?: RandomSource | undefined
}

const u32 = (value: number): Uint8Array<ArrayBuffer> => Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value)

/** Hours since the epoch: the unit of expiry in types 4, 5 and 7. */
const expiry = (now: number, expired: boolean): Uint8Array<ArrayBuffer> =>
  u32(Math.floor((expired ? now - DAY : now + 30 * DAY) / HOUR))

/** A self-signed X.509 certificate of an RSA key, which another key may have signed. */
function rsaIdentityCertificate(
  subject: RsaKey,
  signer: RsaKey,
  from: number,
  to: number,
  random: RandomSource,
): Uint8Array<ArrayBuffer> {
  const sha256WithRsa = derSequence(derObjectId(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b), derNull)
  const rsaEncryption = derSequence(derObjectId(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01), derNull)
  const name = derSequence(derValue(0x31, derSequence(derObjectId(0x55, 0x04, 0x03), derText('www.relay.test'))))
  const toBeSigned = derSequence(
    derValue(0xa0, derInteger(Uint8Array.of(2))),
    derInteger(random(8)),
    sha256WithRsa,
    name,
    derSequence(derTime(from), derTime(to)),
    name,
    derSequence(rsaEncryption, derBitString(subject.publicKey)),
  )
  return derSequence(toBeSigned, sha256WithRsa, derBitString(signer.signSha256(toBeSigned)))
}

/** An Ed25519 certificate (cert-spec, section 2.1). Type 4 names its signer in an extension (section 2.2.1). */
function ed25519Certificate(
  type: number,
  keyType: number,
  key: Uint8Array,
  expires: Uint8Array,
  signer: KeyPair,
  extension: Uint8Array | undefined,
): Uint8Array<ArrayBuffer> {
  const extensions = extension === undefined ? Uint8Array.of(0) : concat([Uint8Array.of(1, 0, 32, 4, 0), extension])
  const body = concat([Uint8Array.of(1, type), expires, Uint8Array.of(keyType), key, extensions])
  return concat([body, ed25519.sign(body, signer.secretKey)])
}

/** The cross-certificate (cert-spec, section 2.3). */
function crossCertificate(identity: Uint8Array, expires: Uint8Array, signer: RsaKey): Uint8Array<ArrayBuffer> {
  const body = concat([identity, expires])
  const prefix = new TextEncoder().encode('Tor TLS RSA/Ed25519 cross-certificate')
  const signature = signer.signRaw(sha256(concat([prefix, body])))
  return concat([body, Uint8Array.of(signature.length), signature])
}

/**
 * Makes the certificates of `identity`, in the order in which they stand in a CERTS cell: types 2, 4, 5, 7.
 */
export async function makeCertificates(
  identity: RelayIdentity,
  options: CertificateOptions,
): Promise<RelayCertificate[]> {
  const { now, faults = {}, random = systemRandom } = options
  const stranger = Object.values(faults).some((fault) => fault === 'other-subject' || fault === 'other-signer')
    ? await createRelayIdentity(random)
    : identity
  const subjectOf = (type: RelayCertificateType): RelayIdentity =>
    faults[type] === 'other-subject' ? stranger : identity
  const signerOf = (type: RelayCertificateType): RelayIdentity =>
    faults[type] === 'other-signer' ? stranger : identity
  const expiryOf = (type: RelayCertificateType): Uint8Array => expiry(now, faults[type] === 'expired')

  const from = faults[2] === 'not-yet-valid' ? now + DAY : now - 30 * DAY
  const to = faults[2] === 'expired' ? now - DAY : now + 335 * DAY
  // A type 2 certificate of another key is self-signed all the same: only type 7 gives it away.
  const rsaSigner = faults[2] === 'other-subject' ? stranger.rsa : signerOf(2).rsa
  const idSigner = signerOf(4).ed25519
  const made: RelayCertificate[] = [
    { type: 2, bytes: rsaIdentityCertificate(subjectOf(2).rsa, rsaSigner, from, to, random) },
    // The extension goes on naming the true identity: a forger who names its own key has another identity instead.
    {
      type: 4,
      bytes: ed25519Certificate(
        4,
        1,
        subjectOf(4).signing.publicKey,
        expiryOf(4),
        idSigner,
        identity.ed25519.publicKey,
      ),
    },
    {
      type: 5,
      bytes: ed25519Certificate(5, 3, sha256(subjectOf(5).leaf), expiryOf(5), signerOf(5).signing, undefined),
    },
    { type: 7, bytes: crossCertificate(subjectOf(7).ed25519.publicKey, expiryOf(7), signerOf(7).rsa) },
  ]
  return made.flatMap((certificate) => applyFault(certificate, faults[certificate.type as RelayCertificateType]))
}

/** The faults that concern finished bytes. */
function applyFault(certificate: RelayCertificate, fault: CertificateFault | undefined): RelayCertificate[] {
  const { type, bytes } = certificate
  if (fault === 'missing') return []
  if (fault === 'duplicate') return [certificate, certificate]
  if (fault === 'truncated') return [{ type, bytes: bytes.slice(0, -16) }]
  if (fault === 'bad-signature') {
    // The signature is the end of each of these formats.
    const forged = new Uint8Array(bytes)
    forged[forged.length - 5] = (forged[forged.length - 5] as number) ^ 0x10
    return [{ type, bytes: forged }]
  }
  return [certificate]
}
