/**
 * The read side as a ReadableStream. Its own queue stays empty (high-water mark 0), so that an error never discards
 * bytes.
 *
 * @module
 */
import { closeReadable, makeReadable, type ReadableController } from '../../base/streams/readable.ts'
import type { ReadableType, StreamConstructors } from '../../base/streams/stream-constructors.ts'
import { MAX_CHUNK, type ReadSide } from './read-side.ts'

/** Makes the readable of a side that has nobody else to take its bytes. */
export function readableOf(
  side: ReadSide,
  streams: StreamConstructors,
  type: ReadableType | undefined,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  let controller!: ReadableController
  const readable = makeReadable(
    {
      start(given) {
        controller = given
      },
      // A promise here would hold back the next pull: demand is noted, not awaited.
      pull: () => side.wanted(),
      cancel: (reason) => side.cancel(reason),
    },
    streams,
    type,
  )
  side.attach({
    // `enqueue` may call `pull` before it returns.
    take(inbox) {
      // A read into a buffer outlives its reader, and what answers it with `respond` goes to no other: what is enqueued
      // goes to whoever reads now. The array has exactly its bytes' size, as a byte stream transfers the whole buffer.
      const request = 'byobRequest' in controller ? controller.byobRequest : null
      const chunk = inbox.take(request?.view?.byteLength ?? MAX_CHUNK)
      const { length } = chunk
      controller.enqueue(chunk)
      return length
    },
    get isDrained() {
      return (controller.desiredSize ?? 0) >= 0
    },
    end: () => closeReadable(controller),
    fail: (why) => controller.error(why()),
  })
  return readable
}
