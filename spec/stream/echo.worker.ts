/** A worker that gets a stream pair and sends back what comes, in capital letters. */
import { insideWorker } from './support/worker.ts'

insideWorker<{ readable: ReadableStream<Uint8Array>; writable: WritableStream<Uint8Array> }>(
  ({ readable, writable }) => {
    const louder = new TransformStream<Uint8Array, Uint8Array>({
      transform: (chunk, controller) =>
        controller.enqueue(chunk.map((byte) => (byte >= 97 && byte <= 122 ? byte - 32 : byte))),
    })
    readable
      .pipeThrough(louder)
      .pipeTo(writable)
      .catch(() => undefined) // the spec closes the stream on its side
  },
)
