/**
 * Links to relays through a WebSocket gateway, one WebSocket a link (RFC 6455): what a page has where it cannot dial. The gateway
 * sees which relay is dialled, when, and how much passes; TLS and the relay's certificates are between the library and the
 * relay.
 *
 * @module
 */
import { checkOptions, type OptionNames } from '../../base/checks.ts'
import { systemClock, type Clock } from '../../base/waiting/clock.ts'
import { TorError } from '../../base/errors.ts'
import { quoted } from '../../base/quoted.ts'
import { withheld } from '../../base/withheld.ts'
import type { LinkAddress, LinkBytes, Transport } from '../../platform/links/transport.ts'
import { checkGatewayUrl, urlFor, type GatewayUrl } from './gateway-url.ts'
import { obstacleTo, watchPolicy } from './page-obstacles.ts'
import { openBySocket, type WebSocketConstructor } from './socket-events.ts'
import { openByStream, webSocketStreams } from './socket-streams.ts'

/** Options of {@link webSocketTransport}. */
export interface WebSocketTransportOptions {
  /** Where the gateway is, and how it is told of the relay. */
  readonly url: GatewayUrl
  /** Subprotocols to offer (RFC 6455, section 1.9): websockify wants `binary`. None by default. */
  readonly protocols?: string | readonly string[] | undefined
  /**
   * The most bytes that may have arrived on a link and wait for the library, where the runtime's WebSocket cannot be told to
   * read no more: with more, the link fails with `LINK_OVERFLOW`. A message counts for 256 bytes more than it has. Tor's own
   * windows let about half a megabyte of each circuit be on its way.
   *
   * @defaultValue 16777216
   */
  readonly receiveBufferLimit?: number | undefined
  /** The constructor of WebSockets, for a runtime that has none: that of the package `ws`. */
  readonly WebSocket?: WebSocketConstructor | undefined
  /** @internal */
  readonly clock?: Clock | undefined
}

const OPTION_NAMES: OptionNames<WebSocketTransportOptions> = {
  url: true,
  protocols: true,
  receiveBufferLimit: true,
  WebSocket: true,
  clock: true,
}

/**
 * Makes a transport of a WebSocket gateway.
 *
 * ```ts
 * const tor = await TorClient.open({ transport: webSocketTransport({ url: 'wss://gateway.example' }) })
 * ```
 *
 * Its `connect` fails with a TorError `LINK_UNREACHABLE` when the gateway cannot be reached, or does not reach the relay, and with
 * `LINK_FORBIDDEN` when the page's own rules forbid it (mixed content, a Content Security Policy). Links fail
 * with `LINK_CLOSED` when the WebSocket is gone, and with `LINK_OVERFLOW`.
 *
 * @throws TypeError or RangeError naming the option; TypeError where there are no WebSockets and none are given
 */
export function webSocketTransport(options: WebSocketTransportOptions): Transport {
  checkOptions(options, OPTION_NAMES)
  const { url, protocols = [], receiveBufferLimit = 16_777_216, clock = systemClock } = options
  checkGatewayUrl(url)
  if (typeof receiveBufferLimit !== 'number' || !(receiveBufferLimit > 0)) {
    throw new RangeError(
      `Cannot use the option receiveBufferLimit as it must be above 0: ${quoted(receiveBufferLimit)}`,
    )
  }
  const names = checkProtocols(protocols)
  const streams = options.WebSocket === undefined ? webSocketStreams() : undefined
  const WebSocket = options.WebSocket ?? (globalThis as { WebSocket?: WebSocketConstructor }).WebSocket
  if (streams === undefined && typeof WebSocket !== 'function') {
    throw new TypeError('Cannot make WebSockets in this runtime: give the option WebSocket')
  }
  return {
    async connect(address: LinkAddress, { signal }): Promise<LinkBytes> {
      signal.throwIfAborted()
      const target = urlFor(url, address)
      const obstacle = obstacleTo(target)
      if (obstacle !== undefined) throw new TorError('LINK_FORBIDDEN', obstacle)
      const policy = watchPolicy(target)
      try {
        return streams === undefined
          ? await openBySocket(WebSocket as WebSocketConstructor, target, names, { receiveBufferLimit, clock, signal })
          : await openByStream(streams, target, names, signal)
      } catch (cause) {
        if (signal.aborted) throw signal.reason
        const violation = await policy.violation()
        const problem = violation ?? 'The gateway cannot be reached, or does not reach the relay'
        const code = violation === undefined ? 'LINK_UNREACHABLE' : 'LINK_FORBIDDEN'
        throw new TorError(code, problem, { cause: withheld(cause) })
      } finally {
        policy.stop()
      }
    },
  }
}

/** The subprotocols, as a WebSocket takes them: tokens (RFC 9110, section 5.6.2), each once. */
function checkProtocols(given: string | readonly string[]): string[] {
  const names = typeof given === 'string' ? [given] : given
  if (!Array.isArray(names)) throw new TypeError(`Cannot use the option protocols as it is no list: ${quoted(given)}`)
  for (const name of names as readonly unknown[]) {
    if (typeof name === 'string' && /^[!#$%&'*+.^_`|~\w-]+$/.test(name)) continue
    throw new TypeError(`Cannot use the option protocols as this is no subprotocol: ${quoted(name)}`)
  }
  if (new Set(names).size < names.length) throw new TypeError('Cannot use the option protocols as it names one twice')
  return [...(names as readonly string[])]
}
