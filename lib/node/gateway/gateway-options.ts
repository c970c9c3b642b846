/**
 * Options of a gateway, checked.
 *
 * @module
 */
import { abortSignal, checkOptions, duration, flag, type OptionNames } from '../../base/checks.ts'
import { systemClock, type Clock } from '../../base/waiting/clock.ts'
import { quoted } from '../../base/quoted.ts'
import { withInput } from '../../base/withheld.ts'
import { parseIPAddress } from '../../cell/ip-address.ts'
import type { ClientStatus } from '../../client/bootstrap/status.ts'
import type { NetworkConfig } from '../../directory/network/network-config.ts'
import type { DirectorySnapshot } from '../../directory/snapshot.ts'
import type { Storage } from '../../platform/storage/storage.ts'
import type { RelayList } from './relay-list.ts'

/** Options of {@link listenGateway}. */
export interface ListenGatewayOptions {
  /** Where to listen, 1 to 65535, or 0 for any port that is free. */
  readonly port: number
  /**
   * The IP address to listen on, `localhost` being `127.0.0.1`. A gateway speaks no TLS: what other machines reach is best
   * a proxy of HTTPS in front of it.
   *
   * @defaultValue '127.0.0.1'
   */
  readonly hostname?: string | undefined
  /**
   * Whose relays: those of the public network, or of one of one's own.
   *
   * @defaultValue 'public'
   */
  readonly network?: 'public' | NetworkConfig | undefined
  /** Where the directory is kept; as for `TorClient.open`. */
  readonly storage?: Storage | undefined
  /**
   * The origins whose pages are served, such as `https://a.example`; all of them by default. It keeps other pages out, not
   * other programs, which may say what they like.
   */
  readonly origin?: string | readonly string[] | undefined
  /**
   * How many links there may be in all.
   *
   * @defaultValue 1024
   */
  readonly maxLinks?: number | undefined
  /**
   * How many links one client may have, which is one IPv4 address or the first 64 bits of an IPv6 one. A Tor client needs one
   * to three.
   *
   * @defaultValue 16
   */
  readonly maxLinksPerClient?: number | undefined
  /**
   * After how long without a byte either way a link ends, in ms. Tor's links send padding more often than that.
   *
   * @defaultValue 300000
   */
  readonly idleTimeout?: number | undefined
  /**
   * How long a relay may take to accept a connection, in ms.
   *
   * @defaultValue 10000
   */
  readonly dialTimeout?: number | undefined
  /**
   * Whether a proxy in front is believed when it says who its client is (the last address of `X-Forwarded-For`). Without a
   * proxy anybody could say anything, and have as many links as there are addresses.
   *
   * @defaultValue false
   */
  readonly trustForwarded?: boolean | undefined
  /**
   * Connect to relays on private and loopback addresses too: for networks of tests only.
   *
   * @defaultValue false
   */
  readonly allowPrivate?: boolean | undefined
  /**
   * How long the first directory may take, in ms.
   *
   * @defaultValue 120000
   */
  readonly timeout?: number | undefined
  /** Called as the first directory comes. */
  readonly onProgress?: ((status: ClientStatus) => void) | undefined
  /** Closes the gateway and every link. */
  readonly signal?: AbortSignal | undefined
  /** @internal */
  readonly clock?: Clock | undefined
  /** @internal */
  readonly directory?: GatewayDirectory | undefined
  /** @internal */
  readonly headTimeout?: number | undefined
}

/** What says which relays there are. */
export interface GatewayDirectory extends RelayList {
  /** All of it, for clients that have none; the same object as long as it is the same. */
  readonly snapshot: DirectorySnapshot | undefined
  /** Until when it is the newest there is, in ms since the epoch. */
  readonly freshUntil: number | undefined
  close(): Promise<void>
}

/** Options, with what was left out. */
export interface GatewaySettings {
  readonly port: number
  readonly hostname: string
  readonly origins: ReadonlySet<string> | undefined
  readonly maxLinks: number
  readonly maxLinksPerClient: number
  readonly idleTimeout: number
  readonly dialTimeout: number
  /** How long the head of a request may take, in ms. */
  readonly headTimeout: number
  readonly trustForwarded: boolean
  readonly allowPrivate: boolean
  readonly timeout: number
  readonly signal: AbortSignal | undefined
  readonly clock: Clock
}

const OPTION_NAMES: OptionNames<ListenGatewayOptions> = {
  port: true,
  hostname: true,
  network: true,
  storage: true,
  origin: true,
  maxLinks: true,
  maxLinksPerClient: true,
  idleTimeout: true,
  dialTimeout: true,
  trustForwarded: true,
  allowPrivate: true,
  timeout: true,
  onProgress: true,
  signal: true,
  clock: true,
  directory: true,
  headTimeout: true,
}

/**
 * Checks the options.
 *
 * @throws TypeError or RangeError naming the option
 */
export function gatewaySettings(options: ListenGatewayOptions): GatewaySettings {
  checkOptions(options, OPTION_NAMES)
  const { port, hostname = '127.0.0.1', origin } = options
  return {
    port: whole('port', port, 0, 65_535),
    hostname: listeningAddress(hostname),
    origins:
      origin === undefined ? undefined : new Set((typeof origin === 'string' ? [origin] : origin).map(checkOrigin)),
    maxLinks: whole('maxLinks', options.maxLinks ?? 1024, 1, 65_536),
    maxLinksPerClient: whole('maxLinksPerClient', options.maxLinksPerClient ?? 16, 1, 65_536),
    idleTimeout: duration('idleTimeout', options.idleTimeout ?? 300_000),
    dialTimeout: duration('dialTimeout', options.dialTimeout ?? 10_000),
    headTimeout: duration('headTimeout', options.headTimeout ?? 10_000),
    trustForwarded: flag('trustForwarded', options.trustForwarded ?? false),
    allowPrivate: flag('allowPrivate', options.allowPrivate ?? false),
    timeout: duration('timeout', options.timeout ?? 120_000),
    signal: abortSignal('signal', options.signal),
    clock: options.clock ?? systemClock,
  }
}

/**
 * Checks an origin as a browser writes it: scheme, host, and the port where it is not the scheme's own.
 *
 * @throws TypeError naming the option
 */
export function checkOrigin(origin: string): string {
  if (typeof origin === 'string' && URL.canParse(origin)) {
    const { origin: written, protocol } = new URL(origin)
    if ((protocol === 'https:' || protocol === 'http:') && written === origin.replace(/\/$/, '').toLowerCase())
      return written
  }
  throw withInput(
    new TypeError('Cannot use the option origin as it is no http: or https: origin, which has no path'),
    origin,
  )
}

function whole(name: string, value: number, least: number, most: number): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value
  throw new RangeError(`Cannot use the option ${name} as it must be between ${least} and ${most}: ${quoted(value)}`)
}

function listeningAddress(hostname: unknown): string {
  const host = hostname === 'localhost' ? '127.0.0.1' : hostname
  if (typeof host === 'string' && parseIPAddress(host) !== undefined) return host
  throw withInput(new TypeError('Cannot use the option hostname as it is no IP address'), hostname)
}
