/**
 * Link specifiers: how an EXTEND2 message names the relay to extend to (tor-spec, "EXTEND and EXTENDED cells").
 *
 * @module
 */
import { ByteWriter, type ByteReader } from './bytes.ts'
import { formatIPv4, formatIPv6, parseIPv4, parseIPv6 } from './ip-address.ts'

const IPV4 = 0
const IPV6 = 1
const RSA = 2
const ED25519 = 3

/** One thing that is known of a relay. */
export type LinkSpecifier =
  | { readonly type: 'ipv4' | 'ipv6'; readonly address: string; readonly port: number }
  /** The SHA-1 of the RSA identity key (20 bytes), or the Ed25519 identity key (32 bytes). */
  | { readonly type: 'rsa' | 'ed25519'; readonly identity: Uint8Array }
  /** A kind without a meaning to us, kept as it came. */
  | { readonly type: 'unknown'; readonly code: number; readonly bytes: Uint8Array }

/** The type byte and the bytes of one specifier. */
function encodeOne(specifier: LinkSpecifier): [code: number, bytes: Uint8Array] {
  switch (specifier.type) {
    case 'ipv4':
    case 'ipv6': {
      const address = specifier.type === 'ipv4' ? parseIPv4(specifier.address) : parseIPv6(specifier.address)
      if (address === undefined)
        throw new TypeError(`Cannot encode a link specifier: "address" is no ${specifier.type} address`)
      return [specifier.type === 'ipv4' ? IPV4 : IPV6, new ByteWriter().bytes(address).u16(specifier.port).finish()]
    }
    case 'rsa':
    case 'ed25519': {
      const length = specifier.type === 'rsa' ? 20 : 32
      const { identity } = specifier
      if (identity.length !== length) {
        throw new RangeError(`Cannot encode a link specifier as "identity" has ${identity.length} bytes, not ${length}`)
      }
      return [specifier.type === 'rsa' ? RSA : ED25519, identity]
    }
    case 'unknown':
      return [specifier.code, specifier.bytes]
  }
}

/** A count of one byte and as many link specifiers. */
export function encodeLinkSpecifiers(specifiers: readonly LinkSpecifier[]): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter().u8(specifiers.length)
  for (const specifier of specifiers) {
    const [code, bytes] = encodeOne(specifier)
    writer.u8(code).u8(bytes.length).bytes(bytes)
  }
  return writer.finish()
}

function decodeOne(reader: ByteReader): LinkSpecifier {
  const code = reader.u8()
  const bytes = reader.take(reader.u8())
  const check = (length: number): void => {
    if (bytes.length !== length)
      reader.fail(`its link specifier of type ${code} has ${bytes.length} bytes, not ${length}`)
  }
  const port = (): number => ((bytes[bytes.length - 2] as number) << 8) | (bytes[bytes.length - 1] as number)
  switch (code) {
    case IPV4:
      check(6)
      return { type: 'ipv4', address: formatIPv4(bytes.subarray(0, 4)), port: port() }
    case IPV6:
      check(18)
      return { type: 'ipv6', address: formatIPv6(bytes.subarray(0, 16)), port: port() }
    case RSA:
      check(20)
      return { type: 'rsa', identity: bytes }
    case ED25519:
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
