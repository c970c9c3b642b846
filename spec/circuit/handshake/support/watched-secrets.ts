import { currentPlatform } from '../../../../lib/platform/current.ts'
import type { X25519, X25519SecretKey } from '../../../../lib/platform/crypto/curves/x25519.ts'

/** The runtime's curve, and which of the secret keys that it made are still in use. */
export function watchSecrets(): { readonly x25519: X25519; readonly kept: Set<X25519SecretKey> } {
  const { x25519 } = currentPlatform()
  const kept = new Set<X25519SecretKey>()
  const watched = (secretKey: X25519SecretKey): X25519SecretKey => {
    const { forget } = secretKey
    kept.add(secretKey)
    secretKey.forget = () => {
      kept.delete(secretKey)
      forget.call(secretKey)
    }
    return secretKey
  }
  return {
    kept,
    x25519: {
      ...x25519,
      async generateKeyPair() {
        const pair = await x25519.generateKeyPair()
        return { ...pair, secretKey: watched(pair.secretKey) }
      },
      secretKey: async (bytes) => watched(await x25519.secretKey(bytes)),
    },
  }
}
