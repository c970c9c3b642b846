/**
 * Both sides of a stream as a {@link BytePort}: the same credit and the same endings, without Web Streams. What is
 * written goes straight to the packer, which cuts it as it does a chunker's runs.
 *
 * @module
 */
import type { BytePort, DirectionWatcher } from '../../base/streams/byte-port.ts'
import { MAX_CHUNK, type ReadSide } from './read-side.ts'
import { bytesOf, RelayDataRun } from './relay-data-run.ts'
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
  #readWatcher: DirectionWatcher | undefined
  #writeWatcher: DirectionWatcher | undefined

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
      if (this.#readEnd) this.#answerEnd(this.#readEnd)
      else this.#read.wanted()
    })
  }

  cancel(reason?: unknown): void {
    if (this.#readEnd) return
    this.#readWatcher = undefined
    this.#endReading({})
    this.#read.cancel(reason)
  }

  async write(bytes: Uint8Array): Promise<void> {
    try {
      this.#write.begin()
      const run = new RelayDataRun(bytesOf(bytes))
      if (run.remaining === 0) return
      this.#writing = run
      this.#write.pack(run)
      await run.packed
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
    this.#writeWatcher = undefined
    this.#write.abort(reason)
  }

  watch(direction: 'reading' | 'writing', watcher: DirectionWatcher): void {
    if (direction === 'reading') {
      this.#readWatcher = watcher
      if (this.#readEnd) tell(watcher, this.#readEnd)
    } else {
      this.#writeWatcher = watcher
      if (this.#writeEnd) tell(watcher, this.#writeEnd)
    }
  }

  #takeReading(): Reading | undefined {
    const reading = this.#reading
    this.#reading = undefined
    return reading
  }

  #endReading(end: DirectionEnd): void {
    this.#readEnd = end
    this.#answerEnd(end)
    if (this.#readWatcher) tell(this.#readWatcher, end)
  }

  #answerEnd({ failure }: DirectionEnd): void {
    const reading = this.#takeReading()
    if (failure) reading?.reject(failure.reason)
    else reading?.resolve(undefined)
  }

  #failWriting(reason: unknown): void {
    if (this.#writeEnd) return
    this.#writeEnd = { failure: { reason } }
    if (this.#writeWatcher) tell(this.#writeWatcher, this.#writeEnd)
  }
}

function tell(watcher: DirectionWatcher, { failure }: DirectionEnd): void {
  if (failure) watcher.failed(failure.reason)
  else watcher.ended?.()
}
