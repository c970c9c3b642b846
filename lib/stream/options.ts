/**
 * What a caller may choose about one stream, with the defaults in one place.
 *
 * @module
 */
import { BeginFlag } from '../cell/relay/begin.ts'
import { systemClock, type Clock } from '../base/waiting/clock.ts'
import { TLS_OPTION_NAMES, type SecureOptions } from '../tls/options.ts'
import { abortSignal, checkOptions, duration, flag, type OptionNames } from '../base/checks.ts'
import { quoted } from '../base/quoted.ts'
import type { TlsLayer } from './contract/stream-face.ts'
import { hasByteStreams } from '../base/streams/readable.ts'
import { nativeStreams, type ReadableType, type StreamConstructors } from '../base/streams/stream-constructors.ts'

/**
 * Which addresses the exit may connect to (tor-spec, "Opening streams"). A host name that has both is reached over IPv4
 * unless IPv6 is preferred. With `'any'`, and with `'prefer-ipv6'`, IPv6 is possible where the exit is known to let out
 * the port over it.
 */
export type AddressFamily = 'any' | 'ipv4' | 'ipv6' | 'prefer-ipv6'

/** Options of a stream. The WinterTC names keep their meaning. */
export interface StreamOptions extends SecureOptions {
  /** Gives up the stream in any phase: both sides error with `ABORTED`, and the far end is told. */
  readonly signal?: AbortSignal | undefined
  /**
   * How long the far end may take to answer, in ms from the BEGIN on. `Infinity` for no limit.
   *
   * @defaultValue 30000
   */
  readonly timeout?: number | undefined
  /**
   * Send DATA right behind BEGIN, without waiting for CONNECTED: it saves a round trip, and the exit holds the bytes
   * until it is connected.
   *
   * @defaultValue true; of a `TorClient` what its network says (`UseOptimisticData`), which this goes before
   */
  readonly optimistic?: boolean | undefined
  /**
   * `writable.close()` sends END at once, for protocols whose server waits for the end. Otherwise END waits until
   * `readable` is done too, as Tor has no half-close.
   *
   * @defaultValue false
   */
  readonly endOnClose?: boolean | undefined
  /**
   * How long an upload may pause after `readable` was cancelled before the stream ends, in ms.
   *
   * @defaultValue 10000
   */
  readonly linger?: number | undefined
  /** @defaultValue 'any' */
  readonly addressFamily?: AddressFamily | undefined
  /**
   * Fail the stream when the exit says that it connected to an internal or private address: an exit that does may be
   * lying about who it talks to. A private network needs this off.
   *
   * @defaultValue true
   */
  readonly rejectInternalAddresses?: boolean | undefined
  /**
   * The most bytes that may wait in the stream for a reader, where nothing else bounds them: under congestion control
   * the far end is told to stop when 244,000 bytes wait (by the consensus of today), and what is on its way by then
   * comes on top. A far end that does not stop costs no more memory than this: the stream fails with
   * `RECEIVE_BUFFER_FULL`, and the circuit goes on. It must be more than 249,000, the window that a stream has without
   * congestion control; `Infinity` for no limit.
   *
   * @defaultValue 8388608
   */
  readonly receiveBufferLimit?: number | undefined
  /** The Web Streams to build with, for runtimes that have none. They do not mix with the runtime's own. */
  readonly streams?: StreamConstructors | undefined
  /**
   * `'default'` gives a readable without BYOB readers.
   *
   * @defaultValue `'bytes'` where the streams have byte streams
   */
  readonly readableType?: ReadableType | undefined
  /** Without effect: after the far end's END nothing can be sent in Tor. */
  readonly allowHalfOpen?: boolean | undefined
  /** @internal False for an onion service: BEGIN names the port alone, and no address answers. */
  readonly namesHost?: boolean | undefined
  /** @internal True for a stream that the far end began: the address is what it asked for. */
  readonly incoming?: boolean | undefined
  /** @internal How TLS is made; without it there is none. */
  readonly tlsLayer?: TlsLayer | undefined
  /** @internal */
  readonly clock?: Clock | undefined
}

