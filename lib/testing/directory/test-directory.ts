/**
 * The directory of a test network: its authorities, what they agree on, and what of it is served. There are no votes
 * and no caches: the documents are made when somebody asks, of the network as it is then, and all relays serve the same
 * ones.
 *
 * @module
 */
import type { Clock } from '../../base/waiting/clock.ts'
import type { NetworkConfig } from '../../directory/network/network-config.ts'
import type { AuthorityKeys } from './authority-keys.ts'
import {
  RECOMMENDED_CLIENT_PROTOCOLS,
  REQUIRED_CLIENT_PROTOCOLS,
  signConsensus,
  writeConsensus,
} from './consensus-writer.ts'
import type { ConsensusContent, ConsensusSigner, ConsensusSource } from './consensus-writer.ts'
import type { DirectoryAnswer } from './directory-http.ts'
import type { DirectoryLieChoice, DirectoryRelay, DirectoryRequest } from './directory-lies.ts'
import { fingerprintOf } from './document-text.ts'
import { writeKeyCertificate } from './key-certificate-writer.ts'
import type { KeyCertificateContent } from './key-certificate-writer.ts'
import { writeMicrodescriptor } from './microdescriptor-writer.ts'
import type { WrittenMicrodescriptor } from './microdescriptor-writer.ts'

const HOUR = 3_600_000
const CERTIFICATE_PERIOD = 90 * 24 * HOUR

/** How many requests {@link TestDirectory.requests} keeps. */
const REQUEST_LOG_SIZE = 5_000

/** How many signed texts are remembered: signing is what takes time. */
const SIGNED_TEXTS = 64

/** A directory authority. */
export interface TestAuthority<Relay extends DirectoryRelay = DirectoryRelay> {
  /** `auth1` and so on. */
  readonly nickname: string
  /** 40 hexadecimal digits in upper case. */
  readonly v3Identity: string
  /** What it signs with. */
  readonly keys: AuthorityKeys
  /** The relay that it is too. */
  readonly relay: Relay
}

/** What the authorities of a network agree on. Every property that is not readonly is a knob. */
export class TestDirectory<Relay extends DirectoryRelay = DirectoryRelay> {
  /** The authorities, in an order that never changes. */
  readonly authorities: readonly TestAuthority<Relay>[]
  /** What was asked of any relay's directory, the oldest first: the last 5,000 requests. */
  readonly requests: DirectoryRequest[] = []

  /** What every relay lies about; `DirectoryRelay.lie` goes before it. */
  lie: DirectoryLieChoice
  /** The network parameters: `cc_alg` at first, 2 or 0. */
  params: Readonly<Record<string, number>> = {}
  /** What a client must speak. */
  requiredClientProtocols: string = REQUIRED_CLIENT_PROTOCOLS
  /** What a client should speak. */
  recommendedClientProtocols: string = RECOMMENDED_CLIENT_PROTOCOLS
  /** Weights in place of those that follow from the relays' bandwidths. */
  bandwidthWeights: Readonly<Record<string, number>> | undefined
  /** How long a consensus is fresh, in ms; each begins at a multiple of this since the epoch. An hour. */
  interval: number = HOUR
  /** How long it is valid, in ms. Three hours. */
  lifetime: number = 3 * HOUR

  /** Answers requests about onion services. @internal */
  onion: ((request: DirectoryRequest) => Promise<DirectoryAnswer | undefined>) | undefined
  readonly #relays: readonly Relay[]
  readonly #clock: Clock
  readonly #signed = new Map<string, string>()
  /** What was written of each relay last, and what of. */
  readonly #written = new WeakMap<
    DirectoryRelay,
    { readonly of: readonly unknown[]; readonly as: WrittenMicrodescriptor }
  >()
  /** By digest: all that there ever were, as clients may have an older consensus. */
  readonly #microdescriptors = new Map<string, string>()

  /** @internal */
  constructor(authorities: readonly TestAuthority<Relay>[], relays: readonly Relay[], clock: Clock) {
    this.authorities = authorities
    this.#relays = relays
    this.#clock = clock
  }

  /**
   * What a client needs to know of this network; its fallbacks are the relays with the flag V2Dir that are no
   * authorities.
   */
  get config(): NetworkConfig {
    const isAuthority = new Set<DirectoryRelay>(this.authorities.map(({ relay }) => relay))
    const serverOf = ({ description: { addresses, rsaIdentity } }: DirectoryRelay): NetworkConfig['fallbacks'][0] => ({
      addresses,
      rsaIdentity,
    })
    return {
      authorities: this.authorities.map(({ nickname, v3Identity, relay }) => ({
        nickname,
        v3Identity,
        ...serverOf(relay),
      })),
      fallbacks: this.#relays.filter((relay) => !isAuthority.has(relay) && relay.isDirectory).map(serverOf),
      testing: true,
    }
  }

  /**
   * The true consensus, microdesc flavour, as all authorities sign it now (or at another time, in ms since the epoch).
   */
  consensus(at: number = this.#clock.now()): string {
    return this.sign(this.content(at), this.signers)
  }

