/**
 * Countries of relays, by the files that come with tor: Debian's package `tor-geoipdb` has them at `/usr/share/tor/geoip`
 * and `geoip6`. What is asked is the files only: no address of a relay goes anywhere.
 *
 * A line is `FIRST,LAST,COUNTRY`: addresses as decimal numbers, or IPv6 addresses in text; `#` begins a comment
 * (`geoip_parse_entry` of C tor). Files may hold lines of both kinds.
 *
 * @module
 */
import type * as fs from 'node:fs/promises'
import { parseIPv4, parseIPv6 } from '../../cell/ip-address.ts'
import { builtinModule } from '../../platform/runtime/builtin.ts'
import { RangeTable } from './range-table.ts'
import { emptyLine, scanLine } from './scan-line.ts'

/** The part of a relay of the directory that is asked for. */
export interface Located {
  /** Where it can be reached. */
  readonly addresses: readonly {
    /** An IP address; anything else is in no country. */
    readonly hostname: string
  }[]
}

/** Which country addresses are in. Its methods are bound. */
export interface Geoip {
  /** The country of a relay, as two letters in upper case; undefined when the files know none. For `exit` and `countryOf`. */
  readonly countryOf: (relay: Located) => string | undefined
  /** The country of an IP address in text; undefined when the files know none, or it is no IP address. */
  readonly lookUp: (address: string) => string | undefined
}

/** What the files have for ranges of no country. */
const NONE = '??'

const NEWLINE = 10
const RETURN = 13
const HASH = 0x23

/**
 * Reads tor's files of countries. All of them is 25 MB of text and a few MB of memory: read them once.
 *
 * ```ts
 * const { countryOf } = await readGeoip('/usr/share/tor/geoip', '/usr/share/tor/geoip6')
 * const tor = await TorClient.open({ countryOf })
 * const exit = (relay) => countryOf(relay) === 'SE' // one function for all: connections are used again under the same one
 * await tor.fetch('https://example.com/', { exit })
 * ```
 *
 * @param files - `geoip`, `geoip6`, or both
 * @throws TypeError (as a rejection) for a file that is none; what reading fails with
 */
export async function readGeoip(...files: readonly (string | URL)[]): Promise<Geoip> {
  if (files.length === 0) throw new TypeError('Cannot read countries without a file')
  const { readFile } = builtinModule<typeof fs>('node:fs/promises')
  const tables = new GeoipTables()
  for (const file of files) tables.read(await readFile(file))
  return tables.finish()
}

/** What is read, line by line. */
class GeoipTables {
  readonly #ipv4 = new RangeTable(1)
  readonly #ipv6 = new RangeTable(4)
  readonly #line = emptyLine()
  /** Numbers of countries by their letters; 0 is for none. */
  readonly #numbers = new Map<number, number>()
  readonly #names: (string | undefined)[] = [undefined]

  /** @throws TypeError */
  read(bytes: Uint8Array): void {
    let ranges = 0
    let number = 0
    for (let at = 0; at < bytes.length;) {
      const found = bytes.indexOf(NEWLINE, at)
      const next = found < 0 ? bytes.length : found
      const end = next > at && bytes[next - 1] === RETURN ? next - 1 : next
      const start = at
      at = next + 1
      number += 1
      if (start === end || bytes[start] === HASH) continue
      if (!this.#take(bytes, start, end))
        throw new TypeError(`Cannot read the file of countries as line ${number} is no range, or not in order`)
      ranges += 1
    }
    if (ranges === 0) throw new TypeError('Cannot read the file of countries as there is no range in it')
  }

  finish(): Geoip {
    this.#ipv4.finish()
    this.#ipv6.finish()
    const lookUp = (address: string): string | undefined => {
      const bytes = parseIPv4(address)
      if (bytes !== undefined) return this.#names[this.#ipv4.find(wordsOf(bytes))]
      const long = parseIPv6(address)
      return long && this.#names[this.#ipv6.find(wordsOf(long))]
    }
    const countryOf = ({ addresses }: Located): string | undefined => {
      for (const { hostname } of addresses) {
        const country = lookUp(hostname)
        if (country !== undefined) return country
      }
      return undefined
    }
    return Object.freeze({ countryOf, lookUp })
  }

  /** False for a line that is no range. */
  #take(bytes: Uint8Array, start: number, end: number): boolean {
    const line = this.#line
    if (!scanLine(bytes, start, end, line)) return false
    const table = line.words === 1 ? this.#ipv4 : this.#ipv6
    return table.add(line.first, line.last, this.#numberOf(line.country))
  }

  /** @param country - its letters, as of a line */
  #numberOf(country: number): number {
    let number = this.#numbers.get(country)
    if (number === undefined) {
      const name = String.fromCharCode(country >> 8, country & 0xff)
      number = name === NONE ? 0 : this.#names.push(name) - 1
      this.#numbers.set(country, number)
    }
    return number
  }
}

/** An address in words of 32 bits. */
function wordsOf(bytes: Uint8Array): Uint32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  return Uint32Array.from({ length: bytes.length / 4 }, (_, index) => view.getUint32(index * 4))
}
