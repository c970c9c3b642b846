/**
 * What is remembered of a service's introduction points, so that none is tried again and again: each by its key, for two
 * minutes (C tor's `HS_CACHE_CLIENT_INTRO_STATE_MAX_AGE`).
 *
 * @module
 */
import { encodeHex } from '../../directory/text/encoding.ts'
import type { IntroPoint } from '../descriptor/intro-point.ts'
import type { IntroductionFault } from './introduction.ts'

/** How long a failure counts, in ms. */
const MEMORY = 120_000

/** How often one is tried by which the service does not come, where more work may help: as C tor has it. */
const MAX_WORKED = 5

interface Failure {
  readonly fault: IntroductionFault
  readonly at: number
  /** How many in a row. */
  readonly count: number
}

export class IntroPointRecord {
  readonly #now: () => number
  readonly #failures = new Map<string, Failure>()

  constructor(now: () => number) {
    this.#now = now
  }

  /**
   * Those that are not known to fail.
   *
   * @param isWorkRaised - true where those serve too, once no others are left, by which the service did not come: it may
   * have done so for a client that had worked more
   */
  usable(points: readonly IntroPoint[], isWorkRaised: boolean = false): readonly IntroPoint[] {
    const untried = points.filter((point) => this.faultOf(point) === undefined)
    if (untried.length > 0 || !isWorkRaised) return untried
    return points.filter((point) => this.faultOf(point) === 'unanswered' && this.failuresOf(point) < MAX_WORKED)
  }

  /** What a point failed with lately. */
  faultOf(point: IntroPoint): IntroductionFault | undefined {
    return this.#recent(point)?.fault
  }

  /** How often it failed lately, one time after the other. */
  failuresOf(point: IntroPoint): number {
    return this.#recent(point)?.count ?? 0
  }

  failed(point: IntroPoint, fault: IntroductionFault): void {
    const count = this.failuresOf(point) + 1
    // Those of earlier descriptors are of no more use.
    for (const [key, { at }] of this.#failures) if (Math.abs(this.#now() - at) >= MEMORY) this.#failures.delete(key)
    this.#failures.set(encodeHex(point.authKey), { fault, at: this.#now(), count })
  }

  succeeded({ authKey }: IntroPoint): void {
    this.#failures.delete(encodeHex(authKey))
  }

  #recent({ authKey }: IntroPoint): Failure | undefined {
    const failure = this.#failures.get(encodeHex(authKey))
    return failure && Math.abs(this.#now() - failure.at) < MEMORY ? failure : undefined
  }
}
