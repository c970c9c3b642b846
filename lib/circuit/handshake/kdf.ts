/**
 * KDF-RFC5869 of tor-spec, "KDF-RFC5869": HKDF with SHA-256 (RFC 5869), which turns a handshake's secret into key
 * material.
 *
 * @module
 */
import { expand, extract } from '../../crypto/hkdf.ts'

/**
 * Derives `length` bytes of key material, at most 8160.
 *
 * @param secret what both sides computed, the HKDF input key
 * @param salt the handshake's `t_key`
 * @param info the handshake's `m_expand`
 */
export function kdfRfc5869(secret: Uint8Array, salt: Uint8Array, info: Uint8Array, length: number): Uint8Array {
  return expand(extract(secret, salt), info, length)
}
