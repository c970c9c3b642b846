/**
 * A TLSSocket after its handshake as a pair of Web Streams. Nothing is read ahead of demand but the record that is
 * being read, and a write lasts until its bytes are below.
 *
 * @module
 */
import { SocketError } from '../../base/errors.ts'
import { makeWritable } from '../../base/streams/writable.ts'

/** The part of a TLSSocket that is used. */
export interface TlsStreamSocket {
  readonly destroyed: boolean
  on(event: string, listener: (value: never) => void): this
  off(event: string, listener: (value: never) => void): this
  write(bytes: Uint8Array, done: (error?: Error | null) => void): unknown
  end(done: () => void): unknown
  destroy(error?: Error): unknown
}

/** What the socket cannot do or tell by itself. */
export interface TlsControl {
  /** Reads no more. */
  pause(): void
  resume(): void
  /** True when the end that TLS tells of is only that of the bytes below. */
  isTruncated(): boolean
  /** What an error of the socket's is called here. */
  told(error: unknown): unknown
  /** Calls `done` once the bytes that were written are below: some runtimes take them long before. */
  whenTaken(done: () => void): void
}

/** The streams. The socket must not have been read from. */
export function tlsStreams(
  socket: TlsStreamSocket,
  control: TlsControl,
): { readable: ReadableStream<Uint8Array>; writable: WritableStream<Uint8Array> } {
  let reading: ReadableStreamDefaultController<Uint8Array> | undefined
  /** The write or close that waits. */
  let rejectWait: ((error: unknown) => void) | undefined
  let failure: { readonly error: unknown } | undefined

  const fail = (error: unknown): void => {
    if (failure !== undefined) return
    failure = { error }
    rejectWait?.(error)
    reading?.error(error)
    reading = undefined
    failWritable(error)
    socket.destroy()
  }
  const wait = (start: (done: (error?: Error | null) => void) => void): Promise<void> =>
    new Promise<void>((resolve, reject) => {
      if (failure !== undefined) return reject(failure.error)
      rejectWait = reject
      start((error) =>
        error ? reject(failure === undefined ? control.told(error) : failure.error) : control.whenTaken(resolve),
      )
    })

  const readable = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        reading = controller
        control.pause()
      },
      pull: () => void control.resume(),
      cancel() {
        // What still comes is dropped, so that the end is seen.
        reading = undefined
        control.resume()
      },
    },
    { highWaterMark: 0 },
  )
  const { writable, fail: failWritable } = makeWritable<Uint8Array>({
    aborted: () => void socket.destroy(),
    write: (bytes) => wait((done) => socket.write(bytes, done)),
    close: () => wait((done) => socket.end(() => done())),
  })

  socket.on('data', (bytes: Uint8Array) => {
    if (reading === undefined) return
    control.pause()
    reading.enqueue(new Uint8Array(bytes))
  })
  socket.on('end', () => {
    if (control.isTruncated()) return fail(truncated())
    reading?.close()
    reading = undefined
  })
  socket.on('error', (error: Error) => fail(control.told(error)))
  socket.on('close', () => {
    if (reading !== undefined) return fail(truncated())
    rejectWait?.(failure?.error ?? new SocketError('CLOSED', 'the TLS connection is closed'))
  })
  return { readable, writable }
}

const truncated = (): SocketError =>
  new SocketError('TLS_TRUNCATED', 'the connection ended without the end of TLS (close_notify)')
