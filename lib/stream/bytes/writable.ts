/**
 * The write side as a WritableStream that owns `controller.signal`, and the chunker behind it, a TransformStream whose
 * runs are packed one after the other.
 *
 * @module
 */
import type { BufferSource } from '../../base/streams/buffer-source.ts'
import { markHandled } from '../../base/waiting/deferred.ts'
import type { StreamConstructors } from '../../base/streams/stream-constructors.ts'
import { makeWritable } from '../../base/streams/writable.ts'
import { createRunChunker } from './relay-data-chunker.ts'
import { bytesOf, type RelayDataRun } from './relay-data-run.ts'
import type { WriteSide } from './write-side.ts'

/** Makes the writable of a side that nobody else writes to. */
export function writableOf(side: WriteSide, streams: StreamConstructors): WritableStream<BufferSource> {
  return new WritableHalf(side, streams).writable
}

class WritableHalf {
  readonly writable: WritableStream<BufferSource>
  readonly #side: WriteSide
  readonly #chunks: WritableStreamDefaultWriter<BufferSource>
  readonly #runs: ReadableStreamDefaultReader<RelayDataRun>
  /** What the chunker made of the chunk that is being written. */
  #run: RelayDataRun | undefined

  constructor(side: WriteSide, streams: StreamConstructors) {
    this.#side = side
    const chunker = createRunChunker(streams)
    this.#chunks = chunker.writable.getWriter()
    this.#runs = chunker.readable.getReader()
    for (const promise of [this.#chunks.closed, this.#chunks.ready, this.#runs.closed]) markHandled(promise)
    void this.#packRuns()
    const { writable, fail } = makeWritable<BufferSource>(
      {
        write: (chunk) => this.#write(chunk),
        close: async () => {
          await side.close()
          await this.#runs.cancel()
        },
        aborted: (reason) => side.abort(reason),
      },
      streams.WritableStream,
    )
    this.writable = writable
    side.attach({
      stopped: (reason) => markHandled(this.#runs.cancel(reason)),
      fail,
    })
  }

  async #write(chunk: BufferSource): Promise<void> {
    try {
      this.#side.begin()
      const bytes = bytesOf(chunk) as Uint8Array<ArrayBuffer>
      const { length } = bytes
      this.#run = undefined
      await this.#chunks.write(bytes)
      if (length > 0 && !this.#isPacked) this.#side.expectMore()
    } catch (error) {
      // A chunker that was torn down just before it took the chunk drops it without a word (Deno), or fails with an
      // error of its own (Node): the reason is the one that counts.
      this.#side.abort(error)
      this.#side.expectMore()
      throw error
    }
  }

  get #isPacked(): boolean {
    return this.#run?.isPacked === true
  }

  async #packRuns(): Promise<void> {
    try {
      for (;;) {
        const { value: run, done } = await this.#runs.read()
        if (done) return
        this.#run = run
        this.#side.pack(run)
        await run.packed
      }
    } catch (error) {
      this.#side.abort(error) // of no effect where the chunker was torn down: whoever did that has told the application
    }
  }
}
