/**
 * The runtime's curve, one of whose computations can be held up.
 *
 * @module
 */
import { deferred } from '../../../../lib/base/waiting/deferred.ts'
import { currentPlatform } from '../../../../lib/platform/current.ts'
import type { X25519 } from '../../../../lib/platform/crypto/curves/x25519.ts'

/** A curve that is late. */
export interface HeldCurve {
  readonly x25519: X25519
  /** How many computations were asked for. */
  readonly asked: number
  /** Resolves when the one that is held up is asked for. */
  readonly held: Promise<void>
  /** Lets it go on; with an error it comes to that. */
  release(error?: unknown): void
}

/** Holds up the computation with this number, from 0. Without one it counts. */
export function heldCurve(which = Infinity): HeldCurve {
  const { x25519 } = currentPlatform()
  const held = deferred<void>()
  const released = deferred<void>()
  let asked = 0
  const late = async <T>(compute: () => Promise<T>): Promise<T> => {
    if (asked++ === which) {
      held.resolve()
      await released.promise
    }
    return await compute()
  }
  return {
    x25519: {
      generateKeyPair: () => late(() => x25519.generateKeyPair()),
      secretKey: (bytes) => late(() => x25519.secretKey(bytes)),
      publicKey: (secretKey) => late(() => x25519.publicKey(secretKey)),
      sharedSecret: (secretKey, publicKey) => late(() => x25519.sharedSecret(secretKey, publicKey)),
    },
    get asked() {
      return asked
    },
    held: held.promise,
    release(error) {
      if (error === undefined) released.resolve()
      else released.reject(error)
    },
  }
}
