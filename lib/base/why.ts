/**
 * Why something failed, for whoever asks. Most ends of streams are told to nobody, and an error takes longer to make, for
 * its stack, than all else that such an end costs: so there is none before it is asked for.
 *
 * @module
 */

/** Tells the reason, which may be any value, and is the same each time. */
export type Why = () => unknown

/** Tells an error that is made when it is first asked for. */
export function madeOnce(make: () => Error): Why {
  let error: Error | undefined
  return () => (error ??= make())
}
