/**
 * Padding of the link (padding-spec, "Connection-level padding"; proposal 251): a cell without meaning whenever nothing
 * has passed for a few seconds, so that whoever keeps records of flows sees one long flow, and not when it was used.
 *
 * Both ends of a link do so from link protocol 5 on, without a word about it. Each waits for the larger of two random
 * times, so that what comes first of both is close to the middle of the range.
 *
 * Only a link that carries circuits of several hops is padded: one for the directory is not (as in C tor).
 *
 * @module
 */
import { monotonicTime, startBackgroundTimer, type Clock } from '../base/waiting/clock.ts'
import type { ParameterLookup } from '../base/parameter-lookup.ts'
import type { Random } from '../base/random.ts'

/**
 * How much a link is padded:
 * - `normal`: by both ends, as C tor does it by default: some 0.3 MB an hour each way while nothing else passes.
 * - `reduced`: the relay is told not to, and this end pads less often, as C tor does with `ReducedConnectionPadding`.
 * - `off`: the relay is told not to, and neither does this end, as C tor does with `ConnectionPadding 0`.
 */
export type LinkPaddingMode = 'normal' | 'reduced' | 'off'

/** Every mode. */
export const LINK_PADDING_MODES: readonly LinkPaddingMode[] = ['normal', 'reduced', 'off']

/** How long a link is silent at least and at most before it is padded, in ms. */
export interface PaddingRange {
  readonly low: number
  readonly high: number
}

/** The range of each mode. */
export interface LinkPaddingRanges {
  readonly normal: PaddingRange
  readonly reduced: PaddingRange
}

/** The longest that a network may have links be silent, in ms. */
const LONGEST = 60_000

/** The ranges that a consensus tells (param-spec, `nf_ito_low` and its kin). */
export function readLinkPadding(param: ParameterLookup): LinkPaddingRanges {
  const read = (suffix: string, least: number, most: number): PaddingRange => {
    const low = param(`nf_ito_low${suffix}`, least, 0, LONGEST)
    return { low, high: param(`nf_ito_high${suffix}`, Math.max(low, most), low, LONGEST) }
  }
  return { normal: read('', 1500, 9500), reduced: read('_reduced', 9000, 14_000) }
}

/** The ranges that hold without a consensus. */
export const DEFAULT_LINK_PADDING: LinkPaddingRanges = readLinkPadding((_, fallback) => fallback)

/**
 * How long a link is silent before it is padded, in ms: drawn anew for each silence. Undefined when the network wants
 * none.
 */
export function drawSilence(mode: LinkPaddingMode, ranges: LinkPaddingRanges, random: Random): number | undefined {
  const { normal, reduced } = ranges
  if (mode === 'off' || normal.high === 0) return undefined
  const low = mode === 'reduced' ? Math.max(normal.low, reduced.low) : normal.low
  const high = mode === 'reduced' ? Math.max(normal.high, reduced.high) : normal.high
  const spread = high - low
  return spread <= 0 ? low : low + Math.max(random(spread), random(spread))
}

/** What padding needs of its link. */
export interface LinkPaddingOptions {
  readonly mode: LinkPaddingMode
  /** The ranges of now. */
  ranges(): LinkPaddingRanges
  readonly clock: Clock
  readonly random: Random
  /** Sends a cell of padding. It counts as a cell that passed. */
  send(): void
  /** True while the link has not taken all that was given to it. */
  isBehind(): boolean
}

/**
 * Pads one link.
 *
 * Nothing is done for each cell but to note the time of a read or a write: a timer that is due within the least silence
 * of the first cell after a silence looks what has passed meanwhile, and only then a silence is drawn. So a busy link
 * sets two timers in that time, however many cells pass, and a silent one sets one for each cell of padding.
 */
export class LinkPadding {
  readonly #options: LinkPaddingOptions
  /** When the last cell passed, by the clock's monotonic time. */
  #last: number
  #stopTimer: (() => void) | undefined
  /** The timer that runs is for a silence that was drawn: the next cell ends it. */
  #isSilent = false
  #isOn = false

  constructor(options: LinkPaddingOptions) {
    this.#options = options
    this.#last = monotonicTime(options.clock)
  }

  /** When the last cell passed, by the clock's monotonic time, in ms. */
  get last(): number {
    return this.#last
  }

  /** From now on the link is padded. */
  start(): void {
    if (this.#isOn || this.#options.mode === 'off') return
    this.#isOn = true
    this.#listen()
  }

  /** Some cells passed, in either direction. */
  passed(): void {
    this.#last = monotonicTime(this.#options.clock)
    if (this.#isSilent) this.#listen()
  }

  /** The link is gone. */
  stop(): void {
    this.#isOn = false
    this.#isSilent = false
    this.#stopTimer?.()
    this.#stopTimer = undefined
  }

  /** Looks again before any silence that begins now can be over. */
  #listen(): void {
    if (!this.#isOn) return
    this.#isSilent = false
    const { low } = this.#options.ranges().normal
    this.#after(Math.max(low, 1), () => this.#beSilent())
  }

  /** Draws how long the silence since the last cell lasts. */
  #beSilent(): void {
    const { clock, mode, ranges, random } = this.#options
    const silence = drawSilence(mode, ranges(), random)
    // The next consensus may want some.
    if (silence === undefined) return this.#after(LONGEST, () => this.#beSilent())
    const now = monotonicTime(clock)
    if (this.#last > now) this.#last = now // the clock was set back
    this.#isSilent = true
    this.#after(Math.max(0, this.#last + silence - now), () => this.#pad())
  }

  #pad(): void {
    this.#isSilent = false
    // What the link has yet to take is not silence.
    if (!this.#options.isBehind()) this.#options.send()
    this.#listen()
  }

  #after(delay: number, callback: () => void): void {
    this.#stopTimer?.()
    this.#stopTimer = startBackgroundTimer(this.#options.clock, delay, callback)
  }
}
