/**
 * The RSA public operation (RFC 8017, section 5.2.2: RSAVP1) without native code. Only public values go in, so its time
 * may depend on them. Padding is the caller's to check.
 *
 * @module
 */
import { TorError } from '../../../base/errors.ts'

/**
 * The longest modulus that is accepted, in bytes: 4096 bits. Tor's identity keys have 1024, its authorities' at most
 * 3072.
 */
const MAX_MODULUS = 512

/** The longest exponent that is accepted, in bytes, so that a hostile key costs little. Tor's keys have 65537. */
const MAX_EXPONENT = 8

/**
 * A checked RSA public key, without leading zeros, and a number below its modulus of just as many bytes. All
 * big-endian.
 */
export interface RsaInput {
  readonly signature: Uint8Array
  readonly modulus: Uint8Array
  readonly exponent: Uint8Array
}

/**
 * Checks that the numbers are a usable RSA public key and a signature below its modulus. The key may have leading
 * zeros, as DER writes it.
 *
 * @throws TorError `LINK_CERTS` when they are not
 */
export function checkRsa(signature: Uint8Array, paddedModulus: Uint8Array, paddedExponent: Uint8Array): RsaInput {
  const modulus = withoutZeros(paddedModulus)
  const exponent = withoutZeros(paddedExponent)
  if (modulus.length > MAX_MODULUS || !isOddAboveOne(modulus)) throw rsaError('the modulus is not usable')
  if (exponent.length > MAX_EXPONENT || !isOddAboveOne(exponent)) throw rsaError('the exponent is not usable')
  if (signature.length !== modulus.length) throw rsaError('the signature is not as long as the modulus')
  if (!isBelow(signature, modulus)) throw rsaError('the signature is not below the modulus')
  return { signature, modulus, exponent }
}

/**
 * `signature` to the power of `exponent` modulo `modulus`, as many bytes as the modulus has without leading zeros.
 * Big-endian.
 *
 * @throws TorError `LINK_CERTS` when the numbers are no usable RSA key and signature
 */
export function rsaPublic(signature: Uint8Array, modulus: Uint8Array, exponent: Uint8Array): Uint8Array {
  const input = checkRsa(signature, modulus, exponent)
  const n = toBigInt(input.modulus)
  let base = toBigInt(input.signature)
  let result = 1n
  for (let bits = toBigInt(input.exponent); bits > 0n; bits >>= 1n) {
    if (bits & 1n) result = (result * base) % n
    base = (base * base) % n
  }
  return fromBigInt(result, input.modulus.length)
}

function withoutZeros(bytes: Uint8Array): Uint8Array {
  const first = bytes.findIndex((byte) => byte !== 0)
  return bytes.subarray(first === -1 ? bytes.length : first)
}

const isOddAboveOne = (bytes: Uint8Array): boolean =>
  bytes.length > 0 && ((bytes[bytes.length - 1] as number) & 1) === 1 && (bytes.length > 1 || bytes[0] !== 1)

/** Compares two numbers of as many bytes, big-endian. */
function isBelow(a: Uint8Array, b: Uint8Array): boolean {
  const at = a.findIndex((byte, index) => byte !== b[index])
  return at !== -1 && (a[at] as number) < (b[at] as number)
}

const toBigInt = (bytes: Uint8Array): bigint =>
  BigInt(`0x${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')}`)

function fromBigInt(value: bigint, length: number): Uint8Array {
  const hex = value.toString(16).padStart(2 * length, '0')
  return Uint8Array.from({ length }, (_, index) => Number.parseInt(hex.slice(2 * index, 2 * index + 2), 16))
}

/** The error for numbers that are no RSA key and signature. */
export const rsaError = (why: string, cause?: unknown): TorError =>
  new TorError('LINK_CERTS', `Cannot verify an RSA signature: ${why}`, cause === undefined ? {} : { cause })
