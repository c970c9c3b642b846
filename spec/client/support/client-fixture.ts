/**
 * A client on a test network whose time moves when a spec says so.
 *
 * @module
 */
import { expect } from 'chai'
import type { TorClientOptions } from '../../../lib/client/client-options.ts'
import type { ConnectOptions } from '../../../lib/client/connect-options.ts'
import { TorClient } from '../../../lib/client/tor-client.ts'
import type { NetworkConfig } from '../../../lib/directory/network/network-config.ts'
import { MemoryStorage } from '../../../lib/platform/storage/storage.ts'
import type { RelayPlan } from '../../../lib/testing/relay/relay-plan.ts'
import type { TestCircuit } from '../../../lib/testing/relay/test-circuit.ts'
import { TestNetwork, type TestNetworkOptions } from '../../../lib/testing/test-network.ts'
import type { TestRelay } from '../../../lib/testing/relay/test-relay.ts'
import type { TorStream } from '../../../lib/stream/tor-stream.ts'
import { readAll } from '../../stream/support/stream-fixture.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { seed } from '../../support/seed.ts'
import { quiet } from '../../support/turn.ts'
import { seededRandom } from './seeded-random.ts'

/** The most that a spec waits for anything, in ms of the fake clock. */
const MAX_WAIT = 1_200_000

/** In what steps the fake clock goes on, in ms. */
const STEP = 250

/** Nothing may have happened for so many turns before it does. */
const QUIET_TURNS = 30

const USUAL_FLAGS = ['Fast', 'Running', 'Stable', 'V2Dir', 'Valid'] as const

/** A relay that is a guard or a middle, but no exit. */
export const guard = (nickname: string): RelayPlan => ({
  nickname,
  exitPolicy: 'reject 1-65535',
  flags: ['Guard', ...USUAL_FLAGS],
})

/** A relay that is a middle only. */
export const middle = (nickname: string): RelayPlan => ({
  nickname,
  exitPolicy: 'reject 1-65535',
  flags: USUAL_FLAGS,
})

/** A relay that is an exit or a middle, but no guard. */
export const exit = (nickname: string, plan: RelayPlan = {}): RelayPlan => ({
  nickname,
  flags: ['Exit', ...USUAL_FLAGS],
  ...plan,
})

/** Three of each: so which guard a client uses does not depend on its exit. */
const PLANS = [guard('guard1'), guard('guard2'), guard('guard3'), exit('exit1'), exit('exit2'), exit('exit3')]

export class ClientFixture {
  readonly network: TestNetwork
  readonly clock: FakeClock
  /** What the clients of this fixture keep, unless they bring their own. */
  storage = new MemoryStorage()
  readonly #clients = new Set<TorClient>()
  /** The clients' random numbers: with the same seed the same ones, from here on. */
  readonly #random = seededRandom(seed)
  /** Counts what relays, links and circuits of the network do. */
  #events = 0

  static async start(options: TestNetworkOptions = {}): Promise<ClientFixture> {
    const clock = new FakeClock()
    return new ClientFixture(await TestNetwork.start({ relays: PLANS, authorities: 3, clock, ...options }), clock)
  }

  private constructor(network: TestNetwork, clock: FakeClock) {
    this.network = network
    this.clock = clock
    // Asked again after everything that happens.
    network
      .when(() => {
        this.#events += 1
        return false
      })
      .catch(() => undefined) // the network is closed
  }

