/**
 * A key exchange with P-256: what a tor client offers a relay, and for servers of the web that have no X25519.
 *
 * @module
 */
import { NamedGroup } from '../protocol/registry.ts'
import { notOfTheGroup, type KeyShare } from './key-share.ts'

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
