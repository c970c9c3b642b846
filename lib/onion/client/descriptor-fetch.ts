/**
 * Getting a service's descriptor from the relays that keep it (rend-spec-v3, "Client behavior").
 *
 * @module
 */
import { TorError, type ErrorCode } from '../../base/errors.ts'
import { encodeBase64 } from '../../directory/text/encoding.ts'
import type { DirectoryRelay, NetworkDirectory } from '../../directory/network-directory.ts'
import { MAX_DESCRIPTOR_SIZE, openDescriptor, type OnionDescriptor } from '../descriptor/descriptor.ts'
import { blindedIdentity, type BlindedIdentity } from '../identity/key-blinding.ts'
import { keepsDescriptors } from '../ring/descriptor-keepers.ts'
import { HashRing } from '../ring/hash-ring.ts'
import { clientRingTime } from '../ring/time-period.ts'
import type { OnionNetwork } from '../network/onion-network.ts'

/** How long before a relay is asked again for the same descriptor, in ms: always, and on a private network. */
const ASK_AGAIN = 900_000
const ASK_AGAIN_TESTING = 5000

/** How many cells a SENDME stands for where the network does not say: `cc_sendme_inc`. */
const SENDME_INCREMENT = 31

/** The rings of directories; one is made for each directory when it is first needed. */
export class DirectoryRings {
  readonly #rings = new WeakMap<NetworkDirectory, HashRing<DirectoryRelay>>()
  readonly #testing: boolean

  constructor(testing: boolean) {
    this.#testing = testing
  }

  /** Who the service is now, and the relays that keep its descriptor. */
  responsible(
    identity: Uint8Array,
    directory: NetworkDirectory,
  ): { readonly blinded: BlindedIdentity; readonly relays: readonly DirectoryRelay[] } {
    const time = clientRingTime(directory.consensus, this.#testing)
    let ring = this.#rings.get(directory)
    if (ring === undefined) {
      ring = new HashRing(directory.relays.filter(keepsDescriptors), time)
      this.#rings.set(directory, ring)
    }
    const blinded = blindedIdentity(identity, time.period)
    const replicas = directory.param('hsdir_n_replicas', 2, 1, 16)
    const perReplica = directory.param('hsdir_spread_fetch', 3, 1, 128)
    return { blinded, relays: ring.responsible(blinded.key, { replicas, perReplica }) }
  }
}

/** A relay that was asked. */
interface Asked {
  /** When, in ms. */
  readonly at: number
  /** What its answer came to, where that was no descriptor to be read. */
  failure: TorError | undefined
}

/** The fetches of one service's descriptor under one isolation, and with one key or none. */
export class DescriptorFetch {
  readonly #network: OnionNetwork
  readonly #rings: DirectoryRings
  readonly #identity: Uint8Array
  readonly #clientSecret: Uint8Array | undefined
  /** By fingerprint. */
  readonly #asked = new Map<string, Asked>()
  /** For which period that was. */
  #askedFor: number | undefined

  constructor(
    network: OnionNetwork,
    rings: DirectoryRings,
    identity: Uint8Array,
    clientSecret: Uint8Array | undefined,
  ) {
    this.#network = network
    this.#rings = rings
    this.#identity = identity
    this.#clientSecret = clientSecret
  }

