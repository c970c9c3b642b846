/**
 * A proxy on a TCP port of this machine, in Node, Deno and Bun: SOCKS, and HTTP on the same port if asked.
 *
 * Whoever reaches the port uses Tor as the user of this machine does, and learns what is behind it. So it listens on
 * loopback unless told otherwise.
 *
 * @module
 */
import { parseIPAddress } from '../cell/ip-address.ts'
import { onAbort } from '../base/waiting/abort.ts'
import { deferred } from '../base/waiting/deferred.ts'
import { EitherHandshake } from '../http-connect/serve-proxy.ts'
import { builtinModule } from '../platform/runtime/builtin.ts'
import type { ProxyHandshake, ProxyWarning } from '../proxy/handshake.ts'
import {
  PROXY_OPTION_NAMES,
  resolveProxyOptions,
  type ProxyOptions,
  type ResolvedProxyOptions,
} from '../proxy/options.ts'
import { serve } from '../proxy/serve.ts'
import { SocksHandshake } from '../socks/handshake.ts'
import { handshakeOptions } from '../socks/stage.ts'
import { checkOptions, duration, flag, type OptionNames } from '../base/checks.ts'
import { quoted } from '../base/quoted.ts'
import { withInput } from '../base/withheld.ts'
import { HandshakePlaces } from './handshake-places.ts'
import { TcpConnection, type NetSocket } from './tcp-connection.ts'

/** Options of {@link listenSocks}. */
export interface ListenSocksOptions extends Omit<ProxyOptions, 'onHandshakeEnd'> {
  /** Where to listen, 1 to 65535, or 0 for any port that is free. Tor's own is 9050. */
  readonly port: number
  /**
   * The address to listen on: one of loopback, `localhost` being `127.0.0.1`.
   *
   * @defaultValue '127.0.0.1'
   */
  readonly hostname?: string | undefined
  /**
   * Allow an address that other machines reach. SOCKS has no encryption, and the credentials are not checked.
   *
   * @defaultValue false
   */
  readonly allowRemote?: boolean | undefined
  /**
   * Serve as an HTTP proxy on the same port: CONNECT, and requests for `http:`.
   *
   * @defaultValue false
   */
  readonly http?: boolean | undefined
  /**
   * How many clients may be in the middle of their handshakes. One more, and the one that began first is dropped: an
   * honest client needs a moment, so that it is the slow ones who go.
   *
   * @defaultValue 1024
   */
  readonly maxHandshakes?: number | undefined
  /**
   * With `allowHalfOpen`: how long a client that has ended its side is kept while nothing is sent to it, in ms. It may
   * be waiting for its answer, or it may be gone: only bytes that are sent to it would tell.
   *
   * @defaultValue 60000
   */
  readonly halfOpenTimeout?: number | undefined
  /** Closes the listener and every connection. */
  readonly signal?: AbortSignal | undefined
}

const LISTEN_OPTION_NAMES: OptionNames<ListenSocksOptions> = {
  ...PROXY_OPTION_NAMES,
  port: true,
  hostname: true,
  allowRemote: true,
  http: true,
  maxHandshakes: true,
  halfOpenTimeout: true,
}

/** A proxy that listens. */
export interface SocksListener {
  /** The address, an IPv6 one without brackets. */
  readonly address: string
  /** The port, also where 0 was asked for. */
  readonly port: number
  /** How many connections there are. */
  readonly connections: number
  /** Ends the listener and every connection. Resolves when nothing is left. Idempotent. */
  close(): Promise<void>
  /** As `close()`. */
  [Symbol.asyncDispose](): Promise<void>
}

/** The part of node:net that is used. */
interface NetModule {
  createServer(options: { readonly allowHalfOpen: boolean }, onConnection: (socket: NetSocket) => void): NetServer
}

interface NetServer {
  on(event: string, listener: (value: never) => void): unknown
  once(event: string, listener: (value: never) => void): unknown
  off(event: string, listener: (value: never) => void): unknown
  listen(port: number, hostname: string): unknown
  address(): { readonly address: string; readonly port: number }
  close(callback: () => void): unknown
}

/**
 * Starts a SOCKS proxy on a port of this machine. Clients with the same credentials, or with none, may share circuits,
 * with each other and with the program's own streams: give it `tor.isolated().connect` to keep those apart.
 *
 * ```ts
 * await using proxy = await listenSocks({ connect: tor.connect, resolve: tor.resolve, port: 9050 })
 * ```
 *
 * @throws TypeError or RangeError (as a rejection) naming the option; a hostname that is not loopback without
 * `allowRemote` too
 * @throws (as a rejection) the runtime's error when it cannot listen there, or the signal's reason
 */
export async function listenSocks(options: ListenSocksOptions): Promise<SocksListener> {
  const listener = new Listener(options)
  await listener.start()
  return listener
}

