/**
 * The methods of a Duplex of node:stream over a pair of Web Streams. Both of its halves fail together, and it holds no
 * more than one cell's worth of bytes and the chunk that it read last.
 *
 * `Duplex.fromWeb` does neither: it hides up to 64 KiB, and leaves the writable open when the readable errors.
 *
 * @module
 */
import { bytePortOf, type PortSource } from '../../base/streams/byte-port.ts'

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
export function pairDuplexOptions(pair: PortSource, hooks: PairDuplexHooks = {}): PairDuplexOptions {
  const port = bytePortOf(pair)
  const failed = (reason: unknown): Error => {
    const error = asError(reason)
    return hooks.failed?.(error) ?? error
  }
  const pull = (duplex: DuplexSelf): void => {
    const take = (bytes: Uint8Array | undefined): void => {
      if (duplex.destroyed) return
      if (bytes === undefined) return void duplex.push(null)
      hooks.received?.(bytes.length)
      duplex.push(bytes)
    }
    port.read().then(take, (error: unknown) => duplex.destroy(failed(error)))
  }
  const settle = (work: Promise<unknown>, bytes: number, done: Done): void => {
    const succeed = (): void => {
      hooks.sent?.(bytes)
      done()
    }
    work.then(succeed, (error: unknown) => done(failed(error)))
  }
  /** Without a turn between them where there is room, so that they share cells. */
  const writeAll = async (chunks: readonly { readonly chunk: Uint8Array }[]): Promise<void> => {
    for (const { chunk } of chunks) await port.write(chunk)
  }

  return {
    allowHalfOpen: false,
    highWaterMark: CELL_BYTES,
    decodeStrings: true,
    read() {
      pull(this)
    },
    write(bytes, _encoding, done) {
      settle(port.write(bytes), bytes.length, done)
    },
    writev(chunks, done) {
      settle(
        writeAll(chunks),
        chunks.reduce((sum, { chunk }) => sum + chunk.length, 0),
        done,
      )
    },
    final(done) {
      settle(port.end(), 0, done)
    },
    destroy(error, done) {
      port.cancel(error ?? undefined)
      port.abort(error ?? undefined)
      hooks.destroyed?.(error)
      done(error)
    },
  }
}

/** Node's streams take errors only. */
export const asError = (reason: unknown): Error =>
  reason instanceof Error ? reason : new Error('the stream was given up', { cause: reason })
