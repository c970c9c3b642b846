/**
 * X25519 in JavaScript, for pages in browsers that have none: @noble/curves.
 *
 * It stands on the ladder alone: what noble names x25519 brings all of Ed25519 with it, to make public keys faster, and
 * that is a twentieth of a page's client.
 *
 * @module
 */
import { montgomery } from '@noble/curves/abstract/montgomery.js'
import { pow } from '@noble/curves/abstract/modular.js'
import { agreedOn, checkKeySize, forgotten, P } from './curve25519.ts'
import type { X25519, X25519SecretKey } from './x25519.ts'

/** RFC 7748, sections 4.1 and 5. */
const x25519 = /* @__PURE__ */ montgomery({
  P,
  type: 'x25519',
  adjustScalarBytes(bytes: Uint8Array) {
    bytes[0] = (bytes[0] as number) & 0xf8
    bytes[31] = ((bytes[31] as number) & 0x7f) | 0x40
    return bytes
  },
  powPminus2: (x: bigint) => pow(x, P - 2n, P),
})

/** A secret key as its bytes. */
class SecretBytes implements X25519SecretKey {
  readonly #bytes: Uint8Array
  #forgotten = false

  /** @param bytes - which are this key's from now on */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  get bytes(): Uint8Array {
    return this.#forgotten ? forgotten() : this.#bytes
  }

  forget(): void {
    this.#forgotten = true
    this.#bytes.fill(0)
  }
}

/** See {@link X25519}. */
export const nobleX25519: X25519 = {
  async generateKeyPair() {
    const bytes = x25519.utils.randomSecretKey()
    return { secretKey: new SecretBytes(bytes), publicKey: x25519.getPublicKey(bytes) }
  },

  async secretKey(bytes) {
    checkKeySize('secretKey', bytes)
    return new SecretBytes(new Uint8Array(bytes))
  },

  async publicKey(secretKey) {
    return x25519.getPublicKey((secretKey as SecretBytes).bytes)
  },

  async sharedSecret(secretKey, publicKey) {
    const { bytes } = secretKey as SecretBytes
    return agreedOn(publicKey, () => x25519.getSharedSecret(bytes, publicKey))
  },
}
