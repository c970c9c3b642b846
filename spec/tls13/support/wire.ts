/**
 * What is below TLS in a spec: a pair of streams, and the far end of it in hand.
 *
 * @module
 */
import { joinBytes } from '../../../lib/base/bytes/join-bytes.ts'
import type { BytesBelow } from '../../../lib/tls13/streams/secured-streams.ts'

export class Wire {
  /** What TLS is made over. */
  readonly below: BytesBelow
  /** What `below.readable` was cancelled with. */
  cancelled: unknown
  /** What `below.writable` was aborted with. */
  aborted: unknown
  isClosed = false
  #source!: ReadableStreamDefaultController<Uint8Array>
  #sink!: WritableStreamDefaultController
  #written: Uint8Array[] = []
  #wake: (() => void) | undefined
  #held: (() => void) | undefined
  #isHeld = false
  #isDeaf = false
  #hasEnded = false

  /** How many chunks were given to TLS that it has not taken. */
  get untaken(): number {
    return -(this.#source.desiredSize as number)
  }

  constructor() {
    const readable = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#source = controller
        },
        cancel: (reason) => {
          this.cancelled = reason
          this.#wake?.()
        },
      },
      { highWaterMark: 0 },
    )
    const over = (): void => this.#wake?.()
    const writable = new WritableStream<Uint8Array<ArrayBuffer>>({
      start: (controller) => {
        this.#sink = controller
        controller.signal.addEventListener('abort', () => {
          this.aborted = controller.signal.reason
          if (!this.#isDeaf) this.release()
          over()
        })
      },
      write: async (chunk) => {
        this.#written.push(chunk)
        over()
        if (this.#isHeld) await new Promise<void>((resolve) => (this.#held = resolve))
      },
      close: () => {
        this.isClosed = true
        over()
      },
    })
    this.below = { readable, writable }
  }

  /** True once both of TLS's streams are over. */
  get isOver(): boolean {
    return (this.cancelled !== undefined || this.#hasEnded) && (this.aborted !== undefined || this.isClosed)
  }

  /** How many bytes of the client nobody has taken. */
  get unread(): number {
    return this.#written.reduce((sum, { length }) => sum + length, 0)
  }

  /** From now on a write below waits. */
  hold(): void {
    this.#isHeld = true
  }

  /** As {@link hold}, and an abort does not reach the write that waits. */
  holdDeaf(): void {
    this.#isHeld = true
    this.#isDeaf = true
  }

  /** The write that waits, and those to come, are taken. */
  release(): void {
    this.#isHeld = false
    this.#held?.()
  }

  /** Sends bytes to the client; they wait until it reads. */
  give(bytes: Uint8Array): void {
    if (this.cancelled === undefined) this.#source.enqueue(bytes)
  }

  /** The end of the bytes. */
  end(): void {
    this.#hasEnded = true
    this.#source.close()
  }

  /** Both directions are lost. */
  fail(error: unknown): void {
    this.#source.error(error)
    this.#sink.error(error)
  }

  /** What the client sent; waits for some. Undefined when nothing comes any more. */
  async take(): Promise<Uint8Array<ArrayBuffer> | undefined> {
    while (this.#written.length === 0) {
      if (this.isClosed || this.aborted !== undefined) return undefined
      await new Promise<void>((resolve) => (this.#wake = resolve))
    }
    const bytes = joinBytes(this.#written)
    this.#written = []
    return bytes
  }
}
