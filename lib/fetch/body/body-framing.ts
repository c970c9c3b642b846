/**
 * Where the body of a response ends (RFC 9112, section 6.3), and whether the connection can be used again after it
 * (section 9.3).
 *
 * @module
 */
import { listOf, valuesOf } from '../message/field-line.ts'
import { HttpError } from '../message/http-error.ts'
import type { ResponseHead } from '../message/response-head.ts'

/**
 * How a body is delimited:
 * - `none`: there is none, whatever the fields say
 * - `length`: by a number of bytes
 * - `chunked`: by itself
 * - `close`: by the end of the connection
 */
export type Framing =
  { readonly kind: 'none' | 'chunked' | 'close' } | { readonly kind: 'length'; readonly length: number }

const NONE: Framing = { kind: 'none' }

/**
 * How the body after `head` is delimited. The answer to HEAD, 1xx, 204 and 304 end at their heads, whatever the fields
 * say (rule 1). Elsewhere contradictions are refused rather than resolved: a length beside chunked, or several lengths
 * even if they are equal, are how one response is made to look like two.
 *
 * @param method - of the request
 * @throws HttpError `HTTP_FRAMING`
 */
export function framingOf(head: ResponseHead, method: string): Framing {
  const hasNoBody = method === 'HEAD' || head.status < 200 || head.status === 204 || head.status === 304
  return hasNoBody ? NONE : declaredFraming(head)
}

/**
 * True when another request may follow on the same connection. A body where there may be none (204 and 205, RFC 9110,
 * section 15.3) forbids it, and so does what contradicts itself where no body follows: nobody knows how many bytes the
 * far end takes to be its body.
 */
export function allowsReuse(head: ResponseHead, framing: Framing): boolean {
  if (head.minor === 0 || framing.kind === 'close' || listOf(head.fields, 'connection').includes('close')) return false
  if (framing.kind !== 'none' && head.status !== 205) return true
  const declared = framing.kind === 'none' ? framingIfSound(head) : framing
  if (head.status !== 204 && head.status !== 205) return declared !== undefined
  return declared?.kind === 'close' || (declared?.kind === 'length' && declared.length === 0)
}

/** What the fields say by themselves; undefined when that makes no sense. */
function framingIfSound(head: ResponseHead): Framing | undefined {
  try {
    return declaredFraming(head)
  } catch {
    return undefined // an HttpError: see above
  }
}

/** What the fields say by themselves. */
function declaredFraming({ minor, fields }: ResponseHead): Framing {
  const hasCoding = fields.some(([name]) => name === 'transfer-encoding')
  const lengths = valuesOf(fields, 'content-length')
  if (hasCoding) {
    if (lengths.length > 0) throw new HttpError('HTTP_FRAMING', 'the response has a length and a transfer coding')
    if (minor === 0) throw new HttpError('HTTP_FRAMING', 'the response has a transfer coding in HTTP/1.0')
    const codings = listOf(fields, 'transfer-encoding')
    if (codings.length !== 1 || codings[0] !== 'chunked') {
      throw new HttpError('HTTP_FRAMING', 'the response has a transfer coding other than chunked')
    }
    return { kind: 'chunked' }
  }
  if (lengths.length > 1) throw new HttpError('HTTP_FRAMING', 'the response has several lengths')
  const [text] = lengths
  if (text === undefined) return { kind: 'close' }
  const length = Number(text)
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(length))
    throw new HttpError('HTTP_FRAMING', 'the response has a length that is none')
  return { kind: 'length', length }
}
