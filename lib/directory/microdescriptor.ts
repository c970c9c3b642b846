/**
 * Microdescriptors: what clients need to know of a relay and does not change with every consensus (dir-spec section
 * 3.3).
 *
 * @module
 */
import { sha256 } from '@noble/hashes/sha2.js'
import { TorError } from '../base/errors.ts'
import { DocumentReader } from './text/document.ts'
import { decodeBase64, encodeBase64, ownText } from './text/encoding.ts'
import { parseFamily } from './family.ts'
import { parsePortPolicy, type PortPolicy, REJECT_ALL } from './port-policy.ts'
import { type SliceOptions, Slices } from './text/slices.ts'

/** How many microdescriptors are read before other tasks have their turn: a few ms. */
const MICRODESCRIPTORS_A_SLICE = 150

/** How every microdescriptor begins, with or without the key of the old TAP handshake behind it (proposal 350). */
const FIRST_LINE = 'onion-key\n'

/** A microdescriptor. There are thousands: what many of them have in common is shared between them. */
export interface Microdescriptor {
  /** Its SHA-256, in base64 without padding: 43 characters. */
  readonly digest: string
  /** The relay's ntor onion key, 32 bytes. */
  readonly ntorOnionKey: Uint8Array
  /** The relay's Ed25519 identity key, 32 bytes. It does not hold for a relay with the flag `NoEdConsensus`. */
  readonly ed25519Identity: Uint8Array
  /** To which ports at IPv4 and at IPv6 addresses it lets streams out. */
  readonly exitPolicy: PortPolicy
  readonly exitPolicyIPv6: PortPolicy
  /** What it says to be its family: fingerprints in 40 hex digits in upper case, and nicknames in lower case. */
  readonly family: readonly string[]
  /** The families that it proved to belong to, each by one opaque text (proposal 321). */
  readonly familyIds: readonly string[]
}

/** One microdescriptor of several. */
export interface MicrodescriptorEntry {
  /** The SHA-256 of `text`, in base64 without padding. It is what tells whether this was asked for. */
  readonly digest: string
  /** It as it came, to be kept. A piece of the text that was read: it keeps all of that in memory. */
  readonly text: string
  /** What it says; undefined when it is malformed. It keeps nothing of the text. */
  readonly microdescriptor: Microdescriptor | undefined
  /** A TorError `DIRECTORY_MALFORMED` when it is malformed. */
  readonly error: TorError | undefined
}

/**
 * Reads microdescriptors that stand one after the other, in slices: other tasks have their turn between them. One that
 * is malformed does not cost the others.
 *
 * @throws TorError `DIRECTORY_MALFORMED`, as rejection, when the text does not begin with a microdescriptor
 */
export async function parseMicrodescriptors(text: string, options: SliceOptions = {}): Promise<MicrodescriptorEntry[]> {
  if (text !== '' && !text.startsWith(FIRST_LINE)) {
    throw new TorError('DIRECTORY_MALFORMED', 'Malformed microdescriptors: they begin with something else')
  }
  const reader = new MicrodescriptorReader()
  const entries: MicrodescriptorEntry[] = []
  const slices = new Slices(MICRODESCRIPTORS_A_SLICE, options)
  for (let start = 0; start < text.length;) {
    const next = text.indexOf(`\n${FIRST_LINE}`, start)
    const end = next === -1 ? text.length : next + 1
    entries.push(reader.read(text.slice(start, end)))
    start = end
    if (slices.isFull(1)) await slices.pause()
  }
  return entries
}

/** Reads microdescriptors that may have much in common. */
class MicrodescriptorReader {
  readonly #encoder = new TextEncoder()
  readonly #policies = new Map<string, PortPolicy>([['reject 1-65535', REJECT_ALL]])
  readonly #families = new Map<string, readonly string[]>([['', []]])
  readonly #familyIds = new Map<string, readonly string[]>([['', []]])

  read(text: string): MicrodescriptorEntry {
    const digest = encodeBase64(sha256(this.#encoder.encode(text)))
    try {
      return { digest, text, microdescriptor: this.#read(text, digest), error: undefined }
    } catch (error) {
      if (!(error instanceof TorError)) throw error
      return { digest, text, microdescriptor: undefined, error }
    }
  }

  #read(text: string, digest: string): Microdescriptor {
    const reader = new DocumentReader(text, 'microdescriptor')
    const items = new Map<string, string>()
    while (reader.next()) {
      // An `id` line is there once for each kind of key; the one that counts here is that of Ed25519.
      if (reader.is('id') && reader.words(1)[0] !== 'ed25519') continue
      if (!ITEMS.has(reader.keyword)) continue
      if (items.has(reader.keyword)) reader.fail(`"${reader.keyword}" is there twice`)
      items.set(reader.keyword, reader.rest.trim())
    }
    const key = (item: string, index: number): Uint8Array => {
      const bytes = decodeBase64(items.get(item)?.split(/[ \t]+/)[index] ?? '')
      return bytes?.length === 32 ? bytes : reader.fail(`"${item}" has no key of 32 bytes`)
    }
    const policy = (item: string): PortPolicy => {
      const text = items.get(item)
      if (text === undefined) return REJECT_ALL
      return shared(this.#policies, text, parsePortPolicy) ?? reader.fail(`"${item}" is no policy`)
    }
    return {
      digest,
      ntorOnionKey: key('ntor-onion-key', 0),
      ed25519Identity: key('id', 1),
      exitPolicy: policy('p'),
      exitPolicyIPv6: policy('p6'),
      family: shared(this.#families, items.get('family') ?? '', (names) => parseFamily(names.split(/[ \t]+/))) ?? [],
      familyIds:
        shared(this.#familyIds, items.get('family-ids') ?? '', (ids) => ids.split(/[ \t]+/).map(ownText)) ?? [],
    }
  }
}

/** The items that are looked at, beside the first. None may be there twice. */
const ITEMS: ReadonlySet<string> = /* @__PURE__ */ new Set([
  'onion-key',
  'ntor-onion-key',
  'id',
  'family',
  'family-ids',
  'p',
  'p6',
])

/** What `make` gives for `text`, made once. */
function shared<T extends object>(
  made: Map<string, T>,
  text: string,
  make: (text: string) => T | undefined,
): T | undefined {
  const value = made.get(text) ?? make(text)
  if (value !== undefined) made.set(text, value)
  return value
}
