/**
 * Microdescriptors: what clients need to know of a relay and does not change with every consensus (dir-spec section
 * 3.3).
 *
 * @module
 */
import { TorError } from '../base/errors.ts'
import { Sha256 } from '../base/hashes/sha256.ts'
import { DocumentReader } from './text/document.ts'
import { decodeBase64, encodeBase64, is32Bytes, ownText } from './text/encoding.ts'
import { type FamilyMember, namesInFamily, parseFamily } from './family.ts'
import { parsePortPolicy, type PortPolicy, REJECT_ALL } from './port-policy.ts'
import { READ_A_SLICE, type SliceOptions, Slices } from '../base/waiting/slices.ts'

/** What a microdescriptor costs beside its bytes, in bytes: its digest, and that of an entry. */
const MICRODESCRIPTOR_COST = 512

/** The longest microdescriptor, in bytes: a relay's whole descriptor, which it is made of, has at most 20,000. */
const MAX_MICRODESCRIPTOR = 32_768

/** The most families by identity of which one relay may be. */
const MAX_FAMILY_IDS = 100

/** How every microdescriptor begins, with or without the key of the old TAP handshake behind it (proposal 350). */
const FIRST_LINE = 'onion-key\n'
const NEXT = `\n${FIRST_LINE}`

/** How much of a document is there as text at a time, in bytes: it holds the longest, and what the next begins with. */
const PIECE = 65_536

/** Characters of a key of 32 bytes in base64 without padding. */
const KEY_SIZE = 43

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
  /** True when `relay` is in its {@link family}. */
  names(relay: FamilyMember): boolean
}

/** One microdescriptor of several. */
export interface MicrodescriptorEntry {
  /** The SHA-256 of its bytes, in base64 without padding. It is what tells whether this was asked for. */
  readonly digest: string
  /** What it says; undefined when it is malformed. It keeps the bytes of all that it was read with. */
  readonly microdescriptor: KeptMicrodescriptor | undefined
  /** A TorError `DIRECTORY_MALFORMED` when it is malformed. */
  readonly error: TorError | undefined
}

/** How microdescriptors are read. */
export interface MicrodescriptorOptions extends SliceOptions {
  /** Gives the SHA-256 in base64 without padding. By default in JavaScript. */
  readonly digestOf?: ((bytes: Uint8Array) => string) | undefined
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
 * @param document - as text, or as its bytes, which are kept and must not change
 * @throws TorError `DIRECTORY_MALFORMED`, as rejection, when the text does not begin with a microdescriptor
 */
export async function parseMicrodescriptors(
  document: string | Uint8Array,
  options: MicrodescriptorOptions = {},
): Promise<MicrodescriptorEntry[]> {
  const { digestOf = sha256 } = options
  const bytes = typeof document === 'string' ? new TextEncoder().encode(document) : document
  const textAt = textsOf(bytes)
  if (bytes.length > 0 && new TextDecoder().decode(bytes.subarray(0, FIRST_LINE.length)) !== FIRST_LINE) {
    throw new TorError('DIRECTORY_MALFORMED', 'Malformed microdescriptors: they begin with something else')
  }
  const reader = new MicrodescriptorReader(bytes)
  const entries = new Map<string, MicrodescriptorEntry>()
  const slices = new Slices(READ_A_SLICE, options)
  let strangers = options.strangers ?? 0
  for (let start = 0; start < bytes.length;) {
    const text = textAt(start)
    if (text.length > MAX_MICRODESCRIPTOR) break
    const end = start + text.length
    const digest = digestOf(bytes.subarray(start, end))
    const isStranger = options.asked?.has(digest) === false
    if (entries.has(digest) || (isStranger && strangers-- === 0)) break
    if (!isStranger) entries.set(digest, reader.read(text, start, digest))
    if (slices.isFull(text.length + MICRODESCRIPTOR_COST)) await slices.pause()
    start = end
  }
  return [...entries.values()]
}

function sha256(bytes: Uint8Array): string {
  const hash = new Sha256()
  hash.update(bytes)
  return encodeBase64(hash.digest())
}

/**
 * Gives the text of the microdescriptor that begins at a place, up to where the next one begins, or the bytes end; one that is too
 * long ends anywhere. It has one character for each byte, so that a place in the text is one in the bytes.
 */
function textsOf(bytes: Uint8Array): (start: number) => string {
  const decoder = new TextDecoder('latin1')
  let piece = ''
  let from = 0
  return (start) => {
    let next = piece.indexOf(NEXT, start - from)
    if (next === -1) {
      from = start
      piece = decoder.decode(bytes.subarray(start, start + PIECE))
      next = piece.indexOf(NEXT)
    }
    return piece.slice(start - from, next + 1 || undefined)
  }
}

/** Where something is in the bytes. */
interface Span {
  readonly start: number
  readonly end: number
}

/** Nowhere. */
const NOTHING: Span = { start: 0, end: 0 }

/**
 * A microdescriptor that stays in the bytes that it was read from, beside thousands of others: what it says is read there
 * when it is asked for.
 */
export class KeptMicrodescriptor implements Microdescriptor {
  readonly digest: string
  readonly exitPolicy: PortPolicy
  readonly exitPolicyIPv6: PortPolicy
  #document: Uint8Array
  /** All of it begins here in the document. */
  #start: number
  /** How many bytes it has. */
  readonly size: number
  /** Where both keys are, counted from there; where the family begins and ends, and the families by identity. */
  readonly #places: Places

