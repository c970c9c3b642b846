/**
 * What a client keeps from one run to the next, as text, in a storage that may fail, be slow, be shared, or hold
 * something else than was put there. That costs the time to fetch things again, a warning, and nothing else:
 *
 * - What could not be read may well be there. Nothing is written over it before it was read.
 * - What is damaged is copied to another name before it is replaced.
 * - Under one name the storage does one thing at a time, however slow it is, so that no old text comes last.
 *
 * @module
 */
import { startTimer, type Clock } from '../../base/waiting/clock.ts'
import type { Storage } from '../../platform/storage/storage.ts'
import { NO_ANSWER, StorageWarnings, type KeptName } from './storage-warnings.ts'

/** How long the storage may take, in ms. */
const PATIENCE = 10_000

/** How often what another client damages while we look is set aside before we give up. */
const MAX_DAMAGES = 3

/** What the storage came to: an answer in time, or why there is none. */
type Outcome<T> = { readonly value: T } | { readonly failure: unknown }

/** What to write, as text or as bytes, or how it comes out of the text that is kept. */
type Change = (kept: string | undefined) => string | Uint8Array

export class ClientStore {
  readonly #storage: Storage
  readonly #clock: Clock
  readonly #closing: AbortSignal
  readonly #warnings = new StorageWarnings()
  /** What is under these names is known: taken over, or none, or damaged and set aside. */
  readonly #known = new Set<KeptName>()
  /** By name: what was damaged, and has been set aside. */
  readonly #aside = new Map<KeptName, Uint8Array>()
  /** By name: what the storage is doing, in time or not. */
  readonly #busy = new Map<KeptName, Promise<unknown>>()
  /** By name: the write that is under way, the newest change behind it. */
  readonly #writing = new Map<KeptName, Promise<boolean>>()
  readonly #next = new Map<KeptName, { readonly change: Change; readonly merges: boolean }>()

  /** @param closing - aborts when nothing is read any more */
  constructor(storage: Storage, clock: Clock, closing: AbortSignal) {
    this.#storage = storage
    this.#clock = clock
    this.#closing = closing
  }

  /** What the user should know of the storage. */
  get warnings(): readonly string[] {
    return this.#warnings.texts
  }

  /** True when it is known what is kept under `name`, or that nothing is. */
  hasRead(name: KeptName): boolean {
    return this.#known.has(name)
  }

  /**
   * Hands what is kept under `name`, if anything, to `take`. When that throws the entry is damaged: it is set aside, and
   * may be replaced.
   */
  use(name: KeptName, take: (text: string) => Promise<unknown> | void): Promise<void> {
    return this.useBytes(name, (bytes) => take(decoded(bytes)))
  }

  /** As {@link use}, with the very bytes that the storage gave. */
  async useBytes(name: KeptName, take: (bytes: Uint8Array) => Promise<unknown> | void): Promise<void> {
    const bytes = await this.#read(name)
    if (bytes === undefined) return
    try {
      await take(bytes)
    } catch {
      // Whatever was wrong with it. Once the client is closing, `take` may have missed something else.
      if (this.#closing.aborted) this.#known.delete(name)
      else await this.#setAside(name, bytes)
    }
  }

  /**
   * Keeps `content` under `name`: text, or bytes that do not change. Writes of one name happen one after the other, and only the last that waits.
   *
   * @returns false when it is not kept, which is then among the warnings; never rejects
   */
  keep(name: KeptName, content: string | Uint8Array): Promise<boolean> {
    return this.#change(name, () => content, false)
  }

  /**
   * As {@link keep}, for what other clients may have changed meanwhile: keeps what `change` makes of the text that is
   * there. It may be called more than once; when it throws at a text that is damaged, without one.
   */
  merge(name: KeptName, change: Change): Promise<boolean> {
    return this.#change(name, change, true)
  }

  /** Resolves when nothing is being written. */
  async settled(): Promise<void> {
    await Promise.all(this.#writing.values())
  }

  #change(name: KeptName, change: Change, merges: boolean): Promise<boolean> {
    this.#next.set(name, { change, merges })
    const writing = this.#writing.get(name) ?? this.#writeAll(name)
    this.#writing.set(name, writing)
    return writing
  }

  async #writeAll(name: KeptName): Promise<boolean> {
    let isKept = true
    for (let next = this.#next.get(name); next !== undefined; next = this.#next.get(name)) {
      this.#next.delete(name)
      isKept = await this.#write(name, next.change, next.merges)
    }
    this.#writing.delete(name)
    return isKept
  }

