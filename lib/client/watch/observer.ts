/**
 * What there is to see of a client. It holds who is there, and looks at them when somebody asks: circuits and streams
 * do nothing for it but to tell of the few changes of their state, and with nobody watching that comes to nothing.
 *
 * Nothing of it is written anywhere: where streams go is for the user's own eyes.
 *
 * @module
 */
import type { Clock } from '../../base/waiting/clock.ts'
import type { SocketCircuit } from '../../stream/contract/socket-info.ts'
import type { AttachableCircuit, SeenStream, StreamWatcher, WatchedCircuit } from '../attach/attachable-circuit.ts'
import type { ClientStatus } from '../bootstrap/status.ts'
import type { CircuitWatcher, SeenCircuit } from '../circuits/seen-circuit.ts'
import type { CircuitInfo } from './circuit-info.ts'
import { CircuitEntry, StreamEntry, type CountryLookup, type Seen } from './seen.ts'

/** Who watches. */
export interface Onlooker {
  statusChanged(): void
  changed(seen: Seen): void
}

/** What an observer needs. */
export interface ObserverOptions {
  readonly clock: Clock
  readonly status: () => ClientStatus
  readonly countryOf?: CountryLookup | undefined
}

export class Observer implements CircuitWatcher, StreamWatcher {
  readonly #options: ObserverOptions
  readonly #circuits = new Map<object, CircuitEntry>()
  readonly #streams = new Map<SeenStream, StreamEntry>()
  readonly #onlookers = new Set<Onlooker>()
  #lastCircuit = 0
  #lastStream = 0
  /** Cells of the circuits that are gone. */
  #cellsIn = 0
  #cellsOut = 0

  constructor(options: ObserverOptions) {
    this.#options = options
  }

  get clock(): Clock {
    return this.#options.clock
  }

  get status(): ClientStatus {
    return this.#options.status()
  }

  /** Every circuit, the oldest first, with the streams on it. */
  get circuits(): readonly CircuitInfo[] {
    const streams = [...this.#streams.values()].map((stream) => stream.look())
    return Object.freeze(
      [...this.#circuits.values()].map((circuit) => {
        const info = circuit.look()
        const own = Object.freeze(streams.filter((stream) => stream.circuit === info.id))
        return Object.freeze({ ...info, streams: own })
      }),
    )
  }

  /** True while there are streams. */
  get hasStreams(): boolean {
    return this.#streams.size > 0
  }

  /** Every circuit and stream that is there. */
  get seen(): Seen[] {
    return [...this.#circuits.values(), ...this.#streams.values()]
  }

  /** Relay cells of all circuits so far, those that are gone included. */
  get cells(): { received: number; sent: number } {
    let [received, sent] = [this.#cellsIn, this.#cellsOut]
    for (const { circuit } of this.#circuits.keys() as Iterable<SeenCircuit>) {
      received += circuit.cells.received
      sent += circuit.cells.sent
    }
    return { received, sent }
  }

  /** From now on `onlooker` is told. Returns what ends that. */
  watch(onlooker: Onlooker): () => void {
    this.#onlookers.add(onlooker)
    return () => void this.#onlookers.delete(onlooker)
  }

  statusChanged(): void {
    for (const onlooker of this.#onlookers) onlooker.statusChanged()
  }

  begun(circuit: SeenCircuit): void {
    const entry = new CircuitEntry(++this.#lastCircuit, circuit, this.#options.clock, this.#options.countryOf)
    this.#circuits.set(circuit, entry)
    const changed = (): void => this.#changed(entry)
    const over = (): void => {
      this.#circuits.delete(circuit)
      this.#cellsIn += circuit.circuit.cells.received
      this.#cellsOut += circuit.circuit.cells.sent
      entry.end()
      changed()
    }
    circuit.circuit.opened.then(changed, () => undefined) // its end is told below
    circuit.circuit.closed.then(over, over)
    changed()
  }

  retired(circuit: SeenCircuit): void {
    const entry = this.#circuits.get(circuit)
    if (entry !== undefined) this.#changed(entry)
  }

  streamChanged(stream: SeenStream): void {
    let entry = this.#streams.get(stream)
    if (stream.phase === 'closed') {
      if (entry === undefined) return
      this.#streams.delete(stream)
      entry.end()
    } else if (entry === undefined) {
      entry = new StreamEntry(++this.#lastStream, stream, (circuit) => this.#entryOf(circuit)?.id)
      this.#streams.set(stream, entry)
    }
    entry.moved()
    this.#changed(entry)
  }

  circuitOf(circuit: AttachableCircuit): SocketCircuit | undefined {
    const entry = this.#entryOf(circuit)
    return entry && Object.freeze({ id: entry.id, path: entry.path })
  }

  #entryOf(circuit: WatchedCircuit): CircuitEntry | undefined {
    return this.#circuits.get(circuit.seenAs ?? circuit)
  }

  #changed(seen: Seen): void {
    for (const onlooker of this.#onlookers) onlooker.changed(seen)
  }
}
