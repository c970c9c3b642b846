/**
 * What a circuit goes out by, and what it goes on to, where that is no link to another relay.
 *
 * @module
 */

import type { CellLink } from '../../link/cell-link.ts'

/** What is behind the last relay of a circuit: another circuit, or the end of an onion service. */
export interface Beyond {
  /** False once it is gone. */
  readonly open: boolean
  /** Cells that no relay of the circuit has recognised. Their bytes hold until this returns. */
  send(command: number, bodies: Uint8Array): void
  /** The circuit is gone. */
  destroy(reason: number): void
  /** The link of the circuit has room again. */
  roomAvailable(): void
}

/** By what a circuit sends to the side of the client. */
export interface CircuitWire {
  /** False while a sender should wait. */
  readonly hasRoom: boolean
  /** Undefined when there is room, else a promise of it. */
  whenRoom(): Promise<void> | undefined
  /** Sends `count` cells whose bodies stand one after the other. */
  sendRun(circuitId: number, command: number, bodies: Uint8Array, count: number): void
  /** The circuit is closed. */
  forget(): void
}

/** How a circuit on a link sends. */
export function wireOn(
  link: { readonly cells: CellLink; readonly circuits: Map<number, unknown> },
  id: number,
): CircuitWire {
  const { cells, circuits } = link
  return {
    get hasRoom() {
      return cells.hasRoom
    },
    whenRoom: () => cells.whenRoom(),
    sendRun: (...run) => cells.sendRun(...run),
    forget: () => void circuits.delete(id),
  }
}
