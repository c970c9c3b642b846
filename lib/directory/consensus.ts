/**
 * The microdesc consensus: which relays there are, as the authorities agreed (dir-spec section 3.4.1 and 3.9.2).
 * Reading it proves nothing: that is what `verifyConsensus` is for.
 *
 * @module
 */
import { Sha1 } from '../base/hashes/sha1.ts'
import { Sha256 } from '../base/hashes/sha256.ts'
import { DocumentReader } from './text/document.ts'
import { documentPieces } from './text/pieces.ts'
import { type HashOptions, hashText } from './text/hash-text.ts'
import { decodeBase64 } from './text/encoding.ts'
import { parseFingerprint, parseKeyValues, parseNumber, parseTime } from './text/fields.ts'
import { NO_PROTOCOLS, parseProtocols, type Protocols } from './protocols.ts'
import { type ConsensusRelay, RelayEntryReader } from './relay-entry.ts'
import { READ_A_SLICE, Slices } from '../base/waiting/slices.ts'

/**
 * The most items ahead of the relays, and between them and the signatures; the most relays, and the most signatures.
 * Each is several times what the public network has: 60, 2, 9,000 and 9.
 */
const MAX_HEADER_ITEMS = 1000
const MAX_FOOTER_ITEMS = 100
const MAX_RELAYS = 50_000
const MAX_SIGNATURES = 256

/** Which digest an authority signed. Signatures over others are passed over, as dir-spec has it. */
export type SignatureAlgorithm = 'sha1' | 'sha256'

/** What an authority says that it signed. */
export interface ConsensusSignature {
  readonly algorithm: SignatureAlgorithm
  /** The fingerprint of the authority's identity key, in 40 hex digits in upper case. */
  readonly identity: string
  /** The SHA-1 of the key that it signed with, likewise. */
  readonly signingKeyDigest: string
  readonly signature: Uint8Array
}

/** A microdesc consensus. Times are in ms since the epoch. */
export interface Consensus {
  /** The method by which the authorities made it. */
  readonly method: number
  /** From when on it holds. */
  readonly validAfter: number
  /** When there is to be a newer one. */
  readonly freshUntil: number
  /** Until when it holds. */
  readonly validUntil: number
  /** Parameters of the network, by name. */
  readonly params: ReadonlyMap<string, number>
  /** What the network agreed on that nobody could foresee, if it did: 32 bytes each (srv-spec). */
  readonly sharedRandom: { readonly current: Uint8Array | undefined; readonly previous: Uint8Array | undefined }
  /** What clients must speak, and what they should. */
  readonly requiredClientProtocols: Protocols
  readonly recommendedClientProtocols: Protocols
  /** The relays, in ascending order of their fingerprints. */
  readonly relays: readonly ConsensusRelay[]
  /** `Wgg` and the like, to be divided by the parameter `bwweightscale`; empty when it has none. */
  readonly bandwidthWeights: ReadonlyMap<string, number>
  readonly signatures: readonly ConsensusSignature[]
  /** The digests of what is signed, by each algorithm that a signature names. */
  readonly digests: ReadonlyMap<SignatureAlgorithm, Uint8Array>
}

/** The items of the header that are looked at. None may be there twice. */
const HEADER_ITEMS: ReadonlySet<string> = /* @__PURE__ */ new Set([
  'vote-status',
  'consensus-method',
  'valid-after',
  'fresh-until',
  'valid-until',
  'params',
  'required-client-protocols',
  'recommended-client-protocols',
  'shared-rand-current-value',
  'shared-rand-previous-value',
])

/** Bytes of a shared random value. */
const SHARED_RANDOM_SIZE = 32

/**
 * Reads a microdesc consensus, in slices: other tasks have their turn between them. The result keeps nothing of `document`.
 *
 * @param document - as text, or as its bytes
 * @throws TorError `DIRECTORY_MALFORMED`, as rejection
 */
export async function parseConsensus(document: string | Uint8Array, options: HashOptions = {}): Promise<Consensus> {
  const { newSha256 = () => new Sha256() } = options
  const pieces = typeof document === 'string' ? document : documentPieces(document, 'r ')
  const reader = new DocumentReader(pieces, 'consensus')
  const slices = new Slices(READ_A_SLICE, options)
  const header = await readHeader(reader, slices)
  const relays = await new RelayEntryReader(reader).read(MAX_RELAYS, slices)
  const footer = await readFooter(reader, slices)
  const digests = new Map<SignatureAlgorithm, Uint8Array>()
  for (const { algorithm } of footer.signatures) {
    if (digests.has(algorithm)) continue
    const hash = algorithm === 'sha1' ? new Sha1() : newSha256()
    digests.set(algorithm, await hashText(hash, document, footer.signedEnd, options))
  }
  return { ...header, relays, bandwidthWeights: footer.bandwidthWeights, signatures: footer.signatures, digests }
}

type Header = Omit<Consensus, 'relays' | 'bandwidthWeights' | 'signatures' | 'digests'>

