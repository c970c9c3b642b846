/**
 * A byte port as a pair of Web Streams, for whoever wants to pipe. Neither holds bytes of its own.
 *
 * @module
 */
import type { BytePort } from './byte-port.ts'
import { makeWritable } from './writable.ts'

/** The pair. */
export interface PortStreams {
  readonly readable: ReadableStream<Uint8Array>
  readonly writable: WritableStream<Uint8Array>
}

/** Makes the runtime's own streams over a port, which nobody else may use from then on. */
export function streamsOver(port: BytePort): PortStreams {
  const readable = new ReadableStream<Uint8Array>(
    {
      start: (controller) => port.watch('reading', (reason) => controller.error(reason)),
      pull: async (controller) => {
        const bytes = await port.read()
        if (bytes === undefined) controller.close()
        else controller.enqueue(bytes)
      },
      cancel: (reason) => port.cancel(reason),
    },
    { highWaterMark: 0 },
  )
  const { writable, fail } = makeWritable<Uint8Array>({
    write: (bytes) => port.write(bytes),
    close: () => port.end(),
    aborted: (reason) => port.abort(reason),
  })
  port.watch('writing', fail)
  return { readable, writable }
}
