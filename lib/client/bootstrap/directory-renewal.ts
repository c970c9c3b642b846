/**
 * When the next consensus is fetched by a client that is in use, and that one which nobody has used for a day fetches none until it
 * is (C tor, `fetch_networkstatus_callback` and `check_network_participation_callback`).
 *
 * @module
 */
import { startBackgroundTimer, type Clock } from '../../base/waiting/clock.ts'

/** How soon the directory is fetched again at the earliest, in ms: after a failure, or when there is no newer one yet. */
const RETRY = 60_000

/** How long a client without a use goes on, in ms (`DormantClientTimeout`). */
const LONGEST_WITHOUT_USE = 86_400_000

/** What it needs. */
export interface DirectoryRenewalOptions {
  readonly clock: Clock
  /** When the next consensus should be fetched, in ms since the epoch; drawn anew each time. */
  nextFetch(): number
  /** Fetches it, and what is missing for it. */
  refresh(): Promise<unknown>
  /** Something is under way that counts as a use as long as it is. */
  isInUse(): boolean
}

export class DirectoryRenewal {
  readonly #options: DirectoryRenewalOptions
  #usedAt: number
  #stopTimer: (() => void) | undefined
  #phase: 'idle' | 'planned' | 'dormant' | 'stopped' = 'idle'

  constructor(options: DirectoryRenewalOptions) {
    this.#options = options
    this.#usedAt = options.clock.now()
  }

  /** From now on consensuses are fetched in time. One that was kept may be due already. */
  start(): void {
    this.#plan(0)
  }

  /** The client is used. */
  used(): void {
    this.#usedAt = this.#options.clock.now()
    if (this.#phase === 'dormant') this.#plan(0)
  }

  /** None is fetched any more. */
  stop(): void {
    this.#phase = 'stopped'
    this.#stopTimer?.()
  }

  /** @param least - how soon it may be at the earliest, in ms */
  #plan(least = RETRY, delay = this.#options.nextFetch() - this.#options.clock.now()): void {
    if (this.#phase === 'stopped') return
    this.#phase = 'planned'
    this.#stopTimer = startBackgroundTimer(this.#options.clock, Math.max(least, delay), () => this.#renew())
  }

  #renew(): void {
    const { clock, refresh, isInUse } = this.#options
    if (isInUse()) this.#usedAt = clock.now()
    // A clock that was set back tells nothing of how long it was.
    if (clock.now() - this.#usedAt >= LONGEST_WITHOUT_USE) {
      this.#phase = 'dormant'
      return
    }
    refresh().then(
      () => this.#plan(),
      () => this.#plan(RETRY, RETRY),
    )
  }
}
