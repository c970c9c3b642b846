/**
 * Connections that wait for another request to the same origin under the same isolation token and condition on the
 * exit. Their number and their time are bounded.
 *
 * @module
 */
import { startBackgroundTimer, type Clock } from '../../base/waiting/clock.ts'
import type { Connection } from '../../http/connection/connection.ts'
import type { ExitCondition, IsolationToken } from './socket.ts'

/** How many connections may wait, and for how long. */
export interface PoolLimits {
  /** The most for one origin and token. 0: none is used again. */
  readonly perOrigin: number
  /** The most in all. */
  readonly total: number
  /** In ms. */
  readonly timeout: number
}

/** Who may use a connection. */
export interface PoolKey {
  /** Scheme, host and port. */
  readonly origin: string
  readonly isolation: IsolationToken | undefined
  readonly exit: ExitCondition | undefined
}

interface Idle {
  readonly key: PoolKey
  readonly connection: Connection
  readonly stopTimer: () => void
}

const isSame = (a: PoolKey, b: PoolKey): boolean =>
  a.origin === b.origin && a.isolation === b.isolation && a.exit === b.exit

/** The idle connections of one fetch function. */
export class ConnectionPool {
  readonly #limits: PoolLimits
  readonly #clock: Clock
  /** Longest idle first. */
  #idle: readonly Idle[] = []
  #closed = false

  constructor(limits: PoolLimits, clock: Clock) {
    this.#limits = limits
    this.#clock = clock
  }

  /** How many connections wait. */
  get size(): number {
    return this.#idle.length
  }

  /** True when nothing is kept. */
  get isOff(): boolean {
    return this.#limits.perOrigin === 0 || this.#limits.total === 0 || this.#limits.timeout === 0
  }

  /** The connection that has waited the shortest, if there is one; the caller's from now on. */
  take(key: PoolKey): Connection | undefined {
    for (const idle of this.#idle) if (idle.connection.isOutdated) this.#drop(idle)
    const found = this.#idle.findLast((idle) => isSame(idle.key, key))
    if (found === undefined) return undefined
    this.#forget(found)
    return found.connection
  }

  /** Keeps a connection, or closes it. Where there are too many the one that has waited the longest goes. */
  give(key: PoolKey, connection: Connection, timeout: number = Infinity): void {
    const delay = Math.min(this.#limits.timeout, timeout)
    if (this.#closed || this.isOff || delay <= 0 || connection.isClosed || connection.isOutdated)
      return connection.close()
    const stopTimer = startBackgroundTimer(this.#clock, delay, () => this.#drop(idle))
    const idle: Idle = { key, connection, stopTimer }
    this.#idle = [...this.#idle, idle]
    connection.idle(() => this.#forget(idle))
    const siblings = this.#idle.filter((each) => isSame(each.key, key))
    if (siblings.length > this.#limits.perOrigin) this.#drop(siblings[0] as Idle)
    else if (this.#idle.length > this.#limits.total) this.#drop(this.#idle[0] as Idle)
  }

  /** Closes what waits, and whatever is given from now on. */
  close(): void {
    this.#closed = true
    this.clear()
  }

  /** Closes what waits. */
  clear(): void {
    for (const idle of this.#idle) this.#drop(idle)
  }

  #drop(idle: Idle): void {
    this.#forget(idle)
    idle.connection.close()
  }

  #forget(idle: Idle): void {
    idle.stopTimer()
    this.#idle = this.#idle.filter((each) => each !== idle)
  }
}
