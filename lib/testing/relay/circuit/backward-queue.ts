/**
 * Cells on their way to the client, in the order in which they were made. Each gets this relay's layer of encryption;
 * where keystream is made ahead and has run out, what follows waits here.
 *
 * @module
 */
import { BODY_SIZE } from '../../../cell/body-size.ts'
import type { Keystream } from '../../../platform/crypto/ciphers/keystream.ts'

interface Batch {
  readonly command: number
  readonly bodies: Uint8Array
  readonly encrypt: boolean
}

/** The cells of one circuit that go towards the client. */
export class BackwardQueue {
  readonly #keystream: Keystream
  readonly #send: (command: number, bodies: Uint8Array, count: number) => void
  #waiting: Batch[] = []
  #flushing: Promise<void> | undefined

  constructor(keystream: Keystream, send: (command: number, bodies: Uint8Array, count: number) => void) {
    this.#keystream = keystream
    this.#send = send
  }

  /** False while cells wait for keystream. */
  get idle(): boolean {
    return this.#flushing === undefined
  }

  /**
   * Sends the cells whose bodies stand one after the other in `bodies`, which is used up. Returns a promise when they
   * had to wait; it resolves when they have gone.
   *
   * @param encrypt adds this relay's layer; without it the bytes go as they are
   */
  push(command: number, bodies: Uint8Array, encrypt: boolean): Promise<void> | undefined {
    const batch = { command, bodies, encrypt }
    if (this.#flushing === undefined && (!encrypt || this.#keystream.available >= bodies.length)) {
      this.#pass(batch)
      return undefined
    }
    this.#waiting.push(batch)
    return (this.#flushing ??= this.#flush())
  }

  #pass({ command, bodies, encrypt }: Batch): void {
    this.#send(command, encrypt ? this.#keystream.apply(bodies) : bodies, bodies.length / BODY_SIZE)
  }

  async #flush(): Promise<void> {
    for (let batch = this.#waiting[0]; batch !== undefined; batch = this.#waiting[0]) {
      if (batch.encrypt && this.#keystream.available < batch.bodies.length)
        await this.#keystream.refill(batch.bodies.length)
      this.#waiting.shift()
      this.#pass(batch)
    }
    this.#flushing = undefined
  }
}
