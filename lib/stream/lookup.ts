/**
 * A name lookup: RESOLVE and the RESOLVED that ends it (tor-spec, "Remote hostname lookup"). It has a stream id like a
 * stream, but neither CONNECTED nor a window.
 *
 * @module
 */
import { RelayCommand } from '../cell/commands.ts'
import { EndReason } from '../cell/reasons.ts'
import { decodeEnd, encodeEnd } from '../cell/relay/end.ts'
import { isInternalAddress, parseIPAddress } from '../cell/ip-address.ts'
import {
  decodeResolved,
  encodeResolve,
  reverseName,
  type ResolvedAddress,
  type ResolvedAnswer,
  type ResolvedHostname,
} from '../cell/relay/resolve.ts'
import { onAbort } from '../base/waiting/abort.ts'
import { startTimer, type Clock } from '../base/waiting/clock.ts'
import { deferred, type Deferred } from '../base/waiting/deferred.ts'
import { SocketError, TorError } from '../base/errors.ts'
import type { StreamCarrier, PendingStream, StreamPlace } from './contract/carrier.ts'
import { failureOfAbort, failureOfCircuit, failureOfEnd } from './failure.ts'
import { HalfClosedStream } from './flow/half-closed.ts'
import type { StreamState } from './contract/legality.ts'
import { checkLookup, type LookupOptions } from './lookup-options.ts'
import { parseHost } from './socket-address.ts'

/** One answer of a lookup that has not failed. */
export type LookupAnswer = ResolvedAddress | ResolvedHostname

/**
 * Resolves a host name to all the addresses that the exit gives, or an IP address to a host name, each with its time to
 * live in seconds.
 *
 * @throws TypeError naming `name` when it is no host name or IP address; TypeError or RangeError naming a bad option
 * @throws SocketError (as a rejection) `RESOLVE_TRANSIENT`, `RESOLVE_FAILED`, `TIMEOUT`, `ABORTED`, `CELL_MALFORMED`,
 * an `END_…`, or what befell the circuit
 */
export function lookUp(carrier: StreamCarrier, name: string, options: LookupOptions = {}): Promise<LookupAnswer[]> {
  const host = parseHost(name, 'name')
  return new Lookup(carrier, reverseName(host) ?? host, options).answers.promise
}

/**
 * Gives up a lookup whose exit has not answered. It is told by an END, as by a tor client (`connection_edge_end`), and the entry that
 * stays takes an answer that comes late.
 */
export function leaveLookup(place: StreamPlace): void {
  place.send(RelayCommand.END, encodeEnd(EndReason.MISC))
  place.leave(new HalfClosedStream('ended-resolving'))
}

class Lookup implements PendingStream {
  readonly state: StreamState = 'resolving'
  readonly answers: Deferred<LookupAnswer[]> = deferred()
  readonly #carrier: StreamCarrier
  readonly #name: string
  readonly #signal: AbortSignal | undefined
  readonly #timeout: number
  readonly #clock: Clock
  readonly #rejectInternal: boolean
  #place: StreamPlace | undefined
  #stopTimer: (() => void) | undefined
  readonly #forgetSignal: (() => void) | undefined

  constructor(carrier: StreamCarrier, name: string, options: LookupOptions) {
    this.#carrier = carrier
    this.#name = name
    const { signal, timeout, clock, rejectInternalAddresses } = checkLookup(options)
    this.#signal = signal
    this.#timeout = timeout
    this.#clock = clock
    this.#rejectInternal = rejectInternalAddresses
    if (this.#signal?.aborted) {
      this.answers.reject(failureOfAbort(this.#signal.reason))
      return
    }
    this.#forgetSignal = onAbort(this.#signal, () => this.#giveUp(failureOfAbort(this.#signal?.reason)))
    carrier.attach(this)
  }

  attached(place: StreamPlace): void {
    this.#place = place
    place.send(RelayCommand.RESOLVE, encodeResolve(this.#name))
    this.#stopTimer = startTimer(this.#clock, this.#timeout, () => {
      this.#giveUp(new SocketError('TIMEOUT', `the exit did not answer within ${this.#timeout} ms`))
    })
  }

  dataArrived(): void {
    throw new TorError('CIRCUIT_PROTOCOL', 'DATA on a lookup')
  }

  messageArrived(command: number, body: Uint8Array): void {
    this.#finish()
    this.#place?.leave()
    if (command === RelayCommand.END) this.answers.reject(failureOfEnd(decodeEnd(body), true))
    else this.#resolved(body)
  }

  readProcessed(): void {
    // nothing is handed on in pieces
  }

  circuitFailed(error: TorError | SocketError): void {
    this.#finish()
    this.answers.reject(failureOfCircuit(error))
  }

  #resolved(body: Uint8Array): void {
    let all: ResolvedAnswer[]
    try {
      all = decodeResolved(body)
    } catch (error) {
      this.answers.reject(failureOfCircuit(error as TorError))
      return
    }
    const found = all.filter((answer): answer is LookupAnswer => answer.type !== 'error')
    const usable = found.filter(
      (answer) => answer.type === 'hostname' || !this.#rejectInternal || !isInternal(answer.address),
    )
    if (usable.length > 0) {
      this.answers.resolve(usable)
      return
    }
    const failed = found.length === 0 && all.some((answer) => answer.type === 'error' && !answer.transient)
    this.answers.reject(
      failed
        ? new SocketError('RESOLVE_FAILED', 'the name does not resolve')
        : new SocketError(
            'RESOLVE_TRANSIENT',
            found.length > 0 ? 'the name resolves to internal addresses only' : 'the name could not be resolved now',
          ),
    )
  }

  #giveUp(failure: SocketError): void {
    this.#finish()
    this.answers.reject(failure)
    const place = this.#place
    if (place) leaveLookup(place)
    else this.#carrier.withdraw(this)
  }

  #finish(): void {
    this.#stopTimer?.()
    this.#forgetSignal?.()
  }
}

const isInternal = (address: string): boolean => isInternalAddress(parseIPAddress(address) as Uint8Array)
