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

export class IntroPointRecord {
  readonly #now: () => number
  readonly #failures = new Map<string, { readonly fault: IntroductionFault; readonly at: number }>()

  constructor(now: () => number) {
    this.#now = now
  }

  /** Those that are not known to fail. */
  usable(points: readonly IntroPoint[]): readonly IntroPoint[] {
    return points.filter((point) => this.faultOf(point) === undefined)
  }

  /** What a point failed with lately. */
  faultOf({ authKey }: IntroPoint): IntroductionFault | undefined {
    const failure = this.#failures.get(encodeHex(authKey))
    return failure && Math.abs(this.#now() - failure.at) < MEMORY ? failure.fault : undefined
  }

  failed({ authKey }: IntroPoint, fault: IntroductionFault): void {
    // Those of earlier descriptors are of no more use.
    for (const [key, { at }] of this.#failures) if (Math.abs(this.#now() - at) >= MEMORY) this.#failures.delete(key)
    this.#failures.set(encodeHex(authKey), { fault, at: this.#now() })
  }

  succeeded({ authKey }: IntroPoint): void {
    this.#failures.delete(encodeHex(authKey))
  }
}
