/**
 * Reads link specifiers (tor-spec, "EXTEND and EXTENDED cells"): relays do, and clients in descriptors of onion services.
 *
 * @module
 */
import type { ByteReader } from './bytes.ts'
import { formatIPv4, formatIPv6 } from './ip-address.ts'
import { LinkSpecifierType, type LinkSpecifier } from './link-specifier.ts'

function decodeOne(reader: ByteReader): LinkSpecifier {
  const code = reader.u8()
  const bytes = reader.take(reader.u8())
  const check = (length: number): void => {
    if (bytes.length !== length)
      reader.fail(`its link specifier of type ${code} has ${bytes.length} bytes, not ${length}`)
  }
  const port = (): number => ((bytes[bytes.length - 2] as number) << 8) | (bytes[bytes.length - 1] as number)
  switch (code) {
    case LinkSpecifierType.IPV4:
      check(6)
      return { type: 'ipv4', address: formatIPv4(bytes.subarray(0, 4)), port: port() }
    case LinkSpecifierType.IPV6:
      check(18)
      return { type: 'ipv6', address: formatIPv6(bytes.subarray(0, 16)), port: port() }
    case LinkSpecifierType.RSA:
      check(20)
      return { type: 'rsa', identity: bytes }
    case LinkSpecifierType.ED25519:
      check(32)
      return { type: 'ed25519', identity: bytes }
    default:
      return { type: 'unknown', code, bytes }
  }
}

/**
 * Reads a count of one byte and as many link specifiers. Throws `CELL_MALFORMED`, also for one of a known type with
 * another length than it has.
 */
export function decodeLinkSpecifiers(reader: ByteReader): LinkSpecifier[] {
  return Array.from({ length: reader.u8() }, () => decodeOne(reader))
}