  /** For {@link parseMicrodescriptors} alone. */
  constructor(
    document: Uint8Array,
    start: number,
    size: number,
    digest: string,
    policies: readonly [PortPolicy, PortPolicy],
    places: Places,
  ) {
    this.digest = digest
    ;[this.exitPolicy, this.exitPolicyIPv6] = policies
    this.#document = document
    this.#start = start
    this.size = size
    this.#places = places
  }

  get ntorOnionKey(): Uint8Array {
    return this.#key(this.#places[0])
  }

  get ed25519Identity(): Uint8Array {
    return this.#key(this.#places[1])
  }

  get family(): readonly string[] {
    return parseFamily(this.#family)
  }

  get familyIds(): readonly string[] {
    const [, , , , start, end] = this.#places
    if (start === end) return []
    return this.#text(start, end)
      .split(/[ \t]+/, MAX_FAMILY_IDS)
      .map(ownText)
  }

  names(relay: FamilyMember): boolean {
    const line = this.#family
    return line !== '' && namesInFamily(line, relay)
  }

  /** Copies it to this place, and stays there from now on. Returns where it ends. */
  moveTo(document: Uint8Array, at: number): number {
    document.set(this.#bytes(0, this.size), at)
    this.#document = document
    this.#start = at
    return at + this.size
  }

  get #family(): string {
    const [, , start, end] = this.#places
    return start === end ? '' : this.#text(start, end)
  }

  #key(at: number): Uint8Array {
    return decodeBase64(this.#text(at, at + KEY_SIZE)) as Uint8Array
  }

  #text(start: number, end: number): string {
    return new TextDecoder('latin1').decode(this.#bytes(start, end))
  }

  #bytes(start: number, end: number): Uint8Array {
    return this.#document.subarray(this.#start + start, this.#start + end)
  }
}

/** See {@link KeptMicrodescriptor}. */
type Places = readonly [
  onionKey: number,
  identity: number,
  family: number,
  familyEnd: number,
  ids: number,
  idsEnd: number,
]

/** Reads microdescriptors that may have policies in common. */
class MicrodescriptorReader {
  readonly #document: Uint8Array
  readonly #policies = new Map<string, PortPolicy>([['reject 1-65535', REJECT_ALL]])

  constructor(document: Uint8Array) {
    this.#document = document
  }

  /** Reads one whose text stands at `start`. */
  read(text: string, start: number, digest: string): MicrodescriptorEntry {
    try {
      return { digest, microdescriptor: this.#read(text, start, digest), error: undefined }
    } catch (error) {
      if (!(error instanceof TorError)) throw error
      return { digest, microdescriptor: undefined, error }
    }
  }

  #read(text: string, start: number, digest: string): KeptMicrodescriptor {
    const reader = new DocumentReader(text, 'microdescriptor')
    const items = new Map<string, Span>()
    while (reader.next()) {
      if (!ITEMS.has(reader.keyword)) continue
      // An `id` line is there once for each kind of key; the one that counts here is that of Ed25519.
      if (reader.is('id') && reader.words(1)[0] !== 'ed25519') continue
      if (items.has(reader.keyword)) reader.fail(`"${reader.keyword}" is there twice`)
      items.set(reader.keyword, reader.argumentsSpan)
    }
    const key = (item: string, index: number): number => {
      const { start, end } = items.get(item) ?? NOTHING
      const word = text.slice(start, end).split(/[ \t]+/, index + 1)[index] ?? ''
      if (!is32Bytes(word)) reader.fail(`"${item}" has no key of 32 bytes`)
      return text.indexOf(word, start)
    }
    const policy = (item: string): PortPolicy => {
      const span = items.get(item)
      if (span === undefined) return REJECT_ALL
      const line = text.slice(span.start, span.end)
      const known = this.#policies.get(line)
      if (known !== undefined) return known
      const policy = parsePortPolicy(line) ?? reader.fail(`"${item}" is no policy`)
      this.#policies.set(ownText(line), policy)
      return policy
    }
    const family = items.get('family') ?? NOTHING
    const ids = items.get('family-ids') ?? NOTHING
    const keys = [key('ntor-onion-key', 0), key('id', 1)] as const
    const policies = [policy('p'), policy('p6')] as const
    const places = [...keys, family.start, family.end, ids.start, ids.end] as const
    return new KeptMicrodescriptor(this.#document, start, text.length, digest, policies, places)
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
