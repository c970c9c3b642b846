/**
 * An RSA key that signs what WebCrypto refuses to sign: a bare digest. A relay's type 7 certificate is signed that way
 * (tor-spec, "Preliminaries": PKCS #1 padding, no DigestInfo), and so are directory documents (dir-spec, "Signing
 * documents").
 *
 * For relays of a test only: the private operation is plain modular exponentiation, neither blinded nor constant in
 * time.
 *
 * @module
 */
import { concat } from 'uint8arrays/concat'
import { sha1 } from '../../base/hashes/sha1.ts'
import { sha256 } from '@noble/hashes/sha2.js'
import { SHA256_DIGEST_INFO } from '../../crypto/digest-info.ts'
import { derInteger, derSequence } from './der.ts'

/** Some engines' key generation fails at random, about once in a hundred times; it is then simply done again. */
const GENERATE_ATTEMPTS = 8

/** The public exponent of every key. */
const EXPONENT = 65_537n

/** An RSA key: of 1,024 bits, as relays have for their identity, or longer. */
export interface RsaKey {
  /** The public key as a DER RSAPublicKey (RFC 8017, appendix A.1.1). */
  readonly publicKey: Uint8Array<ArrayBuffer>
  /** The SHA-1 of {@link publicKey}, 20 bytes: the identity of a relay or of an authority. */
  readonly fingerprint: Uint8Array<ArrayBuffer>
  /** Signs `digest` with PKCS #1 v1.5 padding and no DigestInfo. */
  signRaw(digest: Uint8Array): Uint8Array<ArrayBuffer>
  /** Signs the SHA-256 of `message` with PKCS #1 v1.5 padding: sha256WithRSAEncryption. */
  signSha256(message: Uint8Array): Uint8Array<ArrayBuffer>
}

function toInteger(bytes: Uint8Array): bigint {
  let hex = '0x0'
  for (const byte of bytes) hex += byte.toString(16).padStart(2, '0')
  return BigInt(hex)
}

function toBytes(value: bigint, length: number): Uint8Array<ArrayBuffer> {
  const hex = value.toString(16).padStart(length * 2, '0')
  return Uint8Array.from({ length }, (_, index) => Number.parseInt(hex.slice(index * 2, index * 2 + 2), 16))
}

function fromBase64Url(text: string | undefined): Uint8Array<ArrayBuffer> {
  if (text === undefined) throw new TypeError('Cannot export the RSA key as the runtime left a field out')
  const binary = atob(text.replace(/-/g, '+').replace(/_/g, '/'))
  return Uint8Array.from(binary, (character) => character.charCodeAt(0))
}

function modularPower(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n
  for (const bit of exponent.toString(2)) {
    result = (result * result) % modulus
    if (bit === '1') result = (result * base) % modulus
  }
  return result
}

async function generate(bits: number): Promise<JsonWebKey> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const algorithm = {
        name: 'RSASSA-PKCS1-v1_5',
        modulusLength: bits,
        publicExponent: Uint8Array.of(1, 0, 1),
        hash: 'SHA-256',
      }
      const pair = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
      return await crypto.subtle.exportKey('jwk', pair.privateKey)
    } catch (error) {
      if (attempt === GENERATE_ATTEMPTS) throw error
    }
  }
}

/** Makes a key of `bits` bits with the runtime's own generator. */
export async function generateRsaKey(bits: 1024 | 2048 | 3072 = 1024): Promise<RsaKey> {
  const { p, q } = await generate(bits)
  return rsaKeyOf(fromBase64Url(p), fromBase64Url(q))
}

/** The key of two primes or more (RFC 8017, section 3.2), with the public exponent 65,537. */
export function rsaKeyOf(...primes: readonly Uint8Array[]): RsaKey {
  const size = primes.reduce((sum, { length }) => sum + length, 0)
  const factors = primes.map(toInteger)
  const modulus = factors.reduce((product, prime) => product * prime)
  const publicKey = derSequence(derInteger(toBytes(modulus, size)), derInteger(toBytes(EXPONENT, 3)))
  const power = privateOperation(factors)

  const signRaw = (digest: Uint8Array): Uint8Array<ArrayBuffer> => {
    if (digest.length > size - 11)
      throw new RangeError(`Cannot sign digest as it is longer than ${size - 11} bytes: ${digest.length}`)
    const padding = new Uint8Array(size - 3 - digest.length).fill(0xff)
    const block = concat([Uint8Array.of(0, 1), padding, Uint8Array.of(0), digest])
    return toBytes(power(toInteger(block)), size)
  }
  return {
    publicKey,
    fingerprint: new Uint8Array(sha1(publicKey)),
    signRaw,
    signSha256: (message) => signRaw(concat([SHA256_DIGEST_INFO, sha256(message)])),
  }
}

/** The number that times `value` is 1 modulo `modulus`, by Euclid's algorithm. */
function inverse(value: bigint, modulus: bigint): bigint {
  let [rest, next] = [modulus, value % modulus]
  let [factor, nextFactor] = [0n, 1n]
  while (next !== 0n) {
    const quotient = rest / next
    ;[rest, next] = [next, rest - quotient * next]
    ;[factor, nextFactor] = [nextFactor, factor - quotient * nextFactor]
  }
  return ((factor % modulus) + modulus) % modulus
}

/** RSASP1 by the Chinese remainder theorem (RFC 8017, section 5.2.1): with two primes four times as fast as without. */
function privateOperation(primes: readonly bigint[]): (message: bigint) => bigint {
  const steps = primes.map((prime, index) => {
    const before = primes.slice(0, index).reduce((product, each) => product * each, 1n)
    return { prime, before, exponent: inverse(EXPONENT, prime - 1n), factor: inverse(before, prime) }
  })
  return (message) =>
    steps.reduce((sum, { prime, before, exponent, factor }) => {
      const missing = (modularPower(message % prime, exponent, prime) - sum) * factor
      return sum + before * (((missing % prime) + prime) % prime)
    }, 0n)
}
