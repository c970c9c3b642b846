/**
 * The public key of a client that a service is to know (rend-spec-v3, "Client authorization" and appendix G), as it is given to
 * the service.
 *
 * @module
 */
import { decodeBase32 } from './base32.ts'
import { fromLittleEndian, Point } from './edwards25519.ts'

const KEY_SIZE = 32
const PUBLIC_KEY = /^(?:descriptor:x25519:)?([a-z2-7]{52})$/i

/**
 * Reads the public key of a client: 32 bytes; `descriptor:x25519:<52 letters>` as in C tor's `authorized_clients`; or the
 * 52 letters of base32 alone. Undefined for anything else, and for a key that no secret belongs to.
 */
export function parseClientPublicKey(key: unknown): Uint8Array | undefined {
  const letters = typeof key === 'string' ? PUBLIC_KEY.exec(key.trim())?.[1] : undefined
  const bytes = letters === undefined ? key : decodeBase32(letters)
  return bytes instanceof Uint8Array && bytes.length === KEY_SIZE && isUsable(bytes) ? new Uint8Array(bytes) : undefined
}

/**
 * The u coordinates whose shared secret is zero, whatever the other key is: of the points of small order, on the curve and on its
 * twist (RFC 7748, section 6.1).
 */
const DEGENERATE: ReadonlySet<bigint> = new Set([
  0n,
  1n,
  0x00b8495f16056286fdb1329ceb8d09da6ac49ff1fae35616aeb8413b7c7aebe0n,
  0x57119fd0dd4e22d8868e1c58c45c44045bef839c55b1d0b1248c50a3bc959c5fn,
  Point.Fp.ORDER - 1n,
])

/** A key of small order gives everybody the same shared secret. */
function isUsable(publicKey: Uint8Array): boolean {
  const u = fromLittleEndian(publicKey) & (2n ** 255n - 1n) // the highest bit does not count (section 5)
  return !DEGENERATE.has(u % Point.Fp.ORDER)
}
