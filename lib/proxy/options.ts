/**
 * What a caller may choose about a proxy front, with the defaults in one place.
 *
 * @module
 */
import { systemClock, type Clock } from '../base/waiting/clock.ts'
import { abortSignal, checkOptions, duration, flag, type OptionNames } from '../base/checks.ts'
import type { ProxyConnect, ProxyResolve } from './connect.ts'
import type { ProxyWarning } from './handshake.ts'

/** Options of every proxy front. */
export interface ProxyOptions {
  /** Opens the streams. There is no other way out: what it does not open is refused. */
  readonly connect: ProxyConnect
  /** Answers RESOLVE and RESOLVE_PTR of SOCKS clients. Without it these commands are refused. */
  readonly resolve?: ProxyResolve | undefined
  /**
   * Tell SOCKS5 clients of what befell an onion service by the reply codes 0xF0 to 0xF7, which not every client knows
   * (proposal 304).
   *
   * @defaultValue false
   */
  readonly extendedErrors?: boolean | undefined
  /** Called when a client does what its user should know of. What it throws ends the connection. */
  readonly onWarning?: ((warning: ProxyWarning) => void) | undefined
  /**
   * How long a client may take until its request is complete, in ms. What comes after has the limits of `connect`.
   *
   * @defaultValue 30000
   */
  readonly handshakeTimeout?: number | undefined
  /**
   * Keep the stream when the client has ended its side of the connection, until the answer is complete. A client that
   * has left looks the same, and whether it waits for an answer only bytes that are sent to it would tell. So, as with C
   * tor, the end of a client ends its stream at once, after what it sent, unless this is true; what had not reached it
   * is lost, and its connection breaks so that this is no clean end.
   *
   * @defaultValue false
   */
  readonly allowHalfOpen?: boolean | undefined
  /** Ends the connection in any phase. */
  readonly signal?: AbortSignal | undefined
  /** @internal Called once, when the handshake is complete or has come to nothing. */
  readonly onHandshakeEnd?: (() => void) | undefined
  /** @internal */
  readonly clock?: Clock | undefined
}

/** Every option of a proxy front. */
export const PROXY_OPTION_NAMES: OptionNames<ProxyOptions> = {
  connect: true,
  resolve: true,
  extendedErrors: true,
  onWarning: true,
  handshakeTimeout: true,
  allowHalfOpen: true,
  signal: true,
  onHandshakeEnd: true,
  clock: true,
}

/** Options with every default filled in. */
export interface ResolvedProxyOptions {
  readonly connect: ProxyConnect
  readonly resolve: ProxyResolve | undefined
  readonly extendedErrors: boolean
  readonly onWarning: (warning: ProxyWarning) => void
  readonly handshakeTimeout: number
  readonly allowHalfOpen: boolean
  readonly signal: AbortSignal | undefined
  readonly onHandshakeEnd: () => void
  readonly clock: Clock
}

/**
 * Checks options and fills in the defaults.
 *
 * @throws TypeError or RangeError naming the option
 */
export function resolveProxyOptions(options: ProxyOptions): ResolvedProxyOptions {
  checkOptions(options, PROXY_OPTION_NAMES)
  const { connect, resolve, onWarning = () => undefined, onHandshakeEnd = () => undefined } = options
  for (const [name, value] of Object.entries({ connect, onWarning, ...(resolve === undefined ? {} : { resolve }) })) {
    if (typeof value !== 'function') throw new TypeError(`Cannot use the option ${name} as it is no function`)
  }
  return {
    connect,
    resolve,
    extendedErrors: flag('extendedErrors', options.extendedErrors ?? false),
    onWarning,
    handshakeTimeout: duration('handshakeTimeout', options.handshakeTimeout ?? 30_000),
    allowHalfOpen: flag('allowHalfOpen', options.allowHalfOpen ?? false),
    signal: abortSignal('signal', options.signal),
    onHandshakeEnd,
    clock: options.clock ?? systemClock,
  }
}
