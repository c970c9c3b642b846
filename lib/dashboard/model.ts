/**
 * What is to be drawn, as the events of a client tell it. It holds what is there, and for a moment what has gone; that is
 * bounded whatever comes.
 *
 * @module
 */
import type { ClientStatus } from '../client/bootstrap/status.ts'
import type { CircuitSummary, StreamInfo } from '../client/watch/circuit-info.ts'
import type { ClientEvent } from '../client/watch/client-event.ts'
import { History } from './history.ts'

/** How many samples what has gone is still shown, and how much of it. */
const AFTERGLOW = 8
const MOST_GONE = 12

/** How many samples a rate is the mean of. */
const SMOOTHING = 4

/** Something with bytes that come and go. */
export class Counted<Info extends { readonly bytesIn: number; readonly bytesOut: number; readonly state: string }> {
  readonly historyIn: History = new History()
  readonly historyOut: History = new History()
  /** How many more samples it is shown; undefined while it is there. */
  glow: number | undefined
  #info: Info
  #bytesIn: number
  #bytesOut: number

  constructor(info: Info) {
    this.#info = info
    this.#bytesIn = info.bytesIn
    this.#bytesOut = info.bytesOut
  }

  /** How it stands. */
  get info(): Info {
    return this.#info
  }

  /** Bytes a second that come in. */
  get rateIn(): number {
    return this.historyIn.recent(SMOOTHING)
  }

  /** Bytes a second that go out. */
  get rateOut(): number {
    return this.historyOut.recent(SMOOTHING)
  }

  update(info: Info): void {
    this.#info = info
    if (info.state === 'closed') this.glow = AFTERGLOW
  }

  sample(seconds: number): void {
    const { bytesIn, bytesOut } = this.#info
    this.historyIn.push((bytesIn - this.#bytesIn) / seconds)
    this.historyOut.push((bytesOut - this.#bytesOut) / seconds)
    this.#bytesIn = bytesIn
    this.#bytesOut = bytesOut
    if (this.glow !== undefined) this.glow -= 1
  }
}

/** A circuit as it is drawn. */
export type ShownCircuit = Counted<CircuitSummary>
/** A stream as it is drawn. */
export type ShownStream = Counted<StreamInfo>

export class Model {
  status: ClientStatus = { phase: 'connecting', percent: 0, message: 'Starting', warnings: [] }
  readonly circuits: Map<number, ShownCircuit> = new Map()
  readonly streams: Map<number, ShownStream> = new Map()
  readonly historyIn: History = new History()
  readonly historyOut: History = new History()
  /** The stream that is drawn in detail, as somebody chose it. */
  chosen: number | undefined
  #focus: number | undefined

  apply(event: ClientEvent): void {
    switch (event.type) {
      case 'status':
        this.status = event.status
        break
      case 'circuit':
        put(this.circuits, event.circuit)
        break
      case 'stream':
        put(this.streams, event.stream)
        break
      case 'bandwidth':
        this.#sample(event.bytesIn, event.bytesOut, Math.max(event.duration, 1) / 1000)
        break
    }
  }

  /** Forgets all circuits and streams: another client's events follow. */
  clear(): void {
    this.circuits.clear()
    this.streams.clear()
    this.chosen = this.#focus = undefined
  }

  /** The streams on a circuit, oldest first. */
  streamsOn(circuit: number): ShownStream[] {
    return [...this.streams.values()].filter(({ info }) => info.circuit === circuit)
  }

  /** The stream that is drawn in detail: the one that was chosen, else the one before as long as it is there, else the busiest. */
  get focus(): ShownStream | undefined {
    const chosen = this.chosen === undefined ? undefined : this.streams.get(this.chosen)
    if (chosen !== undefined) return chosen
    const before = this.#focus === undefined ? undefined : this.streams.get(this.#focus)
    if (before !== undefined && before.glow === undefined) return before
    const open = [...this.streams.values()].filter(({ glow }) => glow === undefined)
    const busiest = open.reduce<ShownStream | undefined>(
      (best, each) => (best === undefined || weight(each) >= weight(best) ? each : best),
      undefined,
    )
    const found = busiest ?? before
    this.#focus = found?.info.id
    return found
  }

  #sample(bytesIn: number, bytesOut: number, seconds: number): void {
    this.historyIn.push(bytesIn / seconds)
    this.historyOut.push(bytesOut / seconds)
    for (const all of [this.circuits, this.streams] as const) {
      const gone: number[] = []
      for (const [id, each] of all) {
        each.sample(seconds)
        if (each.glow === undefined) continue
        if (each.glow <= 0) all.delete(id)
        else gone.push(id)
      }
      for (const id of gone.slice(0, Math.max(0, gone.length - MOST_GONE))) all.delete(id)
    }
  }
}

const weight = ({ rateIn, rateOut }: ShownStream): number => rateIn + rateOut

function put<
  Info extends { readonly id: number; readonly bytesIn: number; readonly bytesOut: number; readonly state: string },
>(all: Map<number, Counted<Info>>, info: Info): void {
  const known = all.get(info.id)
  if (known !== undefined) known.update(info)
  else if (info.state !== 'closed') all.set(info.id, new Counted(info))
}