/** Options with every default filled in. */
export interface ResolvedStreamOptions {
  readonly signal: AbortSignal | undefined
  readonly timeout: number
  readonly optimistic: boolean
  readonly endOnClose: boolean
  readonly linger: number
  readonly addressFamily: AddressFamily
  readonly rejectInternalAddresses: boolean
  readonly receiveBufferLimit: number
  readonly streams: StreamConstructors
  readonly readableType: ReadableType | undefined
  readonly namesHost: boolean
  readonly incoming: boolean
  readonly clock: Clock
}

/** Every option of a stream. */
export const STREAM_OPTION_NAMES: OptionNames<StreamOptions> = {
  secureTransport: true,
  alpn: true,
  sni: true,
  tls: true,
  signal: true,
  timeout: true,
  optimistic: true,
  endOnClose: true,
  linger: true,
  addressFamily: true,
  rejectInternalAddresses: true,
  receiveBufferLimit: true,
  streams: true,
  readableType: true,
  allowHalfOpen: true,
  namesHost: true,
  incoming: true,
  tlsLayer: true,
  clock: true,
}

/**
 * Checks defaults for streams, as far as their names go: what a default is worth is checked with each stream.
 *
 * @throws TypeError naming the option
 */
export function checkStreamDefaults(defaults: StreamOptions | undefined): void {
  if (defaults === undefined) return
  checkOptions(defaults, STREAM_OPTION_NAMES, 'streamDefaults')
  if (defaults.tls !== undefined) checkOptions(defaults.tls, TLS_OPTION_NAMES, 'streamDefaults.tls')
}

/** The flags of a BEGIN for each choice of addresses. */
export const BEGIN_FLAGS: Readonly<Record<AddressFamily, number>> = {
  'any': BeginFlag.IPV6_OK,
  'ipv4': 0,
  'ipv6': BeginFlag.IPV6_OK | BeginFlag.IPV4_NOT_OK,
  'prefer-ipv6': BeginFlag.IPV6_OK | BeginFlag.IPV6_PREFERRED,
}

/**
 * Checks options and fills in the defaults.
 *
 * @throws TypeError or RangeError naming the option
 */
export function resolveStreamOptions(options: StreamOptions): ResolvedStreamOptions {
  checkOptions(options, STREAM_OPTION_NAMES)
  const { addressFamily = 'any', readableType, streams = nativeStreams() } = options
  checkStreams(streams)
  if (typeof addressFamily !== 'string' || !Object.hasOwn(BEGIN_FLAGS, addressFamily)) {
    throw new TypeError(`Cannot use the option addressFamily: ${quoted(addressFamily)}`)
  }
  if (readableType !== undefined && readableType !== 'bytes' && readableType !== 'default') {
    throw new TypeError(`Cannot use the option readableType: ${quoted(readableType)}`)
  }
  if (readableType === 'bytes' && !hasByteStreams(streams)) {
    throw new TypeError("Cannot use the option readableType 'bytes' as there are no byte streams here")
  }
  return {
    signal: abortSignal('signal', options.signal),
    timeout: duration('timeout', options.timeout ?? 30_000),
    optimistic: flag('optimistic', options.optimistic ?? true),
    endOnClose: flag('endOnClose', options.endOnClose ?? false),
    linger: duration('linger', options.linger ?? 10_000),
    addressFamily,
    rejectInternalAddresses: flag('rejectInternalAddresses', options.rejectInternalAddresses ?? true),
    receiveBufferLimit: bufferLimit(options.receiveBufferLimit ?? 8_388_608),
    streams,
    readableType,
    namesHost: options.namesHost !== false,
    incoming: options.incoming === true,
    clock: options.clock ?? systemClock,
  }
}

/** What a stream may have to hold without congestion control, in bytes: its window of 500 full cells. */
const STREAM_WINDOW_BYTES = 249_000

function bufferLimit(value: number): number {
  if (typeof value === 'number' && value > STREAM_WINDOW_BYTES) return value
  throw new RangeError(
    `Cannot use the option receiveBufferLimit as it must be more than ${STREAM_WINDOW_BYTES} bytes: ${quoted(value)}`,
  )
}

function checkStreams(streams: StreamConstructors): void {
  for (const name of ['ReadableStream', 'WritableStream', 'TransformStream'] as const) {
    if (typeof (streams as Partial<StreamConstructors> | null)?.[name] !== 'function') {
      throw new TypeError(`Cannot use the option streams as it has no ${name}`)
    }
  }
}
