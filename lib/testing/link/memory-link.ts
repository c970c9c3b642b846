/**
 * A connection within this process, in place of TLS over TCP: a pair of byte streams for each end, and knobs for what
 * connections do at their worst.
 *
 * @module
 */
import type { Clock } from '../../base/waiting/clock.ts'
import { MemoryPipe } from './memory-pipe.ts'

/** One end of a connection. */
export interface ByteDuplex {
  /** What the other end sends. */
  readonly readable: ReadableStream<Uint8Array>
  /** What the other end shall receive. */
  readonly writable: WritableStream<Uint8Array>
}

/**
 * A connection between who dialled and the relay that listens. Each direction has knobs of its own; those here turn
 * both.
 *
 * ```ts
 * link.toRelay.stall()      // the relay hears nothing more; after 64 KiB the client's writes wait
 * link.readSize = 1         // every read yields one byte
 * link.die()                // the connection is gone
 * ```
 */
export class MemoryLink {
  /** From who dialled to the relay. */
  readonly toRelay: MemoryPipe
  /** From the relay to who dialled. */
  readonly toClient: MemoryPipe
  /** The end of who dialled. */
  readonly client: ByteDuplex
  /** The relay's end. */
  readonly relay: ByteDuplex

  constructor(clock: Clock) {
    this.toRelay = new MemoryPipe(clock)
    this.toClient = new MemoryPipe(clock)
    this.client = { readable: this.toClient.readable, writable: this.toRelay.writable }
    this.relay = { readable: this.toRelay.readable, writable: this.toClient.writable }
  }

  /** How long bytes are under way in each direction, in ms; the longer of both when they differ. */
  get delay(): number {
    return Math.max(this.toRelay.delay, this.toClient.delay)
  }

  /** Sets it for both. */
  set delay(milliseconds: number) {
    this.toRelay.delay = milliseconds
    this.toClient.delay = milliseconds
  }

  /** How many bytes a read yields, see {@link MemoryPipe.readSize}; towards the relay when the directions differ. */
  get readSize(): number | undefined {
    return this.toRelay.readSize
  }

  /** Sets it for both. */
  set readSize(bytes: number | undefined) {
    this.toRelay.readSize = bytes
    this.toClient.readSize = bytes
  }

  /** Nothing gets through in either direction until {@link resume}. */
  stall(): void {
    this.toRelay.stall()
    this.toClient.stall()
  }

  /** Undoes {@link stall}. */
  resume(): void {
    this.toRelay.resume()
    this.toClient.resume()
  }

  /** The connection breaks: both ends' streams fail with `error`, and what was under way is lost. */
  die(error: unknown = new Error('The link broke')): void {
    this.toRelay.die(error)
    this.toClient.die(error)
  }
}
