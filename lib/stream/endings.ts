/**
 * The ways in which a stream comes to its end, and what each does to its parts. Tor has no half-close: END, whoever
 * sends it, ends both directions (tor-spec, "Closing streams").
 *
 * @module
 */

/** What one way of ending does. */
export interface Ending {
  /** END goes out, after what was accepted, and an entry stays behind that counts what may still come. */
  readonly sendsEnd: boolean
  /** All that this side wrote has been sent before. */
  readonly isWhole: boolean
  /** How `closed` settles. */
  readonly closed: 'resolve' | 'reject'
  /** What the writable half does: an idle writable errors at once, or only when the readable has ended. */
  readonly write: 'fail' | 'remoteEnded'
  /** What the readable half does with the bytes that wait: closes or errors behind them, or drops them first. */
  readonly read: 'end' | 'fail' | 'close' | 'abort'
}

type EndingName = 'givenUp' | 'notNeeded' | 'closed' | 'cutOff' | 'farEndDone' | 'broken'

export const ENDINGS: Readonly<Record<EndingName, Ending>> = {
  /** `writable.abort()`, a signal, a timeout, an answer that is refused, a far end that sends on and on. */
  givenUp: { sendsEnd: true, isWhole: false, closed: 'reject', write: 'fail', read: 'abort' },
  /** Nothing more will be written or read: the writable closed or silent, and the readable cancelled or at its end. */
  notNeeded: { sendsEnd: true, isWhole: true, closed: 'resolve', write: 'fail', read: 'end' },
  /** `close()`, when no write waits. */
  closed: { sendsEnd: true, isWhole: true, closed: 'resolve', write: 'fail', read: 'close' },
  /** `close(reason)`, or `close()` while a write waits, which then rejects. */
  cutOff: { sendsEnd: true, isWhole: false, closed: 'resolve', write: 'fail', read: 'close' },
  /** END with the reason DONE, after CONNECTED. */
  farEndDone: { sendsEnd: false, isWhole: false, closed: 'resolve', write: 'remoteEnded', read: 'end' },
  /** Any other END, or the circuit is gone. Truncation never looks like an end. */
  broken: { sendsEnd: false, isWhole: false, closed: 'reject', write: 'fail', read: 'fail' },
}
