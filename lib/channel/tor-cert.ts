/**
 * Tor's Ed25519 certificates (cert-spec section 2.1).
 *
 * @module
 */
import { ByteReader } from '../cell/bytes.ts'
import type { Platform } from '../platform/platform.ts'

const SIGNATURE_SIZE = 64
const SIGNED_WITH_KEY = 4
const AFFECTS_VALIDATION = 1
const HOUR = 3_600_000

/** The kinds of certified keys (cert-spec, appendix A.4). */
export const CertKeyType = {
  ED25519: 1,
  /** The SHA-256 of an X.509 certificate. Old relays call it {@link CertKeyType}.ED25519 too. */
  SHA256_OF_X509: 3,
} as const

/** An Ed25519 certificate; its byte arrays are views. Nothing of it is proved before {@link isSignedBy} says so. */
export interface TorCert {
  /** What it is for (cert-spec, appendix A.1). */
  readonly type: number
  /** The moment after which it does not hold, in ms since the epoch. */
  readonly expires: number
  /** See {@link CertKeyType}. */
  readonly keyType: number
  /** The 32 bytes that it certifies. */
  readonly certifiedKey: Uint8Array
  /** The key that it claims to be signed with, if it names one (cert-spec section 2.2.1). */
  readonly signingKey: Uint8Array | undefined
  /** Everything ahead of the signature. */
  readonly signed: Uint8Array
  readonly signature: Uint8Array
}

/**
 * Reads an Ed25519 certificate. Throws a TorError `CELL_MALFORMED`, also for an extension that is not understood and
 * says that it affects validation.
 */
export function parseTorCert(bytes: Uint8Array): TorCert {
  const what = 'Ed25519 certificate'
  const split = Math.max(0, bytes.length - SIGNATURE_SIZE)
  const signed = bytes.subarray(0, split)
  const reader = new ByteReader(signed, what)
  const version = reader.u8()
  if (version !== 1) reader.fail(`its version is ${version}`)
  const type = reader.u8()
  const expires = reader.u32() * HOUR
  const keyType = reader.u8()
  const certifiedKey = reader.take(32)
  let signingKey: Uint8Array | undefined
  for (let count = reader.u8(); count > 0; count--) {
    const length = reader.u16()
    const extension = reader.u8()
    const flags = reader.u8()
    const data = reader.take(length)
    if (extension === SIGNED_WITH_KEY) {
      if (length !== 32) reader.fail(`the signing key that it names has ${length} bytes`)
      if (signingKey !== undefined) reader.fail('it names two signing keys')
      signingKey = data
    } else if ((flags & AFFECTS_VALIDATION) !== 0) {
      reader.fail(`it depends on an unknown extension of type ${extension}`)
    }
  }
  reader.end()
  return { type, expires, keyType, certifiedKey, signingKey, signed, signature: bytes.subarray(split) }
}

/**
 * True when the certificate is signed with `key`, and names that key if it names one (cert-spec section 2.2.1). It says
 * nothing of its time. Signatures are verified as RFC 8032 has it: encodings that are not canonical fail.
 */
export async function isSignedBy(
  cert: TorCert,
  key: Uint8Array,
  platform: Pick<Platform, 'verifyEd25519'>,
): Promise<boolean> {
  if (cert.signingKey !== undefined && cert.signingKey.some((byte, at) => byte !== key[at])) return false
  return await platform.verifyEd25519(cert.signature, cert.signed, key)
}