  /** True for a descriptor that need not be fetched anew: it is of this period, and nothing in it has ended. */
  isCurrent(descriptor: OnionDescriptor, directory: NetworkDirectory): boolean {
    const { period } = clientRingTime(directory.consensus, this.#network.testing)
    const now = this.#now(directory)
    const { proofOfWork, expires, identity } = descriptor
    return identity.period.number === period.number && now < expires && (!proofOfWork || now < proofOfWork.expires)
  }

  /**
   * Asks one relay after the other, in an order of chance, until one has a descriptor that can be read, and that is newer
   * than what there was before: a service does not bring it to all of them at the same moment, and one that has only an
   * older revision says nothing of what the others have. That the service speaks only to clients whose keys it knows is said
   * at once, as long as it counts: whoever brings a key later has fetches of its own. With a key that it does not know
   * another relay is asked each time: the service may know it by now.
   *
   * @param known - what there was before; it is the answer where nobody has a newer one, or all were asked a while ago
   * @throws TorError `ONION_DESCRIPTOR_NOT_FOUND`, `ONION_DESCRIPTOR_INVALID`, `ONION_AUTHORIZATION_…`, `ABORTED`
   */
  async fetch(
    directory: NetworkDirectory,
    known: OnionDescriptor | undefined,
    signal: AbortSignal,
  ): Promise<OnionDescriptor> {
    const { blinded, relays } = this.#rings.responsible(this.#identity, directory)
    if (this.#askedFor !== blinded.period.number) this.#asked.clear()
    this.#askedFor = blinded.period.number
    for (const [fingerprint, { at }] of this.#asked) if (!this.#isRecent(at)) this.#asked.delete(fingerprint)
    const closed = this.#said('ONION_AUTHORIZATION_MISSING')
    if (closed !== undefined) throw closed
    const left = relays.filter(({ fingerprint }) => !this.#asked.has(fingerprint))
    let isKnown = left.length === 0
    while (left.length > 0) {
      const [relay] = left.splice(this.#network.random(left.length), 1) as [DirectoryRelay]
      const asked: Asked = { at: this.#network.clock.now(), failure: undefined }
      this.#asked.set(relay.fingerprint, asked)
      try {
        const fetched = await this.#fetchFrom(relay, blinded, directory, signal)
        if (known === undefined || isNewer(fetched, known)) return fetched
        isKnown = true
      } catch (error) {
        // Whoever gives up has not heard it.
        if (signal.aborted) this.#asked.delete(relay.fingerprint)
        if (signal.aborted || !(error instanceof TorError)) throw error
        asked.failure = error
        // The service itself says who may read it: no other relay has anything else.
        if (error.code.startsWith('ONION_AUTHORIZATION_')) throw error
      }
    }
    if (known !== undefined && isKnown) return known
    // Some of them may have been asked before.
    const refused = this.#said('ONION_AUTHORIZATION_WRONG')
    if (refused !== undefined) throw refused
    const failure = this.#said('ONION_DESCRIPTOR_INVALID') ?? this.#said()
    // Whoever wants it again may ask them all again.
    this.#asked.clear()
    if (failure?.code === 'ONION_DESCRIPTOR_INVALID') throw failure
    throw new TorError('ONION_DESCRIPTOR_NOT_FOUND', 'no directory has a descriptor of the onion service', {
      cause: failure,
    })
  }

  /** What one of those that were asked failed with: with this code, or whatever it was. */
  #said(code?: ErrorCode): TorError | undefined {
    const failures = [...this.#asked.values()].flatMap(({ failure }) => failure ?? [])
    return code === undefined ? failures[0] : failures.findLast((failure) => failure.code === code)
  }

  async #fetchFrom(
    relay: DirectoryRelay,
    blinded: BlindedIdentity,
    directory: NetworkDirectory,
    signal: AbortSignal,
  ): Promise<OnionDescriptor> {
    const query = { path: `/tor/hs/3/${encodeBase64(blinded.key)}`, limit: MAX_DESCRIPTOR_SIZE - 1 }
    const text = await this.#network.ask(relay, query, signal)
    return await openDescriptor(text, {
      identity: blinded,
      clientSecret: this.#clientSecret,
      now: this.#now(directory),
      sendmeIncrement: directory.param('cc_sendme_inc', SENDME_INCREMENT, 1, 254),
      testing: this.#network.testing,
      platform: this.#network.platform,
    })
  }

  #isRecent(at: number): boolean {
    const { clock, testing } = this.#network
    return Math.abs(clock.now() - at) < (testing ? ASK_AGAIN_TESTING : ASK_AGAIN)
  }

  /** A clock that is behind does not make an old descriptor good. */
  #now({ consensus }: NetworkDirectory): number {
    return Math.max(this.#network.clock.now(), consensus.validAfter)
  }
}

/** An older revision is what a directory would like to be believed. */
const isNewer = (fetched: OnionDescriptor, known: OnionDescriptor): boolean =>
  known.identity.period.number !== fetched.identity.period.number || fetched.revision > known.revision
