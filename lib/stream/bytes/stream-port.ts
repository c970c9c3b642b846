/**
 * Both sides of a stream as a {@link BytePort}: the same credit and the same endings, without Web Streams. What is
 * written goes straight to the packer, which cuts it as it does a chunker's runs.
 *
 * @module
 */
import type { Why } from '../../base/why.ts'
import { deferred, type Deferred } from '../../base/waiting/deferred.ts'
import type { BytePort } from '../../base/streams/byte-port.ts'
import { MAX_CHUNK, type ReadSide } from './read-side.ts'
import { bytesOf, RelayDataRun } from './relay-data-run.ts'
import type { WriteSide } from './write-side.ts'

/** The port of a stream whose two sides nobody else uses. */
export class StreamPort implements BytePort {
  readonly writeClosed: Promise<Why>
  readonly #read: ReadSide
  readonly #write: WriteSide
  readonly #readClosed: Deferred<Why | undefined> = deferred()
  /** The read that waits. */
  #reading: Deferred<Uint8Array | undefined> | undefined
  /** The write that waits, or the last one. */
  #writing: RelayDataRun | undefined

  constructor(read: ReadSide, write: WriteSide) {
    this.#read = read
    this.#write = write
    read.attach({
      take: (inbox) => {
        const bytes = inbox.take(MAX_CHUNK)
        this.#settleRead()?.resolve(bytes)
        return bytes.length
      },
      isDrained: true,
      end: () => {
        this.#settleRead()?.resolve(undefined)
        this.#readClosed.resolve(undefined)
      },
      fail: (why) => {
        this.#settleRead()?.reject(why())
        this.#readClosed.resolve(why)
      },
    })
    this.writeClosed = new Promise((fail) => {
      write.attach({ stopped: () => undefined, fail }) // what waits was failed by the packer
    })
  }

  get readClosed(): Promise<Why | undefined> {
    return this.#readClosed.promise
  }

  read(): Promise<Uint8Array | undefined> {
    this.#reading = deferred()
    const { promise } = this.#reading
    this.#read.wanted()
    return promise
  }

  cancel(reason?: unknown): void {
    this.#read.cancel(reason)
    this.#settleRead()?.resolve(undefined)
    this.#readClosed.resolve(undefined)
  }

  async write(bytes: Uint8Array): Promise<void> {
    try {
      this.#write.accept()
      this.#write.begin()
      const run = new RelayDataRun(bytesOf(bytes))
      if (run.remaining > 0) {
        this.#writing = run
        this.#write.pack(run)
        await run.packed
      }
      this.#write.written()
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
    this.#write.abort(reason)
  }

  /** The read that waits, which does no more. */
  #settleRead(): Deferred<Uint8Array | undefined> | undefined {
    const reading = this.#reading
    this.#reading = undefined
    return reading
  }
}
