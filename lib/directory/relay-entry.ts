/**
 * What a microdesc consensus says of one relay (dir-spec section 3.4.1 and 3.9.2).
 *
 * @module
 */
import { isIPv4 } from '../cell/ip-address.ts'
import type { LinkAddress } from '../platform/links/transport.ts'
import type { DocumentReader } from './text/document.ts'
import { decodeBase64, encodeHex, is32Bytes, ownText } from './text/encoding.ts'
import { parseAddressAndPort, parseNumber } from './text/fields.ts'
import { NO_PROTOCOLS, parseProtocols, type Protocols } from './protocols.ts'
import { parseFlags, type RelayFlags } from './relay-flags.ts'
import type { Slices } from '../base/waiting/slices.ts'

/** The most OR addresses of a relay, and the most items of its entry: authorities give two, and about eight. */
const MAX_ADDRESSES = 8
const MAX_ITEMS = 64

const NICKNAME = /^[A-Za-z0-9]{1,19}$/

/**
 * A relay of a consensus. There are thousands: what many of them have in common is shared between them, and names and
 * addresses are made each time that they are asked for.
 */
export interface ConsensusRelay {
  readonly nickname: string
  /** The SHA-1 of its RSA identity key, in 40 hex digits in upper case. */
  readonly fingerprint: string
  /** Its OR addresses, the one of the `r` line first, then those of the `a` lines. Without those that have port 0. */
  readonly addresses: readonly LinkAddress[]
  /** Whether it has an address. */
  readonly isReachable: boolean
  /** Bits of `RelayFlag`. */
  readonly flags: RelayFlags
  /** The SHA-256 of its microdescriptor, in base64 without padding: 43 characters. */
  readonly microdescriptorDigest: string
  /**
   * The weight of its bandwidth, in an arbitrary unit (about kilobytes a second); 0 when the consensus says nothing.
   */
  readonly bandwidth: number
  /** True when `bandwidth` comes from measurements. */
  readonly measured: boolean
  /** Which subprotocols it claims to speak; none when its claim cannot be read. */
  readonly protocols: Protocols
}

/** The items of an entry behind its `r` line, as long as it is being read. */
interface Entry {
  readonly fingerprint: string
  /** Its nickname, and each address with its port behind it. */
  readonly words: (string | number)[]
  flags: RelayFlags | undefined
  digest: string | undefined
  bandwidth: number | undefined
  measured: boolean
  protocols: Protocols | undefined
}

/** A relay as it is kept. */
class ListedEntry implements ConsensusRelay {
  readonly fingerprint: string
  readonly microdescriptorDigest: string
  readonly isReachable: boolean
  readonly flags: RelayFlags
  readonly bandwidth: number
  readonly measured: boolean
  readonly protocols: Protocols
  /** Its nickname, and each address with its port behind it: one string instead of many small objects. */
  readonly #text: string

  constructor(entry: Entry, flags: RelayFlags, digest: string) {
    this.fingerprint = entry.fingerprint
    this.microdescriptorDigest = digest
    this.isReachable = entry.words.length > 1
    this.flags = flags
    this.bandwidth = entry.bandwidth ?? 0
    this.measured = entry.measured
    this.protocols = entry.protocols ?? NO_PROTOCOLS
    this.#text = entry.words.join(' ')
  }

  get nickname(): string {
    return this.#text.split(' ', 1)[0] as string
  }

  get addresses(): readonly LinkAddress[] {
    return Array.from(this.#text.matchAll(/ (\S+) (\d+)/g), ([, hostname = '', port]) => ({
      hostname,
      port: Number(port),
    }))
  }
}

/** Reads the relays of one consensus. */
export class RelayEntryReader {
  readonly #reader: DocumentReader
  // Few different lines of these kinds stand for thousands of relays.
  readonly #flags = new Map<string, RelayFlags>()
  readonly #protocols = new Map<string, Protocols>()

  constructor(reader: DocumentReader) {
    this.#reader = reader
  }

