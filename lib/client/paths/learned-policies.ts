/**
 * What exits have refused though the directory says that they take it (tor-spec, "Closing streams"; C tor's
 * `adjust_exit_policy_from_exitpolicy_failure`). Kept in memory only, and for an hour: a policy may change.
 *
 * @module
 */

/** How long a refusal counts, in ms. */
const LIFETIME = 3_600_000

/** How many exits are remembered, and how many targets of one of them; then the oldest are forgotten. */
const MAX_EXITS = 2000
const MAX_TARGETS = 64

/** The key of a refusal of everything. */
const ALL = '*'

/** The refusals of one client. */
export class LearnedPolicies {
  readonly #now: () => number
  /** By fingerprint: when each refusal was learned. */
  readonly #refusals = new Map<string, Map<string, number>>()

  constructor(now: () => number = Date.now) {
    this.#now = now
  }

  /** The exit takes no streams at all for now: it said RESOURCELIMIT or HIBERNATING. */
  refuseAll(fingerprint: string): void {
    this.#learn(fingerprint, ALL)
  }

  /**
   * The exit does not connect to `port` of `host`, a name or an address; to that port of any host when none is given.
   */
  refuse(fingerprint: string, port: number, host?: string): void {
    this.#learn(fingerprint, keyOf(port, host))
  }

  /** False when the exit has refused this within the hour. */
  allows(fingerprint: string, ports: readonly number[], host?: string): boolean {
    const refusals = this.#refusals.get(fingerprint)
    if (refusals === undefined) return true
    const now = this.#now()
    const refused = (key: string): boolean => {
      const at = refusals.get(key)
      // A clock that was set back must not make it last.
      return at !== undefined && Math.abs(now - at) < LIFETIME
    }
    return (
      !refused(ALL) && !ports.some((port) => refused(keyOf(port)) || (host !== undefined && refused(keyOf(port, host))))
    )
  }

  #learn(fingerprint: string, key: string): void {
    const refusals = this.#refusals.get(fingerprint) ?? new Map<string, number>()
    // Taken out and put back, so that the first is the oldest.
    this.#refusals.delete(fingerprint)
    this.#refusals.set(fingerprint, refusals)
    refusals.delete(key)
    refusals.set(key, this.#now())
    forgetOldest(refusals, MAX_TARGETS)
    forgetOldest(this.#refusals, MAX_EXITS)
  }
}

function keyOf(port: number, host?: string): string {
  return host === undefined ? `${port}` : `${port} ${host.toLowerCase()}`
}

function forgetOldest(map: Map<string, unknown>, max: number): void {
  for (const key of map.keys()) {
    if (map.size <= max) return
    map.delete(key)
  }
}
