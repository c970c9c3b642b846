/**
 * The pool of circuits of a client on a network that is made up: each circuit is open half a second after it was begun.
 * Which exits there are, and what they let out, the spec says; the first that fits is taken.
 *
 * @module
 */
import { TorError } from '../../../../../lib/base/errors.ts'
import { RelayFlag } from '../../../../../lib/directory/relay-flags.ts'
import type { Random } from '../../../../../lib/base/random.ts'
import type { BegunCircuit } from '../../../../../lib/client/circuits/begun-circuit.ts'
import type { CircuitBuilder, GuardedPath } from '../../../../../lib/client/circuits/circuit-builder.ts'
import { CircuitPool, type CircuitPoolOptions } from '../../../../../lib/client/circuits/circuit-pool.ts'
import type { PooledCircuit } from '../../../../../lib/client/circuits/pooled-circuit.ts'
import { Stems } from '../../../../../lib/client/onion/stems.ts'
import { idleTimeOf } from '../../../../../lib/client/circuits/prediction/circuit-choice.ts'
import { PredictedPorts } from '../../../../../lib/client/circuits/prediction/predicted-ports.ts'
import { LearnedPolicies } from '../../../../../lib/client/paths/learned-policies.ts'
import { exitConditions, exitsFor, LONG_LIVED_PORTS } from '../../../../../lib/client/paths/exit-choice.ts'
import type { PathRequest } from '../../../../../lib/client/paths/path-selection.ts'
import type { DirectoryRelay } from '../../../../../lib/directory/network-directory.ts'
import { FakeClock } from '../../../../support/fake-clock.ts'
import { SimulatedCircuit } from '../../build-times/simulation/simulated-circuit.ts'

/** How long a circuit takes, in ms. */
export const BUILD_TIME = 500

/** An exit: to which ports it lets streams out, and whether it is Stable. */
export interface SimulatedExit {
  readonly ports: readonly number[] | 'all'
  readonly isStable: boolean
}

/** Enough for all that one event brings about. */
export async function settle(): Promise<void> {
  for (let count = 0; count < 30; count++) await Promise.resolve()
}

/** What is known of build times: enough, or too little as long as fewer than so many circuits were begun. */
export const timesUntil = (enough: number, begun: () => number, sinceLast: () => number): CircuitPoolOptions['times'] =>
  ({
    get isLearning() {
      return begun() < enough
    },
    get wantsCircuit() {
      return begun() < enough && sinceLast() > 10_000
    },
    parameters: { testInterval: 10_000, maxOpenCircuits: 10, learningIdleTime: 180_000 },
    patience: Infinity,
  }) as unknown as CircuitPoolOptions['times']

export class SimulatedPool {
  readonly clock = new FakeClock()
  readonly pool: CircuitPool
  /** All that were begun for streams, in order, and for onion services. */
  readonly begun: SimulatedCircuit[] = []
  readonly begunForOnions: SimulatedCircuit[] = []
  /** Whether the next circuit comes to nothing. */
  fails: () => boolean = () => false
  /** What is ready for onion services. */
  readonly stems: Stems
  /** Ends with the pool. */
  readonly #closing = new AbortController()
  /** Whether none can be begun for onion services, and how often one was to be. */
  refusesOnions = false
  refusedOnions = 0
  /** When the last one was begun. */
  #lastBegun = 0

