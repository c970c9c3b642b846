/**
 * A circuit or a stream that may be looked at: its number, how it stands, and how it ended.
 *
 * @module
 */
import { monotonicTime, type Clock } from '../../base/waiting/clock.ts'
import type { DirectoryRelay } from '../../directory/network-directory.ts'
import { flagNames } from '../../directory/relay-flags.ts'
import { encodeHex } from '../../directory/text/encoding.ts'
import type { DirectoryServer } from '../../relay.ts'
import type { RelayInfo } from '../../stream/contract/socket-info.ts'
import type { SeenStream, WatchedCircuit } from '../attach/attachable-circuit.ts'
import type { SeenCircuit } from '../circuits/seen-circuit.ts'
import type { CircuitSummary, StreamInfo } from './circuit-info.ts'
import type { ClientEvent } from './client-event.ts'
import { circuitSummary, streamInfo, targetOf } from './snapshot.ts'

/** A circuit or a stream that is watched. */
export interface Seen {
  /** True once it is over: then {@link event} says how it ended. */
  readonly isOver: boolean
  /** What changes while its state does not, for comparing. */
  readonly pulse: string
  /** How it stands. */
  event(): ClientEvent
}

/** Says in which country a relay is, or nothing. */
export type CountryLookup = (relay: DirectoryRelay) => string | undefined

/** A circuit that is looked at. */
export class CircuitEntry implements Seen {
  readonly id: number
  readonly #clock: Clock
  readonly #countryOf: CountryLookup | undefined
  readonly #since: number
  /** The circuit; or once that is gone, how it ended, so that nothing of it is held. */
  #seen: SeenCircuit | CircuitSummary
  #path: readonly RelayInfo[] | undefined

  constructor(id: number, seen: SeenCircuit, clock: Clock, countryOf: CountryLookup | undefined) {
    this.id = id
    this.#seen = seen
    this.#clock = clock
    this.#countryOf = countryOf
    this.#since = monotonicTime(clock)
  }

  /** Made when somebody first looks: the country is perhaps a search in a large table. */
  get path(): readonly RelayInfo[] {
    if (!('circuit' in this.#seen)) return this.#seen.path
    return (this.#path ??= Object.freeze(this.#seen.path.map((relay) => relayInfo(relay, this.#countryOf))))
  }

  get isOver(): boolean {
    return !('circuit' in this.#seen)
  }

  get pulse(): string {
    if (!('circuit' in this.#seen)) return ''
    const { cells, hops } = this.#seen.circuit
    return `${hops} ${cells.received} ${cells.sent}`
  }

  look(isOver: boolean = false): CircuitSummary {
    if (!('circuit' in this.#seen)) return this.#seen
    return circuitSummary(this.#seen, {
      id: this.id,
      path: this.path,
      age: monotonicTime(this.#clock) - this.#since,
      isOver,
      isRetired: this.#seen.expired(this.#clock.now()),
    })
  }

  event(): ClientEvent {
    return Object.freeze({ type: 'circuit', circuit: this.look() })
  }

  end(): void {
    this.#seen = this.look(true)
  }
}

/** A stream that is looked at. */
export class StreamEntry implements Seen {
  readonly id: number
  readonly #circuitId: (circuit: WatchedCircuit) => number | undefined
  #seen: SeenStream | StreamInfo
  /** The circuit that it is on, or was on last. */
  #circuit: number | undefined

  /** @param circuitId - the number of a circuit */
  constructor(id: number, seen: SeenStream, circuitId: (circuit: WatchedCircuit) => number | undefined) {
    this.id = id
    this.#seen = seen
    this.#circuitId = circuitId
  }

  get isOver(): boolean {
    return !('phase' in this.#seen)
  }

  /** It may be on another circuit. */
  moved(): void {
    if (!('phase' in this.#seen)) return
    const { on } = this.#seen
    if (on !== undefined) this.#circuit = this.#circuitId(on) ?? this.#circuit
  }

  get pulse(): string {
    if (!('phase' in this.#seen)) return ''
    const { traffic, flow } = this.#seen
    const { package: sendable, deliver } = flow?.windows ?? { package: 0, deliver: 0 }
    // What waits may be too much for a while before the XOFF goes out: the window is empty before and after.
    const { xoffSent, xoffReceived } = flow?.xonXoff ?? { xoffSent: false, xoffReceived: false }
    return `${traffic?.bytesIn} ${traffic?.bytesOut} ${traffic?.waiting} ${sendable} ${deliver} ${xoffSent} ${xoffReceived}`
  }

  look(): StreamInfo {
    if (!('phase' in this.#seen)) return this.#seen
    return streamInfo(this.#seen, { id: this.id, circuit: this.#circuit, target: targetOf(this.#seen) })
  }

  event(): ClientEvent {
    return Object.freeze({ type: 'stream', stream: this.look() })
  }

  end(): void {
    this.#seen = this.look()
  }
}

function relayInfo(relay: DirectoryRelay | DirectoryServer, countryOf: CountryLookup | undefined): RelayInfo {
  const known = 'fingerprint' in relay ? relay : undefined
  return Object.freeze({
    fingerprint: encodeHex(relay.rsaIdentity),
    nickname: known?.nickname,
    flags: Object.freeze(flagNames(known?.flags ?? 0)),
    country: known && countryIn(known, countryOf),
  })
}

/** A lookup that throws knows of no country: a circuit is not worse for that. */
function countryIn(relay: DirectoryRelay, countryOf: CountryLookup | undefined): string | undefined {
  try {
    return countryOf?.(relay)
  } catch {
    return undefined
  }
}
