/**
 * Both sides of a stream as a {@link BytePort}: the same credit and the same endings, without Web Streams. What is
 * written goes straight to the packer, which cuts it as it does a chunker's runs.
 *
 * @module
 */
import type { BytePort } from '../../base/streams/byte-port.ts'
import { MAX_CHUNK, type ReadSide } from './read-side.ts'
import { RelayDataRun } from './relay-data-run.ts'
import type { WriteSide } from './write-side.ts'

/** How a direction has ended. The reason is boxed, as it may be any value; there is none for a clean end. */
interface DirectionEnd {
  readonly failure?: { readonly reason: unknown }
}

/** A read that waits. */
interface Reading {
  resolve(bytes: Uint8Array | undefined): void
  reject(reason: unknown): void
}

/** The port of a stream whose two sides nobody else uses. */
export class StreamPort implements BytePort {
  readonly #read: ReadSide
  readonly #write: WriteSide
  #reading: Reading | undefined
  /** The write that waits, or the last one. */
  #writing: RelayDataRun | undefined
  #readEnd: DirectionEnd | undefined
  #writeEnd: DirectionEnd | undefined
  readonly #watchers: Record<'reading' | 'writing', ((reason: unknown) => void) | undefined> = {
    reading: undefined,
    writing: undefined,
  }

  constructor(read: ReadSide, write: WriteSide) {
    this.#read = read
    this.#write = write
    read.attach({
      take: (inbox) => {
        const bytes = inbox.take(MAX_CHUNK)
        this.#takeReading()?.resolve(bytes)
        return bytes.length
      },
      isDrained: true,
      end: () => this.#endReading({}),
      fail: (reason) => this.#endReading({ failure: { reason } }),
    })
    write.attach({
      stopped: () => undefined, // what waits was failed by the packer
      fail: (reason) => this.#failWriting(reason),
    })
  }

  read(): Promise<Uint8Array | undefined> {
    return new Promise((resolve, reject) => {
      this.#reading = { resolve, reject }
      if (this.#readEnd) this.#endReading(this.#readEnd)
      else this.#read.wanted()
    })
  }

  cancel(reason?: unknown): void {
    if (this.#readEnd) return
    this.#endReading({})
    this.#read.cancel(reason)
  }

  async write(bytes: Uint8Array): Promise<void> {
    try {
      this.#write.begin()
      if (bytes.length === 0) return
      this.#writing = new RelayDataRun(bytes)
      this.#write.pack(this.#writing)
      await this.#writing.packed
    } catch (error) {
      this.#write.abort(error)
      throw error
    }
  }

  async end(): Promise<void> {
    await this.#writing?.packed
    await this.#write.close()
  }

  abort(reason: unknown): void {
    this.#failWriting(reason)
    this.#write.abort(reason)
  }

  watch(direction: 'reading' | 'writing', failed: (reason: unknown) => void): void {
    const end = direction === 'reading' ? this.#readEnd : this.#writeEnd
    if (end?.failure) failed(end.failure.reason)
    else this.#watchers[direction] = failed
  }

  #takeReading(): Reading | undefined {
    const reading = this.#reading
    this.#reading = undefined
    return reading
  }

  #endReading(end: DirectionEnd): void {
    const reading = this.#takeReading()
    if (end.failure) reading?.reject(end.failure.reason)
    else reading?.resolve(undefined)
    if (this.#readEnd) return
    this.#readEnd = end
    if (end.failure) this.#watchers.reading?.(end.failure.reason)
  }

  #failWriting(reason: unknown): void {
    if (this.#writeEnd) return
    this.#writeEnd = { failure: { reason } }
    this.#watchers.writing?.(reason)
  }
}
