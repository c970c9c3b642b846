/**
 * The half that is read: what arrived waits in an inbox of our own until the application asks, and what it took is
 * reported as consumed. Who takes it is a readable or a port, made when first asked for.
 *
 * @module
 */
import type { Why } from '../../base/why.ts'
import { Inbox } from './inbox.ts'

/** The most bytes in one chunk: pipes and transfer pull one that nobody has read yet. */
export const MAX_CHUNK = 65_536

/** What the read side tells its stream. */
export interface ReadSideOwner {
  /** The application took the next `bytes` bytes, or never will; 0 when nothing waits and cells without bytes came. */
  consumed(bytes: number): void
  /** The application takes no more. */
  readCancelled(reason: unknown): void
  /** The stream has ended, and all its bytes were read or will never be. */
  readFinished(): void
}

/** Who hands on to the application what has arrived. */
export interface ByteTaker {
  /** Bytes wait, and were wanted: takes some out of the inbox. More may be wanted before it returns how many. */
  take(inbox: Inbox): number
  /** False while it holds bytes that an error would discard. */
  readonly isDrained: boolean
  /** All was taken, and nothing more comes. */
  end(): void
  /** All was taken, and the stream has failed. */
  fail(why: Why): void
}

/**
 * States:
 * - `flowing`: bytes may still arrive
 * - `ending`: nothing more will arrive; the taker ends, or fails, when the inbox is empty
 * - `discarding`: cancelled; what arrives counts as consumed and is dropped
 * - `done`
 */
type ReadState = 'flowing' | 'ending' | 'discarding' | 'done'

export class ReadSide {
  readonly #owner: ReadSideOwner
  readonly #inbox = new Inbox()
  #taker: ByteTaker | undefined
  #state: ReadState = 'flowing'
  /** What to end with; undefined for a clean end. */
  #why: Why | undefined
  /** Bytes are wanted, and none came since. */
  #demand = false
  #delivering = false
  /** Bytes that the application took, or never will. */
  #taken = 0

  constructor(owner: ReadSideOwner) {
    this.#owner = owner
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

  // What the circuit's side calls.

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

  /** Nothing more will come: bytes that wait are delivered, then the taker ends. */
  end(): void {
    if (this.#state === 'discarding') {
      this.#state = 'done'
      this.#owner.readFinished()
    } else if (this.#state === 'flowing') {
      this.#state = 'ending'
      this.#deliver()
    }
  }

  /** The stream broke: bytes that wait are delivered, then the taker fails. Truncation never looks like an end. */
  fail(why: Why): void {
    if (this.#state !== 'flowing') return
    this.#why = why
    this.#state = 'ending'
    this.#deliver()
  }

  /** The application aborted the other half: what waits is dropped and the taker fails now. */
  abort(why: Why): void {
    this.#drop()
    this.fail(why)
  }

  /** The application closed the stream: what waits is dropped and pending reads end. */
  close(): void {
    this.#drop()
    if (this.#state === 'flowing' || this.#state === 'ending') this.#finish()
  }

  // What the taker calls.

  /** From now on this one takes what arrives, or is told at once how the stream has ended. There is never a second. */
  attach(taker: ByteTaker): void {
    this.#taker = taker
    if (this.#state === 'done') this.#settle()
  }

  /** The application waits for bytes. Where there will be none the taker is told once more. */
  wanted(): void {
    this.#demand = true
    if (this.done) this.#settle()
    else this.#deliver()
  }

  /** The application takes no more. */
  cancel(reason: unknown): void {
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

  /** The one place that hands on. The taker may call `wanted` before it returns. */
  #deliver(): void {
    if (this.#delivering) return
    this.#delivering = true
    while (this.#demand && this.#inbox.size > 0) {
      this.#demand = false
      this.#consumed((this.#taker as ByteTaker).take(this.#inbox))
    }
    this.#delivering = false
    if (this.#inbox.size === 0) {
      this.#owner.consumed(0) // cells without bytes
      // An error would discard a chunk that the taker holds: wait until that was taken.
      if (this.#state === 'ending' && this.#taker?.isDrained !== false) this.#finish()
    }
  }

  #consumed(bytes: number): void {
    this.#taken += bytes
    this.#owner.consumed(bytes)
  }

  #finish(): void {
    this.#state = 'done'
    this.#settle()
    if (this.#why === undefined) this.#owner.readFinished()
  }

  #settle(): void {
    if (this.#why) this.#taker?.fail(this.#why)
    else this.#taker?.end()
  }
}
