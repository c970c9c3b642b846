/**
 * How a behaviour of fetch is written down, so that it can be played to any fetch over any connection.
 *
 * @module
 */
import type { FetchInit } from '../../../lib/fetch/request/request.ts'
import type { Outcome } from './outcome.ts'

/** One response: bytes, one code point each, and whether the connection ends after them. */
export interface Reply {
  readonly raw: string
  readonly isEnd?: boolean
}

/** What must have arrived at the server. */
export interface ExpectedRequest {
  readonly method?: string
  readonly target?: string
  readonly body?: string
  /** Fields by name in lower case; undefined for one that must not be there. */
  readonly fields?: Readonly<Record<string, string | RegExp | undefined>>
}

/** One behaviour. In replies and URLs `{here}` is the origin, `{host}` its host, `{there}` another origin. */
export interface FetchCase {
  readonly title: string
  /** What is fetched; `{here}/` by default. */
  readonly url?: string
  /** Made anew for each fetch. */
  readonly init?: () => FetchInit
  /** What is fetched instead of `url`. */
  readonly input?: (url: string) => Request
  /** The responses, in the order of the requests. */
  readonly replies?: readonly (Reply | string)[]
  readonly expect: Outcome
  readonly requests?: readonly ExpectedRequest[]
  /** Why the own fetch of Node 20 does something else; absent where it must do the same. */
  readonly node?: string
  /** Node's own fetch would hang. */
  readonly isForOursOnly?: boolean
}

/** A response of this status with a length. */
export const answer = (status: number | string, fields: readonly string[] = [], body = ''): string =>
  [`HTTP/1.1 ${status}`, ...fields, `Content-Length: ${body.length}`, '', body].join('\r\n')

/** `200 OK` with a body. */
export const ok = (body = 'ok', ...fields: string[]): string => answer('200 OK', fields, body)

/** `200 OK` with these lines, then what follows. */
export const raw = (lines: readonly string[], rest = ''): string => ['HTTP/1.1 200 OK', ...lines, '', rest].join('\r\n')

/** As `raw`; the connection ends after it. */
export const rawEnd = (lines: readonly string[], rest = ''): Reply => ({ raw: raw(lines, rest), isEnd: true })

/** A redirect. */
export const redirect = (status: number, location: string, ...fields: string[]): string =>
  answer(`${status} Moved`, [`Location: ${location}`, ...fields], 'moved')

/** A stream of text in pieces. */
export function streamOf(...pieces: string[]): ReadableStream<Uint8Array<ArrayBuffer>> {
  const left = [...pieces]
  return new ReadableStream({
    pull(controller) {
      const piece = left.shift()
      if (piece === undefined) controller.close()
      else controller.enqueue(new Uint8Array(new TextEncoder().encode(piece)))
    },
  })
}

/** Fills in the origins. */
export const placed = (text: string, here: string, there: string): string =>
  text.replaceAll('{here}', here).replaceAll('{there}', there).replaceAll('{host}', new URL(here).host)
