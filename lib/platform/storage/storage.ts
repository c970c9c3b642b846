/**
 * Where a client keeps what it need not fetch again. Names are short words of lower-case letters and hyphens.
 *
 * @module
 */

/** A small store of named bytes. What is lost is fetched again; nothing in it is trusted without a check. */
export interface Storage {
  /** The bytes under `name`, or undefined when there are none. */
  read(name: string): Promise<Uint8Array | undefined>
  /** Replaces the bytes under `name`, all at once: a reader sees the old or the new ones. */
  write(name: string, bytes: Uint8Array): Promise<void>
  /** Forgets `name`. */
  remove(name: string): Promise<void>
}

/** Storage that ends with the process. */
export class MemoryStorage implements Storage {
  readonly #entries = new Map<string, Uint8Array>()

  /** A copy of the bytes under `name`. */
  read(name: string): Promise<Uint8Array | undefined> {
    const bytes = this.#entries.get(name)
    return Promise.resolve(bytes && new Uint8Array(bytes))
  }

  /** Replaces the bytes under `name` by a copy of these. */
  write(name: string, bytes: Uint8Array): Promise<void> {
    this.#entries.set(name, new Uint8Array(bytes))
    return Promise.resolve()
  }

  /** Forgets `name`. */
  remove(name: string): Promise<void> {
    this.#entries.delete(name)
    return Promise.resolve()
  }
}
