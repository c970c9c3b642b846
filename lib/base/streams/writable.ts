/**
 * Writable streams whose abort also reaches a write or a close that waits, which the `abort` of a sink does not: they
 * listen to `controller.signal`.
 *
 * @module
 */

/** What a writable does. */
export interface AbortableSink<T> {
  /** A chunk is given, of which `write` hears when those before it are done. */
  accepted?(): void
  write(chunk: T): Promise<void> | void
  /** Called after the last write. */
  close(): Promise<void> | void
  /** The writable was aborted, and errors by itself. Whatever waits must be settled now. */
  aborted(reason: unknown): void
}

/** A writable, and what errors it from this side. */
export interface AbortableWritable<T> {
  readonly writable: WritableStream<T>
  /** Errors the writable, unless it is over. */
  fail(reason: unknown): void
}

/**
 * Makes a writable that takes one chunk ahead (high-water mark 1).
 *
 * @param constructor - the runtime's own by default
 */
export function makeWritable<T>(
  sink: AbortableSink<T>,
  constructor: typeof WritableStream = WritableStream,
): AbortableWritable<T> {
  let controller: WritableStreamDefaultController | undefined
  const writable = new constructor<T>(
    {
      start(given) {
        controller = given
        given.signal.addEventListener('abort', () => {
          // The abort errors the stream by itself; Node 20 fails an assertion when it is errored in here.
          controller = undefined
          sink.aborted(given.signal.reason)
        })
      },
      write: (chunk) => sink.write(chunk),
      close: () => sink.close(),
    },
    {
      highWaterMark: 1,
      // Asked for each chunk, at once.
      size() {
        sink.accepted?.()
        return 1
      },
    },
  )
  return { writable, fail: (reason) => controller?.error(reason) }
}
