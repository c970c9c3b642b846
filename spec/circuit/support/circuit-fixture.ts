/**
 * What most specs of circuits begin with: a network, a channel to its first relay, and circuits on it of which both
 * ends are at hand.
 */
import { AssertionError, expect } from 'chai'
import { Channel } from '../../../lib/channel/channel.ts'
import { Circuit } from '../../../lib/circuit/circuit.ts'
import type { CircuitOptions } from '../../../lib/circuit/circuit-options.ts'
import { atEndOfTurn } from '../../../lib/base/waiting/end-of-turn.ts'
import type { Relay } from '../../../lib/relay.ts'
import type { FlowControlKind } from '../../../lib/stream/contract/socket-info.ts'
import type { TorStream } from '../../../lib/stream/tor-stream.ts'
import type { TestCircuit } from '../../../lib/testing/relay/test-circuit.ts'
import { TestNetwork, type TestNetworkOptions } from '../../../lib/testing/test-network.ts'
import { codeOf } from '../../support/failures.ts'

/** A circuit with what each relay of it sees, the guard first. */
export interface Built {
  readonly circuit: Circuit
  readonly hops: readonly TestCircuit[]
  readonly guard: TestCircuit
  readonly exit: TestCircuit
}

/** A network and a channel that circuits share. */
export class CircuitFixture {
  readonly network: TestNetwork
  readonly channel: Channel

  /** With fixed windows, unless congestion control is asked for. */
  static async start(options: TestNetworkOptions = {}): Promise<CircuitFixture> {
    const network = await TestNetwork.start({ relays: 3, congestionControl: false, ...options })
    const [first] = network.path(1)
    return new CircuitFixture(network, await Channel.connect(first as Relay, { transport: network.transport }))
  }

  /** A network of which the relays offer this flow control, so that every circuit has it. */
  static under(kind: FlowControlKind, options: TestNetworkOptions = {}): Promise<CircuitFixture> {
    return CircuitFixture.start({ ...options, congestionControl: kind === 'congestion-control' })
  }

  private constructor(network: TestNetwork, channel: Channel) {
    this.network = network
    this.channel = channel
  }

  /** Opens a circuit through the first `length` relays. */
  async open(options: CircuitOptions = {}, length = 3): Promise<Built> {
    const circuit = Circuit.open(this.network.path(length), { channel: this.channel, ...options })
    await circuit.opened
    return seenBy(this.network, circuit)
  }

  async close(): Promise<void> {
    await this.channel[Symbol.asyncDispose]()
    await this.network.close()
  }
}

/** The relays' side of the circuit that was built last. */
export function seenBy(network: TestNetwork, circuit: Circuit): Built {
  const guard = network.circuits.at(-1) as TestCircuit
  const { hops } = guard
  return { circuit, hops, guard, exit: hops.at(-1) as TestCircuit }
}

/** Resolves when this turn's microtasks are done. */
export const endOfTurn = (): Promise<void> => new Promise((resolve) => atEndOfTurn(resolve))

/** What a promise has come to by the end of the turn. */
export async function stateOf(promise: Promise<unknown>): Promise<'pending' | 'resolved' | 'rejected'> {
  let state: 'pending' | 'resolved' | 'rejected' = 'pending'
  promise.then(
    () => (state = 'resolved'),
    () => (state = 'rejected'),
  )
  await endOfTurn()
  return state
}

/**
 * Sends a question to the last relay and waits for its answer, so that all that the client sent before has arrived
 * there, and all that the relay sent before has arrived here. The relay must have a `resolve` that knows no name, as it
 * has by default.
 */
export async function roundTrip({ circuit }: Built): Promise<void> {
  const code = await codeOf(circuit.resolve('marker.example'))
  if (code !== 'RESOLVE_FAILED') throw new AssertionError(`expected an answer of the last relay, but got ${code}`)
}

/** Sends a few bytes to an exit that echoes, and expects them back. */
export async function expectToEcho(stream: TorStream): Promise<void> {
  const bytes = crypto.getRandomValues(new Uint8Array(100))
  const writer = stream.writable.getWriter()
  const reader = stream.readable.getReader()
  await writer.write(bytes)
  const { value } = await reader.read()
  expect(value).to.deep.equal(bytes)
  writer.releaseLock()
  reader.releaseLock()
}

/**
 * As {@link roundTrip}, and what the client sent because of what arrived has arrived at the last relay too; also what
 * it sends at the end of a turn, in which a whole round trip may take place here.
 */
export async function settled(built: Built): Promise<void> {
  for (let trip = 0; trip < 2; trip++) {
    await endOfTurn()
    await roundTrip(built)
  }
}
