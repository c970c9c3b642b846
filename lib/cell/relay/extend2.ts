/**
 * The EXTEND2 message (tor-spec, "EXTEND and EXTENDED cells"). Its answer, EXTENDED2, is `decodeCreated2` of
 * create2.ts.
 *
 * @module
 */
import { ByteWriter } from '../bytes.ts'
import { encodeCreate2, type Create2 } from '../create2.ts'
import { encodeLinkSpecifiers, type LinkSpecifier } from '../link-specifier.ts'

/** A request to extend a circuit by one hop. */
export interface Extend2 extends Create2 {
  /** The relay to extend to. */
  readonly linkSpecifiers: readonly LinkSpecifier[]
}

/** The body of an EXTEND2 message. */
export function encodeExtend2(
  linkSpecifiers: readonly LinkSpecifier[],
  handshakeType: number,
  data: Uint8Array,
): Uint8Array<ArrayBuffer> {
  return new ByteWriter().bytes(encodeLinkSpecifiers(linkSpecifiers)).bytes(encodeCreate2(handshakeType, data)).finish()
}
