/**
 * The keys of a test onion service (rend-spec-v3, "Cryptographic building blocks"), written apart from the library's own:
 * scalars are whole numbers here.
 *
 * @module
 */
import { ed25519 } from '@noble/curves/ed25519.js'
import { sha512 } from '@noble/hashes/sha2.js'
import { joinBytes } from '../../base/bytes/join-bytes.ts'
import { blindingFactor } from '../../onion/identity/key-blinding.ts'
import type { TimePeriod } from '../../onion/ring/time-period.ts'
import type { RandomSource } from '../identity/random.ts'

const ORDER = ed25519.Point.Fn.ORDER

/** A secret scalar with its public key, which signs. */
export interface OnionSigner {
  /** An Ed25519 key, 32 bytes. */
  readonly publicKey: Uint8Array<ArrayBuffer>
  /** Signs a message. */
  sign(message: Uint8Array): Uint8Array<ArrayBuffer>
}

/** A signer of a random key. */
export const freshSigner = (random: RandomSource): OnionSigner => signerOf(freshScalar(random), random)

/** A service's identity, and its keys in any period. */
export class ServiceKeys {
  /** The public key that the address is made of. */
  readonly identity: Uint8Array<ArrayBuffer>
  readonly #random: RandomSource
  readonly #secret: bigint

  constructor(random: RandomSource) {
    this.#random = random
    this.#secret = freshScalar(random)
    this.identity = signerOf(this.#secret, random).publicKey
  }

  /** Who signs for it in a period. */
  blinded(period: TimePeriod): OnionSigner {
    return signerOf((this.#secret * numberOf(blindingFactor(this.identity, period))) % ORDER, this.#random)
  }
}

const freshScalar = (random: RandomSource): bigint => (numberOf(random(64)) % (ORDER - 1n)) + 1n

function signerOf(secret: bigint, random: RandomSource): OnionSigner {
  const publicKey = new Uint8Array(ed25519.Point.BASE.multiply(secret).toBytes())
  return {
    publicKey,
    sign(message) {
      const nonce = (numberOf(random(64)) % (ORDER - 1n)) + 1n
      const point = ed25519.Point.BASE.multiply(nonce).toBytes()
      const challenge = numberOf(sha512(joinBytes([point, publicKey, message]))) % ORDER
      return joinBytes([point, littleEndian((nonce + challenge * secret) % ORDER)])
    },
  }
}

function numberOf(bytes: Uint8Array): bigint {
  return [...bytes].reverse().reduce((value, byte) => (value << 8n) | BigInt(byte), 0n)
}

function littleEndian(value: bigint): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: 32 }, (_, at) => Number((value >> BigInt(8 * at)) & 255n))
}
