/**
 * One link: what comes in messages of a WebSocket goes out over TCP, and back. Backpressure goes through it both ways, so that
 * what it holds is bounded: what waits for the page, {@link MAX_WAITING} and two reads; what waits for the relay, one read and
 * the socket's own buffer.
 *
 * @module
 */
/// <reference types="node" preserve="true" />
import type * as net from 'node:net'
import type { WebSocket } from 'ws'
import { startBackgroundTimer, startTimer, type Clock } from '../../base/waiting/clock.ts'
import { deferred, type Deferred } from '../../base/waiting/deferred.ts'
import type { Counters } from './gateway-counters.ts'

/** How many bytes may wait for the page before the relay is not read any more. */
export const MAX_WAITING = 262_144

/** How often a page is pinged, in ms: proxies cut what is silent, many of them after a minute. */
const PING_INTERVAL = 45_000

/** How many pings or pongs a page may send in the time between two of ours: browsers send none unasked. */
const MAX_CONTROLS = 64

/** How long a side may take to end after the other one has, in ms. */
const END_GRACE = 10_000

/** How long pages may take to end when the gateway closes, in ms. */
const CLOSE_GRACE = 1000

/** Codes of a close frame (RFC 6455, section 7.4.1, and the registry of IANA). */
const GOING_AWAY = 1001
const NO_TEXT = 1003
const TOO_MUCH = 1008
const BAD_GATEWAY = 1014

/** What a link needs. */
export interface GatewayLinkOptions {
  readonly idleTimeout: number
  readonly clock: Clock
  readonly counters: Counters
}

/** One link. From now on the events of both sockets belong to it. */
export class GatewayLink {
  readonly #page: WebSocket
  readonly #relay: net.Socket
  readonly #options: GatewayLinkOptions
  readonly #closed: Deferred<void> = deferred()
  /** When a byte last passed either way, and when the page was last heard of. */
  #passed: number
  #heard: number
  #controls = 0
  #stopTimer: () => void
  #stopGrace: (() => void) | undefined
  #open = 2

  /** @param page - open, and nothing read of it yet */
  constructor(page: WebSocket, relay: net.Socket, options: GatewayLinkOptions) {
    this.#page = page
    this.#relay = relay
    this.#options = options
    this.#passed = this.#heard = options.clock.now()
    page.on('message', (data: Uint8Array, isBinary) => this.#fromPage(data, isBinary))
    page.on('ping', (data) => this.#pinged(data))
    page.on('pong', () => this.#controlled())
    page.on('error', () => (options.counters.broken += 1)) // it has said why in its close frame
    page.on('close', () => this.#pageClosed())
    relay.on('error', () => undefined) // it closes then
    relay.on('data', (data) => this.#fromRelay(data))
    relay.on('drain', () => page.resume())
    relay.on('end', () => page.close(1000))
    relay.on('close', (hadError) => this.#relayClosed(hadError))
    this.#stopTimer = this.#watch()
  }

  /** Resolves when nothing is left of it. */
  get closed(): Promise<void> {
    return this.#closed.promise
  }

  /** Ends it now: the page is told, and has a moment to answer. */
  close(): void {
    this.#end(GOING_AWAY, CLOSE_GRACE)
  }

  #fromPage(data: Uint8Array, isBinary: boolean): void {
    if (!isBinary) return this.#break(NO_TEXT)
    this.#passed = this.#heard = this.#options.clock.now()
    this.#options.counters.bytesToRelays += data.length
    if (data.length === 0 || !this.#relay.writable) return
    if (!this.#relay.write(data)) this.#page.pause()
  }

  #fromRelay(data: Uint8Array): void {
    const page = this.#page
    this.#options.counters.bytesFromRelays += data.length
    page.send(data, { binary: true }, (error) => {
      if (error) return // it is closed, or closes
      this.#passed = this.#options.clock.now()
      if (this.#relay.isPaused() && page.bufferedAmount <= MAX_WAITING / 2) this.#relay.resume()
    })
    if (page.bufferedAmount > MAX_WAITING) this.#relay.pause()
  }

  /** A pong is due for the last ping only (RFC 6455, section 5.5.3): so none as long as the page does not read. */
  #pinged(data: Uint8Array): void {
    this.#controlled()
    if (this.#page.bufferedAmount <= MAX_WAITING) this.#page.pong(data, false, () => undefined)
  }

  #controlled(): void {
    this.#heard = this.#options.clock.now()
    this.#controls += 1
    if (this.#controls > MAX_CONTROLS) this.#break(TOO_MUCH)
  }

  #break(code: number): void {
    if (this.#page.readyState !== this.#page.OPEN) return
    this.#options.counters.broken += 1
    this.#end(code, CLOSE_GRACE)
  }

  #watch(): () => void {
    const { clock, idleTimeout } = this.#options
    return startBackgroundTimer(clock, Math.min(PING_INTERVAL, idleTimeout / 4), () => {
      const now = clock.now()
      // A page that is not read cannot be heard.
      if (this.#page.isPaused) this.#heard = now
      this.#controls = 0
      if (now - this.#passed >= idleTimeout || now - this.#heard >= idleTimeout) {
        this.#options.counters.idle += 1
        return this.#end(GOING_AWAY, CLOSE_GRACE)
      }
      if (this.#page.bufferedAmount === 0) this.#page.ping(undefined, false, () => undefined)
      this.#stopTimer = this.#watch()
    })
  }

  #end(code: number, grace: number): void {
    this.#page.close(code)
    this.#relay.destroy()
    this.#stopGrace ??= startTimer(this.#options.clock, grace, () => this.#page.terminate())
  }

  #pageClosed(): void {
    // What the page has sent is still for the relay, if that takes it.
    this.#relay.destroySoon()
    if (!this.#relay.destroyed) {
      this.#stopGrace?.()
      this.#stopGrace = startTimer(this.#options.clock, END_GRACE, () => this.#relay.destroy())
    }
    this.#settle()
  }

  #relayClosed(hadError: boolean): void {
    this.#page.close(hadError ? BAD_GATEWAY : 1000)
    this.#page.resume() // or its end would not be heard
    this.#stopGrace ??= startTimer(this.#options.clock, END_GRACE, () => this.#page.terminate())
    this.#settle()
  }

  #settle(): void {
    this.#open -= 1
    if (this.#open > 0) return
    this.#stopTimer()
    this.#stopGrace?.()
    this.#closed.resolve()
  }
}
