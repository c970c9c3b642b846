/**
 * A storage over another one, for faults that a spec decides on.
 *
 * @module
 */
import type { Storage } from '../../../lib/platform/storage/storage.ts'

/** What a storage can be asked to do. */
export type StorageAct = 'read' | 'write' | 'remove' | 'update'

/** Counts what a storage is asked, and has it fail or wait. */
export class FaultyStorage implements Storage {
  readonly #inner: Storage
  /** What was asked, in order. */
  readonly asked: string[] = []
  /** What happens before something is done: a rejection keeps it from being done. */
  before: (act: StorageAct, name: string) => Promise<void> | void = () => undefined
  /** What is given in place of what was read. */
  given: (name: string, bytes: Uint8Array | undefined) => unknown = (_, bytes) => bytes
  readonly update: Storage['update']

  /** @param isPlain - true for one that has no `update` */
  constructor(inner: Storage, isPlain = false) {
    this.#inner = inner
    if (!isPlain) {
      this.update = async (name, change) => {
        await this.#asked('update', name)
        await this.#inner.update?.(name, (bytes) => change(this.given(name, bytes) as Uint8Array | undefined))
      }
    }
  }

  async read(name: string): Promise<Uint8Array | undefined> {
    await this.#asked('read', name)
    return this.given(name, await this.#inner.read(name)) as Uint8Array | undefined
  }

  async write(name: string, bytes: Uint8Array): Promise<void> {
    await this.#asked('write', name)
    await this.#inner.write(name, bytes)
  }

  async remove(name: string): Promise<void> {
    await this.#asked('remove', name)
    await this.#inner.remove(name)
  }

  async #asked(act: StorageAct, name: string): Promise<void> {
    this.asked.push(`${act} ${name}`)
    await this.before(act, name)
  }
}
