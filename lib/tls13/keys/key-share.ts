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
export async function x25519Share(x25519: X25519): Promise<KeyShare> {
  const { secretKey, publicKey } = await x25519.generateKeyPair()
  return {
    group: NamedGroup.X25519,
    publicKey,
    async sharedSecret(serverKey) {
      if (serverKey.length !== 32) throw notOfTheGroup()
      try {
        return await x25519.sharedSecret(secretKey, serverKey)
      } catch {
        throw notOfTheGroup() // a key of small order (7.4.2: an all-zero secret is refused)
      } finally {
        secretKey.forget()
      }
    },
  }
}

/** The server's key is none that its group has. */
export const notOfTheGroup = (): Error => illegal("the server's key share is no key of its group")
