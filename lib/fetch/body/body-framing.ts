/**
 * Where the body of a response ends (RFC 9112, section 6.3), and whether the connection can be used again after it
 * (section 9.3).
 *
 * @module
 */
import { declaredFraming, type Framing } from '../../http/body/framing.ts'
import { listOf } from '../../http/message/field-line.ts'
import type { ResponseHead } from '../message/response-head.ts'

const NONE: Framing = { kind: 'none' }

/**
 * How the body after `head` is delimited. The answer to HEAD, 1xx, 204 and 304 end at their heads, whatever the fields
 * say (rule 1).
 *
 * @param method - of the request
 * @throws HttpError `HTTP_FRAMING`
 */
export function framingOf(head: ResponseHead, method: string): Framing {
  const hasNoBody = method === 'HEAD' || head.status < 200 || head.status === 204 || head.status === 304
  return hasNoBody ? NONE : declaredFraming(head, 'response')
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
    return declaredFraming(head, 'response')
  } catch {
    return undefined // an HttpError: see above
  }
}
