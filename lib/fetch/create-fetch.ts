/**
 * A `fetch` over any WinterTC `connect`: HTTP/1.1 with the semantics of the Fetch standard, as far as they make sense
 * without a page.
 *
 * What there is not: cookies, a Referer, a cache, `integrity` (it throws), the checks of `mode` and `credentials`
 * (there is no page whose origin would count), `data:` and `blob:` URLs, HTTP/2, time limits of its own (give a
 * `signal`). `redirect: 'manual'` gives the redirect as it is, as Node, Deno and Bun do. In a browser the runtime's
 * Response hides `Set-Cookie`, and its `text()` tells of a broken body by an error without a cause; `body` has the
 * cause.
 *
 * @module
 */
import { checkOptions, type OptionNames } from '../base/checks.ts'
import { systemClock, type Clock } from '../base/waiting/clock.ts'
import { Fetcher } from './fetcher.ts'
import type { FetchInit } from './request/request.ts'
import type { FetchConnect, FetchStartTls } from './connection/socket.ts'

/** Options of {@link createFetch}. */
export interface CreateFetchOptions {
  /** Makes each connection. Nothing goes out but through it. */
  readonly connect: FetchConnect
  /** Puts TLS on a connection for `https:`. Without it `connect` is asked for it by `secureTransport: 'on'`. */
  readonly startTls?: FetchStartTls | undefined
  /**
   * The most connections to one origin, under one isolation token, that wait for another request. 0: each request has
   * its own.
   *
   * @defaultValue 6
   */
  readonly maxIdlePerOrigin?: number | undefined
  /**
   * The most connections that wait, in all.
   *
   * @defaultValue 32
   */
  readonly maxIdle?: number | undefined
  /**
   * How long a connection waits, in ms; shorter where the server says so.
   *
   * @defaultValue 30000
   */
  readonly idleTimeout?: number | undefined
  /** @internal */
  readonly clock?: Clock | undefined
}

const CREATE_FETCH_OPTION_NAMES: OptionNames<CreateFetchOptions> = {
  connect: true,
  startTls: true,
  maxIdlePerOrigin: true,
  maxIdle: true,
  idleTimeout: true,
  clock: true,
}

/** A `fetch`, and the way to close the connections that it keeps. */
export interface Fetch {
  /**
   * Fetches. The Response is the runtime's own; its body is read from the connection only as fast as somebody reads it.
   * A body that nobody wants should be cancelled (`response.body?.cancel()`): it holds its connection.
   *
   * @throws TypeError as a rejection: for bad arguments, and for what fails on the way, with an `HttpError` or what
   * befell the connection as its `cause`. A body that breaks off errors in the same way. The signal's reason when it
   * aborts, in any phase.
   */
  (input: string | URL | Request, init?: FetchInit): Promise<Response>
  /** Closes the connections that wait. Those in use close when their response was read; further fetches reject. */
  close(): void
  /** Closes the connections that wait; fetches go on, over new ones. */
  closeIdle(): void
  /** As {@link Fetch.close}. */
  [Symbol.dispose](): void
}

/**
 * Makes a `fetch` that goes through `connect` only.
 *
 * ```ts
 * const fetch = createFetch({ connect: tor.connect })
 * const response = await fetch('http://example.com/')
 * console.log(await response.text())
 * fetch.close()
 * ```
 *
 * @throws TypeError or RangeError naming the option
 */
export function createFetch(options: CreateFetchOptions): Fetch {
  checkOptions(options, CREATE_FETCH_OPTION_NAMES)
  const { connect, startTls, maxIdlePerOrigin = 6, maxIdle = 32, idleTimeout = 30_000, clock = systemClock } = options
  if (typeof connect !== 'function') throw new TypeError('Cannot use the option connect as it is no function')
  if (startTls !== undefined && typeof startTls !== 'function')
    throw new TypeError('Cannot use the option startTls as it is no function')
  for (const [name, value] of Object.entries({ maxIdlePerOrigin, maxIdle, idleTimeout })) {
    if (!(value >= 0)) throw new RangeError(`Cannot use the option ${name} as it must be at least 0: ${value}`)
  }
  const limits = { perOrigin: maxIdlePerOrigin, total: maxIdle, timeout: idleTimeout }
  const fetcher = new Fetcher({ connect, startTls, limits, clock })
  const fetch = (input: string | URL | Request, init?: FetchInit): Promise<Response> => fetcher.fetch(input, init)
  const close = (): void => fetcher.close()
  return Object.assign(fetch, { close, closeIdle: () => fetcher.closeIdle(), [Symbol.dispose]: close })
}
