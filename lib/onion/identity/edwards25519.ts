/**
 * The points that addresses and blinded keys are (RFC 8032, section 5.1), by @noble/curves.
 *
 * They stand on the curve alone: what noble names ed25519 brings Curve25519, signatures and hashes to points with it, and a
 * client of onion services needs none of these.
 *
 * @module
 */
import { edwards, type EdwardsPointCons } from '@noble/curves/abstract/edwards.js'

/** Points of edwards25519. */
export const Point: EdwardsPointCons = /* @__PURE__ */ edwards({
  p: 0x7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffedn,
  n: 0x1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3edn,
  h: 8n,
  a: 0x7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffecn,
  d: 0x52036cee2b6ffe738cc740797779e89800700a4d4141d8ab75eb4dca135978a3n,
  Gx: 0x216936d3cd6e53fec0a4e231fdd6dc5c692cc7609525a7b2c9562d608f25d51an,
  Gy: 0x6666666666666666666666666666666666666666666666666666666666666658n,
})

/** The number that bytes are, the least significant one first. */
export function fromLittleEndian(bytes: Uint8Array): bigint {
  let value = 0n
  for (let at = bytes.length - 1; at >= 0; at--) value = (value << 8n) | BigInt(bytes[at] as number)
  return value
}

/** The same, modulo the order of the large subgroup. */
export const scalarOf = (bytes: Uint8Array): bigint => fromLittleEndian(bytes) % Point.Fn.ORDER
