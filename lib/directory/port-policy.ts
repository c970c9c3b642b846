/**
 * Summaries of exit policies: to which ports a relay makes connections, at most addresses (dir-spec section 3.4.1, "p";
 * section 3.8.2).
 *
 * @module
 */
import { parsePort } from './text/fields.ts'

/** The most ranges of a policy. Authorities write summaries of at most 1000 characters. */
const MAX_RANGES = 500

/** To which ports a relay lets streams out. */
export class PortPolicy {
  readonly #accepts: boolean
  /** The lowest and the highest port of each range in turn. */
  readonly #ranges: Uint16Array

  /** For {@link parsePortPolicy} alone. */
  constructor(accepts: boolean, ranges: Uint16Array) {
    this.#accepts = accepts
    this.#ranges = ranges
  }

  /** True when connections to `port` are let out, as far as the summary can tell. */
  allows(port: number): boolean {
    const ranges = this.#ranges
    for (let at = 0; at < ranges.length; at += 2) {
      if (port >= (ranges[at] as number) && port <= (ranges[at + 1] as number)) return this.#accepts
    }
    return !this.#accepts
  }

  /** True when no connection is let out at all. */
  get rejectsAll(): boolean {
    let lowest = 1
    const ranges = this.#ranges
    if (this.#accepts) return ranges.length === 0
    // Ranges are in ascending order, so they cover all ports when none is left between them.
    for (let at = 0; at < ranges.length; at += 2) {
      if ((ranges[at] as number) > lowest) return false
      lowest = (ranges[at + 1] as number) + 1
    }
    return lowest > 65_535
  }
}

/** The policy of a relay that has none: `reject 1-65535`. */
export const REJECT_ALL: PortPolicy = /* @__PURE__ */ new PortPolicy(true, /* @__PURE__ */ new Uint16Array(0))

/**
 * Reads `accept 80,443` or `reject 1-65535`: ports in ascending order. Undefined when that is not what it is. The
 * result keeps nothing of `text`.
 */
export function parsePortPolicy(text: string): PortPolicy | undefined {
  const [verb, list, more] = text.trim().split(/[ \t]+/, 3)
  if ((verb !== 'accept' && verb !== 'reject') || list === undefined || more !== undefined) return undefined
  const ranges: number[] = []
  for (const range of list.split(',', MAX_RANGES + 1)) {
    if (ranges.length === 2 * MAX_RANGES) return undefined
    const [first, last = first, rest] = range.split('-', 3)
    const low = parsePort(first)
    const high = parsePort(last)
    if (low === undefined || high === undefined || rest !== undefined || low > high || low <= (ranges.at(-1) ?? 0))
      return undefined
    ranges.push(low, high)
  }
  return new PortPolicy(verb === 'accept', Uint16Array.from(ranges))
}
