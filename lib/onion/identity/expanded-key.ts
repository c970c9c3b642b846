/**
 * Ed25519 with an expanded secret (RFC 8032, section 5.1; rend-spec-v3, appendix A.2): a scalar and a prefix, as C tor keeps
 * the key of a service, and as blinding leaves it. There is no seed behind it, so that no runtime signs with it by itself.
 *
 * @module
 */
import { sha512 } from '@noble/hashes/sha2.js'
import { joinBytes } from '../../base/bytes/join-bytes.ts'
import { asciiBytes } from '../../cell/bytes.ts'
import { Point, scalarOf } from './edwards25519.ts'
import type { TimePeriod } from '../ring/time-period.ts'
import { blindingFactor } from './key-blinding.ts'

const HALF = 32

/** Bytes of an expanded secret: the scalar, little-endian, and the prefix that nonces are made with. */
export const EXPANDED_SIZE = 64

const BLINDED_PREFIX = /* @__PURE__ */ asciiBytes('Derive temporary signing key hash input')

/** The expanded secret of a seed of 32 bytes, clamped. */
export function expandSeed(seed: Uint8Array): Uint8Array<ArrayBuffer> {
  const expanded = new Uint8Array(sha512(seed))
  expanded[0] = (expanded[0] as number) & 248
  expanded[31] = ((expanded[31] as number) & 63) | 64
  return expanded
}

/** The public key of an expanded secret. */
export const publicKeyOf = (expanded: Uint8Array): Uint8Array<ArrayBuffer> => pointOf(scalarIn(expanded))

/** A signature that every verifier of Ed25519 takes. */
export function signExpanded(expanded: Uint8Array, message: Uint8Array): Uint8Array<ArrayBuffer> {
  const scalar = scalarIn(expanded)
  const nonce = scalarOf(sha512(joinBytes([expanded.subarray(HALF), message])))
  const commitment = pointOf(nonce)
  const challenge = scalarOf(sha512(joinBytes([commitment, pointOf(scalar), message])))
  const { Fn } = Point
  return joinBytes([commitment, toLittleEndian(Fn.add(nonce, Fn.mul(challenge, scalar)))])
}

/** The expanded secret whose public key is that of `expanded`, blinded for a period. */
export function blindExpanded(expanded: Uint8Array, identity: Uint8Array, period: TimePeriod): Uint8Array<ArrayBuffer> {
  const scalar = Point.Fn.mul(scalarOf(blindingFactor(identity, period)), scalarIn(expanded))
  const prefix = sha512(joinBytes([BLINDED_PREFIX, expanded.subarray(HALF)])).subarray(0, HALF)
  return joinBytes([toLittleEndian(scalar), prefix])
}

const scalarIn = (expanded: Uint8Array): bigint => scalarOf(expanded.subarray(0, HALF))

function toLittleEndian(value: bigint): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: HALF }, (_, at) => Number((value >> BigInt(8 * at)) & 255n))
}

/** A multiple of the base point. */
const pointOf = (scalar: bigint): Uint8Array<ArrayBuffer> => new Uint8Array(Point.BASE.multiply(scalar).toBytes())
