/**
 * How a message says where its body ends (RFC 9112, section 6). Contradictions are refused rather than resolved: a length
 * beside chunked, or several lengths even if they are equal, are how one message is made to look like two.
 *
 * @module
 */
import { listOf, valuesOf, type Field } from '../message/field-line.ts'
import { HttpError, type MessageKind } from '../message/http-error.ts'

/**
 * How a body is delimited:
 * - `none`: there is none, whatever the fields say
 * - `length`: by a number of bytes
 * - `chunked`: by itself
 * - `close`: by the end of the connection
 */
export type Framing =
  { readonly kind: 'none' | 'chunked' | 'close' } | { readonly kind: 'length'; readonly length: number }

/** What of a head says where the body ends. */
export interface FramingFields {
  /** The minor version of HTTP/1. */
  readonly minor: number
  readonly fields: readonly Field[]
}

/**
 * What the fields say by themselves. Where they say nothing a request has no body, and a response one up to the end of the
 * connection.
 *
 * @throws HttpError `HTTP_FRAMING`
 */
export function declaredFraming({ minor, fields }: FramingFields, of: MessageKind): Framing {
  const refused = (what: string): HttpError => new HttpError('HTTP_FRAMING', `the ${of} has ${what}`)
  const hasCoding = fields.some(([name]) => name === 'transfer-encoding')
  const lengths = valuesOf(fields, 'content-length')
  if (hasCoding) {
    if (lengths.length > 0) throw refused('a length and a transfer coding')
    if (minor === 0) throw refused('a transfer coding in HTTP/1.0')
    const codings = listOf(fields, 'transfer-encoding')
    if (codings.length !== 1 || codings[0] !== 'chunked') throw refused('a transfer coding other than chunked')
    return { kind: 'chunked' }
  }
  if (lengths.length > 1) throw refused('several lengths')
  const [text] = lengths
  if (text === undefined) return { kind: of === 'request' ? 'none' : 'close' }
  const length = Number(text)
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(length)) throw refused('a length that is none')
  return { kind: 'length', length }
}
