/**
 * One seed for all that a run of the specs leaves to chance, as far as it can be chosen: what properties are tried with,
 * and the random numbers of clients. The environment's `TOR_STREAMS_SEED` sets it; a failure tells it.
 *
 * @module
 */
import fc from 'fast-check'

const environment = (globalThis as { process?: { env?: Record<string, string | undefined> } }).process?.env
const given = Number(environment?.['TOR_STREAMS_SEED'] ?? Number.NaN)

/** The seed of this run. */
export const seed: number = Number.isInteger(given)
  ? given | 0
  : (crypto.getRandomValues(new Int32Array(1))[0] as number)

fc.configureGlobal({ ...fc.readConfigureGlobal(), seed })

afterEach(function () {
  if (this.currentTest?.state === 'failed') console.log(`the seed of this run: TOR_STREAMS_SEED=${seed}`)
})

/**
 * Text of any 16-bit units, surrogates that stand alone included. (fast-check's `binary` makes a list of all code points first,
 * which takes seconds on a busy machine.)
 */
export const anyText = (maxLength: number): fc.Arbitrary<string> =>
  fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength }).map((units) => String.fromCharCode(...units))

export { default as fc } from 'fast-check'
