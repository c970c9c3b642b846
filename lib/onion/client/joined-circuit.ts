/**
 * A circuit that has a service as its last hop, and who may still use it (rend-spec-v3, "Using legacy hosts" aside: as
 * C tor reuses such a circuit, for ten minutes from its last use on).
 *
 * @module
 */
import { startBackgroundTimer, type Clock } from '../../base/waiting/clock.ts'
import type { StreamCarrier } from '../../stream/contract/carrier.ts'
import { closeQuietly } from '../network/expected-message.ts'
import type { Rendezvous } from './rendezvous.ts'

/** How long after its last use a circuit takes new streams (C tor's `MaxCircuitDirtiness`), in ms. */
const MAX_DIRTINESS = 600_000

export class JoinedCircuit {
  readonly fingerprints: readonly string[]
  readonly #rendezvous: Rendezvous
  readonly #clock: Clock
  #lastUse: number
  #streams = 0
  #spoiled = false
  #stopTimer: (() => void) | undefined

  constructor(rendezvous: Rendezvous, clock: Clock) {
    this.fingerprints = rendezvous.fingerprints
    this.#rendezvous = rendezvous
    this.#clock = clock
    this.#lastUse = clock.now()
    const gone = (): void => {
      this.#spoiled = true
      this.#stopTimer?.()
    }
    rendezvous.circuit.closed.then(gone, gone)
    this.#closeWhenIdle()
  }

  get seenAs(): object {
    return this.#rendezvous.seen
  }

  get carrier(): StreamCarrier {
    return this.#rendezvous.circuit.carrier
  }

  /** True when new streams may come. A clock that was set back does not make it last. */
  get isUsable(): boolean {
    return !this.#spoiled && Math.abs(this.#clock.now() - this.#lastUse) < MAX_DIRTINESS
  }

  /** A stream comes. */
  claim(): void {
    this.#stopTimer?.()
    this.#streams += 1
    this.#lastUse = this.#clock.now()
  }

  /** A stream failed: what was not answered may not be answered again. The service's refusals are its own affair. */
  failed(fault: string): void {
    if (fault === 'silence') this.#spoiled = true
  }

  /** A stream is here no more. */
  released(): void {
    this.#streams -= 1
    this.#lastUse = this.#clock.now()
    if (this.#streams === 0) this.#closeWhenIdle()
  }

  /** It takes no more streams, and is closed without any. */
  retire(): void {
    this.#spoiled = true
    this.#stopTimer?.()
    if (this.#streams === 0) void this.close()
  }

  close(): Promise<void> {
    this.#spoiled = true
    this.#stopTimer?.()
    return closeQuietly(this.#rendezvous.circuit)
  }

  #closeWhenIdle(): void {
    if (this.#spoiled) void this.close()
    else this.#stopTimer = startBackgroundTimer(this.#clock, MAX_DIRTINESS, () => void this.close())
  }
}
