/**
 * The last thousand times that circuits took, and how they are kept from one run to the next: as a histogram, which says
 * nothing about when which circuit was built.
 *
 * @module
 */
import { shuffled, type Random } from '../../../base/random.ts'
import { ABANDONED, histogramOf } from './pareto.ts'

/** How many are remembered. */
export const MAX_TIMES = 1000

/** What the text begins with, so that another form can come. */
const VERSION = 1

export class BuildHistory {
  readonly #times: number[] = []
  /** Where the next one goes once there are as many as there may be. */
  #next = 0

  /** All of them, in no order that matters. */
  get times(): readonly number[] {
    return this.#times
  }

  /** The longest that was measured, in ms; 0 for none. */
  get longest(): number {
    return this.#times.reduce((longest, time) => (time === ABANDONED ? longest : Math.max(longest, time)), 0)
  }

  /** @param time - in ms, above 0; {@link ABANDONED} when it was too long to be measured */
  add(time: number): void {
    if (this.#times.length < MAX_TIMES) {
      this.#times.push(time)
      return
    }
    this.#times[this.#next] = time
    this.#next = (this.#next + 1) % MAX_TIMES
  }

  clear(): void {
    this.#times.length = 0
    this.#next = 0
  }

  /** As text. */
  save(): string {
    const histogram = [...histogramOf(this.#times)].sort(([a], [b]) => a - b)
    const abandoned = this.#times.filter((time) => time === ABANDONED).length
    return JSON.stringify({ version: VERSION, histogram, abandoned })
  }

  /**
   * Takes over what was kept, in place of what is there; in any order, so that none of them is forgotten first.
   *
   * @throws Error when it is not what `save` writes; then nothing is taken over
   */
  load(text: string, random: Random): void {
    const times = timesIn(text)
    this.clear()
    for (const time of shuffled(times, random)) this.add(time)
  }
}

/** @throws Error */
function timesIn(text: string): number[] {
  const kept = JSON.parse(text) as { version?: unknown; histogram?: unknown; abandoned?: unknown } | null
  if (kept?.version !== VERSION || !Array.isArray(kept.histogram)) throw malformed()
  const times: number[] = []
  const add = (time: unknown, count: unknown): void => {
    if (!isWhole(time, 1, ABANDONED) || !isWhole(count, 0, MAX_TIMES - times.length)) throw malformed()
    times.push(...Array<number>(count).fill(time))
  }
  for (const bin of kept.histogram as unknown[]) {
    if (!Array.isArray(bin) || bin.length !== 2 || bin[0] === ABANDONED) throw malformed()
    add(bin[0], bin[1])
  }
  add(ABANDONED, kept.abandoned)
  return times
}

const isWhole = (value: unknown, least: number, most: number): value is number =>
  Number.isInteger(value) && (value as number) >= least && (value as number) <= most

const malformed = (): Error => new Error('these are no build times')
