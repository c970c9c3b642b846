/**
 * One guard of the sample, and whether it can be reached (guard-spec 4.1, 4.5).
 *
 * @module
 */
import { retryDelay } from './guard-parameters.ts'
import type { GuardRecord } from './guard-state.ts'

/** A guard while the client runs. What is not in its record is forgotten when the client ends. */
export class SampledGuard implements GuardRecord {
  readonly fingerprint: string
  sampledAt: number
  unlistedSince: number | undefined
  confirmedAt: number | undefined
  /** `maybe` is worth a try; `yes` has been tried. */
  #reachable: 'yes' | 'no' | 'maybe' = 'maybe'
  #lastTriedAt = 0
  #failingSince: number | undefined
  /** How many attempts are under way, and since when there has been one. */
  #attempts = 0
  #pendingSince = 0

  constructor({ fingerprint, sampledAt, unlistedSince, confirmedAt }: GuardRecord) {
    this.fingerprint = fingerprint
    this.sampledAt = sampledAt
    this.unlistedSince = unlistedSince
    this.confirmedAt = confirmedAt
  }

  /** Takes over when another client sampled and confirmed it, which was kept first. */
  merge({ sampledAt, confirmedAt }: GuardRecord): void {
    this.sampledAt = sampledAt
    this.confirmedAt = confirmedAt ?? this.confirmedAt
  }

  /** Whether it can be reached, as far as is known. */
  get reachable(): 'yes' | 'no' | 'maybe' {
    return this.#reachable
  }

  /** An attempt begins. */
  tried(now: number): void {
    this.#lastTriedAt = now
    if (this.#attempts++ === 0) this.#pendingSince = now
  }

  /** An attempt is given up without a result. */
  givenUp(): void {
    if (this.#attempts > 0) this.#attempts--
  }

  /** An attempt shows that it is reachable. */
  succeeded(): void {
    this.#reachable = 'yes'
    this.#failingSince = undefined
    this.#attempts = 0
  }

  /** An attempt shows that it is not reachable. */
  failed(now: number): void {
    this.#reachable = 'no'
    this.#failingSince ??= now
    this.#attempts = 0
  }

  /** It may be tried again at once. Since when it has been failing is not forgotten. */
  retryNow(): void {
    if (this.#reachable === 'no') this.#reachable = 'maybe'
    this.#attempts = 0
  }

  /**
   * It may be tried again if it is time. A clock that was set back says nothing about how long it has been, so then it
   * is.
   */
  retryWhenDue(now: number, isPrimary: boolean): void {
    if (this.#reachable !== 'no') return
    const elapsed = now - this.#lastTriedAt
    const delay = retryDelay(now - (this.#failingSince ?? now), isPrimary)
    if (elapsed < 0 || elapsed >= delay) this.#reachable = 'maybe'
  }

  /** For how long it has been tried without a result, in ms; undefined when it is not being tried. */
  pendingFor(now: number): number | undefined {
    return this.#attempts === 0 ? undefined : Math.max(0, now - this.#pendingSince)
  }
}
