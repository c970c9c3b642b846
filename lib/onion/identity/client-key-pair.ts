/**
 * The keys of a client that a service is to know (rend-spec-v3, "Client authorization" and appendix G): a pair, and the
 * files in which C tor keeps either half.
 *
 * @module
 */
import { x25519 } from '@noble/curves/ed25519.js'
import { encodeBase32 } from './base32.ts'
import { parseClientKey } from './client-key.ts'
import { parseOnionAddress } from './address.ts'

/**
 * The keys of one client of an onion service that not everybody may find. The client keeps the secret, for `onionAuth` of
 * `TorClient.open`; the service gets the public key, for `clients` of `TorClient.serve`.
 *
 * ```ts
 * const client = OnionClientKeyPair.generate()
 * const service = await tor.serve({ ports: [80], clients: [client.publicKey] })
 * const other = await TorClient.open({ onionAuth: { [service.hostname]: client.secret } })
 * ```
 */
export class OnionClientKeyPair {
  readonly #secret: Uint8Array<ArrayBuffer>
  /** An X25519 key: 32 bytes. */
  readonly publicKey: Uint8Array<ArrayBuffer>

  private constructor(secret: Uint8Array) {
    this.#secret = new Uint8Array(secret)
    this.publicKey = new Uint8Array(x25519.getPublicKey(secret))
  }

  /** A new pair, from the runtime's source of randomness. */
  static generate(): OnionClientKeyPair {
    return new OnionClientKeyPair(x25519.utils.randomSecretKey())
  }

  /**
   * The pair of a secret: 32 bytes, or a text in any form that `onionAuth` takes, such as a file `.auth_private` of C
   * tor.
   *
   * @throws TypeError for anything else
   */
  static fromTor(secret: Uint8Array | string): OnionClientKeyPair {
    const key = parseClientKey(secret)
    if (key === undefined) throw new TypeError('Cannot use the key of a client as it has no known form')
    return new OnionClientKeyPair(key.secret)
  }

  /** The secret: 32 bytes. */
  get secret(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#secret)
  }

  /** What the service keeps in `authorized_clients/<any name>.auth`, with the end of the line. */
  toAuth(): string {
    return `descriptor:x25519:${encodeBase32(this.publicKey).toUpperCase()}\n`
  }

  /**
   * What the client keeps in `<any name>.auth_private` in its `ClientOnionAuthDir`, with the end of the line.
   *
   * @param hostname - of the service: `<56 letters>.onion`
   * @throws TypeError when it is none
   */
  toAuthPrivate(hostname: string): string {
    const name = hostname.toLowerCase()
    if (typeof parseOnionAddress(name) === 'string' || !/^[a-z2-7]{56}\.onion$/.test(name))
      throw new TypeError('Cannot write the key of a client as the hostname is none of an onion service')
    return `${name.slice(0, -'.onion'.length)}:descriptor:x25519:${encodeBase32(this.#secret).toUpperCase()}\n`
  }
}
