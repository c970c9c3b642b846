/**
 * One direction of a link within this process: bytes go in at a WritableStream and come out at a ReadableStream, over a
 * buffer that is bounded. When nobody reads, writes wait: a side that stalls stalls the other, as on a real connection.
 *
 * @module
 */
import { startTimer, type Clock } from '../../base/waiting/clock.ts'
import { makeWritable } from '../../base/streams/writable.ts'
import { joinBytes } from '../../base/bytes/join-bytes.ts'

/** Bytes that a pipe holds before a write waits. One write more is taken, whatever its size. */
export const PIPE_CAPACITY = 65_536

/** What was written, or the end of it, and when it may be read. */
interface Due {
  /** In ms on the pipe's clock. */
  readonly at: number
  /** Undefined for the end. */
  readonly bytes: Uint8Array | undefined
}

/** A direction of a {@link MemoryLink}. Its knobs may be turned at any time. */
export class MemoryPipe {
  /** What was written, when it is due. Each chunk is the reader's own. */
  readonly readable: ReadableStream<Uint8Array>
  /** Takes copies. A write resolves when at most 65,536 bytes wait to be read. */
  readonly writable: WritableStream<Uint8Array>
  /** How many bytes went in. */
  bytesWritten = 0
  /** How many bytes came out. */
  bytesRead = 0

  readonly #clock: Clock
  #source!: ReadableStreamDefaultController<Uint8Array>
  readonly #failWritable: (error: unknown) => void
  #queue: Due[] = []
  #buffered = 0
  #delay = 0
  #readSize: number | undefined
  #stalled = false
  /** The reader waits for a chunk. */
  #wanted = false
  /** The write that waits for room. */
  #parked: { resolve: () => void; reject: (reason: unknown) => void } | undefined
  #cancelTimer: (() => void) | undefined
  #over = false

  constructor(clock: Clock) {
    this.#clock = clock
    this.readable = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#source = controller
        },
        pull: () => {
          this.#wanted = true
          this.#deliver()
        },
        cancel: (reason) => this.#finish(reason ?? new Error('The reader left')),
      },
      { highWaterMark: 0 },
    )
    const { writable, fail } = makeWritable<Uint8Array>({
      write: (chunk) => this.#write(chunk),
      close: () => this.#push(undefined),
      aborted: (reason) => this.#finish(reason ?? new Error('The writer left')),
    })
    this.writable = writable
    this.#failWritable = fail
  }

  /** How many bytes wait to be read. */
  get buffered(): number {
    return this.#buffered
  }

  /** How long bytes are under way, in ms. What is under way already keeps its own delay. */
  get delay(): number {
    return this.#delay
  }

  /** Throws a RangeError for what is no duration. */
  set delay(milliseconds: number) {
    if (!(milliseconds >= 0)) throw new RangeError(`Cannot set "delay" as it is no duration: ${milliseconds}`)
    this.#delay = milliseconds
  }

  /**
   * How many bytes a read yields: undefined, what one write brought; a number, exactly that many as long as they are
   * there, across writes; Infinity, everything that is there.
   */
  get readSize(): number | undefined {
    return this.#readSize
  }

  /** Throws a RangeError below 1. */
  set readSize(bytes: number | undefined) {
    if (bytes !== undefined && !(bytes >= 1)) throw new RangeError(`Cannot set "readSize" as it is below 1: ${bytes}`)
    this.#readSize = bytes
  }

  /** True between {@link stall} and {@link resume}. */
  get stalled(): boolean {
    return this.#stalled
  }

  /** Nothing comes out any more, the end neither, until {@link resume}. */
  stall(): void {
    this.#stalled = true
  }

  /** Undoes {@link stall}. */
  resume(): void {
    this.#stalled = false
    this.#deliver()
  }

  /** Both ends fail at once, and what is in between is lost. */
  die(error: unknown): void {
    this.#finish(error)
  }

  #write(chunk: Uint8Array): Promise<void> | undefined {
    if (chunk.length === 0) return undefined
    this.bytesWritten += chunk.length
    this.#buffered += chunk.length
    this.#push(new Uint8Array(chunk))
    if (this.#buffered <= PIPE_CAPACITY) return undefined
    return new Promise((resolve, reject) => {
      this.#parked = { resolve, reject }
    })
  }

  #push(bytes: Uint8Array | undefined): void {
    this.#queue.push({ at: this.#delay === 0 ? 0 : this.#clock.now() + this.#delay, bytes })
    this.#deliver()
  }

  #deliver(): void {
    const head = this.#queue[0]
    if (this.#over || this.#stalled || head === undefined) return
    if (head.at > 0 && head.at > this.#clock.now()) {
      this.#cancelTimer ??= startTimer(this.#clock, head.at - this.#clock.now(), () => {
        this.#cancelTimer = undefined
        this.#deliver()
      })
      return
    }
    if (head.bytes === undefined) {
      this.#over = true
      this.#source.close()
      return
    }
    if (!this.#wanted) return
    // `enqueue` may call `pull` before it returns.
    this.#wanted = false
    const bytes = this.#take(head.bytes)
    this.#buffered -= bytes.length
    this.bytesRead += bytes.length
    this.#source.enqueue(bytes)
    if (this.#buffered <= PIPE_CAPACITY) {
      this.#parked?.resolve()
      this.#parked = undefined
    }
    // The end waits for no pull.
    if (this.#queue[0]?.bytes === undefined) this.#deliver()
  }

  /** Takes what one read yields off the queue, which begins with `first`. */
  #take(first: Uint8Array): Uint8Array {
    const size = this.#readSize
    if (size === undefined || size === first.length) {
      this.#queue.shift()
      return first
    }
    const now = this.#clock.now()
    const parts: Uint8Array[] = []
    let missing = size
    for (let head = this.#queue[0]; missing > 0 && head?.bytes !== undefined && head.at <= now; head = this.#queue[0]) {
      parts.push(head.bytes.subarray(0, missing))
      if (head.bytes.length <= missing) this.#queue.shift()
      else this.#queue[0] = { at: head.at, bytes: head.bytes.subarray(missing) }
      missing -= Math.min(missing, head.bytes.length)
    }
    return joinBytes(parts)
  }

  /** Fails whatever has not ended. */
  #finish(error: unknown): void {
    if (this.#over) return
    this.#over = true
    this.#queue = []
    this.#buffered = 0
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    this.#source.error(error)
    this.#parked?.reject(error)
    this.#parked = undefined
    this.#failWritable(error)
  }
}
