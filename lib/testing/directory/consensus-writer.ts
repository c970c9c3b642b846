/**
 * Writes the microdesc flavour of a consensus document and signs it (dir-spec, "Vote and consensus status document
 * formats" and "Microdescriptor consensus"), as authorities do at consensus method 35. There are no votes: whoever
 * calls says what they agreed on. It writes what it is given, sense or nonsense, but for the order of things.
 *
 * @module
 */
import { sha256 } from '@noble/hashes/sha2.js'
import type { LinkAddress } from '../../platform/links/transport.ts'
import { bandwidthWeights } from './bandwidth-weights.ts'
import {
  base64,
  base64Unpadded,
  documentTime,
  fingerprintOf,
  pemObject,
  textBytes,
  withWrongBit,
} from './document-text.ts'
import type { RsaKey } from '../identity/rsa-key.ts'

/** What a consensus says of one relay. */
export interface ConsensusEntry {
  /** 1 to 19 letters and digits. */
  readonly nickname: string
  /** The SHA-1 of the RSA identity key, 20 bytes. */
  readonly rsaIdentity: Uint8Array
  /** The first address; IPv4. */
  readonly address: LinkAddress
  /** The address of the `a` line; without one there is no such line. */
  readonly ipv6Address?: LinkAddress | undefined
  /** Base64 without padding. */
  readonly microdescriptorDigest: string
  /** In any order. */
  readonly flags: readonly string[]
  /** What follows `v`; `Tor 0.4.9.11` and the like. */
  readonly version: string
  /** What follows `pr`; as `Link=4-5 Relay=2`. */
  readonly protocols: string
  /** Kilobytes a second. */
  readonly bandwidth: number
  /** False for `Unmeasured=1`. */
  readonly measured: boolean
}

/** An authority that took part, by its `dir-source` line. */
export interface ConsensusSource {
  readonly nickname: string
  /** 40 hexadecimal digits in upper case. */
  readonly v3Identity: string
  /** Its OR address. */
  readonly address: LinkAddress
}

/** Everything that is signed. Times are in ms since the epoch, whole seconds. */
export interface ConsensusContent {
  readonly validAfter: number
  readonly freshUntil: number
  readonly validUntil: number
  readonly sources: readonly ConsensusSource[]
  readonly relays: readonly ConsensusEntry[]
  /** Network parameters; the line is left out when there are none. */
  readonly params?: Readonly<Record<string, number>>
  /** What follows `required-client-protocols`; what the public network says by default. */
  readonly requiredClientProtocols?: string
  /** What follows `recommended-client-protocols`; what the public network says by default. */
  readonly recommendedClientProtocols?: string
  /** Weights in place of those that follow from the relays. */
  readonly bandwidthWeights?: Readonly<Record<string, number>>
}

/** Whose signature is to be under a consensus. */
export interface ConsensusSigner {
  /** The identity that the signature's line names. */
  readonly v3Identity: string
  /** What signs; its fingerprint stands on the line too. */
  readonly signing: RsaKey
  /** One bit of the signature is wrong. */
  readonly forged?: boolean
}

/** What the public network asks of clients (July 2026). */
export const REQUIRED_CLIENT_PROTOCOLS = 'Cons=2 Desc=2 FlowCtrl=1 Link=4 Microdesc=2 Relay=2'
/** What the public network recommends to clients (July 2026). */
export const RECOMMENDED_CLIENT_PROTOCOLS =
  'Cons=2 Desc=2 DirCache=2 FlowCtrl=1-2 HSDir=2 HSIntro=4 HSRend=2 Link=4-5 Microdesc=2 Relay=2-4'
const RELAY_PROTOCOLS =
  'Cons=2 Desc=2 DirCache=2 FlowCtrl=1-2 HSDir=2 HSIntro=4-5 HSRend=2 Link=4-5 LinkAuth=3 Microdesc=2 Relay=2-4'
const KNOWN_FLAGS =
  'Authority BadExit Exit Fast Guard HSDir MiddleOnly NoEdConsensus Running Stable StaleDesc Sybil V2Dir Valid'

const DAY = 86_400_000

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

const keyed = (values: Readonly<Record<string, number>>): string =>
  Object.entries(values)
    .sort(([a], [b]) => byText(a, b))
    .map(([key, value]) => `${key}=${value}`)
    .join(' ')

