/**
 * Which message is legal in which state of a stream. Whatever the table does not allow closes the circuit: a relay that
 * may send a client what it likes can mark its traffic (proposals 344 and 349).
 *
 * The hop is checked before this: each hop has stream ids of its own, so a message from another hop than the stream's
 * finds no stream at all.
 *
 * @module
 */
import { RelayCommand } from '../cell/commands.ts'

/**
 * Where a stream id stands.
 *
 * - `connecting`: BEGIN or BEGIN_DIR sent
 * - `open`: CONNECTED received
 * - `resolving`: RESOLVE sent
 * - `ended-connecting`, `ended-open`: we sent END in that state; what was on its way may still arrive
 * - `ended-resolving`: nobody waits for the RESOLVED any more
 */
export type StreamState = 'connecting' | 'open' | 'resolving' | 'ended-connecting' | 'ended-open' | 'ended-resolving'

const { CONNECTED, DATA, END, SENDME, RESOLVED } = RelayCommand

const LEGAL: Readonly<Record<StreamState, ReadonlySet<number>>> = {
  'connecting': new Set<number>([CONNECTED, END]),
  'open': new Set<number>([DATA, SENDME, END]),
  'resolving': new Set<number>([RESOLVED, END]),
  'ended-connecting': new Set<number>([CONNECTED, END]),
  'ended-open': new Set<number>([DATA, SENDME, END]),
  'ended-resolving': new Set<number>([RESOLVED, END]),
}

/** True when a relay may send `command` to a stream in `state`. */
export const isLegal = (state: StreamState, command: number): boolean => LEGAL[state].has(command)
