/**
 * The methods of a Duplex of node:stream over a pair of Web Streams. Both of its halves fail together, and it holds no
 * more than one cell's worth of bytes and the chunk that it read last.
 *
 * `Duplex.fromWeb` does neither: it hides up to 64 KiB, and leaves the writable open when the readable errors.
 *
 * @module
 */

import type { BufferSource } from '../../base/streams/buffer-source.ts'
/** What a Duplex is made over. */
export interface ByteStreamPair {
  /** What becomes the Duplex's input. It is locked. */
  readonly readable: ReadableStream<Uint8Array>
  /** What takes the Duplex's output. It is locked. */
  readonly writable: WritableStream<BufferSource>
}

/** The bytes that one DATA cell carries: as much as the Duplex buffers each way. */
export const CELL_BYTES = 498

/** What the methods use of the Duplex that they belong to. */
export interface DuplexSelf {
  readonly destroyed: boolean
  push(bytes: Uint8Array | null): boolean
  destroy(error?: Error): unknown
}

type Done = (error?: Error | null) => void

/** The options of a Duplex of node:stream. */
export interface PairDuplexOptions {
  /** Also what makes the far end's end ours: in Tor there is no half-close. */
  readonly allowHalfOpen: boolean
  readonly highWaterMark: number
  /** Without it text would arrive as text. */
  readonly decodeStrings: true
  readonly read: (this: DuplexSelf) => void
  readonly write: (this: DuplexSelf, bytes: Uint8Array, encoding: unknown, done: Done) => void
  readonly writev: (this: DuplexSelf, chunks: readonly { readonly chunk: Uint8Array }[], done: Done) => void
  readonly final: (this: DuplexSelf, done: Done) => void
  readonly destroy: (this: DuplexSelf, error: Error | null, done: Done) => void
}

/** What a Duplex tells beside its events. */
export interface PairDuplexHooks {
  /** Bytes have come in. */
  received?(bytes: number): void
  /** Bytes have been taken by the writable. */
  sent?(bytes: number): void
  /** One of the streams has failed; told before the Duplex tells it. It may give what the Duplex is to fail with. */
  failed?(error: Error): Error | undefined
  /** The Duplex is destroyed, by whom and why ever; the pair's own streams have been given up. */
  destroyed?(error: Error | null): void
}

/**
 * The options with which `new Duplex(…)` is that pair: errors of either half destroy it with just that error, and
 * destroying it gives up both halves.
 */
export function pairDuplexOptions(pair: ByteStreamPair, hooks: PairDuplexHooks = {}): PairDuplexOptions {
  const reader = pair.readable.getReader()
  const writer = pair.writable.getWriter()
  // Whoever reads or writes is told; a failure that nobody waits for is no unhandled rejection.
  reader.closed.catch(ignore)
  writer.closed.catch(ignore)

  const failed = (reason: unknown): Error => {
    const error = asError(reason)
    return hooks.failed?.(error) ?? error
  }
  const pull = (duplex: DuplexSelf): void => {
    const take = ({ done, value }: ReadableStreamReadResult<Uint8Array>): void => {
      if (duplex.destroyed) return
      if (done) return void duplex.push(null)
      // Node asks for more only after a push of something.
      if (value.length === 0) return pull(duplex)
      hooks.received?.(value.length)
      duplex.push(value)
    }
    reader.read().then(take, (error: unknown) => duplex.destroy(failed(error)))
  }
  const settle = (work: Promise<unknown>, bytes: number, done: Done): void => {
    const succeed = (): void => {
      hooks.sent?.(bytes)
      done()
    }
    work.then(succeed, (error: unknown) => done(failed(error)))
  }

  return {
    allowHalfOpen: false,
    highWaterMark: CELL_BYTES,
    decodeStrings: true,
    read() {
      pull(this)
    },
    write(bytes, _encoding, done) {
      settle(writer.write(plain(bytes)), bytes.length, done)
    },
    writev(chunks, done) {
      // In one turn, so that they share cells.
      const written = Promise.all(chunks.map(({ chunk }) => writer.write(plain(chunk))))
      settle(
        written,
        chunks.reduce((sum, { chunk }) => sum + chunk.length, 0),
        done,
      )
    },
    final(done) {
      settle(writer.close(), 0, done)
    },
    destroy(error, done) {
      reader.cancel(error ?? undefined).catch(ignore)
      writer.abort(error ?? undefined).catch(ignore)
      hooks.destroyed?.(error)
      done(error)
    },
  }
}

/** Node's streams take errors only. */
export const asError = (reason: unknown): Error =>
  reason instanceof Error ? reason : new Error('the stream was given up', { cause: reason })

/** The bytes as the writable's type wants them. A shared buffer is none that node:stream makes. */
const plain = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => bytes as Uint8Array<ArrayBuffer>

const ignore = (): void => undefined // The same failure reaches the Duplex by its own way.
