/**
 * What a network says about learning build times (path-spec, "Parameters governing behavior"; param-spec, `cbt…`).
 *
 * @module
 */
import type { ParameterLookup } from '../../../base/parameter-lookup.ts'

/** More than any parameter: the largest that a consensus can say. */
const MOST = 0x7fff_ffff

/** The parameters of a network, as they are now. Times are in ms. */
export class BuildTimeParameters {
  readonly #param: ParameterLookup

  constructor(param: ParameterLookup) {
    this.#param = param
  }

  /** Nothing is learned: every circuit gets the initial timeout. */
  get isDisabled(): boolean {
    return this.#param('cbtdisabled', 0, 0, 1) === 1
  }

  /** How many of the fullest bins make up the start of the curve. */
  get modes(): number {
    return this.#param('cbtnummodes', 10, 1, 20)
  }

  /** Of how many circuits it is remembered whether they were in time. */
  get recentCount(): number {
    return this.#param('cbtrecentcount', 20, 3, 1000)
  }

  /** With so many of them late the network has changed, and all is learned anew. */
  get maxTimeouts(): number {
    return this.#param('cbtmaxtimeouts', 18, 3, 10_000)
  }

  /** How many times have to be known before a timeout is made of them. */
  get leastCircuits(): number {
    return this.#param('cbtmincircs', 100, 1, 10_000)
  }

  /** The share of circuits that the timeout lets through. */
  get quantile(): number {
    return this.#param('cbtquantile', 80, 10, 99) / 100
  }

  /** The share of circuits that are measured to the end. */
  get closeQuantile(): number {
    return Math.max(this.quantile, this.#param('cbtclosequantile', 99, 10, 99) / 100)
  }

  /** How long after the last circuit another one is built to learn from it. */
  get testInterval(): number {
    return 1000 * this.#param('cbttestfreq', 10, 1, MOST)
  }

  /** No timeout is shorter. */
  get leastTimeout(): number {
    return this.#param('cbtmintimeout', 10, 10, MOST)
  }

  /** The timeout as long as too little is known. */
  get initialTimeout(): number {
    return this.#param('cbtinitialtimeout', 60_000, this.leastTimeout, MOST)
  }

  /** How long a circuit without a stream is kept while there is something to learn. */
  get learningIdleTime(): number {
    return 1000 * this.#param('cbtlearntimeout', 180, 10, 60_000)
  }

  /** No further circuit is built to learn from while so many are without a stream. */
  get maxOpenCircuits(): number {
    return this.#param('cbtmaxopencircs', 10, 0, 14)
  }
}
