/**
 * The certificate by which an RSA identity vouches for an Ed25519 identity (cert-spec section 2.3; type 7 of tor-spec,
 * "CERTS cells").
 *
 * @module
 */
import { Sha256 } from '../base/hashes/sha256.ts'
import { asciiBytes, ByteReader } from '../cell/bytes.ts'
import type { RsaPublicKey } from '../crypto/rsa-public-key.ts'
import { signsDigest } from '../crypto/rsa-signature.ts'
import type { Platform } from '../platform/platform.ts'

const PREFIX = asciiBytes('Tor TLS RSA/Ed25519 cross-certificate')
const HOUR = 3_600_000

/** A cross-certificate; its byte arrays are views. Nothing of it is proved before {@link isCrossSignedBy} says so. */
export interface RsaCrossCert {
  /** The Ed25519 identity that it vouches for. */
  readonly ed25519Identity: Uint8Array
  /** The moment after which it does not hold, in ms since the epoch. */
  readonly expires: number
  /** Everything ahead of the signature and its length. */
  readonly signed: Uint8Array
  readonly signature: Uint8Array
}

/** Reads a cross-certificate. Throws a TorError `CELL_MALFORMED`. */
export function parseRsaCrossCert(bytes: Uint8Array): RsaCrossCert {
  const reader = new ByteReader(bytes, 'RSA cross-certificate')
  const ed25519Identity = reader.take(32)
  const expires = reader.u32() * HOUR
  const signature = reader.take(reader.u8())
  reader.end()
  return { ed25519Identity, expires, signed: bytes.subarray(0, 36), signature }
}

/**
 * True when the certificate is signed with `key`: over a bare SHA-256, with PKCS #1 v1.5 padding and no DigestInfo. It
 * says nothing of its time.
 */
export function isCrossSignedBy(cert: RsaCrossCert, key: RsaPublicKey, platform: Pick<Platform, 'rsaPublic'>): boolean {
  return signsDigest(cert.signature, new Sha256().update(PREFIX).update(cert.signed).digest(), key, platform)
}
