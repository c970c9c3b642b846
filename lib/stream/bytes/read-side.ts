/**
 * The readable half: what arrived waits in an inbox of our own until the consumer pulls, and what the consumer took is
 * reported as consumed. The stream's own queue stays empty (high-water mark 0), so that an error never discards bytes.
 *
 * @module
 */
import { Inbox } from './inbox.ts'
import {
  closeReadable,
  makeReadable,
  type ReadableController,
  type ReadableSource,
} from '../../base/streams/readable.ts'
import type { ReadableType, StreamConstructors } from '../../base/streams/stream-constructors.ts'

/** The most bytes in one chunk: pipes and transfer pull one that nobody has read yet. */
const MAX_CHUNK = 65_536

/** What the read side tells its stream. */
export interface ReadSideOwner {
  /** The application took the next `bytes` bytes, or never will; 0 when nothing waits and cells without bytes came. */
  consumed(bytes: number): void
  /** The application cancelled the readable. */
  readCancelled(reason: unknown): void
  /** The stream has ended, and all its bytes were read or will never be. */
  readFinished(): void
}

/**
 * States:
 * - `flowing`: bytes may still arrive
 * - `ending`: nothing more will arrive; the readable closes, or errors, when the inbox is empty
 * - `discarding`: cancelled; what arrives counts as consumed and is dropped
 * - `done`
 */
type ReadState = 'flowing' | 'ending' | 'discarding' | 'done'

export class ReadSide {
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>
  readonly #owner: ReadSideOwner
  readonly #inbox = new Inbox()
  #controller!: ReadableController
  #state: ReadState = 'flowing'
  /** The error to end with, boxed as it may be any value; undefined for a clean end. */
  #failure: { readonly error: unknown } | undefined
  /** A pull came and has not been answered. */
  #demand = false
  #delivering = false
  /** Bytes that the application took, or never will. */
  #taken = 0

  constructor(owner: ReadSideOwner, streams: StreamConstructors, type: ReadableType | undefined) {
    this.#owner = owner
    const source: ReadableSource = {
      start: (controller) => {
        this.#controller = controller
      },
      // A promise here would hold back the next pull: demand is noted, not awaited.
      pull: () => {
        this.#demand = true
        this.#deliver()
      },
      cancel: (reason) => this.#cancel(reason),
    }
    this.readable = makeReadable(source, streams, type)
  }

  /** True when the application can get nothing more from here. */
  get done(): boolean {
    return this.#state === 'done' || this.#state === 'discarding'
  }

  /** Bytes that wait for the application. */
  get waiting(): number {
    return this.#inbox.size
  }

  /** Bytes that have arrived, in all. */
  get received(): number {
    return this.#taken + this.#inbox.size
  }

  /** One DATA cell's bytes, which hold until `endOfPass`. */
  push(bodies: Uint8Array, offset: number, length: number): void {
    if (this.done) this.#consumed(length)
    else this.#inbox.push(bodies, offset, length)
  }

  /** Hands on one coalesced chunk if there is demand; copies what must wait. */
  endOfPass(): void {
    this.#deliver()
    this.#inbox.own()
  }

  /** Nothing more will come: bytes that wait are delivered, then the readable closes. */
  end(): void {
    if (this.#state === 'discarding') {
      this.#state = 'done'
      this.#owner.readFinished()
    } else if (this.#state === 'flowing') {
      this.#state = 'ending'
      this.#deliver()
    }
  }

  /** The stream broke: bytes that wait are delivered, then the readable errors. Truncation never looks like an end. */
  fail(error: unknown): void {
    if (this.#state !== 'flowing') return
    this.#failure = { error }
    this.#state = 'ending'
    this.#deliver()
  }

  /** The application aborted the other half: what waits is dropped and the readable errors now. */
  abort(error: unknown): void {
    this.#drop()
    this.fail(error)
  }

  /** The application closed the stream: what waits is dropped and pending reads end. */
  close(): void {
    this.#drop()
    if (this.#state === 'flowing' || this.#state === 'ending') this.#finish()
  }

  #cancel(reason: unknown): void {
    if (this.#state === 'flowing') {
      this.#state = 'discarding'
      this.#drop()
      this.#owner.readCancelled(reason)
    } else if (this.#state === 'ending') {
      this.#state = 'done'
      this.#drop()
      this.#owner.readFinished()
    }
  }

  #drop(): void {
    const dropped = this.#inbox.size
    this.#inbox.clear()
    this.#consumed(dropped)
  }

  /** The one place that enqueues. `enqueue` and `respond` may call `pull` before they return. */
  #deliver(): void {
    if (this.#delivering) return
    this.#delivering = true
    while (this.#demand && this.#inbox.size > 0) {
      this.#demand = false
      const request = 'byobRequest' in this.#controller ? this.#controller.byobRequest : null
      let taken: number
      if (request?.view) {
        const { buffer, byteOffset, byteLength } = request.view
        taken = this.#inbox.takeInto(new Uint8Array(buffer, byteOffset, byteLength))
        request.respond(taken)
      } else {
        // A fresh array of exact size: a byte stream transfers the whole buffer behind what it is given.
        const chunk = this.#inbox.take(MAX_CHUNK)
        taken = chunk.length
        this.#controller.enqueue(chunk)
      }
      this.#consumed(taken)
    }
    this.#delivering = false
    if (this.#inbox.size === 0) {
      this.#owner.consumed(0) // cells without bytes
      // An error would discard a chunk that the stream holds: wait for the pull that takes it.
      if (this.#state === 'ending' && (this.#controller.desiredSize ?? 0) >= 0) this.#finish()
    }
  }

  #consumed(bytes: number): void {
    this.#taken += bytes
    this.#owner.consumed(bytes)
  }

  #finish(): void {
    this.#state = 'done'
    if (this.#failure) {
      this.#controller.error(this.#failure.error)
      return
    }
    closeReadable(this.#controller)
    this.#owner.readFinished()
  }
}