/** Reads up to the first relay, or to the footer. */
async function readHeader(reader: DocumentReader, slices: Slices): Promise<Header> {
  // The signed part begins with this item, so nothing may be ahead of it.
  if (!reader.next() || reader.start !== 0 || !reader.is('network-status-version'))
    reader.fail('it begins with something else')
  const [version, flavour] = reader.words(1, 2)
  if (version !== '3' || flavour !== 'microdesc') reader.fail('it is not of version 3 with microdescriptors')
  const items = new Map<string, string[]>()
  for (let count = 0; reader.next() && !reader.is('r') && !reader.is('directory-footer'); count++) {
    if (count === MAX_HEADER_ITEMS) reader.fail('its header is too long')
    if (slices.isFull(reader.takeWork())) await slices.pause()
    if (!HEADER_ITEMS.has(reader.keyword)) continue
    if (items.has(reader.keyword)) reader.fail(`"${reader.keyword}" is there twice`)
    items.set(reader.keyword, reader.list())
  }
  if (items.get('vote-status')?.[0] !== 'consensus') reader.fail('it is a vote')
  const time = (keyword: string): number => {
    const [date, time] = items.get(keyword) ?? []
    return parseTime(date, time) ?? reader.fail(`"${keyword}" is no time, or is missing`)
  }
  const protocols = (keyword: string): Protocols => {
    const words = items.get(keyword)
    return words === undefined
      ? NO_PROTOCOLS
      : (parseProtocols(words.join(' ')) ?? reader.fail(`"${keyword}" is not well-formed`))
  }
  // How many authorities took part, the value; later versions may say when it was made (proposal 342).
  const sharedRandom = (keyword: string): Uint8Array | undefined => {
    const words = items.get(keyword)
    if (words === undefined) return undefined
    const value = decodeBase64(words[1] ?? '')
    return value?.length === SHARED_RANDOM_SIZE ? value : reader.fail(`"${keyword}" is no value`)
  }
  const validAfter = time('valid-after')
  const freshUntil = time('fresh-until')
  const validUntil = time('valid-until')
  if (validAfter >= freshUntil || freshUntil >= validUntil) reader.fail('its times are not in order')
  return {
    method:
      parseNumber(items.get('consensus-method')?.[0], 1_000_000) ??
      reader.fail('"consensus-method" is no number, or is missing'),
    validAfter,
    freshUntil,
    validUntil,
    params: parseKeyValues(items.get('params') ?? []) ?? reader.fail('"params" is not well-formed'),
    sharedRandom: {
      current: sharedRandom('shared-rand-current-value'),
      previous: sharedRandom('shared-rand-previous-value'),
    },
    requiredClientProtocols: protocols('required-client-protocols'),
    recommendedClientProtocols: protocols('recommended-client-protocols'),
  }
}

interface Footer {
  readonly bandwidthWeights: ReadonlyMap<string, number>
  readonly signatures: readonly ConsensusSignature[]
  /** Where the signed part of the document ends: behind the space after the first "directory-signature". */
  readonly signedEnd: number
}

/** Reads the footer, up to the end of the document. */
async function readFooter(reader: DocumentReader, slices: Slices): Promise<Footer> {
  if (!reader.is('directory-footer')) reader.fail('it has no footer')
  let bandwidthWeights: ReadonlyMap<string, number> | undefined
  const signatures: ConsensusSignature[] = []
  let signedEnd: number | undefined
  for (let items = 0, signed = 0; reader.next();) {
    if (slices.isFull(reader.takeWork())) await slices.pause()
    if (reader.is('directory-signature')) {
      if (signed++ === MAX_SIGNATURES) reader.fail('it has too many signatures')
      signedEnd ??= reader.start + 'directory-signature '.length
      if (!reader.isSpaced) reader.fail('a signature in it has no space where one must be')
      const signature = readSignature(reader)
      if (signature !== undefined) signatures.push(signature)
    } else if (signedEnd !== undefined) {
      reader.fail('something that is not signed follows the signatures')
    } else if (items++ === MAX_FOOTER_ITEMS) {
      reader.fail('its footer is too long')
    } else if (reader.is('bandwidth-weights')) {
      if (bandwidthWeights !== undefined) reader.fail('"bandwidth-weights" is there twice')
      bandwidthWeights = parseKeyValues(reader.list()) ?? reader.fail('"bandwidth-weights" is not well-formed')
    }
  }
  if (signedEnd === undefined) return reader.fail('it has no signatures')
  return { bandwidthWeights: bandwidthWeights ?? new Map(), signatures, signedEnd }
}

/** directory-signature [Algorithm] identity signing-key-digest; undefined for an algorithm of the future. */
function readSignature(reader: DocumentReader): ConsensusSignature | undefined {
  const words = reader.words(2, 3)
  const [algorithm, claimed, key] = words.length === 2 ? ['sha1', ...words] : words
  if (algorithm !== 'sha1' && algorithm !== 'sha256') return undefined
  const signature = reader.object('SIGNATURE')
  const identity = parseFingerprint(claimed)
  const signingKeyDigest = parseFingerprint(key)
  if (identity === undefined || signingKeyDigest === undefined)
    return reader.fail('a signature in it does not say whose it is')
  return { algorithm, identity, signingKeyDigest, signature }
}
