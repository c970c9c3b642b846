/**
 * Changes to documents, at random: of bytes, of lines, and with pieces that mean something in them.
 *
 * @module
 */
import { fc } from '../../support/seed.ts'

/** One change to a document: what is done, where, how far from there, and what comes into it. */
export type Mutation = readonly [kind: number, at: number, length: number, text: string]

const PIECES = [
  '\n',
  ' ',
  '\0',
  '\t',
  '\r\n',
  '-',
  '=',
  'é',
  '\u{1f9c5}',
  '9'.repeat(400),
  '-----BEGIN A-----\n',
  '-----END SIGNATURE-----\n',
  'directory-footer\n',
  'directory-signature ',
  'r ',
  '\nm ',
  '\nonion-key\n',
  'dir-key-certificate-version 3\n',
  '-1',
  '4294967296',
  '__proto__=1',
  'NaN',
  '$'.repeat(90),
  'A'.repeat(3000),
]

/** What is done to one document, in this order. */
export const mutations: fc.Arbitrary<Mutation[]> = fc.array(
  fc.tuple(fc.nat(5), fc.nat(0xffff), fc.nat(300), fc.oneof(fc.constantFrom(...PIECES), fc.string({ maxLength: 4 }))),
  { minLength: 1, maxLength: 4 },
)

/** The text after one change. */
export function mutate(text: string, [kind, position, length, piece]: Mutation): string {
  const at = position % (text.length + 1)
  switch (kind) {
    case 0:
      return text.slice(0, at) + piece + text.slice(at + piece.length)
    case 1:
      return text.slice(0, at) + piece + text.slice(at)
    case 2:
      return text.slice(0, at) + text.slice(at + length)
    case 3:
      return text.slice(0, at) + text.slice(at, at + length).repeat(2) + text.slice(at + length)
    case 4:
      return text.slice(0, at)
    default: {
      // Two neighbouring lines change places.
      const lines = text.split('\n')
      const line = at % lines.length
      lines.splice(line, 2, ...lines.slice(line, line + 2).reverse())
      return lines.join('\n')
    }
  }
}
