/**
 * The reason bytes of END and DESTROY. A peer may send others: they are kept as numbers.
 *
 * @module
 */

/** Why a stream was closed (tor-spec, "Closing streams"). */
export const EndReason = {
  MISC: 1,
  RESOLVEFAILED: 2,
  CONNECTREFUSED: 3,
  EXITPOLICY: 4,
  DESTROY: 5,
  DONE: 6,
  TIMEOUT: 7,
  NOROUTE: 8,
  HIBERNATING: 9,
  INTERNAL: 10,
  RESOURCELIMIT: 11,
  CONNRESET: 12,
  TORPROTOCOL: 13,
  NOTDIRECTORY: 14,
} as const

/** Why a circuit was closed (tor-spec, "Tearing down circuits"). */
export const DestroyReason = {
  NONE: 0,
  PROTOCOL: 1,
  INTERNAL: 2,
  REQUESTED: 3,
  HIBERNATING: 4,
  RESOURCELIMIT: 5,
  CONNECTFAILED: 6,
  OR_IDENTITY: 7,
  CHANNEL_CLOSED: 8,
  FINISHED: 9,
  TIMEOUT: 10,
  DESTROYED: 11,
  NOSUCHSERVICE: 12,
} as const

/** The name of an END reason, or undefined for one that has none. */
export const endReasonName = (reason: number): keyof typeof EndReason | undefined =>
  (Object.keys(EndReason) as (keyof typeof EndReason)[]).find((name) => EndReason[name] === reason)

/** The name of a DESTROY or TRUNCATED reason, for messages to people. */
export const destroyReasonName = (reason: number): string =>
  (Object.keys(DestroyReason) as (keyof typeof DestroyReason)[]).find((name) => DestroyReason[name] === reason) ??
  `reason ${reason}`