  /** What a client of this fixture is opened with, unless told otherwise. */
  get options(): TorClientOptions {
    const { network, clock, storage } = this
    return { network: network.config, transport: network.transport, storage, clock, random: this.#random }
  }

  /** The network as a client knows it that asks only some of its relays for the directory. */
  servedBy(...relays: readonly TestRelay[]): NetworkConfig {
    return {
      ...this.network.config,
      fallbacks: relays.map(({ description: { addresses, rsaIdentity } }) => ({ addresses, rsaIdentity })),
    }
  }

  async open(options: TorClientOptions = {}): Promise<TorClient> {
    const client = await this.passing(TorClient.open({ ...this.options, ...options }))
    this.#clients.add(client)
    return client
  }

  /**
   * What the promise comes to, while time passes: only when nothing else happens, in this thread, in the network or in
   * another thread, so that whatever can happen without it happens first.
   */
  async passing<T>(promise: Promise<T>): Promise<T> {
    let pending = true
    const settled = (): void => {
      pending = false
    }
    promise.then(settled, settled)
    const end = this.clock.now() + MAX_WAIT
    for (;;) {
      await quiet(
        QUIET_TURNS,
        () => this.#events,
        () => !pending,
      )
      if (!pending) return promise
      if (this.clock.now() > end) throw new Error('the clock has gone on for 20 minutes, and nothing came of it')
      this.clock.advance(STEP)
    }
  }

  /**
   * Waits until what has begun is done, without letting time pass: no document is being fetched, and no circuit built.
   */
  async quiet(): Promise<void> {
    const isQuiet = (): boolean => this.network.circuits.every(isAtRest)
    for (;;) {
      await quiet(QUIET_TURNS, () => this.#events)
      if (isQuiet()) return
      await this.network.when(isQuiet)
    }
  }

  /** Waits until the circuits ahead of need are there, which are begun one a second. */
  async ahead(): Promise<void> {
    for (let second = 0; second < 3; second++) {
      this.clock.advance(1000)
      await this.quiet()
    }
  }

  /** The body that a stream to the network's exit brings. */
  async fetch(
    tor: Pick<TorClient, 'connect'>,
    address = 'example.com:80',
    options?: ConnectOptions,
  ): Promise<Uint8Array> {
    const socket = tor.connect(address, options)
    return this.passing(readAll(socket.readable))
  }

  /** The circuit that a stream is on: the latest that has a stream to this host. */
  circuitOf(host: string): TestCircuit {
    const found = this.network.circuits.findLast(({ hops }) =>
      [...(hops.at(-1)?.streams.values() ?? [])].some(({ target }) => target?.host === host),
    )
    if (found === undefined) throw new Error('no circuit has a stream to that host')
    return found
  }

  /** How many circuits of three hops clients have built or begun. */
  get built(): number {
    return this.network.circuits.filter(({ hops }) => hops.length > 1).length
  }

  /** How often each kind of document was asked for. */
  get requests(): Record<string, number> {
    const counts: Record<string, number> = {}
    for (const { kind } of this.network.directory.requests) counts[kind] = (counts[kind] ?? 0) + 1
    return counts
  }

  /** Closes every client that was opened, turns every knob back, and fails unless nothing is left. */
  async tidy(): Promise<void> {
    await Promise.all([...this.#clients].map((client) => this.passing(client.close())))
    this.#clients.clear()
    const { network } = this
    network.directory.lie = undefined
    network.directory.requests.length = 0
    for (const relay of network.relays) {
      relay.lie = undefined
      relay.serve = undefined
      relay.reachable = 'yes'
      relay.listed = true
      relay.answerCreate = undefined
      relay.onMessage = undefined
      relay.onLink = undefined
      for (const link of relay.links) link.resume() // or it would never hear that it was closed
    }
    await this.expectNothingOpen()
    network.circuits.length = 0
    network.dials.length = 0
    for (const relay of network.relays) relay.links.length = relay.circuits.length = 0
    this.storage = new MemoryStorage()
  }

  /** Fails unless every link that a client dialled is closed, and no timer runs. */
  async expectNothingOpen(): Promise<void> {
    const links = this.network.relays.flatMap((relay) => relay.links.filter(({ fromClient }) => fromClient))
    await this.network.when(() => links.every((link) => link.closed))
    expect(this.clock.timers, 'timers').to.equal(0)
  }

  async end(): Promise<void> {
    await this.network.close()
  }
}

/** Whether nothing more comes of a circuit by itself: it is closed, or built, or one for the directory that is not asked. */
function isAtRest({ closed, hops }: TestCircuit): boolean {
  const streams = [...(hops[0]?.streams.values() ?? [])]
  return (
    closed ||
    hops.length === 3 ||
    (hops.length === 1 && streams.length > 0 && streams.every(({ state }) => state === 'ended'))
  )
}

/** The nicknames of a circuit's relays, guard first. */
export const pathOf = (circuit: TestCircuit): string[] => circuit.hops.map(({ relay }) => relay.nickname)

/** Writes text, and gives what comes back until as much came. */
export async function exchange(socket: TorStream, text: string): Promise<string> {
  const writer = socket.writable.getWriter()
  await writer.write(new TextEncoder().encode(text))
  writer.releaseLock()
  const reader = socket.readable.getReader()
  let answer = ''
  while (answer.length < text.length) {
    const { value, done } = await reader.read()
    if (done) break
    answer += new TextDecoder().decode(value)
  }
  reader.releaseLock()
  return answer
}