  async #write(name: KeptName, change: Change, merges: boolean): Promise<boolean> {
    // Reading once more is enough for what is replaced as a whole; what is merged is read anew in any case.
    if (!this.#known.has(name)) await this.#read(name)
    if (!this.#known.has(name)) return false
    for (let damages = 0; damages < MAX_DAMAGES; damages++) {
      let damaged: Uint8Array | undefined
      const outcome = await this.#ask(name, async () => {
        if (!merges) return this.#storage.write(name, encoded(change(undefined)))
        await this.#update(name, (kept) => {
          damaged = undefined
          const content = this.#merged(name, checked(kept), change)
          if (content !== undefined) return encoded(content)
          return (damaged = kept as Uint8Array)
        })
      })
      if ('failure' in outcome) {
        this.#warnings.cannotWrite(name, outcome.failure)
        return false
      }
      if (damaged === undefined) {
        this.#warnings.wrote(name)
        return true
      }
      if (!(await this.#setAside(name, damaged))) return false
    }
    return false
  }

  /** What `change` makes of the bytes that are kept; undefined when they are damaged and not set aside yet. */
  #merged(name: KeptName, kept: Uint8Array | undefined, change: Change): string | Uint8Array | undefined {
    if (kept === undefined) return change(undefined)
    try {
      return change(decoded(kept))
    } catch {
      return isSame(kept, this.#aside.get(name)) ? change(undefined) : undefined
    }
  }

  async #update(name: KeptName, change: (kept: Uint8Array | undefined) => Uint8Array): Promise<void> {
    if (this.#storage.update) return this.#storage.update(name, change)
    const kept = await this.#storage.read(name)
    const changed = change(kept)
    if (changed !== kept) await this.#storage.write(name, changed)
  }

  /** What is kept; undefined when there is none, or when it cannot be read: then it is not known. */
  async #read(name: KeptName): Promise<Uint8Array | undefined> {
    this.#known.delete(name)
    if (this.#closing.aborted) return undefined
    const outcome = await this.#ask(name, async () => checked(await this.#storage.read(name)), this.#closing)
    if (this.#closing.aborted) return undefined
    if ('failure' in outcome) {
      this.#warnings.cannotRead(name, outcome.failure)
      return undefined
    }
    this.#known.add(name)
    this.#warnings.read(name)
    return outcome.value
  }

  /** Copies what is damaged to another name, in place of what is there. Without a copy it is not replaced. */
  async #setAside(name: KeptName, bytes: Uint8Array): Promise<boolean> {
    const outcome = await this.#ask(name, () => this.#storage.write(`${name}-damaged`, bytes))
    if ('failure' in outcome) {
      this.#known.delete(name)
      this.#warnings.cannotWrite(name, outcome.failure)
      return false
    }
    this.#aside.set(name, bytes)
    this.#warnings.damaged(name)
    return true
  }

  /** What the storage does when it has done what it was asked before under this name. */
  #ask<T>(name: KeptName, ask: () => Promise<T>, signal?: AbortSignal): Promise<Outcome<T>> {
    let isOver = false
    const earlier = this.#busy.get(name) ?? Promise.resolve()
    // What nobody waits for any more is not begun. Storage that throws before there is a promise fails like any other.
    const doing = earlier.then(() => (isOver ? Promise.reject(new Error()) : ask()))
    const done = doing.then(nothing, nothing)
    this.#busy.set(name, done)
    return new Promise((resolve) => {
      const settle = (outcome: Outcome<T>): void => {
        isOver = true
        stopTimer()
        signal?.removeEventListener('abort', giveUp)
        resolve(outcome)
      }
      const giveUp = (): void => settle({ failure: NO_ANSWER })
      const stopTimer = startTimer(this.#clock, PATIENCE, giveUp)
      signal?.addEventListener('abort', giveUp)
      doing.then(
        (value) => settle({ value }),
        (failure: unknown) => settle({ failure }),
      )
    })
  }
}

/**
 * The bytes as a storage should give them.
 *
 * @throws TypeError for anything else, such as the null or the text of a storage that somebody wrote in haste
 */
function checked(bytes: Uint8Array | undefined): Uint8Array | undefined {
  if (bytes === undefined) return bytes
  // A subclass, such as that of Node, is slower at what it does in its own way.
  if (Object.prototype.toString.call(bytes) === '[object Uint8Array]')
    return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)
  throw new TypeError('the storage gave something that is no Uint8Array')
}

const decoded = (bytes: Uint8Array): string => new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)

const encoded = (content: string | Uint8Array): Uint8Array =>
  typeof content === 'string' ? new TextEncoder().encode(content) : content

const isSame = (one: Uint8Array, other: Uint8Array | undefined): boolean =>
  one.length === other?.length && one.every((byte, index) => byte === other[index])

const nothing = (): undefined => undefined