  /**
   * Reads the relays, the document reader being at the `r` line of the first, up to the item that begins something else.
   * Between two items other tasks may have their turn. The result keeps nothing of the document.
   *
   * @param most - how many there may be
   * @throws TorError `DIRECTORY_MALFORMED`, as rejection
   */
  async read(most: number, slices: Slices): Promise<ConsensusRelay[]> {
    const reader = this.#reader
    const relays: ConsensusRelay[] = []
    let last = ''
    while (reader.is('r')) {
      if (relays.length === most) reader.fail('it has too many relays')
      const entry = this.#readFirstLine()
      for (let items = 0; reader.next() && !reader.is('r') && !reader.is('directory-footer'); items++) {
        if (items === MAX_ITEMS) reader.fail('a relay in it has too many items')
        if (slices.isFull(reader.takeWork())) await slices.pause()
        this.#readItem(entry)
      }
      if (slices.isFull(reader.takeWork())) await slices.pause()
      const { flags, digest, fingerprint } = entry
      if (flags === undefined || digest === undefined)
        return reader.fail('a relay in it has no flags or no microdescriptor')
      // Ascending, so that none is there twice.
      if (fingerprint <= last) reader.fail('its relays are not in order')
      last = fingerprint
      relays.push(new ListedEntry(entry, flags, digest))
    }
    // A copy is as long as it needs to be; an array that was added to has room to grow.
    return relays.slice()
  }

  /** r nickname identity publication(2) IP ORPort DirPort */
  #readFirstLine(): Entry {
    const reader = this.#reader
    const [nickname = '', base64 = '', , , hostname = '', orPort, directoryPort] = reader.words(7)
    const identity = decodeBase64(base64)
    const port = parseNumber(orPort, 65_535)
    if (!NICKNAME.test(nickname)) reader.fail('a nickname in it is none')
    if (identity?.length !== 20) return reader.fail('an identity in it does not have 20 bytes')
    if (!isIPv4(hostname) || port === undefined || parseNumber(directoryPort, 65_535) === undefined)
      return reader.fail('an address in it is none')
    return {
      fingerprint: encodeHex(identity),
      words: port === 0 ? [nickname] : [nickname, hostname, port],
      flags: undefined,
      digest: undefined,
      bandwidth: undefined,
      measured: false,
      protocols: undefined,
    }
  }

  #readItem(entry: Entry): void {
    const reader = this.#reader
    switch (reader.keyword) {
      case 'a': {
        if (entry.words.length > 2 * MAX_ADDRESSES) reader.fail('a relay in it has too many addresses')
        const address = parseAddressAndPort(reader.words(1)[0] as string) ?? reader.fail('an address in it is none')
        entry.words.push(address.hostname, address.port)
        break
      }
      case 'm': {
        if (entry.digest !== undefined) reader.fail('a relay in it has two microdescriptors')
        const [digest = ''] = reader.words(1)
        if (digest.length !== 43 || !is32Bytes(digest)) reader.fail('the digest of a microdescriptor in it is none')
        entry.digest = ownText(digest)
        break
      }
      case 's':
        if (entry.flags !== undefined) reader.fail('a relay in it has flags twice')
        entry.flags = this.#sharedFlags(reader.rest)
        break
      case 'pr':
        if (entry.protocols !== undefined) reader.fail('a relay in it has protocols twice')
        entry.protocols = this.#sharedProtocols(reader.rest)
        break
      case 'w':
        if (entry.bandwidth !== undefined) reader.fail('a relay in it has two bandwidths')
        this.#readBandwidth(entry)
        break
    }
  }

  /** w Bandwidth=INT [Unmeasured=1] */
  #readBandwidth(entry: Entry): void {
    const reader = this.#reader
    entry.measured = true
    for (const word of reader.list()) {
      if (word === 'Unmeasured=1') entry.measured = false
      if (!word.startsWith('Bandwidth=')) continue
      if (entry.bandwidth !== undefined) reader.fail('a relay in it has two bandwidths')
      entry.bandwidth = parseNumber(word.slice(10), 0xffff_ffff) ?? reader.fail('a bandwidth in it is no number')
    }
    if (entry.bandwidth === undefined) reader.fail('a relay in it has no bandwidth on its "w" line')
  }

  #sharedFlags(rest: string): RelayFlags {
    let flags = this.#flags.get(rest)
    if (flags === undefined) this.#flags.set(rest, (flags = parseFlags(this.#reader.list())))
    return flags
  }

  /** The authorities pass on this line as the relay wrote it: one that says nonsense must not cost the consensus. */
  #sharedProtocols(rest: string): Protocols {
    let protocols = this.#protocols.get(rest)
    if (protocols === undefined) this.#protocols.set(rest, (protocols = parseProtocols(rest) ?? NO_PROTOCOLS))
    return protocols
  }
}