class Listener implements SocksListener {
  readonly #hostname: string
  readonly #port: number
  readonly #newHandshake: () => ProxyHandshake
  readonly #options: ResolvedProxyOptions
  readonly #times: ConstructorParameters<typeof TcpConnection>[1]
  readonly #signal: AbortSignal | undefined
  readonly #places: HandshakePlaces
  readonly #server: NetServer
  /** Each connection until nothing is left of it. */
  readonly #open = new Set<Promise<void>>()
  /** Ends all of them. */
  readonly #ending = new AbortController()
  #address = { address: '', port: 0 }
  #closing: Promise<void> | undefined
  #forgetSignal: (() => void) | undefined

  constructor(options: ListenSocksOptions) {
    checkOptions(options, LISTEN_OPTION_NAMES)
    const { port, hostname, allowRemote, http, maxHandshakes = 1024, halfOpenTimeout, ...proxyOptions } = options
    const resolved = resolveProxyOptions(proxyOptions)
    const { signal, clock } = resolved
    if (!Number.isInteger(port) || port < 0 || port > 65_535) {
      throw new RangeError(`Cannot use the option port as it must be between 0 and 65535: ${quoted(port)}`)
    }
    if (!Number.isInteger(maxHandshakes) || maxHandshakes < 1) {
      throw new RangeError(`Cannot use the option maxHandshakes as it must be at least 1: ${quoted(maxHandshakes)}`)
    }
    this.#port = port
    this.#hostname = listeningAddress(hostname ?? '127.0.0.1', flag('allowRemote', allowRemote ?? false))
    const ofHandshakes = handshakeOptions(resolved)
    this.#newHandshake = flag('http', http ?? false)
      ? () => new EitherHandshake(ofHandshakes)
      : () => new SocksHandshake(ofHandshakes)
    this.#options = { ...resolved, signal: this.#ending.signal, onWarning: onceEach(resolved.onWarning) }
    this.#times = { halfOpenTimeout: duration('halfOpenTimeout', halfOpenTimeout ?? 60_000), clock }
    this.#signal = signal
    this.#places = new HandshakePlaces(maxHandshakes)
    const net = builtinModule<NetModule>('node:net')
    this.#server = net.createServer({ allowHalfOpen: true }, (socket) => this.#accept(socket))
  }

  get address(): string {
    return this.#address.address
  }

  get port(): number {
    return this.#address.port
  }

  get connections(): number {
    return this.#open.size
  }

  async start(): Promise<void> {
    this.#signal?.throwIfAborted()
    const listening = deferred<void>()
    this.#server.once('error', listening.reject)
    this.#server.once('listening', listening.resolve)
    this.#server.listen(this.#port, this.#hostname)
    await listening.promise
    this.#server.off('error', listening.reject)
    this.#server.on('error', () => undefined) // a connection that could not be accepted: its client knows
    const { address, port } = this.#server.address()
    this.#address = { address, port }
    this.#forgetSignal = onAbort(this.#signal, () => void this.close())
    if (!this.#signal?.aborted) return
    await this.close()
    throw this.#signal.reason
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(): Promise<void> {
    this.#forgetSignal?.()
    const closed = deferred<void>()
    this.#server.close(() => closed.resolve())
    this.#ending.abort(new DOMException('The proxy is closing', 'AbortError'))
    await Promise.all([closed.promise, ...this.#open])
  }

  #accept(socket: NetSocket): void {
    const connection = this.#handle(socket).finally(() => this.#open.delete(connection))
    this.#open.add(connection)
  }

  async #handle(socket: NetSocket): Promise<void> {
    const connection = new TcpConnection(socket, this.#times)
    const destroy = (): void => connection.destroy()
    // Nothing that `serve` awaits may keep the connection.
    const forget = onAbort(this.#ending.signal, destroy)
    this.#places.take(destroy)
    await serve(connection, this.#newHandshake(), {
      ...this.#options,
      onHandshakeEnd: () => this.#places.leave(destroy),
    })
    await connection.closed
    forget()
  }
}

/** Checks that nobody else can reach the address, or that others may. A name is not looked up. */
function listeningAddress(hostname: unknown, allowRemote: boolean): string {
  const host = hostname === 'localhost' ? '127.0.0.1' : hostname
  const address = typeof host === 'string' ? parseIPAddress(host) : undefined
  if (address === undefined)
    throw withInput(new TypeError('Cannot use the option hostname as it is no IP address'), hostname)
  const isLoopback =
    address.length === 4 ? address[0] === 127 : address.every((byte, index) => byte === (index === 15 ? 1 : 0))
  if (!isLoopback && !allowRemote) {
    const why = 'as other machines reach it, unless allowRemote is true'
    throw withInput(new RangeError(`Cannot use the option hostname ${why}`), hostname)
  }
  return host as string
}

/** Tells of each kind of warning once. */
function onceEach(onWarning: (warning: ProxyWarning) => void): (warning: ProxyWarning) => void {
  const told = new Set<ProxyWarning['kind']>()
  return (warning) => {
    if (told.has(warning.kind)) return
    told.add(warning.kind)
    onWarning(warning)
  }
}
