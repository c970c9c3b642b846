/**
 * The client's half of a key exchange (RFC 8446, sections 4.2.8 and 7.4.2).
 *
 * @module
 */
import type { X25519 } from '../../platform/crypto/x25519.ts'
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
        secretKey.fill(0)
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
      if (serverKey.length !== 65 || serverKey[0] !== 4) throw notOfTheGroup()
      try {
        const theirs = await crypto.subtle.importKey('raw', new Uint8Array(serverKey), algorithm, false, [])
        return new Uint8Array(await crypto.subtle.deriveBits({ name: 'ECDH', public: theirs }, pair.privateKey, 256))
      } catch {
        throw notOfTheGroup() // a point that is not on the curve: some runtimes see that only when they use it
      }
    },
  }
}

const notOfTheGroup = (): Error => illegal("the server's key share is no key of its group")
