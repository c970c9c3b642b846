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
  /** What is read is on its way into the readable. */
  let isReading = false
  let isEnded = false
  let isCancelled = false
  const readable = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        const ended = (): void => {
          isEnded = !isCancelled
          if (isEnded && !isReading) controller.close()
        }
        // What was read and not taken is not to be lost for it: then the next read tells.
        const failed = (reason: unknown): void => {
          if (!isReading && (controller.desiredSize ?? 0) >= 0) controller.error(reason)
        }
        port.readClosed.then(ended, failed)
      },
      async pull(controller) {
        isReading = true
        const bytes = await port.read()
        isReading = false
        if (bytes !== undefined) controller.enqueue(bytes)
        if (isEnded) controller.close()
      },
      cancel(reason) {
        isCancelled = true
        port.cancel(reason)
      },
    },
    { highWaterMark: 0 },
  )
  const { writable, fail } = makeWritable<Uint8Array>({
    write: (bytes) => port.write(bytes),
    close: () => port.end(),
    aborted: (reason) => port.abort(reason),
  })
  port.writeClosed.catch(fail)
  return { readable, writable }
}