/** The text up to the signatures. */
export function writeConsensus(content: ConsensusContent): string {
  const { params = {}, requiredClientProtocols = REQUIRED_CLIENT_PROTOCOLS } = content
  const sources = [...content.sources].sort((a, b) => byText(a.v3Identity, b.v3Identity))
  const relays = content.relays.map((relay) => ({ relay, fingerprint: fingerprintOf(relay.rsaIdentity) }))
  relays.sort((a, b) => byText(a.fingerprint, b.fingerprint))
  const weights = content.bandwidthWeights ?? weightsOf(content.relays)
  return [
    'network-status-version 3 microdesc\n',
    'vote-status consensus\n',
    'consensus-method 35\n',
    `valid-after ${documentTime(content.validAfter)}\n`,
    `fresh-until ${documentTime(content.freshUntil)}\n`,
    `valid-until ${documentTime(content.validUntil)}\n`,
    'voting-delay 300 300\n',
    'client-versions 0.4.9.11\n',
    'server-versions 0.4.9.11\n',
    `known-flags ${KNOWN_FLAGS}\n`,
    `recommended-client-protocols ${content.recommendedClientProtocols ?? RECOMMENDED_CLIENT_PROTOCOLS}\n`,
    `recommended-relay-protocols ${RELAY_PROTOCOLS}\n`,
    `required-client-protocols ${requiredClientProtocols}\n`,
    `required-relay-protocols ${RELAY_PROTOCOLS}\n`,
    Object.keys(params).length === 0 ? '' : `params ${keyed(params)}\n`,
    `shared-rand-previous-value ${sources.length} ${sharedRandom(content.validAfter - DAY)}\n`,
    `shared-rand-current-value ${sources.length} ${sharedRandom(content.validAfter)}\n`,
    ...sources.map(writeSource),
    ...relays.map(({ relay }) => writeEntry(relay)),
    'directory-footer\n',
    `bandwidth-weights ${keyed(weights)}\n`,
  ].join('')
}

/**
 * The same with signatures under it, in the order of the signers' identities; one of each that `signers` has,
 * repetitions included.
 */
export function signConsensus(text: string, signers: readonly ConsensusSigner[]): string {
  // Through the space after the keyword, so that all sign the same (dir-spec, "directory-signature").
  const digest = sha256(textBytes(`${text}directory-signature `))
  const ordered = [...signers].sort((a, b) => byText(a.v3Identity, b.v3Identity))
  return (
    text +
    ordered
      .map(({ v3Identity, signing, forged = false }) => {
        const signature = signing.signRaw(digest)
        const line = `directory-signature sha256 ${v3Identity} ${fingerprintOf(signing.fingerprint)}\n`
        return line + pemObject('SIGNATURE', forged ? withWrongBit(signature) : signature)
      })
      .join('')
  )
}

function writeSource({ nickname, v3Identity, address: { hostname, port } }: ConsensusSource): string {
  // Nobody voted: the digest is of nothing.
  const voteDigest = fingerprintOf(sha256(textBytes(nickname)).subarray(0, 20))
  return `dir-source ${nickname} ${v3Identity} ${hostname} ${hostname} 0 ${port}\ncontact ${nickname}@authority.test\nvote-digest ${voteDigest}\n`
}

function writeEntry(relay: ConsensusEntry): string {
  const { nickname, rsaIdentity, address, ipv6Address } = relay
  return [
    // Implementations ignore the time of publication; authorities write this one.
    `r ${nickname} ${base64Unpadded(rsaIdentity)} 2038-01-01 00:00:00 ${address.hostname} ${address.port} 0\n`,
    ipv6Address === undefined ? '' : `a [${ipv6Address.hostname}]:${ipv6Address.port}\n`,
    `m ${relay.microdescriptorDigest}\n`,
    `s ${[...relay.flags].sort(byText).join(' ')}\n`,
    `v ${relay.version}\n`,
    `pr ${relay.protocols}\n`,
    `w Bandwidth=${relay.bandwidth}${relay.measured ? '' : ' Unmeasured=1'}\n`,
  ].join('')
}

function weightsOf(relays: readonly ConsensusEntry[]): Record<string, number> {
  const totals = { guard: 0, middle: 0, exit: 0, both: 0 }
  for (const { flags, bandwidth } of relays) {
    const isGuard = flags.includes('Guard')
    const isExit = flags.includes('Exit') && !flags.includes('BadExit')
    totals[isGuard ? (isExit ? 'both' : 'guard') : isExit ? 'exit' : 'middle'] += bandwidth
  }
  return bandwidthWeights(totals)
}

/** A value that everybody knows, another one each day: that is no way to make one in earnest. */
const sharedRandom = (time: number): string =>
  base64(sha256(textBytes(`shared random value ${Math.floor(time / DAY)}`)))
