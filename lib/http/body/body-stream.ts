/**
 * A body as the stream of a Response: nothing is read before somebody asks, and an abort ends it at once.
 *
 * @module
 */
import { onAbort } from '../../base/waiting/abort.ts'
import { closeReadable, makeReadable, type ReadableController } from '../../base/streams/readable.ts'
import type { ByteSource } from './byte-source.ts'

/**
 * Makes a stream of a body: a byte stream where the runtime has them, with high-water mark 0.
 *
 * @param signal - when it aborts, the stream errors with its reason and the body is given up
 */
export function bodyStream(body: ByteSource, signal: AbortSignal | undefined): ReadableStream<Uint8Array<ArrayBuffer>> {
  let controller!: ReadableController
  let isOver = false
  let forget = (): void => undefined // until it is known, for a signal that has aborted
  const end = (): void => {
    isOver = true
    forget()
  }
  const stream = makeReadable({
    start(given) {
      controller = given
    },
    async pull() {
      try {
        const bytes = await body.read()
        if (isOver) return
        if (bytes === undefined) {
          end()
          closeReadable(controller)
        } else controller.enqueue(new Uint8Array(bytes)) // a fresh copy: a byte stream transfers the whole buffer
      } catch (error) {
        if (isOver) return
        end()
        controller.error(error)
      }
    },
    cancel(reason) {
      end()
      body.cancel(reason)
    },
  })
  forget = onAbort(signal, () => {
    end()
    body.cancel(signal?.reason)
    controller.error(signal?.reason)
  })
  return stream
}
