/**
 * Which addresses are of the public Internet. A gateway connects to no others, whoever lists them: they are of its own machine,
 * of its own network, or of nobody.
 *
 * @module
 */
import { isInternalAddress } from '../../cell/ip-address.ts'

/** Ranges of IPv4 beside the internal ones: the first bytes, and how many bits of them count (RFC 6890). */
const IPV4_RANGES: readonly (readonly [bytes: readonly number[], bits: number])[] = [
  [[192, 0, 0], 24], // protocol assignments
  [[192, 0, 2], 24], // documentation
  [[192, 88, 99], 24], // relays of 6to4
  [[198, 18], 15], // benchmarks
  [[198, 51, 100], 24], // documentation
  [[203, 0, 113], 24], // documentation
  [[224], 3], // multicast, reserved, broadcast
]

/** Ranges of IPv6 within 2000::/3: those that hold an IPv4 address, and those of nobody. */
const IPV6_RANGES: readonly (readonly [bytes: readonly number[], bits: number])[] = [
  [[0x20, 0x01, 0x00], 23], // protocol assignments, Teredo among them
  [[0x20, 0x01, 0x0d, 0xb8], 32], // documentation
  [[0x20, 0x02], 16], // 6to4
  [[0x3f, 0xff], 20], // documentation
]

/** True for the 4 or 16 bytes of a unicast address that anybody on the Internet may reach. */
export function isPublicAddress(bytes: Uint8Array): boolean {
  if (isInternalAddress(bytes)) return false
  if (bytes.length === 4) return !IPV4_RANGES.some((range) => isIn(bytes, range))
  // Global unicast (RFC 4291, section 2.4): so none that is mapped, translated, link-local or multicast.
  return isIn(bytes, [[0x20], 3]) && !IPV6_RANGES.some((range) => isIn(bytes, range))
}

function isIn(bytes: Uint8Array, [start, bits]: readonly [readonly number[], number]): boolean {
  return start.every((byte, index) => {
    const counted = Math.min(8, Math.max(0, bits - 8 * index))
    const mask = 0xff & (0xff << (8 - counted))
    return ((bytes[index] as number) & mask) === (byte & mask)
  })
}
