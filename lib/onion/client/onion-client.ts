/**
 * The onion services that a client has to do with: one access to each, for each isolation and each key.
 *
 * @module
 */
import { TorError } from '../../base/errors.ts'
import { encodeHex } from '../../directory/text/encoding.ts'
import { parseOnionAddress } from '../identity/address.ts'
import { parseClientKey } from '../identity/client-key.ts'
import { sha3 } from '../hashing.ts'
import { ClientWork, type WorkOptions } from './client-work.ts'
import { DirectoryRings } from './descriptor-fetch.ts'
import type { JoinedCircuit } from './joined-circuit.ts'
import type { OnionNetwork } from '../network/onion-network.ts'
import { ServiceAccess } from './service-access.ts'

/** How many accesses are kept that nobody uses. The one that was used longest ago goes first. */
const MAX_IDLE = 500

/** How many names are remembered with the keys that they lead to: to check a key takes a millisecond or more. */
const MAX_NAMES = 500

/** What a stream needs. */
export interface OnionNeed {
  /** `<56 letters>.onion`, with or without subdomains. */
  readonly hostname: string
  /** Streams share nothing with those of another one: neither circuits nor descriptors. Compared by identity. */
  readonly isolation: readonly [view: symbol, token: unknown]
  /** A client's key, in any of its forms, where the service speaks only to clients that it knows. */
  readonly clientKey: string | Uint8Array | undefined
}

/** By view and token of the isolation. */
type ByIsolation = Map<symbol, Map<unknown, Map<string, ServiceAccess>>>

export class OnionClient {
  readonly #network: OnionNetwork
  readonly #rings: DirectoryRings
  readonly #work: ClientWork
  readonly #services: ByIsolation = new Map()
  readonly #closing = new AbortController()
  readonly #names = new Map<string, Uint8Array>()

  /** @param work - how proofs of work are made; undefined where none are to be made */
  constructor(network: OnionNetwork, work: WorkOptions | undefined) {
    this.#network = network
    this.#work = new ClientWork(work)
    this.#rings = new DirectoryRings(network.testing)
  }

  /**
   * A circuit to a service, with the stream counted as its own.
   *
   * @throws TorError `ONION_…`, `ABORTED`, `CIRCUIT_CLOSED` once the client is closed, or what befell it
   */
  async acquire(need: OnionNeed, signal: AbortSignal): Promise<JoinedCircuit> {
    if (this.#closing.signal.aborted) throw clientClosed()
    const identity = this.#identityOf(need.hostname)
    const key = need.clientKey === undefined ? undefined : parseClientKey(need.clientKey)
    const isForAnother = key?.identity !== undefined && encodeHex(key.identity) !== encodeHex(identity)
    if ((need.clientKey !== undefined && key === undefined) || isForAnother)
      throw new TorError('ONION_AUTHORIZATION_WRONG', 'the key that was given for the onion service is none')
    try {
      return await this.#access(identity, need.isolation, key?.secret).acquire(signal)
    } catch (error) {
      if (this.#closing.signal.aborted) throw clientClosed()
      throw error
    }
  }

  /**
   * Nothing that comes has to do with what was before: circuits take no more streams, and nothing of services is
   * remembered.
   */
  renew(): void {
    for (const { access, forget } of this.#all()) {
      forget()
      access.retire()
    }
    this.#names.clear()
    this.#network.renew()
  }

  /** Closes every circuit. */
  async close(): Promise<void> {
    this.#closing.abort(clientClosed())
    await Promise.all(this.#all().map(({ access }) => access.close()))
  }

  #identityOf(hostname: string): Uint8Array {
    const known = this.#names.get(hostname)
    if (known !== undefined) return known
    const identity = parseOnionAddress(hostname)
    if (typeof identity === 'string')
      throw new TorError('ONION_ADDRESS_INVALID', `the name is no address of an onion service: ${FAULTS[identity]}`)
    if (this.#names.size >= MAX_NAMES) this.#names.clear()
    this.#names.set(hostname, identity)
    return identity
  }

  #access(
    identity: Uint8Array,
    [view, token]: OnionNeed['isolation'],
    clientSecret: Uint8Array | undefined,
  ): ServiceAccess {
    const ofView = this.#services.get(view) ?? new Map<unknown, Map<string, ServiceAccess>>()
    const ofToken = ofView.get(token) ?? new Map<string, ServiceAccess>()
    const name = `${encodeHex(identity)} ${clientSecret === undefined ? '' : encodeHex(sha3(clientSecret))}`
    const known = ofToken.get(name)
    if (known !== undefined) return known
    this.#forgetIdle()
    const own = { clientSecret, work: this.#work }
    const access = new ServiceAccess(this.#network, this.#rings, identity, own, this.#closing.signal)
    this.#services.set(view, ofView)
    ofView.set(token, ofToken)
    ofToken.set(name, access)
    return access
  }

  #all(): { readonly access: ServiceAccess; forget(): void }[] {
    return [...this.#services].flatMap(([view, ofView]) =>
      [...ofView].flatMap(([token, ofToken]) =>
        [...ofToken].map(([name, access]) => ({
          access,
          forget: () => {
            ofToken.delete(name)
            if (ofToken.size === 0) ofView.delete(token)
            if (ofView.size === 0) this.#services.delete(view)
          },
        })),
      ),
    )
  }

  /** What was used longest ago, and holds no circuit, makes room. */
  #forgetIdle(): void {
    const idle = this.#all().filter(({ access }) => !access.isBusy)
    if (idle.length < MAX_IDLE) return
    const [oldest] = idle.sort((a, b) => a.access.lastUse - b.access.lastUse)
    oldest?.forget()
  }
}

const clientClosed = (): TorError => new TorError('CIRCUIT_CLOSED', 'the client is closed')

const FAULTS = {
  form: 'it has not 56 letters of the right kind',
  version: 'its version is not 3',
  checksum: 'its checksum is wrong',
  key: 'its key is none',
} as const
