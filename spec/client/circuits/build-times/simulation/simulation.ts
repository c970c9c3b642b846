/**
 * The pool of circuits on networks that are made up, on a clock that nobody waits for: with build times as they are
 * learned, or with a fixed timeout as it was before.
 *
 * @module
 */
import { TorError } from '../../../../../lib/base/errors.ts'
import { BuildTimes } from '../../../../../lib/client/circuits/build-times/build-times.ts'
import { TimedBuild } from '../../../../../lib/client/circuits/build-times/timed-build.ts'
import type { BegunCircuit } from '../../../../../lib/client/circuits/begun-circuit.ts'
import type { CircuitBuilder, GuardedPath } from '../../../../../lib/client/circuits/circuit-builder.ts'
import { CircuitPool, type CircuitPoolOptions } from '../../../../../lib/client/circuits/circuit-pool.ts'
import { PredictedPorts } from '../../../../../lib/client/circuits/prediction/predicted-ports.ts'
import { LearnedPolicies } from '../../../../../lib/client/paths/learned-policies.ts'
import type { DirectoryRelay } from '../../../../../lib/directory/network-directory.ts'
import { FakeClock } from '../../../../support/fake-clock.ts'
import { seededRandom } from '../../../support/seeded-random.ts'
import { SimulatedCircuit } from './simulated-circuit.ts'

/** How a network is, at one moment. */
export interface Conditions {
  /** What a cell takes over one link and back, in ms, in the middle of all cases. */
  readonly latency: number
  /** The share of relays beyond the guard that take circuits and never answer. */
  readonly dead: number
  /** Nothing gets through at all. */
  readonly isDown?: boolean
}

/** A network: how it is after so many ms; and what the wall clock is wrong by. */
export interface SimulatedNetwork {
  readonly name: string
  conditions(time: number): Conditions
  wrongBy?(time: number): number
}

/** What a client had of it. */
export interface Outcome {
  /** How long streams waited for a circuit, in ms: all of them, in their order. */
  readonly waits: readonly number[]
  /** Streams that got none. */
  readonly failed: number
  /** Circuits that were begun and given up. */
  readonly wasted: number
  readonly begun: number
  /** The timeout in the end, in ms. */
  readonly timeout: number
}

/** A clock whose time can be wrong, and whose spans are right. */
class SimulatedClock extends FakeClock {
  wrongBy = 0
  readonly #begun = super.now()

  override now(): number {
    return super.now() + this.wrongBy
  }

  /** Since the beginning, in ms. */
  monotonic(): number {
    return super.now() - this.#begun
  }
}

/** The fixed timeout that was, in ms; a moment less, so that no further circuit is begun meanwhile, as was the case. */
const FIXED = 14_999

/** How long a client runs, in ms. */
export const DURATION = 2 * 3_600_000

/** How many relays there are beyond the guard. */
const RELAYS = 200

/** Enough for all that one event brings about. */
async function settle(): Promise<void> {
  for (let count = 0; count < 40; count++) await Promise.resolve()
}

