/**
 * A body as the stream of a Response: nothing is read before somebody asks, and an abort ends it at once.
 *
 * @module
 */
import type { ByteSource } from './byte-source.ts'

type Controller = ReadableByteStreamController | ReadableStreamDefaultController<Uint8Array>

let byteStreams: boolean | undefined

/** True when this runtime has byte streams. Tried once. */
function hasByteStreams(): boolean {
  if (byteStreams === undefined) {
    try {
      new ReadableStream({ type: 'bytes' })
      byteStreams = true
    } catch {
      byteStreams = false // WebKit before 26.4
    }
  }
  return byteStreams
}

/**
 * Makes a stream of a body: a byte stream where the runtime has them, with high-water mark 0.
 *
 * @param signal - when it aborts, the stream errors with its reason and the body is given up
 */
export function bodyStream(body: ByteSource, signal: AbortSignal | undefined): ReadableStream<Uint8Array<ArrayBuffer>> {
  let controller!: Controller
  let isOver = false
  const end = (): void => {
    isOver = true
    signal?.removeEventListener('abort', abort)
  }
  const abort = (): void => {
    end()
    body.cancel(signal?.reason)
    controller.error(signal?.reason)
  }
  const source = {
    start(given: Controller) {
      controller = given
    },
    async pull() {
      try {
        const bytes = await body.read()
        if (isOver) return
        if (bytes === undefined) {
          end()
          close(controller)
        } else controller.enqueue(new Uint8Array(bytes)) // a fresh copy: a byte stream transfers the whole buffer
      } catch (error) {
        if (isOver) return
        end()
        controller.error(error)
      }
    },
    cancel(reason: unknown) {
      end()
      body.cancel(reason)
    },
  }
  const strategy = { highWaterMark: 0 }
  const stream = hasByteStreams()
    ? new ReadableStream({ ...source, type: 'bytes' }, strategy)
    : new ReadableStream(source, strategy)
  signal?.addEventListener('abort', abort)
  return stream as ReadableStream<Uint8Array<ArrayBuffer>>
}

/** Closes a stream whose reader may wait with a view of its own. */
function close(controller: Controller): void {
  const request = 'byobRequest' in controller ? controller.byobRequest : null
  try {
    controller.close()
    request?.respond(0)
  } catch (error) {
    controller.error(error) // a view of several bytes an element was filled in part
  }
}
