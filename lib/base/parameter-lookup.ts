/**
 * How what a network says about itself is asked for: by a name, with what holds if it says nothing, and bounds.
 *
 * @module
 */

/** Looks a parameter of the network up, and holds it within bounds. */
export type ParameterLookup = (name: string, fallback: number, least: number, most: number) => number
