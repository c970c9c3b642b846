/**
 * Storage as a database of the browser (IndexedDB), for pages and workers: those of one origin share it.
 *
 * @module
 */
import { onAbort, unlessAborts } from '../../base/waiting/abort.ts'
import { startTimer, systemClock, type Clock } from '../../base/waiting/clock.ts'
import { TorError } from '../../base/errors.ts'
import { checkStorageName } from './storage-name.ts'
import type { Storage } from './storage.ts'
import { StoredEntry, type Guarded } from './stored-entry.ts'

const VERSION = 1
const ENTRIES = 'entries'

/**
 * How long the database may take for anything, in ms: less than a client's patience with its storage, which asks for
 * several things one after the other.
 */
const PATIENCE = 5_000

/** What specs bring of their own. */
export interface IndexedDbOptions {
  /** The factory of databases, an `IDBFactory`; the runtime's by default. */
  readonly indexedDB?: object | undefined
  /** @internal */
  readonly clock?: Clock | undefined
}

/** What a transaction does. It calls `done` with its outcome, and whatever it throws undoes it. */
type Work<T> = (entry: StoredEntry, done: (value: T) => void) => void

/**
 * A database of the page's origin. Tabs and workers of the origin change it one after the other, and see all of a change
 * or nothing of it, also after a crash.
 *
 * Methods reject with what the browser says, such as `QuotaExceededError` when the disk is full, `SecurityError` where the
 * user lets the page store nothing, or `VersionError` when a later version of this library has made the database; with
 * TorError `STORAGE_UNAVAILABLE` where there is no IndexedDB and while the database does not answer. Whoever else wants to
 * delete or upgrade the database is not held up.
 */
export class IndexedDbStorage implements Storage {
  readonly #database: string
  readonly #options: IndexedDbOptions
  #connection: Promise<IDBDatabase> | undefined
  /** How many things the database has not done in time, nor since. */
  #overdue = 0

  /**
   * @param database - its name in the page's origin
   * @param options - for specs
   */
  constructor(database: string = 'tor-streams', options: IndexedDbOptions = {}) {
    this.#database = database
    this.#options = options
  }

  /**
   * The bytes under `name`, or undefined when there are none.
   *
   * @throws TypeError when `name` is none, or there is something that is no bytes; or as the class says
   */
  read(name: string): Promise<Uint8Array | undefined> {
    return this.#act<Uint8Array | undefined>(name, 'readonly', (entry, done) => entry.read(done))
  }

  /**
   * Replaces the bytes under `name`.
   *
   * @throws TypeError when `name` is none; or as the class says
   */
  write(name: string, bytes: Uint8Array): Promise<void> {
    return this.#act<void>(name, 'readwrite', (entry) => entry.write(bytes))
  }

