/**
 * An onion service on relays of a test network, one hop away, as seen by who keeps its descriptors, who introduces clients to it
 * and who joins it with them: what it sends is looked at, and what it is sent may be anything. Time moves when a spec
 * says so.
 *
 * @module
 */
import { encodeHex } from '../../../lib/directory/text/encoding.ts'
import { unlessAborts } from '../../../lib/base/waiting/abort.ts'
import { TorError } from '../../../lib/base/errors.ts'
import { RelayCommand } from '../../../lib/cell/commands.ts'
import { decodeEstablishIntro } from '../../../lib/cell/onion/establish-intro.ts'
import { introduceHeader } from '../../../lib/cell/onion/introduce.ts'
import { encodeIntroducePlain, type IntroducePlain } from '../../../lib/cell/onion/introduce-plain.ts'
import { decodeRendezvous1 } from '../../../lib/cell/onion/rendezvous.ts'
import { targetOf, type ExtensionTarget } from '../../../lib/circuit/build/extend-to.ts'
import { Channel } from '../../../lib/channel/channel.ts'
import { Circuit } from '../../../lib/circuit/circuit.ts'
import { startHsNtor, type HsNtorHandshake } from '../../../lib/circuit/handshake/hs-ntor.ts'
import type { DirectoryRelay, NetworkDirectory } from '../../../lib/directory/network-directory.ts'
import { parseProtocols } from '../../../lib/directory/protocols.ts'
import { RelayFlag } from '../../../lib/directory/relay-flags.ts'
import { openDescriptor, type OnionDescriptor } from '../../../lib/onion/descriptor/descriptor.ts'
import type { IntroPoint } from '../../../lib/onion/descriptor/intro-point.ts'
import { blindedIdentity } from '../../../lib/onion/identity/key-blinding.ts'
import type { OnionCircuitToRelay } from '../../../lib/onion/network/onion-network.ts'
import type { ServiceNetwork } from '../../../lib/onion/network/service-network.ts'
import { serviceRingTimes } from '../../../lib/onion/ring/time-period.ts'
import type { OnionService } from '../../../lib/onion/service/onion-service.ts'
import type { OnionServiceOptions } from '../../../lib/onion/service/service-options.ts'
import { startService } from '../../../lib/onion/service/start-service.ts'
import { currentPlatform } from '../../../lib/platform/current.ts'
import type { TestCircuit } from '../../../lib/testing/relay/test-circuit.ts'
import { TestNetwork } from '../../../lib/testing/test-network.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { quiet } from '../../support/turn.ts'

const platform = currentPlatform()
const HOUR = 3_600_000

/** A descriptor that a relay was brought. */
export interface Upload {
  readonly fingerprint: string
  readonly text: string
}

export class ServiceFixture {
  readonly network: TestNetwork
  readonly clock: FakeClock
  readonly uploads: Upload[] = []
  /** RENDEZVOUS1 messages that came, with what is behind their cookies. */
  readonly rendezvous: { readonly cookie: Uint8Array; readonly reply: Uint8Array }[] = []
  /** By AUTH_KEY: the circuits on which it was to be introduced, the last one last. */
  readonly introCircuits = new Map<string, TestCircuit[]>()
  /** How many circuits were asked for. */
  circuitsAsked = 0
  /** What relays do instead of taking a descriptor. */
  refuses: (fingerprint: string) => boolean = () => false
  /** Whether a relay cannot be reached; a promise holds it up. */
  unreachable: (identity: string) => boolean | Promise<boolean> = () => false
  /** A relay that does not say that it will introduce anybody. */
  silent: (identity: string) => boolean = () => false
  relays: readonly DirectoryRelay[]
  validAfter: number
  readonly #listeners = new Set<(directory: NetworkDirectory) => void>()
  readonly #channels = new Map<string, Promise<Channel>>()
  #random = 0
  #events = 0

  static async start(relays = 8): Promise<ServiceFixture> {
    const clock = new FakeClock()
    return new ServiceFixture(await TestNetwork.start({ relays, congestionControl: false, clock }), clock)
  }

  private constructor(network: TestNetwork, clock: FakeClock) {
    this.network = network
    this.clock = clock
    this.validAfter = Math.floor(this.clock.now() / HOUR) * HOUR
    const protocols = parseProtocols('HSDir=1-2 HSIntro=3-5 HSRend=1-2 Relay=1-2') ?? { supports: () => true }
    this.relays = network.relays.map(({ description }) => ({
      ...description,
      fingerprint: encodeHex(description.rsaIdentity).toUpperCase(),
      protocols,
      flags: RelayFlag.HSDir | RelayFlag.Stable | RelayFlag.Fast,
    })) as unknown as DirectoryRelay[]
    for (const relay of network.relays) {
      relay.strict = false
      relay.onMessage = (circuit, { command, body }) => {
        this.#events += 1
        if (command === RelayCommand.ESTABLISH_INTRO) {
          const name = encodeHex(decodeEstablishIntro(body).authKey)
          this.introCircuits.set(name, [...(this.introCircuits.get(name) ?? []), circuit])
          if (!this.silent(encodeHex(relay.description.rsaIdentity)))
            circuit.send({ command: RelayCommand.INTRO_ESTABLISHED, body: Uint8Array.of(0) })
        } else if (command === RelayCommand.RENDEZVOUS1) {
          const { cookie, rest } = decodeRendezvous1(new Uint8Array(body))
          this.rendezvous.push({ cookie, reply: rest.subarray(0, 64) })
        } else return 'handle'
        return 'ignore'
      }
    }
  }

