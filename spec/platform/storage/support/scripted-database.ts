/**
 * As much of IndexedDB as a storage needs, in memory, for any engine, with a script for what goes wrong. Like the real
 * one it calls back in turns of its own, and runs transactions one after the other.
 *
 * @module
 */

/** Nothing, why it fails, or later one of these; a throw is a throw. */
type Fate = DOMException | null | undefined
type Script = (() => Fate | Promise<Fate>) | undefined

interface Request {
  result: unknown
  error: DOMException | null
  onsuccess: (() => void) | null
  onerror: ((event: { preventDefault(): void }) => void) | null
  onupgradeneeded: (() => void) | null
}

const request = (): Request => ({
  result: undefined,
  error: null,
  onsuccess: null,
  onerror: null,
  onupgradeneeded: null,
})
const event = { preventDefault: () => undefined }

/** The databases of one origin; there is one, whatever it is called. */
export class ScriptedDatabases {
  /** Called for each attempt to open it. */
  onOpen: Script
  /** Called when a transaction is to be committed. What it gives is why it is aborted. */
  onCommit: Script
  /** Every transaction finds its connection closed. */
  isAlwaysClosed = false
  opens = 0
  commits = 0
  #entries = new Map<string, unknown>()
  #hasStore = false
  readonly #open = new Set<Connection>()
  #queue: Promise<unknown> = Promise.resolve()

  readonly factory = { open: () => this.#openOne() } as unknown as IDBFactory

  /** How many connections there are. */
  get connections(): number {
    return this.#open.size
  }

  /** The browser closes every connection. */
  closeAll(): void {
    for (const connection of [...this.#open]) {
      connection.close()
      connection.onclose?.()
    }
  }

  /** As {@link closeAll}, and tells nobody. */
  dropAll(): void {
    for (const connection of [...this.#open]) connection.close()
  }

  /** Somebody wants to upgrade or delete it. */
  announceUpgrade(): void {
    for (const connection of [...this.#open]) connection.onversionchange?.()
  }

  #openOne(): Request {
    this.opens += 1
    const fate = this.onOpen?.()
    const opening = request()
    void (async () => {
      const failure = (await fate) ?? undefined
      if (failure !== undefined) {
        opening.error = failure
        opening.onerror?.(event)
        return
      }
      const connection = new Connection((run) => this.#transaction(connection, run))
      connection.forget = () => void this.#open.delete(connection)
      this.#open.add(connection)
      opening.result = connection
      if (!this.#hasStore) {
        this.#hasStore = true
        opening.onupgradeneeded?.()
      }
      opening.onsuccess?.()
    })()
    return opening
  }

  #transaction(connection: Connection, transaction: Transaction): void {
    if (this.isAlwaysClosed || connection.isClosed) throw new DOMException('closed', 'InvalidStateError')
    this.#queue = this.#queue.then(async () => {
      const entries = new Map(this.#entries)
      while (transaction.work.length > 0 && !transaction.isAborted) {
        await Promise.resolve()
        for (const act of transaction.work.splice(0)) act(entries)
      }
      const commit = transaction.isAborted ? undefined : this.onCommit?.()
      const fate = await Promise.race([commit ?? undefined, transaction.aborted])
      const failed = commit === null || fate === null || (fate !== undefined && !transaction.isAborted)
      if (transaction.isAborted || failed) {
        transaction.error = fate ?? null
        transaction.onabort?.()
        return
      }
      this.#entries = entries
      this.commits += 1
      transaction.oncomplete?.()
    })
  }
}

class Connection {
  onclose: (() => void) | undefined
  onversionchange: (() => void) | undefined
  forget: () => void = () => undefined
  isClosed = false
  readonly #begin: (transaction: Transaction) => void

  constructor(begin: (transaction: Transaction) => void) {
    this.#begin = begin
  }

  createObjectStore(): void {
    // There is only one, and nobody looks for others.
  }

  transaction(): Transaction {
    const transaction = new Transaction()
    this.#begin(transaction)
    return transaction
  }

  close(): void {
    this.isClosed = true
    this.forget()
  }
}

class Transaction {
  oncomplete: (() => void) | undefined
  onabort: (() => void) | undefined
  error: DOMException | null = null
  isAborted = false
  readonly work: ((entries: Map<string, unknown>) => void)[] = []
  #abort: (value: undefined) => void = () => undefined
  readonly aborted = new Promise<undefined>((resolve) => {
    this.#abort = resolve
  })

  abort(): void {
    this.isAborted = true
    this.#abort(undefined)
  }

  objectStore() {
    return {
      get: (name: string) => this.#ask((entries) => entries.get(name)),
      put: (value: unknown, name: string) => this.#ask((entries) => void entries.set(name, structuredClone(value))),
      delete: (name: string) => this.#ask((entries) => void entries.delete(name)),
    }
  }

  #ask(act: (entries: Map<string, unknown>) => unknown): Request {
    const asked = request()
    this.work.push((entries) => {
      asked.result = act(entries)
      asked.onsuccess?.()
    })
    return asked
  }
}
