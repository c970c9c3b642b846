/**
 * A stream as a body: of the standard, or of a package whose streams only iterate.
 *
 * @module
 */
import { bytesOfChunk, isStream } from './brands.ts'
import type { ByteSource } from './byte-source.ts'

/**
 * The bytes of a stream, which is locked by it. A read rejects with a TypeError for a chunk that is no Uint8Array, as the
 * standard has it.
 */
export function sourceOf(stream: ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>): ByteSource {
  const { next, cancel } = isStream(stream) ? fromReader(stream.getReader()) : fromIterator(stream)
  return {
    async read() {
      for (;;) {
        const { done, value } = await next()
        if (done === true) return undefined
        const bytes = bytesOfChunk(value)
        if (bytes === undefined) throw new TypeError('Cannot send a chunk that is no Uint8Array')
        if (bytes.length > 0) return bytes
      }
    },
    cancel(reason) {
      cancel(reason)?.catch(() => undefined) // whoever made the stream is told; how it takes that is its own matter
    },
  }
}

interface Chunks {
  next(): Promise<{ readonly done?: boolean; readonly value?: unknown }>
  cancel(reason: unknown): Promise<unknown> | undefined
}

const fromReader = (reader: ReadableStreamDefaultReader<Uint8Array>): Chunks => ({
  next: () => reader.read(),
  cancel: (reason) => reader.cancel(reason),
})

function fromIterator(iterable: AsyncIterable<Uint8Array>): Chunks {
  const iterator = iterable[Symbol.asyncIterator]()
  return { next: () => iterator.next(), cancel: () => iterator.return?.() }
}
