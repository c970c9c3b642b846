/**
 * X25519 by WebCrypto (Secure Curves in WebCrypto): in Firefox since version 130, in Safari since 17, in Chromium since
 * 133. Where it is missing, JavaScript does it, which is loaded then: with the first circuit.
 *
 * Secret keys that are made here never leave WebCrypto, and nothing is exported: public keys are what a secret has in common with
 * the base point.
 *
 * @module
 */
import { forgetFailed } from '../../../base/waiting/deferred.ts'
import { agreedOn, BASE_POINT_U, CURVE_KEY_SIZE, HeldKey, pkcs8 } from './curve25519.ts'
import type { X25519 } from './x25519.ts'

const ALGORITHM = 'X25519'

/** Where WebCrypto is, if it is anywhere. */
export interface Engine {
  readonly crypto?: { readonly subtle?: SubtleCrypto | undefined } | undefined
}

/**
 * X25519 by WebCrypto where it is there, and by JavaScript otherwise; which of them is found out when it is first used.
 *
 * @param engine - whose WebCrypto to use; pages of http: have none
 * @returns rejects with what the runtime fails with when JavaScript is needed and cannot be loaded
 */
export function webX25519(engine: Engine = globalThis): X25519 {
  let chosen: Promise<X25519> | undefined
  const curve = (): Promise<X25519> => {
    chosen ??= forgetFailed(choose(engine), () => (chosen = undefined))
    return chosen
  }
  return {
    generateKeyPair: async () => (await curve()).generateKeyPair(),
    secretKey: async (bytes) => (await curve()).secretKey(bytes),
    publicKey: async (secretKey) => (await curve()).publicKey(secretKey),
    sharedSecret: async (secretKey, publicKey) => (await curve()).sharedSecret(secretKey, publicKey),
  }
}

async function choose({ crypto }: Engine): Promise<X25519> {
  try {
    const native = subtleX25519(crypto?.subtle as SubtleCrypto)
    await native.generateKeyPair()
    return native
  } catch {
    return (await import('./noble-x25519.ts')).nobleX25519 // it is not there
  }
}

function subtleX25519(subtle: SubtleCrypto): X25519 {
  const derive = async (secretKey: CryptoKey, publicKey: Uint8Array): Promise<Uint8Array> => {
    const theirs = await subtle.importKey('raw', new Uint8Array(publicKey), ALGORITHM, false, [])
    return new Uint8Array(await subtle.deriveBits({ name: ALGORITHM, public: theirs }, secretKey, 256))
  }
  const generate = async (): Promise<CryptoKey> =>
    (await subtle.generateKey(ALGORITHM, false, ['deriveBits'])).privateKey
  return {
    async generateKeyPair() {
      // WebKitGTK refuses secrets whose first byte is zero, its own included: one in 256.
      const privateKey = await generate().catch(generate).catch(generate).catch(generate)
      return { secretKey: new HeldKey(privateKey), publicKey: await derive(privateKey, BASE_POINT_U) }
    },

    async secretKey(bytes) {
      const key = pkcs8(bytes)
      // The same key, for its lowest bits do not count (RFC 7748, section 5); see above.
      const first = key.length - CURVE_KEY_SIZE
      key[first] = (key[first] as number) | 1
      try {
        return new HeldKey(await subtle.importKey('pkcs8', key, ALGORITHM, false, ['deriveBits']))
      } finally {
        key.fill(0)
      }
    },

    async publicKey(secretKey) {
      return derive((secretKey as HeldKey<CryptoKey>).key, BASE_POINT_U)
    },

    async sharedSecret(secretKey, publicKey) {
      const { key } = secretKey as HeldKey<CryptoKey>
      return agreedOn(publicKey, () => derive(key, publicKey))
    },
  }
}
