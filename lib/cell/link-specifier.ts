/**
 * Link specifiers: how an EXTEND2 message names the relay to extend to (tor-spec, "EXTEND and EXTENDED cells").
 *
 * @module
 */
import { ByteWriter } from './bytes.ts'
import { parseIPv4, parseIPv6 } from './ip-address.ts'

/** The type bytes of those that have a meaning to us. */
export const LinkSpecifierType = { IPV4: 0, IPV6: 1, RSA: 2, ED25519: 3 } as const

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
      return [
        specifier.type === 'ipv4' ? LinkSpecifierType.IPV4 : LinkSpecifierType.IPV6,
        new ByteWriter().bytes(address).u16(specifier.port).finish(),
      ]
    }
    case 'rsa':
    case 'ed25519': {
      const length = specifier.type === 'rsa' ? 20 : 32
      const { identity } = specifier
      if (identity.length !== length) {
        throw new RangeError(`Cannot encode a link specifier as "identity" has ${identity.length} bytes, not ${length}`)
      }
      return [specifier.type === 'rsa' ? LinkSpecifierType.RSA : LinkSpecifierType.ED25519, identity]
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