  get directory(): NetworkDirectory {
    const { relays, validAfter } = this
    const consensus = {
      validAfter,
      freshUntil: validAfter + HOUR,
      params: new Map<string, number>(),
      sharedRandom: { current: undefined, previous: undefined },
    }
    const relay = (fingerprint: string): DirectoryRelay | undefined =>
      relays.find((each) => each.fingerprint === fingerprint)
    const param = (_: string, fallback: number): number => fallback
    return { consensus, relays, relay, param } as unknown as NetworkDirectory
  }

  /** Another directory comes, of the fixture's `relays`, so many ms later. */
  directoryChanged(later: number): void {
    this.validAfter += later
    for (const listener of this.#listeners) listener(this.directory)
  }

  /** What the service is made over. */
  get serviceNetwork(): ServiceNetwork {
    const unused = (): never => {
      throw new Error('it is no client')
    }
    return {
      clock: this.clock,
      platform,
      testing: false,
      random: (limit) => (this.#random += 7919) % limit,
      directory: async () => this.directory,
      known: () => this.directory,
      onDirectory: (changed) => {
        this.#listeners.add(changed)
        return () => void this.#listeners.delete(changed)
      },
      introductionRelay: (_, avoided) => this.relays.find(({ fingerprint }) => !avoided.has(fingerprint)),
      toRelay: (target, signal) => this.#toRelay(target, signal),
      post: async ({ fingerprint }, path, text) => {
        this.#events += 1
        if (path !== '/tor/hs/3/publish' || this.refuses(fingerprint))
          throw new TorError('DIRECTORY_UNAVAILABLE', 'the relay answered 400')
        this.uploads.push({ fingerprint, text })
      },
      congestionControl: () => undefined,
      visited: () => undefined,
      toRendezvousPoint: unused,
      ask: unused,
      renew: unused,
    }
  }

  async serve(options: Partial<OnionServiceOptions> = {}): Promise<OnionService> {
    return await startService(this.serviceNetwork, { ports: [80], ...options }, {})
  }

  /** Waits until nothing happens without time. */
  async settled(): Promise<void> {
    await quiet(30, () => this.#events + this.network.circuits.length)
  }

  /** Lets time pass, and what it brings about happen. */
  async pass(ms: number): Promise<void> {
    this.clock.advance(ms)
    await this.settled()
  }

  /** The newest descriptor of each period that the relays were brought, opened. */
  async descriptors(service: OnionService, clientSecret?: Uint8Array): Promise<OnionDescriptor[]> {
    const texts = [...new Set(this.uploads.map(({ text }) => text))].reverse()
    const opened: OnionDescriptor[] = []
    for (const { period } of serviceRingTimes(this.directory.consensus, false)) {
      const identity = blindedIdentity(service.key.publicKey, period)
      for (const text of texts) {
        const options = { identity, clientSecret, now: this.clock.now(), sendmeIncrement: 31, testing: true, platform }
        const descriptor = await openDescriptor(text, options).catch((error: unknown) => error)
        if (!(descriptor instanceof Error)) {
          opened.push(descriptor as OnionDescriptor)
          break
        }
      }
    }
    return opened
  }

  /** What a client would tell, with changes: the message, and its half of the handshake. */
  async introduction(
    { identity: { subcredential } }: OnionDescriptor,
    { authKey, encryptionKey }: IntroPoint,
    changed: Partial<IntroducePlain> = {},
  ): Promise<{ body: Uint8Array; cookie: Uint8Array; handshake: HsNtorHandshake }> {
    const meetingPoint = targetOf(this.relays.at(-1) as DirectoryRelay)
    const cookie = changed.cookie ?? crypto.getRandomValues(new Uint8Array(20))
    const handshake = await startHsNtor({ authKey, encryptionKey, subcredential }, platform)
    const { linkSpecifiers, ntorOnionKey } = meetingPoint
    const plain = encodeIntroducePlain({ extensions: new Map(), ntorOnionKey, linkSpecifiers, ...changed, cookie })
    return { body: await handshake.introduce(introduceHeader(authKey), plain), cookie, handshake }
  }

  /** The introduction point passes a message on. */
  introduce({ authKey }: IntroPoint, body: Uint8Array): void {
    this.introCircuits.get(encodeHex(authKey))?.at(-1)?.send({ command: RelayCommand.INTRODUCE2, body })
  }

  async end(): Promise<void> {
    for (const channel of this.#channels.values()) await (await channel)[Symbol.asyncDispose]()
    await this.network.close()
  }

  async #toRelay(target: ExtensionTarget, signal: AbortSignal): Promise<OnionCircuitToRelay> {
    this.circuitsAsked += 1
    this.#events += 1
    const identity = encodeHex(target.rsaIdentity)
    if (await unlessAborts(Promise.resolve(this.unreachable(identity)), [signal]))
      throw new TorError('CIRCUIT_DESTROYED', 'no circuit leads there')
    const relay = this.relays.find(({ rsaIdentity }) => encodeHex(rsaIdentity) === identity)
    if (relay === undefined) throw new TorError('CIRCUIT_DESTROYED', 'there is no such relay')
    const channel =
      this.#channels.get(identity) ?? Channel.connect(relay, { transport: this.network.transport, clock: this.clock })
    this.#channels.set(identity, channel)
    const circuit = Circuit.open([relay], { channel, clock: this.clock, congestionControl: false })
    await circuit.opened
    return { circuit, seen: circuit, fingerprints: [identity], proof: crypto.getRandomValues(new Uint8Array(20)) }
  }
}
