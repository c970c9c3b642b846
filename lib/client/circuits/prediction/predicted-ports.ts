/**
 * Which ports streams are expected to go to, and whether any to onion services, and for how long: those that were used
 * lately, by C tor's rules (path-spec, "Clients build circuits in advance"; predict_ports.c). When the time is over nothing is
 * built ahead, until the next stream.
 *
 * @module
 */
import type { ParameterLookup } from '../../../base/parameter-lookup.ts'
import type { Random } from '../../../base/random.ts'

/** What is expected before there was any stream. */
const FIRST_PORT = 443

/** What a lookup of a name counts as. */
const LOOKUP_PORT = 80

/** What the prediction depends on. */
export interface PredictedPortsOptions {
  /** A parameter of the network. */
  readonly param: ParameterLookup
  /** The time of day, in ms: the time that the machine sleeps counts. */
  now(): number
  readonly random: Random
  /** Whether it holds for half as long, as with reduced padding: the sooner circuits are gone, the sooner are links. */
  readonly isReduced: boolean
  /** The client is used. */
  used?(): void
}

export class PredictedPorts {
  readonly #options: PredictedPortsOptions
  /** When each port was used last. */
  readonly #usedAt = new Map<number, number>()
  /** When an onion service was: as in C tor the client is expected to go to some at first, whoever uses it. */
  #onionsUsedAt = -Infinity
  /** When anything was. */
  #lastUse = 0
  /** How long a use counts, in ms: drawn anew when something is used after a time in which nothing counted. */
  #relevance = 0

  constructor(options: PredictedPortsOptions) {
    this.#options = options
    this.used(FIRST_PORT)
    this.#onionsUsedAt = this.#lastUse
  }

  /** A stream goes to this port; without one a name is looked up. */
  used(port: number = LOOKUP_PORT): void {
    this.#use()
    this.#usedAt.set(port, this.#lastUse)
  }

  /** Somebody has to do with an onion service. */
  usedOnions(): void {
    this.#use()
    this.#onionsUsedAt = this.#lastUse
  }

  /** The ports that are expected. */
  get all(): readonly number[] {
    const now = this.#now()
    for (const [port, usedAt] of this.#usedAt) if (usedAt + this.#relevance < now) this.#usedAt.delete(port)
    return [...this.#usedAt.keys()]
  }

  /** Whether onion services are. */
  get expectsOnions(): boolean {
    return this.#onionsUsedAt + this.#relevance >= this.#now()
  }

  /** How long anything will be expected yet, in ms. */
  get remaining(): number {
    const now = this.#now()
    return Math.max(0, this.#lastUse + this.#relevance - now)
  }

  /** No exit takes streams to these. */
  forget(ports: Iterable<number>): void {
    for (const port of ports) this.#usedAt.delete(port)
  }

  #use(): void {
    if (this.all.length === 0 && !this.expectsOnions) this.#relevance = this.#drawRelevance()
    this.#lastUse = this.#now()
    this.#options.used?.()
  }

  /** No use is later than now: where the clock was set back, the uses of before count as of this moment. */
  #now(): number {
    const now = this.#options.now()
    if (now < this.#lastUse) {
      this.#lastUse = now
      this.#onionsUsedAt = Math.min(this.#onionsUsedAt, now)
      for (const [port, usedAt] of this.#usedAt) this.#usedAt.set(port, Math.min(usedAt, now))
    }
    return now
  }

  /** From one to two times as long as the network says, by default half an hour. */
  #drawRelevance(): number {
    const { param, random, isReduced } = this.#options
    const network = param('nf_conntimeout_clients', 1800, 60, 86_400)
    const seconds = isReduced ? Math.floor(network / 2) : network
    return 1000 * (seconds + random(seconds))
  }
}
