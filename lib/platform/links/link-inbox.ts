/**
 * What a link has received and its reader has not taken: bytes that arrive in one turn of the event loop leave as one
 * chunk, because decryption is much faster on large batches. While too much waits, the connection is held back.
 *
 * @module
 */
import type { TorError } from '../../base/errors.ts'
import type { Why } from '../../base/why.ts'
import { deferred, type Deferred } from '../../base/waiting/deferred.ts'

/** The longest chunk that leaves, in bytes: about 128 cells, where larger batches gain nothing more. */
export const LARGEST_CHUNK: number = 64 * 1024

/** How many bytes may wait for the reader before the connection pauses. */
export const INBOX_LIMIT: number = 256 * 1024

/** What holds a connection back. */
export interface ReadControl {
  /** Reads no more from the network. */
  pause(): unknown
  resume(): unknown
}

const setImmediate = (callback: () => void): void => {
  ;(globalThis as unknown as { setImmediate(callback: () => void): unknown }).setImmediate(callback)
}

/** Bytes between a connection and whoever reads it. */
export class LinkInbox {
  readonly #control: ReadControl
  /** Chunks of the full length that wait, oldest first. */
  readonly #full: Uint8Array[] = []
  /** What came after them, so far: the first `#filled` bytes. It is copied when it leaves, and used again. */
  #filling = new Uint8Array(LARGEST_CHUNK)
  #filled = 0
  /** All bytes that wait. */
  #size = 0
  /** The read that waits for bytes. */
  #reading: Deferred<Uint8Array | undefined> | undefined
  /** A delivery at the end of this turn is arranged. */
  #scheduled = false
  #paused = false
  #ended = false
  #cancelled = false
  #failure: TorError | undefined
  readonly #closed: Deferred<Why | undefined> = deferred()

  constructor(control: ReadControl) {
    this.#control = control
  }

  /** Takes a copy of the first `length` bytes of what arrived. */
  push(bytes: Uint8Array, length: number = bytes.length): void {
    if (this.#cancelled) return
    this.#keep(bytes, length)
    if (this.#size >= INBOX_LIMIT && !this.#paused) {
      this.#paused = true
      this.#control.pause()
    }
    this.#schedule()
  }

  /** Resolves when all was read, or nobody reads any more; or to why the connection failed. */
  get closed(): Promise<Why | undefined> {
    return this.#closed.promise
  }

  /**
   * The next chunk, or undefined at the end. There is one a turn at most, so that whoever gets what is in the last one
   * can keep up. One read at a time.
   */
  read(): Promise<Uint8Array | undefined> {
    this.#reading = deferred()
    const { promise } = this.#reading
    if (this.#cancelled || (this.#ended && this.#size === 0)) this.#finish()
    else this.#schedule()
    return promise
  }

  /** No more will arrive. What is here is still delivered. */
  end(failure: TorError | undefined): void {
    this.#ended = true
    this.#failure = failure
    this.#deliver()
  }

  /** Nobody reads any more. */
  cancel(): void {
    this.#cancelled = true
    this.#failure = undefined
    this.#full.length = 0
    this.#filled = 0
    this.#size = 0
    this.#finish()
  }

  #keep(bytes: Uint8Array, length: number): void {
    this.#size += length
    for (let at = 0; at < length;) {
      const end = Math.min(length, at + LARGEST_CHUNK - this.#filled)
      this.#filling.set(bytes.subarray(at, end), this.#filled)
      this.#filled += end - at
      at = end
      if (this.#filled === LARGEST_CHUNK) {
        this.#full.push(this.#filling)
        this.#filling = new Uint8Array(LARGEST_CHUNK)
        this.#filled = 0
      }
    }
  }

  #schedule(): void {
    if (this.#scheduled || this.#reading === undefined || this.#size === 0) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      this.#deliver()
    })
  }

  #deliver(): void {
    const reading = this.#reading
    if (this.#size > 0 && reading !== undefined) {
      this.#reading = undefined
      const chunk = this.#take()
      if (this.#paused && this.#size < INBOX_LIMIT / 2) {
        this.#paused = false
        this.#control.resume()
      }
      reading.resolve(chunk)
    }
    if (this.#ended && this.#size === 0) this.#finish()
  }

  /** The next chunk, in a buffer of its own. */
  #take(): Uint8Array {
    const full = this.#full.shift()
    const chunk = full ?? new Uint8Array(this.#filling.subarray(0, this.#filled))
    if (full === undefined) this.#filled = 0
    this.#size -= chunk.length
    return chunk
  }

  #finish(): void {
    const failure = this.#failure
    if (failure === undefined) this.#reading?.resolve(undefined)
    else this.#reading?.reject(failure)
    this.#closed.resolve(failure && (() => failure))
    this.#reading = undefined
  }
}
