/**
 * Checks of what callers give: a wrong value fails at once, with a message that names it.
 *
 * @module
 */
import { nearest } from './nearest.ts'
import { quoted } from './quoted.ts'

/** The longest that timers of any runtime can wait, in ms: 24 days. With more they would go off at once. */
export const LONGEST_TIMER = 0x7fff_ffff

/** Every name that an object of options may have: complete by its type, so that a new option cannot be forgotten. */
export type OptionNames<Options> = Readonly<Record<keyof Options, true>>

/**
 * Checks that there are options, and that each has a name that is known: one that is misspelt would have no effect, and
 * nobody would notice.
 *
 * @param options - what the caller gave
 * @param names - what may be in it
 * @param within - for options within an option: the name of that
 * @throws TypeError naming the option, and the known one that it resembles
 */
export function checkOptions<Options extends object>(
  options: Options,
  names: OptionNames<Options>,
  within?: string,
): void {
  if (typeof options !== 'object' || options === null) {
    const what = within === undefined ? 'the options as they are' : `the option ${within} as it is`
    throw new TypeError(`Cannot use ${what} no object: ${quoted(options)}`)
  }
  const prefix = within === undefined ? '' : `${within}.`
  for (const name of Object.keys(options)) {
    if (Object.hasOwn(names, name)) continue
    const meant = nearest(name, Object.keys(names))
    const hint = meant === undefined ? '' : `: did you mean ${prefix}${meant}?`
    throw new TypeError(`Cannot use the option ${prefix}${quoted(name)} as there is none of this name${hint}`)
  }
}

/**
 * Checks a duration in ms. What is longer than any timer becomes `Infinity`.
 *
 * @throws RangeError naming the option when it is negative or no number
 */
export function duration(name: string, value: number): number {
  if (typeof value !== 'number' || !(value >= 0)) {
    throw new RangeError(`Cannot use the option ${name} as it must be at least 0 ms: ${quoted(value)}`)
  }
  return value > LONGEST_TIMER ? Infinity : value
}

/**
 * Checks a yes or no.
 *
 * @throws TypeError naming the option
 */
export function flag(name: string, value: boolean): boolean {
  if (typeof value !== 'boolean') {
    throw new TypeError(`Cannot use the option ${name} as it must be true or false: ${quoted(value)}`)
  }
  return value
}

/**
 * Checks a signal.
 *
 * @throws TypeError naming the option
 */
export function abortSignal(name: string, value: AbortSignal | undefined): AbortSignal | undefined {
  if (value !== undefined && !(value instanceof AbortSignal)) {
    throw new TypeError(`Cannot use the option ${name} as it is no AbortSignal`)
  }
  return value
}

/**
 * Checks an option that is a set of numbers, each of which must be there.
 *
 * @param within - the name of the option
 * @throws TypeError naming the option
 */
export function numbers<Numbers extends object>(within: string, value: Numbers, names: OptionNames<Numbers>): Numbers {
  checkOptions(value, names, within)
  for (const name of Object.keys(names) as (keyof Numbers & string)[]) {
    if (!Number.isFinite(value[name])) {
      throw new TypeError(`Cannot use the option ${within}.${name} as it is no number: ${quoted(value[name])}`)
    }
  }
  return value
}
