/**
 * The CERTS cell: what a relay proves its identities with (tor-spec, "CERTS cells"). Here its certificates are bytes;
 * channel/certs.ts judges them.
 *
 * @module
 */
import { ByteReader, ByteWriter } from '../bytes.ts'

/** The types of certificates in a CERTS cell (cert-spec, "List of extant certificate types"). */
export const CertType = {
  /** X.509: the TLS key, signed with the RSA identity. Not used any more. */
  RSA_LINK: 1,
  /** X.509: the RSA identity, signed with itself. */
  RSA_IDENTITY: 2,
  /** Ed25519: the signing key, signed with the Ed25519 identity. */
  ED25519_SIGNING: 4,
  /** Ed25519: the SHA-256 of the TLS certificate, signed with the signing key. */
  ED25519_LINK: 5,
  /** The Ed25519 identity, signed with the RSA identity. */
  RSA_ED25519_CROSS: 7,
} as const

/** One certificate of a CERTS cell. */
export interface CellCertificate {
  /** See {@link CertType}; others are possible and are ignored. */
  readonly type: number
  readonly bytes: Uint8Array
}

/**
 * The certificates in the body of a CERTS cell, as views. Throws `CELL_MALFORMED`. Bytes after the last are ignored.
 */
export function decodeCerts(body: Uint8Array): CellCertificate[] {
  const reader = new ByteReader(body, 'CERTS cell')
  const certs: CellCertificate[] = []
  for (let count = reader.u8(); count > 0; count--) {
    const type = reader.u8()
    certs.push({ type, bytes: reader.take(reader.u16()) })
  }
  return certs
}

/** The body of a CERTS cell. Throws a RangeError for more than 255 certificates or one over 65,535 bytes. */
export function encodeCerts(certs: readonly CellCertificate[]): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter().u8(certs.length)
  for (const { type, bytes } of certs) writer.u8(type).u16(bytes.length).bytes(bytes)
  return writer.finish()
}
