/**
 * Where a client keeps what it need not fetch again. Names are short words of lower-case letters and hyphens.
 *
 * @module
 */

/**
 * A small store of named bytes, which several clients may share: processes that share files, tabs that share a
 * database. Nothing in it is trusted without a check.
 *
 * A client never writes over what it could not read. While the storage fails or does not answer within 10 seconds, the
 * client goes on in memory, says so in `status.warnings`, and tries again when there is something new to keep. What it
 * finds damaged it copies to the name with `-damaged` behind it, one for each name, before it replaces it.
 */
export interface Storage {
  /**
   * The bytes under `name`, or undefined when it is certain that there are none. Whoever cannot tell rejects: what a
   * client takes for missing it replaces. The client may keep them for as long as it lives: they do not change any more.
   */
  read(name: string): Promise<Uint8Array | undefined>
  /** Replaces the bytes under `name`, all at once: a reader sees the old or the new ones, also after a crash. */
  write(name: string, bytes: Uint8Array): Promise<void>
  /** Forgets `name`. */
  remove(name: string): Promise<void>
  /**
   * Replaces the bytes under `name` by what `change` makes of them, with no other write in between, not even one of
   * another process or tab. Without it a client reads and then writes, and what others write between is lost.
   *
   * - `change` answers at once, so that it can be called inside a transaction that does not wait for promises
   *   (IndexedDB). It may be called again when a try does not succeed; the last call counts.
   * - It gets undefined when there are no bytes, as in {@link read}.
   * - When it returns the very object that it got, nothing is written.
   * - When it throws, nothing is written, and the promise rejects with that.
   */
  readonly update?: ((name: string, change: (bytes: Uint8Array | undefined) => Uint8Array) => Promise<void>) | undefined
}

/** Storage that ends with the process. */
export class MemoryStorage implements Storage {
  readonly #entries = new Map<string, Uint8Array>()

  /** A copy of the bytes under `name`. */
  read(name: string): Promise<Uint8Array | undefined> {
    return Promise.resolve(this.#copy(name))
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

  /** Replaces the bytes under `name` by a copy of what `change` makes of a copy of them. */
  async update(name: string, change: (bytes: Uint8Array | undefined) => Uint8Array): Promise<void> {
    const bytes = this.#copy(name)
    const changed = change(bytes)
    if (changed !== bytes) this.#entries.set(name, new Uint8Array(changed))
  }

  #copy(name: string): Uint8Array | undefined {
    const bytes = this.#entries.get(name)
    return bytes && new Uint8Array(bytes)
  }
}
