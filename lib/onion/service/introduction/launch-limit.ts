/**
 * How many circuits to introduction points a service builds in a time: who can break them must not make it build any
 * number, as each leads past relays that he may own (C tor's `INTRO_CIRC_RETRY_PERIOD`).
 *
 * @module
 */
import { pause } from '../../../base/waiting/pause.ts'
import type { Clock } from '../../../base/waiting/clock.ts'

const PERIOD = 300_000

export class LaunchLimit {
  readonly #clock: Clock
  readonly #most: number
  readonly #launches: number[] = []

  /** @param most - in 5 minutes */
  constructor(clock: Clock, most: number) {
    this.#clock = clock
    this.#most = most
  }

  /**
   * Resolves when another one may be built, which is counted.
   *
   * @throws TorError `ABORTED`
   */
  async next(signal: AbortSignal): Promise<void> {
    for (;;) {
      const now = this.#clock.now()
      // A clock that was set back does not keep anybody from anything.
      const recent = this.#launches.filter((at) => Math.abs(now - at) < PERIOD)
      this.#launches.splice(0, Infinity, ...recent)
      if (recent.length < this.#most) break
      await pause(this.#clock, PERIOD - Math.abs(now - (recent[0] as number)), [signal])
    }
    this.#launches.push(this.#clock.now())
  }
}
