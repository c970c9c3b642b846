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
import { READ_A_SLICE, type SliceOptions, Slices } from './text/slices.ts'

/** What a microdescriptor costs beside its characters, in characters: its digest, and that of an entry. */
const MICRODESCRIPTOR_COST = 512

/** The longest microdescriptor, in characters: a relay's whole descriptor, which it is made of, has at most 20,000. */
const MAX_MICRODESCRIPTOR = 32_768

/** The most families by identity of which one relay may be. */
const MAX_FAMILY_IDS = 100

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
  /** It as it came, to be kept. It keeps nothing of what it was read from. */
  readonly text: string
  /** What it says; undefined when it is malformed. It keeps nothing of the text. */
  readonly microdescriptor: Microdescriptor | undefined
  /** A TorError `DIRECTORY_MALFORMED` when it is malformed. */
  readonly error: TorError | undefined
}

/** How microdescriptors are read. */
export interface MicrodescriptorOptions extends SliceOptions {
  /** The digests of those that were asked for; by default any is welcome. */
  readonly asked?: ReadonlySet<string>
  /**
   * How many others are passed over.
   *
   * @defaultValue 0
   */
  readonly strangers?: number
}

/**
 * Reads microdescriptors that stand one after the other, in slices: other tasks have their turn between them. One that
 * is malformed does not cost the others. It ends at the first that was not asked for, beyond those that are passed over, is there for the second time, or
 * is longer than any: whoever sends such has nothing better to give, and it may be much.
 *
 * @throws TorError `DIRECTORY_MALFORMED`, as rejection, when the text does not begin with a microdescriptor
 */
export async function parseMicrodescriptors(
  text: string,
  options: MicrodescriptorOptions = {},
): Promise<MicrodescriptorEntry[]> {
  if (text !== '' && !text.startsWith(FIRST_LINE)) {
    throw new TorError('DIRECTORY_MALFORMED', 'Malformed microdescriptors: they begin with something else')
  }
  const reader = new MicrodescriptorReader()
  const entries = new Map<string, MicrodescriptorEntry>()
  const slices = new Slices(READ_A_SLICE, options)
  let strangers = options.strangers ?? 0
  for (let start = 0; start < text.length;) {
    const next = text.indexOf(`\n${FIRST_LINE}`, start)
    const end = next === -1 ? text.length : next + 1
    if (end - start > MAX_MICRODESCRIPTOR) break
    const bytes = reader.encode(text.slice(start, end))
    const digest = encodeBase64(sha256(bytes))
    const isStranger = options.asked?.has(digest) === false
    if (entries.has(digest) || (isStranger && strangers-- === 0)) break
    if (!isStranger) entries.set(digest, reader.read(bytes, digest))
    if (slices.isFull(end - start + MICRODESCRIPTOR_COST)) await slices.pause()
    start = end
  }
  return [...entries.values()]
}

/** Reads microdescriptors that may have much in common. */
class MicrodescriptorReader {
  readonly #encoder = new TextEncoder()
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  readonly #policies = new Map<string, PortPolicy>([['reject 1-65535', REJECT_ALL]])
  readonly #families = new Map<string, readonly string[]>([['', []]])
  readonly #familyIds = new Map<string, readonly string[]>([['', []]])

  encode(text: string): Uint8Array<ArrayBuffer> {
    return this.#encoder.encode(text)
  }

  read(bytes: Uint8Array<ArrayBuffer>, digest: string): MicrodescriptorEntry {
    // A text of its own: a piece of a string keeps all of that string in memory.
    const text = this.#decoder.decode(bytes)
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
      const bytes = decodeBase64(items.get(item)?.split(/[ \t]+/, index + 1)[index] ?? '')
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
      family: shared(this.#families, items.get('family') ?? '', parseFamily) ?? [],
      familyIds:
        shared(this.#familyIds, items.get('family-ids') ?? '', (ids) =>
          ids.split(/[ \t]+/, MAX_FAMILY_IDS).map(ownText),
        ) ?? [],
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
