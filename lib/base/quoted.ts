/**
 * A bad argument as an error message shows it.
 *
 * @module
 */

/** Text in quotes and cut, anything else by its value or, for objects and functions, by its type. Never throws. */
export function quoted(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 300))
  return (typeof value === 'object' && value !== null) || typeof value === 'function' ? typeof value : String(value)
}
