/**
 * What is wrong with the arguments, and how numbers in them are read.
 *
 * @module
 */

/** The arguments make no sense; the message says which. */
export class UsageError extends Error {
  override readonly name: string = 'UsageError'
}

/** What somebody has typed, in one line. */
export const shown = (text: string): string => JSON.stringify(text.slice(0, 60)).slice(1, -1)

/**
 * A port.
 *
 * @throws UsageError
 */
export function portOf(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535)
    throw new UsageError(`--${name} needs a port, 0 to 65535, unlike ${shown(text)}`)
  return Number(text)
}
