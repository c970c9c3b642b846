/**
 * What is simulated: circuits of three hops, all of which have one line in common.
 *
 * @module
 */
import type { Line } from './line.ts'
import { SimulatedNetwork } from './network.ts'
import { SimulatedUpload } from './upload.ts'

/** The bandwidth of the common line: 100 Mbit/s, in cells of 514 bytes per ms. */
export const LINK_RATE: number = 100_000_000 / 8 / 514 / 1000

/** A round trip without queues, in ms. */
export const ROUND_TRIP = 100

/** What the common line carries in a round trip: the bandwidth-delay product, in cells. */
export const LINK_CELLS: number = LINK_RATE * ROUND_TRIP

/** Up to so much longer a cell takes on each of the six lines of a round trip, in ms. */
const JITTER = 1
const LATENCY = ROUND_TRIP / 6 - JITTER

/** How often everything is measured, in ms. */
export const SAMPLE_EVERY = 50

/** One measurement; of each circuit in the order in which they are there. */
export interface Sample {
  /** In ms. */
  readonly at: number
  /** Cells that have arrived since the beginning. */
  readonly arrived: readonly number[]
  /** The congestion windows, in cells. */
  readonly cwnd: readonly number[]
  /** The most cells that have waited for the common line since the last measurement. */
  readonly queued: number
}

export interface Run {
  readonly samples: readonly Sample[]
  /** When the slow start of each circuit ended, in ms. */
  readonly slowStartEndedAt: readonly number[]
}

export interface Scenario {
  readonly title: string
  /** When each circuit begins to upload, in ms. */
  readonly starts: readonly number[]
  /** From when on the common line has which part of its bandwidth. */
  readonly changes: readonly (readonly [at: number, part: number])[]
  /** How long it lasts, in ms. */
  readonly duration: number
}

export const ALONE: Scenario = { title: 'One circuit', starts: [0], changes: [], duration: 5000 }

export const TOGETHER: Scenario = {
  title: 'Two circuits that start together',
  starts: [0, 0],
  changes: [],
  duration: 10_000,
}

export const LATE: Scenario = {
  title: 'A second circuit comes at 3 s',
  starts: [0, 3000],
  changes: [],
  duration: 10_000,
}

/** When the bandwidth halves and when it is back, in ms. */
export const HALF_FROM = 3000
export const WHOLE_FROM = 8000

export const HALVED: Scenario = {
  title: 'Half the bandwidth from 3 s to 8 s',
  starts: [0],
  changes: [
    [HALF_FROM, 0.5],
    [WHOLE_FROM, 1],
  ],
  duration: 14_000,
}

/** Runs a scenario: the same every time, by the seed of its jitter. */
export function simulate({ starts, changes, duration }: Scenario, seed = 1): Run {
  const network = new SimulatedNetwork(seed)
  const line = (rate: number): Line => network.line({ rate, latency: LATENCY, jitter: JITTER })
  const common = line(LINK_RATE)
  const uploads = starts.map((at) => {
    // The others are each circuit's own, and ten times as fast.
    const own = (): Line => line(10 * LINK_RATE)
    const upload = new SimulatedUpload(network, [own(), common, own()], [own(), own(), own()])
    network.plan(at, () => upload.start())
    return upload
  })
  for (const [at, part] of changes) network.plan(at, () => void (common.rate = LINK_RATE * part))
  const samples: Sample[] = []
  for (let at = 0; at <= duration; at += SAMPLE_EVERY) {
    network.run(at)
    samples.push({
      at,
      arrived: uploads.map(({ arrived }) => arrived),
      cwnd: uploads.map(({ window }) => window.cwnd),
      queued: common.takeLongestQueue(),
    })
  }
  return { samples, slowStartEndedAt: uploads.map(({ slowStartEndedAt = Infinity }) => slowStartEndedAt) }
}

/**
 * What part of the common line's whole bandwidth the circuits used from `from` to `to`, in ms: one number for each
 * circuit.
 *
 * @throws Error for times at which nothing was measured
 */
export function utilization({ samples }: Run, from: number, to: number): number[] {
  const first = samples.find(({ at }) => at === from)
  const last = samples.find(({ at }) => at === to)
  if (first === undefined || last === undefined) throw new Error(`nothing was measured at ${from} and ${to} ms`)
  return last.arrived.map((cells, circuit) => (cells - (first.arrived[circuit] ?? 0)) / (LINK_RATE * (to - from)))
}
