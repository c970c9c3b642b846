/**
 * What became of a fetch, as plain data that can be compared.
 *
 * @module
 */
import { HttpError } from '../../../lib/http/message/http-error.ts'

/** What a fetch came to. */
export interface Outcome {
  readonly status?: number
  readonly statusText?: string
  readonly url?: string
  readonly redirected?: boolean
  readonly type?: string
  readonly headers?: readonly (readonly [string, string])[]
  /** The body's text; null when the Response has no body. */
  readonly body?: string | null
  /** The name of the error that the fetch rejected with. */
  readonly rejected?: string
  /** The name of the error that the body failed with. */
  readonly bodyFailed?: string
  /** The code of the HttpError behind a failure. Only ours have one. */
  readonly code?: string | undefined
}

const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && error.cause instanceof HttpError ? error.cause.code : undefined
const nameOf = (error: unknown): string =>
  error instanceof Error || error instanceof DOMException ? error.name : String(error)

/** Waits for a fetch and reads its body to the end. */
export async function outcomeOf(fetching: Promise<Response>): Promise<Outcome> {
  let response: Response
  try {
    response = await fetching
  } catch (error) {
    return { rejected: nameOf(error), code: codeOf(error) }
  }
  const { status, statusText, url, redirected, type } = response
  const head = { status, statusText, url, redirected, type, headers: [...response.headers] }
  if (response.body === null) return { ...head, body: null }
  try {
    return { ...head, body: await textOf(response.body) }
  } catch (error) {
    return { ...head, bodyFailed: nameOf(error), code: codeOf(error) }
  }
}

/** The text of a stream. (Chromium's `text()` tells of any fault of the stream's by an error of its own.) */
export async function textOf(stream: ReadableStream<Uint8Array>): Promise<string> {
  const reader = stream.getReader()
  const decoder = new TextDecoder()
  let text = ''
  for (let read = await reader.read(); !read.done; read = await reader.read())
    text += decoder.decode(read.value, { stream: true })
  return text + decoder.decode()
}
