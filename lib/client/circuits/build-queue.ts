/**
 * How many circuits are begun at once, and who is next: as many as C tor has pending (`MaxClientCircuitsPending`), and
 * by isolation in turn, so that a hundred streams of one activity do not keep another's first one waiting.
 *
 * @module
 */
import { TorError } from '../../base/errors.ts'
import type { Isolation, IsolationToken } from './isolation.ts'

/** How many circuits may be under way that are not open yet. */
export const MAX_PENDING_CIRCUITS = 32

/** A circuit that somebody needs. */
export interface Wanted<T, P> {
  /** Whose it will be; undefined for one that is anybody's. */
  readonly isolation: Isolation | undefined
  /** Gives up waiting. */
  readonly signal: AbortSignal | undefined
  /** What has to be there before a circuit can begin. */
  prepare(): Promise<P>
  /** One that others have begun, taken over: then none is begun. */
  find(): T | undefined
  begin(prepared: P): T
}

/** What somebody who waited got: leave to begin a circuit, until it is given back; or a circuit. */
type Turn<T> = { readonly release: () => void } | { readonly found: T }

/** In whose name circuits for anybody are begun: one more among those that wait. */
const ANYBODY: Isolation = { view: Symbol('anybody'), token: undefined }

interface Waiter<T> {
  /** Looks for a circuit that others have begun. */
  find(): T | undefined
  take(turn: Turn<T>): void
  giveUp(failure: TorError): void
}

/** Those of one isolation, who came first ahead. */
interface Line<T> {
  readonly isolation: Isolation
  readonly waiters: Set<Waiter<T>>
}

export class BuildQueue<T> {
  #free: number
  #closed: TorError | undefined
  /** Whose turn it is next first. None is empty. */
  readonly #lines = new Set<Line<T>>()
  readonly #byIsolation = new Map<symbol, Map<IsolationToken | undefined, Line<T>>>()

  readonly #opened: (circuit: T) => Promise<unknown>

  /** @param opened - settles when a circuit is no longer pending */
  constructor(opened: (circuit: T) => Promise<unknown>, limit: number = MAX_PENDING_CIRCUITS) {
    this.#opened = opened
    this.#free = limit
  }

  /** How many wait. */
  get waiting(): number {
    let count = 0
    for (const { waiters } of this.#lines) count += waiters.size
    return count
  }

  /**
   * A circuit: begun when it is its turn, or one that others have begun meanwhile.
   *
   * @throws TorError `ABORTED` when the signal aborts, or has; what `close` was given; what `prepare` and `begin` throw
   */
  async build<P>({ isolation = ANYBODY, signal, prepare, find, begin }: Wanted<T, P>): Promise<T> {
    const turn = await this.#turn(isolation, find, signal)
    if ('found' in turn) return turn.found
    let begun: T | undefined
    try {
      const prepared = await prepare()
      const found = find()
      if (found !== undefined) return found
      begun = begin(prepared)
    } finally {
      if (begun === undefined) turn.release()
      else this.#opened(begun).then(turn.release, turn.release)
    }
    this.#begun(isolation)
    return begun
  }

  /** Whoever waits, or would, hears `failure`. */
  close(failure: TorError): void {
    this.#closed = failure
    for (const { waiters } of [...this.#lines]) for (const waiter of [...waiters]) waiter.giveUp(failure)
  }

  #turn(isolation: Isolation, find: () => T | undefined, signal: AbortSignal | undefined): Promise<Turn<T>> {
    return new Promise((resolve, reject) => {
      const line = this.#lineOf(isolation)
      const done = (): void => {
        line.waiters.delete(waiter)
        if (line.waiters.size === 0) this.#remove(line)
        signal?.removeEventListener('abort', onAbort)
      }
      const onAbort = (): void => {
        waiter.giveUp(new TorError('ABORTED', 'no circuit is wanted any more', { cause: signal?.reason }))
      }
      const waiter: Waiter<T> = {
        find,
        take: (turn) => {
          done()
          resolve(turn)
        },
        giveUp: (failure) => {
          done()
          reject(failure)
        },
      }
      line.waiters.add(waiter)
      signal?.addEventListener('abort', onAbort)
      if (this.#closed) waiter.giveUp(this.#closed)
      else if (signal?.aborted) onAbort()
      else this.#serve()
    })
  }

  /** A circuit was begun: whoever waits with the same isolation may have it; the first of any, if it is anybody's. */
  #begun(isolation: Isolation): void {
    if (isolation === ANYBODY) {
      for (const { waiters } of [...this.#lines]) {
        const [first] = waiters
        if (first !== undefined && this.#offer(first)) return
      }
      return
    }
    const line = this.#byIsolation.get(isolation.view)?.get(isolation.token)
    for (const waiter of [...(line?.waiters ?? [])]) this.#offer(waiter)
  }

  #offer(waiter: Waiter<T>): boolean {
    const found = waiter.find()
    if (found !== undefined) waiter.take({ found })
    return found !== undefined
  }

  /** Gives turns while there are some: to the first of each line, one line after the other. */
  #serve(): void {
    for (let [line] = this.#lines; line !== undefined && this.#free > 0; [line] = this.#lines) {
      const [waiter] = line.waiters
      // To the end of the turn's order, before the line may be gone.
      this.#lines.delete(line)
      this.#lines.add(line)
      this.#free -= 1
      waiter?.take({ release: this.#releaseOnce() })
    }
  }

  #releaseOnce(): () => void {
    let isHeld = true
    return () => {
      if (!isHeld) return
      isHeld = false
      this.#free += 1
      this.#serve()
    }
  }

  #lineOf(isolation: Isolation): Line<T> {
    const ofView = this.#byIsolation.get(isolation.view) ?? new Map<IsolationToken | undefined, Line<T>>()
    this.#byIsolation.set(isolation.view, ofView)
    const line = ofView.get(isolation.token) ?? { isolation, waiters: new Set<Waiter<T>>() }
    ofView.set(isolation.token, line)
    this.#lines.add(line)
    return line
  }

  #remove(line: Line<T>): void {
    const { view, token } = line.isolation
    const ofView = this.#byIsolation.get(view)
    this.#lines.delete(line)
    ofView?.delete(token)
    if (ofView?.size === 0) this.#byIsolation.delete(view)
  }
}
