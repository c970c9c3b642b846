/**
 * Who wants to know how far a circuit is that is being built.
 *
 * @module
 */

/** Hears of each step. */
export interface BuildProgress {
  /** The CREATE2 is sent. */
  created(): void
  /** There are so many hops now. */
  extended(hops: number): void
}
