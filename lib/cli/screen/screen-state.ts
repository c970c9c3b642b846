/**
 * What the proxy's screen shows: what a client tells of itself in `tor.circuits` and `tor.watch()`, without where streams
 * go. Whoever looks over a shoulder, or at a picture of the screen, learns no host and no address.
 *
 * @module
 */
import type { CircuitInfo, StreamInfo } from '../../client/watch/circuit-info.ts'
import { holdOf, streamWords, type Hold } from '../../dashboard/format.ts'
import type { Model } from '../../dashboard/model.ts'

/** A circuit on the screen. */
export interface ShownCircuit {
  readonly id: number
  /** In ms. */
  readonly age: number
  /** Its relays' names, guard first. */
  readonly path: readonly string[]
  /** How many of them it has reached. */
  readonly hops: number
  readonly state: CircuitInfo['state']
  readonly purpose: CircuitInfo['purpose']
  readonly streams: number
  /** Bytes a second. */
  readonly rateIn: number
  readonly rateOut: number
}

/** A stream on the screen. */
export interface ShownStream {
  readonly id: number
  readonly circuit: number | undefined
  /** What it is doing, in a few words. */
  readonly words: string
  /** Who holds it back. */
  readonly hold: Hold
  /** Bytes that wait for the reader. */
  readonly waiting: number
  /** Bytes a second. */
  readonly rateIn: number
  readonly rateOut: number
}

/** All that the screen shows of a client. */
export interface ScreenState {
  /** How far the client is, in a sentence. */
  readonly message: string
  readonly isReady: boolean
  /** 0 to 100. */
  readonly percent: number
  /** What the user should know; what is in the way first. */
  readonly notices: readonly string[]
  /** Where the proxy is, such as `SOCKS 9050`. */
  readonly ports: readonly string[]
  /** Where the dashboard is, if there is one. */
  readonly dashboard: string | undefined
  /** How long the proxy runs, in ms. */
  readonly uptime: number
  /** Bytes a second, and bytes so far. */
  readonly rateIn: number
  readonly rateOut: number
  readonly totalIn: number
  readonly totalOut: number
  readonly circuits: readonly ShownCircuit[]
  readonly streams: readonly ShownStream[]
}

/** The circuits and streams as they are, the rates as the events make them. */
export function shownOf(
  circuits: readonly CircuitInfo[],
  model: Model,
): Pick<ScreenState, 'circuits' | 'streams' | 'rateIn' | 'rateOut'> {
  // A stream that waits for a circuit is on none.
  const streams = [...model.streams.values()].filter(({ glow }) => glow === undefined).map(({ info }) => info)
  return {
    circuits: circuits.map((circuit) => {
      const { rateIn = 0, rateOut = 0 } = model.circuits.get(circuit.id) ?? {}
      const { id, age, path, hops, state, purpose } = circuit
      const names = path.map(({ nickname, fingerprint, country }) =>
        [nickname ?? fingerprint.slice(0, 8), ...(country === undefined ? [] : [`(${country})`])].join(' '),
      )
      return { id, age, hops, state, purpose, rateIn, rateOut, streams: circuit.streams.length, path: names }
    }),
    streams: streams.map((stream) => shownStream(stream, model)),
    rateIn: model.historyIn.recent(SMOOTHING),
    rateOut: model.historyOut.recent(SMOOTHING),
  }
}

/** How many samples a rate is the mean of. */
const SMOOTHING = 2

function shownStream(stream: StreamInfo, model: Model): ShownStream {
  const { id, circuit, waiting } = stream
  const { rateIn = 0, rateOut = 0 } = model.streams.get(id) ?? {}
  return { id, circuit, waiting, rateIn, rateOut, hold: holdOf(stream), words: streamWords(stream, rateIn + rateOut) }
}
