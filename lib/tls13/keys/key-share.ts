/**
 * The client's half of a key exchange (RFC 8446, sections 4.2.8 and 7.4.2).
 *
 * @module
 */
import type { X25519 } from '../../platform/crypto/curves/x25519.ts'
import { NamedGroup } from '../protocol/registry.ts'
import { illegal } from '../protocol/tls-fault.ts'

/** One key that is offered to the server. */
export interface KeyShare {
  /** See {@link NamedGroup}. */
  readonly group: number
  readonly publicKey: Uint8Array
  /**
   * What both sides share.
   *
   * @throws TlsFault (as a rejection) when `serverKey` is no key of the group
   */
  sharedSecret(serverKey: Uint8Array): Promise<Uint8Array>
}

/** A share of X25519 (RFC 7748). */
export function x25519Share(x25519: X25519): KeyShare {
  const { secretKey, publicKey } = x25519.generateKeyPair()
  return {
    group: NamedGroup.X25519,
    publicKey,
    async sharedSecret(serverKey) {
      if (serverKey.length !== 32) throw notOfTheGroup()
      try {
        return x25519.sharedSecret(secretKey, serverKey)
      } catch {
        throw notOfTheGroup() // a key of small order (7.4.2: an all-zero secret is refused)
      } finally {
        secretKey.forget()
      }
    },
  }
}

/** A share of P-256, by WebCrypto. */
export async function p256Share(): Promise<KeyShare> {
  const algorithm = { name: 'ECDH', namedCurve: 'P-256' }
  const pair = await crypto.subtle.generateKey(algorithm, false, ['deriveBits'])
  return {
    group: NamedGroup.SECP256R1,
    publicKey: new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey)),
    async sharedSecret(serverKey) {
      // The uncompressed form, the only one that TLS 1.3 has (4.2.8.2).
      if (serverKey.length !== 65 || serverKey[0] !== 4 || !isOnP256(serverKey)) throw notOfTheGroup()
      try {
        const theirs = await crypto.subtle.importKey('raw', new Uint8Array(serverKey), algorithm, false, [])
        return new Uint8Array(await crypto.subtle.deriveBits({ name: 'ECDH', public: theirs }, pair.privateKey, 256))
      } catch {
        throw notOfTheGroup() // a runtime that is stricter
      }
    },
  }
}

/** The field of P-256, and the constant of its equation (SP 800-186, section 3.2.1.3). */
const PRIME = 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n
const CONSTANT = 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn

/** True for a point of the curve (4.2.8.2 has us look): WebKitGTK takes any other, and computes with it. */
function isOnP256(point: Uint8Array): boolean {
  const number = (at: number): bigint =>
    point.subarray(at, at + 32).reduce((sum, byte) => sum * 256n + BigInt(byte), 0n)
  const [x, y] = [number(1), number(33)]
  return x < PRIME && y < PRIME && (y * y - (x * x * x - 3n * x + CONSTANT)) % PRIME === 0n
}

const notOfTheGroup = (): Error => illegal("the server's key share is no key of its group")
