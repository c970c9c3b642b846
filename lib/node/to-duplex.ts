/**
 * A WinterTC socket as a Duplex of node:stream that passes for a `net.Socket` where one is expected: by node:http,
 * node:tls, and what takes a `stream` or `socket` option.
 *
 * @module
 */
/// <reference types="node" preserve="true" />
import type * as stream from 'node:stream'
import { checkOptions, type OptionNames } from '../base/checks.ts'
import { LONGEST_TIMER } from '../base/checks.ts'
import { systemClock, type Clock } from '../base/waiting/clock.ts'
import { builtinModule } from '../platform/runtime/builtin.ts'
import { asError, pairDuplexOptions } from '../platform/tls/pair-duplex.ts'
import type { NodeSocketSource } from './connect.ts'
import { IdleTimer } from './idle-timer.ts'
import { socketFailure } from './socket-failure.ts'

/** A Duplex with the methods and properties of a `net.Socket` that have a meaning here, or do no harm. */
export interface SocketDuplex extends stream.Duplex {
  /** True until the far end is reached; then come the events `connect` and `ready`. */
  readonly connecting: boolean
  /** True until the far end is reached. */
  readonly pending: boolean
  /** As `net.Socket` has it. */
  readonly readyState: 'opening' | 'open' | 'readOnly' | 'writeOnly' | 'closed'
  /** The far end's IP address, when it is known. */
  readonly remoteAddress: string | undefined
  /** The far end's port, when it is known. */
  readonly remotePort: number | undefined
  /** `IPv4` or `IPv6`, when it is known. */
  readonly remoteFamily: string | undefined
  /** Always undefined: no address of this side exists. */
  readonly localAddress: undefined
  /** Always undefined. */
  readonly localPort: undefined
  /** Bytes that came in. */
  readonly bytesRead: number
  /** Bytes that the socket has taken. */
  readonly bytesWritten: number
  /** What {@link setTimeout} was given, ms; undefined when there is no limit. */
  readonly timeout: number | undefined
  /** Emits `timeout` when no bytes have moved for `timeout` ms, without doing anything else; 0 stops that. */
  setTimeout(timeout: number, callback?: () => void): this
  /** Without effect: a Tor stream has no such thing. */
  setKeepAlive(on?: boolean, delay?: number): this
  /** Without effect: what is written in one turn leaves at its end. */
  setNoDelay(on?: boolean): this
  /** Without effect. */
  ref(): this
  /** Without effect. */
  unref(): this
  /**
   * For whoever opens a socket that it was given (pg does): the listener is told as by the event `connect`. Whatever
   * address comes before it is without effect, as the stream is on its way to its own.
   */
  connect(...args: readonly unknown[]): this
  /** Ends the writable half once all is written, then destroys. */
  destroySoon(): void
  /** Always empty. */
  address(): Record<string, never>
}

/** Options of {@link toDuplex}. */
export interface ToDuplexOptions {
  /** @internal */
  readonly clock?: Clock | undefined
}

const TO_DUPLEX_OPTION_NAMES: OptionNames<ToDuplexOptions> = { clock: true }

const { Duplex } = builtinModule<typeof stream>('node:stream')

class WinterDuplex extends Duplex implements SocketDuplex {
  readonly localAddress: undefined
  readonly localPort: undefined
  bytesRead = 0
  bytesWritten = 0
  remoteAddress: string | undefined
  remotePort: number | undefined
  connecting = true
  timeout: number | undefined
  readonly #idle: IdleTimer

  constructor(socket: NodeSocketSource, clock: Clock) {
    super(
      pairDuplexOptions(socket, {
        received: (bytes) => {
          this.bytesRead += bytes
          this.#idle.note()
        },
        sent: (bytes) => {
          this.bytesWritten += bytes
          this.#idle.note()
        },
        failed: (error) => socketFailure(error),
        destroyed: (error) => {
          this.connecting = false
          this.#idle.set(0)
          socket.close(error ?? undefined).catch(() => undefined) // with what this Duplex has failed with
        },
      }),
    )
    this.#idle = new IdleTimer(clock, () => this.emit('timeout'))
    socket.opened.then(
      ({ remoteAddress }) => this.#connected(remoteAddress),
      (error: unknown) => this.destroy(socketFailure(asError(error))),
    )
  }

  get pending(): boolean {
    return this.connecting
  }

  get readyState(): SocketDuplex['readyState'] {
    if (this.connecting) return 'opening'
    if (this.readable) return this.writable ? 'open' : 'readOnly'
    return this.writable ? 'writeOnly' : 'closed'
  }

  get remoteFamily(): string | undefined {
    return this.remoteAddress === undefined ? undefined : this.remoteAddress.includes(':') ? 'IPv6' : 'IPv4'
  }

  setTimeout(timeout: number, callback?: () => void): this {
    if (typeof timeout !== 'number' || !(timeout >= 0))
      throw new RangeError('Cannot use the timeout as it must be at least 0 ms')
    // As in net.Socket: the callback is for the next time only, and 0 takes it away.
    if (callback !== undefined && timeout === 0) this.off('timeout', callback)
    if (callback !== undefined && timeout > 0) this.once('timeout', callback)
    const limit = Math.min(timeout, LONGEST_TIMER)
    this.timeout = limit === 0 ? undefined : limit
    if (!this.destroyed) this.#idle.set(limit)
    return this
  }

  connect(...args: readonly unknown[]): this {
    const listener = args.at(-1)
    if (typeof listener === 'function') this.once('connect', listener as () => void)
    return this
  }

  setKeepAlive(): this {
    return this
  }

  setNoDelay(): this {
    return this
  }

  ref(): this {
    return this
  }

  unref(): this {
    return this
  }

  destroySoon(): void {
    if (this.writableFinished) return void this.destroy()
    if (!this.writableEnded) this.end()
    this.once('finish', () => this.destroy())
  }

  address(): Record<string, never> {
    return {}
  }

  #connected(remoteAddress: string | null | undefined): void {
    if (this.destroyed) return
    const [, host, port] = /^\[?(.*?)\]?:(\d+)$/.exec(remoteAddress ?? '') ?? []
    this.connecting = false
    this.remoteAddress = host
    this.remotePort = port === undefined ? undefined : Number(port)
    this.#idle.note()
    this.emit('connect')
    this.emit('ready')
  }
}

/**
 * A Duplex over a WinterTC socket, whose two streams it locks.
 *
 * - It buffers one cell's worth (498 bytes) each way, so that backpressure remains the socket's.
 * - Both halves fail together, with a {@link SocketFailure} for a SocketError: its `code` is the one that Node's sockets
 *   have for such a failure (`ECONNRESET`, `ENOTFOUND`, …), its `torCode` is ours, and the SocketError is its `cause`.
 * - `destroy(error)` closes the socket, with `error` as the reason.
 * - When the far end has ended, so does the writable half: in Tor there is no half-close.
 *
 * @throws TypeError when a stream of `socket` is locked, or naming the option
 */
export function toDuplex(socket: NodeSocketSource, options: ToDuplexOptions = {}): SocketDuplex {
  checkOptions(options, TO_DUPLEX_OPTION_NAMES)
  return new WinterDuplex(socket, options.clock ?? systemClock)
}
