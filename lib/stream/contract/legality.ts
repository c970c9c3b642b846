/**
 * Which message is legal in which state of a stream. Whatever the table does not allow closes the circuit: a relay that
 * may send a client what it likes can mark its traffic (proposals 344 and 349).
 *
 * The hop is checked before this: each hop has stream ids of its own, so a message from another hop than the stream's
 * finds no stream at all.
 *
 * @module
 */
import { RelayCommand } from '../../cell/commands.ts'
import type { FlowControlKind } from './socket-info.ts'

/**
 * Where a stream that carries DATA stands.
 *
 * - `connecting`: BEGIN or BEGIN_DIR sent
 * - `accepting`: BEGIN received, and not answered yet: what the far end sends ahead of the answer waits
 * - `open`: CONNECTED received
 * - `ended-connecting`, `ended-open`: we sent END in that state; what was on its way may still arrive
 */
export type StreamPhase = 'connecting' | 'accepting' | 'open' | 'ended-connecting' | 'ended-open'

/**
 * Where a stream id stands: its phase, and whether congestion control runs on the circuit, which has XON and XOFF in
 * place of SENDME. A lookup has neither:
 *
 * - `resolving`: RESOLVE sent
 * - `ended-resolving`: nobody waits for the RESOLVED any more
 */
export type StreamState = StreamPhase | `${StreamPhase} under congestion control` | 'resolving' | 'ended-resolving'

/** What the phases of a stream are called under one kind of flow control. */
export type StreamStates = Readonly<Record<StreamPhase, StreamState>>

/** The states of a stream under each kind of flow control, by its phase. */
export const STATES: Readonly<Record<FlowControlKind, StreamStates>> = {
  'windows': {
    'connecting': 'connecting',
    'accepting': 'accepting',
    'open': 'open',
    'ended-connecting': 'ended-connecting',
    'ended-open': 'ended-open',
  },
  'congestion-control': {
    'connecting': 'connecting under congestion control',
    'accepting': 'accepting under congestion control',
    'open': 'open under congestion control',
    'ended-connecting': 'ended-connecting under congestion control',
    'ended-open': 'ended-open under congestion control',
  },
}

const { CONNECTED, DATA, END, SENDME, RESOLVED, XOFF, XON } = RelayCommand

const LEGAL: Readonly<Record<StreamState, ReadonlySet<number>>> = {
  'connecting': new Set<number>([CONNECTED, END]),
  'accepting': new Set<number>([DATA, END]),
  'open': new Set<number>([DATA, SENDME, END]),
  'ended-connecting': new Set<number>([CONNECTED, END]),
  'ended-open': new Set<number>([DATA, SENDME, END]),
  // An exit holds optimistic data until it is connected: it may have enough of it by then.
  'connecting under congestion control': new Set<number>([CONNECTED, XOFF, XON, END]),
  'accepting under congestion control': new Set<number>([DATA, END]),
  'open under congestion control': new Set<number>([DATA, XOFF, XON, END]),
  'ended-connecting under congestion control': new Set<number>([CONNECTED, XOFF, XON, END]),
  'ended-open under congestion control': new Set<number>([DATA, XOFF, XON, END]),
  'resolving': new Set<number>([RESOLVED, END]),
  'ended-resolving': new Set<number>([RESOLVED, END]),
}

/** True when a relay may send `command` to a stream in `state`. */
export const isLegal = (state: StreamState, command: number): boolean => LEGAL[state].has(command)
