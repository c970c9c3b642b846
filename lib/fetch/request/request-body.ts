/**
 * What a request may carry: the Fetch standard's "extract a body". Whatever is no stream has a known length and can be
 * sent again.
 *
 * @module
 */
import { onAbort } from '../../base/waiting/abort.ts'
import type { ByteSource } from '../../http/body/byte-source.ts'
import { brandOf, bytesOfBuffer, isStream } from '../../http/body/brands.ts'
import { sourceOf } from '../../http/body/stream-source.ts'
import { isBlob, isFormData, isSearchParams, type BlobLike } from './foreign-body.ts'
import { encodeFormData } from './form-data.ts'
import { fetchFailure } from '../message/fetch-failure.ts'

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
 * Makes a body of what `fetch` was given, of this realm or another. A stream is locked by it.
 *
 * @param duplex - `init.duplex`; the standard asks for `'half'` beside a stream
 * @throws TypeError for a stream that is locked or comes without `duplex`, for an iterable that is no stream, and for an
 * object that has no text but `[object Something]`: the standard would send that
 */
export function extractBody(body: unknown, duplex: unknown): RequestBody {
  if (isStream(body)) {
    if (duplex !== 'half') throw new TypeError("Cannot send a stream without the option duplex: 'half'")
    return streamBody(body)
  }
  if (isBlob(body)) return partsBody([body], body.type || undefined)
  if (isFormData(body)) {
    const { parts, type } = encodeFormData(body)
    return partsBody(parts, type)
  }
  if (isSearchParams(body)) return bytesBody(utf8(body.toString()), 'application/x-www-form-urlencoded;charset=UTF-8')
  const bytes = bytesOfBuffer(body)
  if (bytes !== undefined) return bytesBody(new Uint8Array(bytes), undefined)
  if (typeof body === 'object' && Symbol.asyncIterator in (body as object))
    throw new TypeError('Cannot send an iterable: make a ReadableStream of it')
  const text = `${body as string}` // throws for a symbol, as the standard has it
  if (typeof body === 'object' && /^\[object .*\]$/.test(text))
    throw new TypeError(`Cannot send an object that has no text: ${brandOf(body)}`)
  return bytesBody(utf8(text), 'text/plain;charset=UTF-8')
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
  const stream = request.body as ReadableStream<Uint8Array> | AsyncIterable<Uint8Array> | null | undefined
  if (stream === null) return undefined
  // Firefox has no `body` of requests.
  if (stream === undefined)
    return sent(request) ? bytesBody(new Uint8Array(await request.arrayBuffer()), undefined) : undefined
  const body = isStream(stream) ? streamBody(stream) : iterableBody(stream)
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
    if (bytes === undefined) return partsBody(ahead, undefined)
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

const bytesBody = (bytes: Uint8Array, type: string | undefined): RequestBody => partsBody([bytes], type)

/** Bytes and files, one after the other: of a length that is known, from the first byte on each time. */
function partsBody(parts: readonly (Uint8Array | BlobLike)[], type: string | undefined): RequestBody {
  const length = parts.reduce((sum, part) => sum + (part instanceof Uint8Array ? part.length : part.size), 0)
  const open = (): ByteSource => {
    const left = [...parts]
    let file: ByteSource | undefined
    return {
      async read() {
        for (;;) {
          const bytes = await file?.read()
          if (bytes !== undefined) return bytes
          file = undefined
          const part = left.shift()
          if (part === undefined) return undefined
          if (!(part instanceof Uint8Array)) file = sourceOf(part.stream())
          else if (part.length > 0) return part
        }
      },
      cancel(reason) {
        left.length = 0
        file?.cancel(reason)
      },
    }
  }
  return { length, type, isReplayable: true, open }
}

function streamBody(stream: ReadableStream<Uint8Array>): RequestBody {
  if (stream.locked) throw new TypeError('Cannot send a stream that is locked')
  const source = sourceOf(stream)
  return { length: undefined, type: undefined, isReplayable: false, open: () => source }
}

/** What node-fetch has for the body of a Request: a stream of Node, which iterates. */
function iterableBody(body: AsyncIterable<Uint8Array>): RequestBody {
  if (typeof (body as Partial<AsyncIterable<Uint8Array>>)[Symbol.asyncIterator] !== 'function')
    throw new TypeError('Cannot send a Request whose body is no stream')
  const source = sourceOf(body)
  return { length: undefined, type: undefined, isReplayable: false, open: () => source }
}