/** Runs a client for two hours: every minute or so it opens some streams that share nothing. */
export async function simulate(network: SimulatedNetwork, policy: 'fixed' | 'learned', seed: number): Promise<Outcome> {
  const clock = new SimulatedClock()
  const [choice, luck, load] = [seededRandom(seed), seededRandom(seed + 1), seededRandom(seed + 2)]
  const uniform = (): number => (luck(1 << 30) + 0.5) / (1 << 30)
  const normal = (): number => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform())
  const now = (): number => clock.monotonic()
  let [heard, begun, wasted] = [0, 0, 0]
  const times = new BuildTimes({
    param: (name, fallback) => (name === 'cbtdisabled' && policy === 'fixed' ? 1 : fallback),
    now,
    lastLive: () => heard,
    random: choice,
    changed: () => undefined,
  })

  const relays = Array.from(
    { length: RELAYS },
    (_, index) =>
      ({ fingerprint: `relay ${index}`, flags: 0, exitPolicy: { allows: () => true } }) as unknown as DirectoryRelay,
  )
  const guard = { fingerprint: 'guard', flags: 0 } as unknown as DirectoryRelay
  const choosePath = ({ avoided }: { avoided?: ReadonlySet<string> }): GuardedPath => {
    const fits = relays.filter(({ fingerprint }) => avoided?.has(fingerprint) !== true)
    const middle = fits[choice(fits.length)] as DirectoryRelay
    const others = fits.filter((relay) => relay !== middle)
    return { relays: [guard, middle, others[choice(others.length)] as DirectoryRelay], guard: {} as never }
  }
  const deadRelays = new Set(relays.filter((_, index) => index % 100 < 100 * network.conditions(0).dead))

  const begin = ({ relays: path }: GuardedPath): BegunCircuit => {
    const circuit = new SimulatedCircuit(path)
    begun += 1
    const { latency, isDown = false } = network.conditions(now())
    const answers = path.map((relay, index) =>
      isDown || deadRelays.has(relay) ? Infinity : Math.ceil((index + 1) * latency * Math.exp(0.6 * normal())),
    )
    const { asCircuit } = circuit
    const build = policy === 'learned' ? new TimedBuild(asCircuit, times, clock) : undefined
    const give = (): void => circuit.fail(new TorError('CIRCUIT_TIMEOUT', 'too late'))
    const stop = policy === 'fixed' ? clock.after(FIXED, give) : () => undefined
    asCircuit.opened.then(stop, stop)
    // What was begun before the network went down gets no answer either.
    circuit.begin(clock, answers, () => {
      if (network.conditions(now()).isDown === true) circuit.hops = -Infinity
      else heard = now()
    })
    const open = asCircuit.opened.then(async () => {
      if (build?.isLate !== true) return
      await circuit.close()
      return build.late
    })
    const late = build?.late ?? new Promise<never>(() => undefined)
    const ready = Promise.race([late, open])
    ready.catch(() => (wasted += 1))
    const settled = Promise.race([late, asCircuit.opened])
    settled.catch(() => undefined)
    return { circuit: asCircuit, ready, settled, isLate: () => build?.isLate === true }
  }

  const pool = new CircuitPool({
    channels: { retireStranded: () => [], retireAll: () => undefined },
    times,
    predicted: new PredictedPorts({ param: (_, fallback) => fallback, now, random: choice, isReduced: false }),
    onions: { size: 0, areExpected: false, build: () => Promise.resolve(), sweep: () => undefined },
    random: choice,
    watcher: { begun: () => undefined, retired: () => undefined },
    guards: () => ({ retryAll: () => undefined }),
    learned: new LearnedPolicies(() => clock.now()),
    paths: () => Promise.resolve({ choosePath }),
    guardsChanged: () => undefined,
    flowControl: () => ({ congestionControl: false }),
    clock,
    platform: undefined,
    builder: { begin } as unknown as Pick<CircuitBuilder, 'begin'>,
  } as unknown as CircuitPoolOptions)

  const waits: number[] = []
  let failed = 0
  let isOver = false
  const stream = async (): Promise<void> => {
    const asked = now()
    try {
      const circuit = await pool.acquire({ ports: [], isolation: { view: Symbol(), token: undefined } })
      waits.push(now() - asked)
      clock.after(30_000, () => circuit.released())
    } catch {
      if (isOver) return
      failed += 1
      waits.push(now() - asked)
    }
  }
  pool.warmUp(new AbortController().signal).catch(() => undefined) // told by the streams that find no circuit
  for (let next = 5000; now() < DURATION;) {
    clock.wrongBy = network.wrongBy?.(now()) ?? 0
    await settle()
    const due = Math.min(next, now() + (clock.untilNext ?? Infinity))
    clock.advance(Math.max(0, due - now()))
    if (now() < next) continue
    for (let count = 1 + load(4); count > 0; count--) void stream()
    next = now() + 20_000 + load(80_000)
  }
  const { timeout } = times
  isOver = true
  void pool.close()
  await settle()
  return { waits, failed, wasted, begun, timeout }
}
