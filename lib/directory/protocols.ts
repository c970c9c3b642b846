/**
 * Versions of the subprotocols of Tor, as relays claim them and consensuses require them (tor-spec, "Subprotocol
 * versioning"; dir-spec section 2.1.1, "proto").
 *
 * @module
 */
import { parseNumber } from './text/fields.ts'
import { ownText } from './text/encoding.ts'

/** The highest version that there can be, and the longest name. */
const MAX_VERSION = 63
const MAX_NAME = 100

/** More entries than any line has. */
const MAX_ENTRIES = 256

/** Which versions of which subprotocols something speaks. */
export class Protocols {
  /** By name, the lowest and the highest version of each range in turn. */
  readonly #ranges: ReadonlyMap<string, readonly number[]>

  /** For {@link parseProtocols} alone. */
  constructor(ranges: ReadonlyMap<string, readonly number[]>) {
    this.#ranges = ranges
  }

  /** True when version `version` of the subprotocol `name` is spoken. */
  supports(name: string, version: number): boolean {
    const ranges = this.#ranges.get(name) ?? []
    for (let at = 0; at < ranges.length; at += 2) {
      if (version >= (ranges[at] as number) && version <= (ranges[at + 1] as number)) return true
    }
    return false
  }

  /** What is here that `supported` lacks, each as `Relay=3`. */
  missingFrom(supported: Protocols): string[] {
    const missing: string[] = []
    for (const [name, ranges] of this.#ranges) {
      for (let at = 0; at < ranges.length; at += 2) {
        for (let version = ranges[at] as number; version <= (ranges[at + 1] as number); version++) {
          if (!supported.supports(name, version)) missing.push(`${name}=${version}`)
        }
      }
    }
    return missing
  }
}

/** No subprotocol at all. */
export const NO_PROTOCOLS: Protocols = /* @__PURE__ */ new Protocols(/* @__PURE__ */ new Map())

/** Reads `Link=1-5 Relay=2,4`. Undefined when that is not what it is. The result keeps nothing of `text`. */
export function parseProtocols(text: string): Protocols | undefined {
  const entries = text.trim().split(/[ \t]+/, MAX_ENTRIES + 1)
  if (entries[0] === '') return NO_PROTOCOLS
  if (entries.length > MAX_ENTRIES) return undefined
  const ranges = new Map<string, number[]>()
  for (const entry of entries) {
    const [, name, list] = /^([A-Za-z0-9-]+)=([\d,-]*)$/.exec(entry) ?? []
    if (name === undefined || list === undefined || name.length > MAX_NAME || ranges.has(name)) return undefined
    const versions = list === '' ? [] : parseRanges(list)
    if (versions === undefined) return undefined
    ranges.set(ownText(name), versions)
  }
  return new Protocols(ranges)
}

/** `1,3-5` as 1, 1, 3, 5: ascending and apart from each other. */
function parseRanges(list: string): number[] | undefined {
  const versions: number[] = []
  // There are 64 versions: of more ranges than that, one is not ascending.
  for (const range of list.split(',', MAX_VERSION + 2)) {
    const [first, last = first, more] = range.split('-', 3)
    const low = parseNumber(first, MAX_VERSION)
    const high = parseNumber(last, MAX_VERSION)
    if (low === undefined || high === undefined || more !== undefined || low > high || low <= (versions.at(-1) ?? -1))
      return undefined
    versions.push(low, high)
  }
  return versions
}
