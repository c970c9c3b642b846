/**
 * Reading ahead below: what arrives while something else is done waits here, within bounds.
 *
 * @module
 */
import { deferred, type Deferred } from '../../base/waiting/deferred.ts'

/** No more is read ahead when so many bytes wait, or so many chunks. */
export const AHEAD_BYTES = 131_072
export const AHEAD_CHUNKS = 16

export class ReadAhead {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>
  #chunks: Uint8Array[] = []
  #bytes = 0
  #isReading = false
  #end: { readonly error?: unknown } | undefined
  /** Somebody waits for the next chunk. */
  #wanted: Deferred<void> | undefined

  constructor(reader: ReadableStreamDefaultReader<Uint8Array>) {
    this.#reader = reader
  }

  /**
   * All that has arrived, at least one chunk; none at the end. Rejects with what the stream failed with, after all that came
   * before it.
   *
   * @param goesOn - reads ahead from now on
   */
  async take(goesOn: boolean): Promise<readonly Uint8Array[]> {
    if (this.#chunks.length === 0 && this.#end === undefined) {
      this.#wanted = deferred()
      this.#read()
      await this.#wanted.promise
    }
    const chunks = this.#chunks
    if (chunks.length === 0 && this.#end !== undefined && 'error' in this.#end) throw this.#end.error
    this.#chunks = []
    this.#bytes = 0
    if (goesOn) this.#read()
    return chunks
  }

  /** Reads one chunk, and as many more as there is room for while nobody waits. */
  #read(): void {
    if (this.#isReading || this.#end !== undefined) return
    this.#isReading = true
    this.#reader.read().then(
      ({ done, value }) => this.#arrived(done ? undefined : value, {}),
      (error: unknown) => this.#arrived(undefined, { error }),
    )
  }

  #arrived(chunk: Uint8Array | undefined, end: { readonly error?: unknown }): void {
    this.#isReading = false
    if (chunk === undefined) this.#end = end
    else {
      this.#chunks.push(chunk)
      this.#bytes += chunk.length
    }
    const wanted = this.#wanted
    this.#wanted = undefined
    if (wanted !== undefined) wanted.resolve()
    else if (this.#chunks.length < AHEAD_CHUNKS && this.#bytes < AHEAD_BYTES) this.#read()
  }
}
