/**
 * What a client keeps from one run to the next, as text. Storage that fails, does not answer, or holds something else
 * than was put there, only costs the time to fetch it again.
 *
 * @module
 */
import type { Clock } from '../../base/clock.ts'
import type { Storage } from '../../platform/storage/storage.ts'

/** What is kept. */
export type KeptName = 'consensus' | 'certificates' | 'microdescriptors' | 'guards'

/** How long the storage may take, in ms. */
const PATIENCE = 10_000

export class ClientStore {
  readonly #storage: Storage
  readonly #clock: Clock
  readonly #closing: AbortSignal
  /** By name: the write that is under way, the newest text behind it. */
  readonly #writing = new Map<KeptName, Promise<void>>()
  readonly #next = new Map<KeptName, string>()

  /** @param closing - aborts when nothing is read any more */
  constructor(storage: Storage, clock: Clock, closing: AbortSignal) {
    this.#storage = storage
    this.#clock = clock
    this.#closing = closing
  }

  /** Hands what is kept under `name`, if anything, to `take`. When that throws the entry is no good, and dropped. */
  async use(name: KeptName, take: (text: string) => Promise<unknown> | void): Promise<void> {
    const bytes = await this.#soon(() => this.#storage.read(name), this.#closing)
    if (bytes === undefined) return
    try {
      await take(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes))
    } catch {
      await this.#soon(() => this.#storage.remove(name), this.#closing) // whatever was wrong with it, it is fetched again
    }
  }

  /**
   * Keeps `text` under `name`, if the storage works. Writes of one name happen one after the other, and only the last
   * that waits.
   */
  keep(name: KeptName, text: string): Promise<void> {
    this.#next.set(name, text)
    const writing = this.#writing.get(name) ?? this.#write(name)
    this.#writing.set(name, writing)
    return writing
  }

  /** Resolves when nothing is being written. */
  async settled(): Promise<void> {
    await Promise.all(this.#writing.values())
  }

  async #write(name: KeptName): Promise<void> {
    for (let text = this.#next.get(name); text !== undefined; text = this.#next.get(name)) {
      this.#next.delete(name)
      const bytes = new TextEncoder().encode(text)
      await this.#soon(() => this.#storage.write(name, bytes))
    }
    this.#writing.delete(name)
  }

  /** What the storage says in time; undefined when it fails, does not answer, or the signal aborts. */
  #soon<T>(ask: () => Promise<T>, signal?: AbortSignal): Promise<T | undefined> {
    return new Promise((resolve) => {
      const settle = (value: T | undefined): void => {
        stopTimer()
        signal?.removeEventListener('abort', giveUp)
        resolve(value)
      }
      const giveUp = (): void => settle(undefined)
      const stopTimer = this.#clock.after(PATIENCE, giveUp)
      signal?.addEventListener('abort', giveUp)
      if (signal?.aborted) giveUp()
      // Storage that throws before there is a promise fails like any other.
      Promise.resolve().then(ask).then(settle, giveUp)
    })
  }
}