  /**
   * Replaces the bytes under `name` by what `change` makes of them, in one transaction.
   *
   * @throws as {@link read}, and what `change` throws
   */
  update(name: string, change: (bytes: Uint8Array | undefined) => Uint8Array): Promise<void> {
    return this.#act<void>(name, 'readwrite', (entry) =>
      entry.read((bytes) => {
        const changed = change(bytes)
        if (changed !== bytes) entry.write(changed)
      }),
    )
  }

  /**
   * Forgets `name`.
   *
   * @throws as {@link write}
   */
  remove(name: string): Promise<void> {
    return this.#act<void>(name, 'readwrite', (entry) => entry.remove())
  }

  /** Does something in a transaction of its own, in time or not at all. */
  async #act<T>(name: string, mode: IDBTransactionMode, work: Work<T>): Promise<T> {
    checkStorageName(name)
    if (this.#overdue > 0) throw unanswered()
    const late = new AbortController()
    const stopTimer = startTimer(this.#options.clock ?? systemClock, PATIENCE, () => {
      this.#overdue += 1
      late.abort(unanswered())
    })
    const doing = this.#tryTwice(name, mode, work, late.signal)
    const settled = (): void => {
      stopTimer()
      if (late.signal.aborted) this.#overdue -= 1
    }
    doing.then(settled, settled)
    return await unlessAborts(doing, [late.signal])
  }

  /** A connection may have been closed under us: by the browser, or because somebody deleted or upgraded the database. */
  async #tryTwice<T>(name: string, mode: IDBTransactionMode, work: Work<T>, late: AbortSignal): Promise<T> {
    const connection = this.#connect()
    try {
      return await inTransaction(await connection, name, mode, work, late)
    } catch (error) {
      if (connection === this.#connection && !isClosed(error)) throw error
      if (connection === this.#connection) this.#connection = undefined
      return await inTransaction(await this.#connect(), name, mode, work, late)
    }
  }

  #connect(): Promise<IDBDatabase> {
    if (this.#connection !== undefined) return this.#connection
    const forget = (): void => {
      if (this.#connection === connection) this.#connection = undefined
    }
    const connection: Promise<IDBDatabase> = Promise.resolve().then(() => this.#open(forget))
    this.#connection = connection
    return connection
  }

  /** Opens the database. `forget` is called when the connection is none, or none any more. */
  async #open(forget: () => void): Promise<IDBDatabase> {
    try {
      const own = this.#options.indexedDB as IDBFactory | undefined
      const indexedDB = own ?? (globalThis as { indexedDB?: IDBFactory | null }).indexedDB
      if (!indexedDB) throw new TorError('STORAGE_UNAVAILABLE', 'there is no IndexedDB here')
      const database = await opened(indexedDB.open(this.#database, VERSION))
      database.onclose = forget
      database.onversionchange = () => {
        forget()
        database.close()
      }
      return database
    } catch (error) {
      forget()
      throw error
    }
  }
}

function opened(request: IDBOpenDBRequest): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    request.onupgradeneeded = () => void request.result.createObjectStore(ENTRIES)
    request.onsuccess = () => resolve(request.result)
    request.onerror = (event) => {
      event.preventDefault() // Firefox reports it to the page otherwise
      reject(failureOf(request.error))
    }
  })
}

/** Resolves when all of it is done; rejects when nothing of it is. */
function inTransaction<T>(
  database: IDBDatabase,
  name: string,
  mode: IDBTransactionMode,
  work: Work<T>,
  late: AbortSignal,
): Promise<T> {
  return new Promise((resolve, reject) => {
    late.throwIfAborted()
    // It is on the disk when it is done, where the engine can promise that.
    const transaction = database.transaction(ENTRIES, mode, { durability: 'strict' })
    let outcome: T | undefined
    let thrown: { readonly error: unknown } | undefined
    const undo = (error: unknown): void => {
      thrown ??= { error }
      try {
        transaction.abort()
      } catch {
        // It is over: what became of it is told.
      }
    }
    const forget = onAbort(late, () => undo(late.reason))
    transaction.oncomplete = () => {
      forget()
      resolve(outcome as T)
    }
    transaction.onerror = (event) => event.preventDefault() // as above; it aborts
    transaction.onabort = () => {
      forget()
      reject(thrown === undefined ? failureOf(transaction.error) : thrown.error)
    }
    const guarded: Guarded = (handler) => () => {
      try {
        handler()
      } catch (error) {
        undo(error)
      }
    }
    guarded(() =>
      work(new StoredEntry(transaction.objectStore(ENTRIES), name, guarded), (value) => {
        outcome = value
      }),
    )()
  })
}

const isClosed = (error: unknown): boolean => (error as { name?: unknown } | null)?.name === 'InvalidStateError'

const unanswered = (): TorError => new TorError('STORAGE_UNAVAILABLE', 'the database does not answer')

const failureOf = (error: DOMException | null): unknown =>
  error ?? new TorError('STORAGE_UNAVAILABLE', 'the database gave up')
