/**
 * A byte port as a pair of Web Streams, for whoever wants to pipe. Neither holds bytes of its own.
 *
 * @module
 */
import type { Why } from '../why.ts'
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
  /** How the port has ended. */
  let end: { readonly why: Why | undefined } | undefined
  const tell = (controller: ReadableStreamDefaultController<Uint8Array>): void => {
    if (end === undefined || isReading || isCancelled) return
    if (end.why === undefined) controller.close()
    // What was read and not taken is not to be lost for an error: then the next read tells.
    else if ((controller.desiredSize ?? 0) >= 0) controller.error(end.why())
  }
  const readable = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        void port.readClosed.then((why) => {
          end = { why }
          tell(controller)
        })
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
  void port.writeClosed.then((why) => fail(why()))
  return { readable, writable }
}
