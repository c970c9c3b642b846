/**
 * A connector for undici's `Agent`, `Pool` and `Client`, of any version.
 *
 * @module
 */
/// <reference types="node" preserve="true" />
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { ConnectionOptions, TLSSocket } from 'node:tls'
import { checkOptions, type OptionNames } from '../base/checks.ts'
import { asError } from '../platform/tls/pair-duplex.ts'
import { addressOf, checkConnect, type NodeConnect } from './connect.ts'
import { socketFailure } from './socket-failure.ts'
import { TLS_CONNECT_OPTION_NAMES } from './node-option-names.ts'
import { Probes, refuseWhereIgnored, type ProvableHook, type SendProbe } from './proof.ts'
import { tlsOver } from './tls-duplex.ts'
import { toDuplex, type SocketDuplex } from './to-duplex.ts'

/** Options of {@link undiciConnector}. */
export interface UndiciConnectorOptions {
  /** Opens the streams. There is no other way out. */
  readonly connect: NodeConnect
  /**
   * Options of `tls.connect` for `https:`, such as `ca`. Those that would turn the check of certificates off have no
   * effect.
   */
  readonly tls?: ConnectionOptions | undefined
  /** @internal A proof follows before anybody gets the connector. */
  readonly proofFollows?: boolean | undefined
}

const CONNECTOR_OPTION_NAMES: OptionNames<UndiciConnectorOptions> = { connect: true, tls: true, proofFollows: true }

/** What undici tells a connector. */
export interface UndiciConnectOptions {
  /** A host name or an IP address. */
  readonly hostname: string
  /** `http:` or `https:`. */
  readonly protocol: string
  /** Empty for the protocol's own. */
  readonly port?: string | undefined
  /** The name for TLS, where it is not the host's. */
  readonly servername?: string | undefined
  /** A connection through a proxy of undici's own. */
  readonly httpSocket?: unknown
}

/** What undici is told: an error and null, or null and a connected socket. */
export type UndiciConnectCallback = (...args: [error: null, socket: Socket] | [error: Error, socket: null]) => void

/** A connector: a function for undici's option `connect`. */
export interface UndiciConnector extends ProvableHook {
  (options: UndiciConnectOptions, callback: UndiciConnectCallback): void
}

/**
 * A connector for undici: it always answers in a later turn (undici 7 and later hang otherwise), and offers HTTP/1.1
 * only.
 *
 * ```ts
 * import { Agent, fetch } from 'undici'
 * const dispatcher = new Agent({ connect: undiciConnector({ connect: tor.connect }) })
 * const response = await fetch('https://example.com/', { dispatcher })
 * ```
 *
 * Deno's own fetch ignores a dispatcher, and Bun replaces undici by a library that does: there a connector is made by
 * {@link provenConnector} only. Elsewhere {@link guardedFetch} makes a fetch that fails when it is ignored.
 *
 * @throws TypeError naming the option; in Deno and Bun always
 */
export function undiciConnector(options: UndiciConnectorOptions): UndiciConnector {
  checkOptions(options, CONNECTOR_OPTION_NAMES)
  const { connect, tls = {}, proofFollows } = options
  checkOptions(tls, TLS_CONNECT_OPTION_NAMES, 'tls')
  checkConnect(connect)
  if (proofFollows !== true) {
    refuseWhereIgnored(
      ['deno', 'bun'],
      'a connector for undici',
      'provenConnector(), createFetch(), or the proxy fronts',
    )
  }
  const probes = new Probes()
  const open = (
    { hostname, port, protocol, servername, httpSocket }: UndiciConnectOptions,
    callback: UndiciConnectCallback,
  ): void => {
    if (protocol !== 'http:' && protocol !== 'https:') {
      throw new TypeError('Cannot connect through Tor for a protocol other than http: and https:')
    }
    if (httpSocket !== undefined && httpSocket !== null) throw new TypeError("Cannot use a proxy of undici's over Tor")
    const address = addressOf(hostname, port, protocol)
    const probe = probes.answer(address)
    if (probe !== undefined) throw probe
    const duplex = toDuplex(connect(address))
    if (protocol === 'http:') return answerOn('connect', duplex, callback)
    const named = servername === undefined || servername === '' ? tls : { servername, ...tls }
    answerOn('secureConnect', tlsOver(duplex, address.hostname, named), callback)
  }
  const connector = (request: UndiciConnectOptions, callback: UndiciConnectCallback): void => {
    try {
      open(request, callback)
    } catch (error) {
      setTimeout(() => callback(socketFailure(asError(error)), null), 0)
    }
  }
  return Object.assign(connector, { prove: (send: SendProbe): Promise<void> => probes.prove(send) })
}

/**
 * A connector that a library has been shown to use; the only way to one in Deno and Bun.
 *
 * ```ts
 * const connector = await provenConnector({ connect: tor.connect }, (url, connector) =>
 *   fetch(url, { dispatcher: new Agent({ connect: connector }) }))
 * ```
 *
 * @param send - makes a request to `url` with the connector, in just the way in which later ones will be made
 * @throws TorError `HOOK_IGNORED` when the library ignores the connector
 */
export async function provenConnector(
  options: UndiciConnectorOptions,
  send: (url: string, connector: UndiciConnector) => unknown,
): Promise<UndiciConnector> {
  const connector = undiciConnector({ ...options, proofFollows: true })
  await connector.prove((url) => send(url, connector))
  return connector
}

/** Answers once the connection is there, or has failed. */
function answerOn(
  event: 'connect' | 'secureConnect',
  socket: SocketDuplex | TLSSocket,
  callback: UndiciConnectCallback,
): void {
  const duplex: Duplex = socket
  const stop = (): void => {
    duplex.off(event, succeed).off('error', fail).off('close', close)
  }
  const succeed = (): void => {
    stop()
    callback(null, duplex as Socket) // undici's type; it uses no more of it than this has
  }
  const fail = (error: Error): void => {
    stop()
    // An error that comes later still must have a listener.
    duplex.on('error', () => undefined)
    callback(error, null)
  }
  const close = (): void =>
    fail(Object.assign(new Error('the connection was closed before it was there'), { code: 'ECONNRESET' }))
  duplex.on(event, succeed).on('error', fail).on('close', close)
}
