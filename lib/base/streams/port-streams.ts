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
  let isCancelled = false
  /** How the port has ended; the failure is boxed, as it may be any value. */
  let end: { readonly failure?: { readonly reason: unknown } } | undefined
  const tell = (controller: ReadableStreamDefaultController<Uint8Array>): void => {
    if (end === undefined || isReading || isCancelled) return
    if (end.failure === undefined) controller.close()
    // What was read and not taken is not to be lost for an error: then the next read tells.
    else if ((controller.desiredSize ?? 0) >= 0) controller.error(end.failure.reason)
  }
  const readable = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        const ended = (over: NonNullable<typeof end>): void => {
          end = over
          tell(controller)
        }
        port.readClosed.then(
          () => ended({}),
          (reason: unknown) => ended({ failure: { reason } }),
        )
      },
      async pull(controller) {
        isReading = true
        const bytes = await port.read()
        isReading = false
        if (bytes !== undefined && !isCancelled) controller.enqueue(bytes)
        tell(controller)
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
