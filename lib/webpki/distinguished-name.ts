/**
 * Names of X.500 in a form in which equal ones are equal (RFC 5280, section 7.1).
 *
 * @module
 */
import { DerReader, DerTag } from '../crypto/der.ts'

/** The tags of the strings whose letters compare without case: UTF8String, PrintableString, IA5String. */
const TEXT_TAGS: ReadonlySet<number> = new Set([0x0c, 0x13, 0x16])

/**
 * The relative names of a Name, the outermost first, each as a text. White space and case do not count, nor which kind of string
 * a text is in.
 *
 * @throws TorError `CELL_MALFORMED`
 */
export function canonicalName(name: Uint8Array): string[] {
  const outer = new DerReader(name, 'name')
  const sequence = outer.sequence()
  outer.end()
  const parts: string[] = []
  while (sequence.nextTag !== undefined) {
    const set = new DerReader(sequence.contents(DerTag.SET), 'name')
    const attributes: string[] = []
    while (set.nextTag !== undefined) {
      const attribute = set.sequence()
      const type = attribute.objectIdentifier()
      const tag = attribute.nextTag ?? attribute.fail('an attribute of a name has no value')
      const value = attribute.contents(tag)
      attribute.end()
      attributes.push(`${type}=${canonicalValue(tag, value)}`)
    }
    if (attributes.length === 0) set.fail('a relative name in it is empty')
    parts.push(JSON.stringify(attributes.sort())) // whatever a text has in it, it is not taken for two
  }
  return parts
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function canonicalValue(tag: number, bytes: Uint8Array): string {
  if (TEXT_TAGS.has(tag)) {
    try {
      return `"${utf8.decode(bytes).trim().replaceAll(/\s+/g, ' ').toLowerCase()}`
    } catch {
      // Not UTF-8: it is equal to the very same bytes only.
    }
  }
  return `#${tag}:${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')}`
}
