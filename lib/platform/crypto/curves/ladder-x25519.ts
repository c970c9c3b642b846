/**
 * X25519 in JavaScript, for runtimes that have no synchronous one of their own: the Montgomery ladder of RFC 7748, section
 * 5, as it stands there. (@noble/curves brings its whole arithmetic of curves for it, a twentieth of a page's client; it is
 * what the specs compare this with.)
 *
 * No branch and no index depends on a secret. How long the arithmetic of whole numbers takes may, in JavaScript, whoever
 * wrote it; what is agreed on by it is used once.
 *
 * @module
 */
import { checkKeySize, CURVE_KEY_SIZE, expectContribution, forgotten, numberOf, P } from './curve25519.ts'
import type { X25519, X25519SecretKey } from './x25519.ts'

/** RFC 7748, section 4.1. */
const BASE_U = 9n

/** (486662 - 2) / 4. */
const A24 = 121_665n

/** The u coordinate of the point of `u` taken as many times as the clamped secret says. */
function multiplied(secret: Uint8Array, u: bigint): Uint8Array<ArrayBuffer> {
  const k = (numberOf(secret) & ~7n) | (1n << 254n)
  let [x2, z2, x3, z3, swapped] = [1n, 0n, u, 1n, 0n]
  const swapIf = (swap: bigint): void => {
    const x = -swap & (x2 ^ x3)
    const z = -swap & (z2 ^ z3)
    x2 ^= x
    x3 ^= x
    z2 ^= z
    z3 ^= z
  }
  for (let bit = 254n; bit >= 0n; bit--) {
    const swap = (k >> bit) & 1n
    swapIf(swap ^ swapped)
    swapped = swap
    const a = x2 + z2
    const b = P + x2 - z2
    const aa = (a * a) % P
    const bb = (b * b) % P
    const e = P + aa - bb
    const da = ((P + x3 - z3) * a) % P
    const cb = ((x3 + z3) * b) % P
    x3 = (da + cb) ** 2n % P
    z3 = (((da - cb) ** 2n % P) * u) % P
    x2 = (aa * bb) % P
    z2 = (e * (aa + A24 * e)) % P
  }
  swapIf(swapped)
  return bytesOf((x2 * inverse(z2)) % P)
}

/** 1 / x, and 0 of 0, by Fermat: the exponent is no secret. */
function inverse(x: bigint): bigint {
  let power = 1n
  for (let exponent = P - 2n; exponent > 0n; exponent >>= 1n) {
    if (exponent & 1n) power = (power * x) % P
    x = (x * x) % P
  }
  return power
}

function bytesOf(number: bigint): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(CURVE_KEY_SIZE)
  for (let at = 0; at < CURVE_KEY_SIZE; at++) bytes[at] = Number(BigInt.asUintN(8, number >> BigInt(8 * at)))
  return bytes
}

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
export const ladderX25519: X25519 = {
  generateKeyPair() {
    const bytes = crypto.getRandomValues(new Uint8Array(CURVE_KEY_SIZE))
    return { secretKey: new SecretBytes(bytes), publicKey: multiplied(bytes, BASE_U) }
  },

  secretKey(bytes) {
    checkKeySize('secretKey', bytes)
    return new SecretBytes(new Uint8Array(bytes))
  },

  publicKey(secretKey) {
    return multiplied((secretKey as SecretBytes).bytes, BASE_U)
  },

  sharedSecret(secretKey, publicKey) {
    const { bytes } = secretKey as SecretBytes
    checkKeySize('publicKey', publicKey)
    const shared = multiplied(bytes, numberOf(publicKey))
    const own = expectContribution(shared)
    shared.fill(0)
    return own
  },
}
