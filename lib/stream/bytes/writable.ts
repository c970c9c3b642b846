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
import { bytesOf, detached, type RelayDataRun } from './relay-data-run.ts'
import type { WriteSide } from './write-side.ts'

/** Makes the writable of a side that nobody else writes to. */
export function writableOf(side: WriteSide, streams: StreamConstructors): WritableStream<BufferSource> {
  return new WritableHalf(side, streams).writable
}

interface ChunkerEnds {
  readonly chunks: WritableStreamDefaultWriter<BufferSource>
  readonly runs: ReadableStreamDefaultReader<RelayDataRun>
}

class WritableHalf {
  readonly writable: WritableStream<BufferSource>
  readonly #side: WriteSide
  readonly #streams: StreamConstructors
  /** Both ends of the chunker, which is made for the first chunk. */
  #chunker: ChunkerEnds | undefined
  /** What the chunker made of the chunk that is being written. */
  #run: RelayDataRun | undefined

  constructor(side: WriteSide, streams: StreamConstructors) {
    this.#side = side
    this.#streams = streams
    const { writable, fail } = makeWritable<BufferSource>(
      {
        accepted: () => side.accept(),
        write: (chunk) => this.#write(chunk),
        close: async () => {
          await side.close()
          await this.#chunker?.runs.cancel()
        },
        aborted: (reason) => side.abort(reason),
      },
      streams.WritableStream,
    )
    this.writable = writable
    side.attach({
      stopped: (why) => this.#chunker && markHandled(this.#chunker.runs.cancel(why())),
      fail: (why) => fail(why()),
    })
  }

  async #write(chunk: BufferSource): Promise<void> {
    try {
      this.#side.begin()
      const bytes = bytesOf(chunk) as Uint8Array<ArrayBuffer>
      const { length } = bytes
      this.#run = undefined
      this.#chunker ??= this.#makeChunker()
      await this.#chunker.chunks.write(bytes)
      if (length > 0 && !this.#isPacked) {
        this.#side.expectMore()
        throw detached() // the buffer shrank before the chunker took the chunk, which then looks empty
      }
      this.#side.written()
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

  #makeChunker(): ChunkerEnds {
    const { writable, readable } = createRunChunker(this.#streams)
    const ends = { chunks: writable.getWriter(), runs: readable.getReader() }
    for (const promise of [ends.chunks.closed, ends.chunks.ready, ends.runs.closed]) markHandled(promise)
    void this.#packRuns(ends.runs)
    return ends
  }

  async #packRuns(runs: ChunkerEnds['runs']): Promise<void> {
    try {
      for (;;) {
        const { value: run, done } = await runs.read()
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