  /** The true key certificates, one of each authority. */
  get certificates(): readonly string[] {
    return this.authorities.map(({ keys }) => this.certify({ keys, ...this.certified }))
  }

  /** The microdescriptors of the relays that are listed now, in the order of the relays. */
  get microdescriptors(): readonly WrittenMicrodescriptor[] {
    return this.#listed.map((relay) => this.#describe(relay))
  }

  /** The microdescriptor with this digest that some relay has now, or has had. @internal */
  microdescriptor(digest: string): string | undefined {
    if (!this.#microdescriptors.has(digest)) void this.microdescriptors
    return this.#microdescriptors.get(digest)
  }

  /** Keeps account of a request. @internal */
  log(request: DirectoryRequest): void {
    this.requests.push(request)
    if (this.requests.length > REQUEST_LOG_SIZE) this.requests.shift()
  }

  /** What is signed at a time. @internal */
  content(at: number, sources: readonly ConsensusSource[] = this.#sources): ConsensusContent {
    const validAfter = Math.floor(at / this.interval) * this.interval
    const { params, requiredClientProtocols, recommendedClientProtocols, bandwidthWeights } = this
    return {
      validAfter,
      freshUntil: validAfter + this.interval,
      validUntil: validAfter + this.lifetime,
      sources,
      relays: this.#listed.map((relay) => {
        const { flags, version, protocols, bandwidth, measured } = relay.listing
        const { nickname, address, ipv6Address, published } = relay
        const microdescriptorDigest = this.#describe(relay).digest
        const { fingerprint: rsaIdentity } = published.rsa
        return {
          nickname,
          rsaIdentity,
          address,
          ipv6Address,
          microdescriptorDigest,
          flags,
          version,
          protocols,
          bandwidth,
          measured,
        }
      }),
      params,
      requiredClientProtocols,
      recommendedClientProtocols,
      ...(bandwidthWeights === undefined ? {} : { bandwidthWeights }),
    }
  }

  /** @internal */
  get signers(): readonly ConsensusSigner[] {
    return this.authorities.map(({ v3Identity, keys: { signing } }) => ({ v3Identity, signing }))
  }

  /** When a certificate of now begins and ends. @internal */
  get certified(): { readonly published: number; readonly expires: number } {
    const published = Math.floor(this.#clock.now() / CERTIFICATE_PERIOD - 1) * CERTIFICATE_PERIOD
    return { published, expires: published + 4 * CERTIFICATE_PERIOD }
  }

  /** A consensus with signatures. @internal */
  sign(content: ConsensusContent, signers: readonly ConsensusSigner[]): string {
    const text = writeConsensus(content)
    const names = signers.map(
      ({ v3Identity, signing, forged }) => `${v3Identity} ${fingerprintOf(signing.fingerprint)} ${forged}`,
    )
    return this.#once(`${names.join()} ${text}`, () => signConsensus(text, signers))
  }

  /** A certificate with signatures. @internal */
  certify(content: KeyCertificateContent): string {
    return this.#once(JSON.stringify({ ...content, keys: content.keys.signingKeyDigest }), () =>
      writeKeyCertificate(content),
    )
  }

  get #listed(): readonly DirectoryRelay[] {
    return this.#relays.filter(({ listed }) => listed)
  }

  get #sources(): readonly ConsensusSource[] {
    return this.authorities.map(({ nickname, v3Identity, relay: { address } }) => ({ nickname, v3Identity, address }))
  }

  #describe(relay: DirectoryRelay): WrittenMicrodescriptor {
    const { family, familyIds, exitPolicy, exitPolicyIPv6, tapKey } = relay.listing
    const { rsa, ed25519, onion } = relay.published
    const families = family.map((name) => this.#familyEntry(name))
    const of = [onion, ed25519, tapKey, families.join(' '), familyIds.join(' '), exitPolicy, exitPolicyIPv6]
    const last = this.#written.get(relay)
    if (last !== undefined && last.of.every((each, index) => each === of[index])) return last.as
    const written = writeMicrodescriptor({
      ntorOnionKey: onion.publicKey,
      ed25519Identity: ed25519.publicKey,
      // Any RSA key will do as nobody uses it.
      tapKey: tapKey ? rsa.publicKey : undefined,
      family: families,
      familyIds,
      exitPolicy,
      exitPolicyIPv6,
    })
    this.#written.set(relay, { of, as: written })
    this.#microdescriptors.set(written.digest, written.text)
    return written
  }

  #familyEntry(name: string): string {
    const relay = this.#relays.find(({ nickname }) => nickname === name)
    return relay === undefined ? name : `$${fingerprintOf(relay.published.rsa.fingerprint)}`
  }

  #once(key: string, make: () => string): string {
    const known = this.#signed.get(key)
    if (known !== undefined) return known
    const made = make()
    this.#signed.set(key, made)
    for (const oldest of this.#signed.keys()) {
      if (this.#signed.size <= SIGNED_TEXTS) break
      this.#signed.delete(oldest)
    }
    return made
  }
}
