/**
 * GeneralName (RFC 5280, section 4.2.1.6): who a certificate is for, and what an issuer is constrained to.
 *
 * @module
 */
import { DerReader, DerTag } from '../crypto/der.ts'
import { canonicalName } from './distinguished-name.ts'

/** A name of one of the kinds that are looked at. */
export type GeneralName =
  /** What compares without case, a host, is in small letters. */
  | { readonly kind: 'dns' | 'email'; readonly text: string }
  | { readonly kind: 'ip'; readonly bytes: Uint8Array }
  | { readonly kind: 'directory'; readonly parts: readonly string[] }
  /** A kind that says nothing here; `tag` tells such kinds apart. */
  | { readonly kind: 'other'; readonly tag: number }

/** otherName, x400Address, ediPartyName, uniformResourceIdentifier, registeredID. */
const OTHER_TAGS: ReadonlySet<number> = new Set([0xa0, 0xa3, 0xa5, 0x86, 0x88])

/** Reads the next one. */
export function readGeneralName(reader: DerReader): GeneralName {
  const tag = reader.nextTag ?? reader.fail('a name in it is missing')
  const contents = reader.contents(tag)
  switch (tag) {
    case 0x81:
      return { kind: 'email', text: withSmallHost(ia5(contents, reader)) }
    case 0x82:
      return { kind: 'dns', text: ia5(contents, reader).toLowerCase() }
    case 0x87:
      return { kind: 'ip', bytes: contents }
    case 0xa4: {
      const outer = new DerReader(contents, 'name')
      const parts = canonicalName(outer.whole(DerTag.SEQUENCE))
      outer.end()
      return { kind: 'directory', parts }
    }
    default:
      if (!OTHER_TAGS.has(tag)) reader.fail('a name in it is of no known kind')
      return { kind: 'other', tag }
  }
}

/** Mail is for a name, whose letters count, at a host, whose letters do not (RFC 5321, section 2.4). */
function withSmallHost(mail: string): string {
  const at = mail.lastIndexOf('@')
  return mail.slice(0, at + 1) + mail.slice(at + 1).toLowerCase()
}

/** An IA5String: ASCII. */
function ia5(bytes: Uint8Array, reader: DerReader): string {
  if (bytes.some((byte) => byte > 0x7f)) reader.fail('a name in it is not ASCII')
  return new TextDecoder().decode(bytes)
}
