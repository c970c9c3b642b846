/**
 * What a request may carry: the Fetch standard's "extract a body". Whatever is no stream has a known length and can be
 * sent again.
 *
 * @module
 */
import { onAbort } from '../../base/abort.ts'
import type { ByteSource } from '../body/byte-source.ts'
import { encodeFormData } from './form-data.ts'
import { fetchFailure } from '../message/http-error.ts'

/** A request's body. */
export interface RequestBody {
  /** In bytes; undefined when it is not known before the end. */
  readonly length: number | undefined
  /** The Content-Type that it brings. */
  readonly type: string | undefined
  /** {@link open} works more than once. */
  readonly isReplayable: boolean
  /** The bytes, from the first one on. */
  open(): ByteSource
}

/** The most of a Request's own body that is read ahead, in bytes, to learn whether it is short. */
export const MAX_AHEAD = 65_536

/**
 * Makes a body of what `fetch` was given. A stream is locked by it.
 *
 * @param duplex - `init.duplex`; the standard asks for `'half'` beside a stream
 * @throws TypeError for a stream that is locked or comes without `duplex`, and for an iterable that is no stream
 */
export function extractBody(body: BodyInit, duplex: unknown): RequestBody {
  if (isStream(body)) {
    if (duplex !== 'half') throw new TypeError("Cannot send a stream without the option duplex: 'half'")
    return streamBody(body)
  }
  if (body instanceof Blob) return blobBody(body, body.type || undefined)
  if (body instanceof FormData) {
    const { blob, type } = encodeFormData(body)
    return blobBody(blob, type)
  }
  if (body instanceof URLSearchParams)
    return bytesBody(utf8(body.toString()), 'application/x-www-form-urlencoded;charset=UTF-8')
  if (ArrayBuffer.isView(body))
    return bytesBody(new Uint8Array(new Uint8Array(body.buffer, body.byteOffset, body.byteLength)), undefined)
  if (body instanceof ArrayBuffer) return bytesBody(new Uint8Array(body.slice(0)), undefined)
  if (typeof body === 'object' && Symbol.asyncIterator in body)
    throw new TypeError('Cannot send an iterable: make a ReadableStream of it')
  return bytesBody(utf8(String(body)), 'text/plain;charset=UTF-8')
}

/**
 * Makes a body of a Request's own, which is always a stream. A short one is read ahead, so that it has a length and can
 * be sent again as the standard has it for what was no stream.
 *
 * @param signal - gives up reading; then what came so far is the body
 * @throws TypeError when the body fails
 */
export async function takeRequestBody(
  request: Request,
  signal: AbortSignal | undefined,
): Promise<RequestBody | undefined> {
  const stream = request.body as ReadableStream<Uint8Array> | null | undefined
  if (stream === null) return undefined
  // Firefox has no `body` of requests.
  if (stream === undefined)
    return sent(request) ? bytesBody(new Uint8Array(await request.arrayBuffer()), undefined) : undefined
  const body = streamBody(stream)
  const source = body.open()
  const forget = onAbort(signal, () => source.cancel(signal?.reason))
  try {
    return await readAhead(body, source)
  } catch (error) {
    throw fetchFailure(error, 'the request body failed')
  } finally {
    forget()
  }
}

async function readAhead(body: RequestBody, source: ByteSource): Promise<RequestBody> {
  const ahead: Uint8Array<ArrayBuffer>[] = []
  for (let size = 0; size <= MAX_AHEAD;) {
    const bytes = await source.read()
    if (bytes === undefined) return blobBody(new Blob(ahead), undefined)
    ahead.push(new Uint8Array(bytes))
    size += bytes.length
  }
  const rest: ByteSource = {
    read: async () => ahead.shift() ?? (await source.read()),
    cancel: (reason) => source.cancel(reason),
  }
  return { ...body, open: () => rest }
}

const sent = ({ method }: Request): boolean => method !== 'GET' && method !== 'HEAD'

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)

function isStream(body: unknown): body is ReadableStream<Uint8Array> {
  return typeof body === 'object' && body !== null && typeof (body as { getReader?: unknown }).getReader === 'function'
}

function bytesBody(bytes: Uint8Array, type: string | undefined): RequestBody {
  const open = (): ByteSource => {
    let left = bytes.length === 0 ? undefined : bytes
    return {
      async read() {
        const now = left
        left = undefined
        return now
      },
      cancel: () => undefined,
    }
  }
  return { length: bytes.length, type, isReplayable: true, open }
}

function blobBody(blob: Blob, type: string | undefined): RequestBody {
  return { length: blob.size, type, isReplayable: true, open: () => sourceOf(blob.stream().getReader()) }
}

function streamBody(stream: ReadableStream<Uint8Array>): RequestBody {
  if (stream.locked) throw new TypeError('Cannot send a stream that is locked')
  const source = sourceOf(stream.getReader())
  return { length: undefined, type: undefined, isReplayable: false, open: () => source }
}

/** Bytes of a reader. Rejects with a TypeError for a chunk that is no Uint8Array, as the standard has it. */
function sourceOf(reader: ReadableStreamDefaultReader<Uint8Array>): ByteSource {
  return {
    async read() {
      for (;;) {
        const { done, value } = await reader.read()
        if (done) return undefined
        if (!(value instanceof Uint8Array)) throw new TypeError('Cannot send a chunk that is no Uint8Array')
        if (value.length > 0) return value
      }
    },
    cancel(reason) {
      reader.cancel(reason).catch(() => undefined) // whoever made the stream is told; how it takes that is its own matter
    },
  }
}
