/**
 * The Ed25519 certificates in a descriptor, as a service writes them (cert-spec, section 2.1): each names the key that it is
 * signed with.
 *
 * @module
 */
import { joinBytes } from '../../../base/bytes/join-bytes.ts'
import { ByteWriter } from '../../../cell/bytes.ts'
import { CertKeyType } from '../../../channel/tor-cert.ts'
import { objectText } from './text.ts'

const VERSION = 1
const SIGNED_WITH_KEY = 4
const HOUR = 3_600_000

/** A secret key that signs, and the public key that verifies. */
export interface Signer {
  /** 32 bytes. */
  readonly publicKey: Uint8Array
  /** 64 bytes. */
  sign(message: Uint8Array): Uint8Array
}

/** What a certificate says. */
export interface CertificateContent {
  /** See `OnionCertType`. */
  readonly type: number
  /** 32 bytes. */
  readonly key: Uint8Array
  /** In ms since the epoch; it holds to the end of that hour. */
  readonly expires: number
}

/** A certificate as an object of a document. */
export function certificateText({ type, key, expires }: CertificateContent, signer: Signer): string {
  const signed = new ByteWriter()
    .u8(VERSION)
    .u8(type)
    .u32(Math.ceil(expires / HOUR))
    .u8(CertKeyType.ED25519)
    .bytes(key)
    .u8(1)
    .u16(signer.publicKey.length)
    .u8(SIGNED_WITH_KEY)
    .u8(0)
    .bytes(signer.publicKey)
    .finish()
  return objectText('ED25519 CERT', joinBytes([signed, signer.sign(signed)]))
}
