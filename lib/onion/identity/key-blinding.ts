/**
 * The keys of a service for one period of time (rend-spec-v3, "Deriving blinded keys and subcredentials" and appendix
 * A.2). Who does not know the address can make nothing of the blinded key, under which directories file the descriptor.
 *
 * @module
 */
import type { TimePeriod } from '../ring/time-period.ts'
import { Point, scalarOf } from './edwards25519.ts'
import { sha3, u64 } from '../hashing.ts'

/** The base point, as the specification has it written. */
const BASE_POINT =
  '(15112221349535400772501151409588531511454012693041857206046113283949847762202, 46316835694926478169428394003475163141307993866256225615783033603165251855960)'

/** What a service is called in one period. */
export interface BlindedIdentity {
  readonly period: TimePeriod
  /** The blinded public key A', 32 bytes. */
  readonly key: Uint8Array<ArrayBuffer>
  /** What only those know who know the address. */
  readonly subcredential: Uint8Array<ArrayBuffer>
}

/** The factor that blinds the key in this period: 32 bytes, little-endian, clamped. */
export function blindingFactor(identity: Uint8Array, { number, minutes }: TimePeriod): Uint8Array<ArrayBuffer> {
  const factor = sha3('Derive temporary signing key\0', identity, BASE_POINT, 'key-blind', u64(number), u64(minutes))
  return clamped(factor)
}

/** The public key multiplied by a factor. */
export function blindPublicKey(identity: Uint8Array, factor: Uint8Array): Uint8Array<ArrayBuffer> {
  // The same point as with the whole factor, as the key has no part of small order (see address.ts).
  return new Uint8Array(Point.fromBytes(identity).multiply(scalarOf(factor)).toBytes())
}

/** The identity of the service with this public key in a period. */
export function blindedIdentity(identity: Uint8Array, period: TimePeriod): BlindedIdentity {
  const key = blindPublicKey(identity, blindingFactor(identity, period))
  return { period, key, subcredential: sha3('subcredential', sha3('credential', identity), key) }
}

function clamped(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  bytes[0] = (bytes[0] as number) & 248
  bytes[31] = ((bytes[31] as number) & 63) | 64
  return bytes
}