  constructor(exits: readonly SimulatedExit[], random: Random, learnsUntil = 0) {
    const { clock } = this
    const relayOf = (name: string, { ports, isStable }: SimulatedExit): DirectoryRelay =>
      ({
        fingerprint: name,
        flags: isStable ? RelayFlag.Stable : 0,
        exitPolicy: { allows: (port: number) => ports === 'all' || ports.includes(port), rejectsAll: false },
      }) as unknown as DirectoryRelay
    const others = ['guard', 'middle'].map((name) => relayOf(name, { ports: [], isStable: true }))
    const relays = exits.map((each, index) => relayOf(`exit ${index}`, each))
    const learned = new LearnedPolicies(() => clock.now())
    const choosePath = (request: PathRequest): GuardedPath => {
      const stable = request.stable ?? request.ports.some((port) => LONG_LIVED_PORTS.has(port))
      const fitting = exitsFor(exitConditions(request, learned), relays).relays
      const exit = fitting.find(({ flags }) => !stable || flags !== 0) ?? fitting[0]
      if (exit === undefined) throw new TorError('NO_PATH', 'no exit')
      return { relays: [...others, exit], guard: {} as never }
    }
    const begin = ({ relays: path }: GuardedPath, all = this.begun): BegunCircuit => {
      const circuit = new SimulatedCircuit(path)
      const { asCircuit } = circuit
      all.push(circuit)
      this.#lastBegun = clock.now()
      const isBad = this.fails()
      const stop = clock.after(BUILD_TIME, () => {
        if (isBad) circuit.fail(new TorError('CIRCUIT_DESTROYED', 'a relay closed the circuit'))
        else for (let hop = 0; hop < path.length; hop++) circuit.extend()
      })
      circuit.closed.then(stop, stop)
      return { circuit: asCircuit, ready: asCircuit.opened, settled: asCircuit.opened, isLate: () => false }
    }
    const predicted = new PredictedPorts({
      param: (_, usual) => usual,
      now: () => clock.now(),
      random,
      isReduced: false,
    })
    const count = (): number => this.begun.length + this.begunForOnions.length
    const times = timesUntil(learnsUntil, count, () => clock.now() - this.#lastBegun)
    this.stems = new Stems({
      begin: () => {
        if (this.refusesOnions) {
          this.refusedOnions += 1
          return Promise.reject(new TorError('NO_PATH', 'no second relay'))
        }
        const path = [...others, relayOf('meeting point', { ports: [], isStable: true })]
        const { circuit, ready } = begin({ relays: path, guard: {} as never }, this.begunForOnions)
        ready.catch(() => undefined)
        return Promise.resolve({ circuit, relays: path, seen: circuit, ready })
      },
      predicted,
      idleTime: () => idleTimeOf(times, predicted, random),
      clock,
      closing: this.#closing.signal,
      changed: () => this.pool.ahead.changed(),
      failed: () => this.pool.ahead.failed(),
    })
    this.pool = new CircuitPool({
      channels: { retire: () => undefined, retireStranded: () => [], retireAll: () => undefined },
      times,
      predicted,
      onions: this.stems,
      watcher: { begun: () => undefined, retired: () => undefined },
      guards: () => ({ retryAll: () => undefined }),
      learned,
      paths: () => Promise.resolve({ choosePath }),
      guardsChanged: () => undefined,
      flowControl: () => ({ congestionControl: false }),
      clock,
      platform: undefined,
      random,
      builder: { begin: (path: GuardedPath) => begin(path) } as unknown as Pick<CircuitBuilder, 'begin'>,
    } as unknown as CircuitPoolOptions)
  }

  /** How many circuits there are for streams, open or being built. */
  get alive(): number {
    return this.begun.filter(({ isOver }) => !isOver).length
  }

  /** Closes all of them. */
  async close(): Promise<void> {
    this.#closing.abort()
    await this.pool.close()
  }

  /** Lets time go on, event by event. */
  async pass(duration: number): Promise<void> {
    const end = this.clock.now() + duration
    for (;;) {
      await settle()
      const next = Math.min(end, this.clock.now() + (this.clock.untilNext ?? Infinity))
      this.clock.advance(Math.max(0, next - this.clock.now()))
      if (this.clock.now() >= end) break
    }
    await settle()
  }

  /** A circuit for a stream, and the stream's end after so many ms. */
  async stream(need: Parameters<CircuitPool['acquire']>[0], lasts: number): Promise<PooledCircuit> {
    const circuit = await this.pool.acquire(need)
    this.clock.after(lasts, () => circuit.released())
    return circuit
  }
}
