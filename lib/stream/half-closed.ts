/**
 * What is left of a stream after we sent END: an entry that keeps the id taken and counts exactly what may still arrive
 * (tor-spec, "Closing streams"; proposal 344 tells why it matters).
 *
 * @module
 */
import { RelayCommand } from '../cell/commands.ts'
import type { StreamEndpoint, StreamPlace } from './carrier.ts'
import type { StreamState } from './legality.ts'
import type { ReceiveWindow, SendWindow } from './windows.ts'

/**
 * Takes over a stream's id and windows: one CONNECTED if it was pending, as much DATA as the deliver window still allows, as
 * many SENDMEs as the package window has room for. END or RESOLVED frees the id.
 */
export class HalfClosedStream implements StreamEndpoint {
  #state: StreamState
  readonly #place: StreamPlace
  readonly #sendWindow: SendWindow
  readonly #receiveWindow: ReceiveWindow

  constructor(state: StreamState, place: StreamPlace, sendWindow: SendWindow, receiveWindow: ReceiveWindow) {
    this.#state = state
    this.#place = place
    this.#sendWindow = sendWindow
    this.#receiveWindow = receiveWindow
  }

  get state(): StreamState {
    return this.#state
  }

  receiveData(): void {
    this.#receiveWindow.take()
  }

  receive(command: number): void {
    if (command === RelayCommand.CONNECTED) this.#state = 'ended-open'
    else if (command === RelayCommand.SENDME) this.#sendWindow.increment()
    else this.#place.leave()
  }

  endOfPass(): void {
    // nothing is handed on
  }

  fail(): void {
    // nobody waits
  }
}
