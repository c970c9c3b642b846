/**
 * What a caller may choose about TLS on top of a stream.
 *
 * @module
 */
import { checkOptions, type OptionNames } from '../base/checks.ts'
import type { TlsAdapter } from '../platform/tls/tls-adapter.ts'

/** `'off'`: bytes as they are. `'on'`: TLS at once. `'starttls'`: bytes as they are, until `startTls()`. */
export type SecureTransport = 'off' | 'on' | 'starttls'

/** How TLS is made, and whom it trusts. Certificates are always checked. */
export interface TlsOptions {
  /** The authorities to trust instead of those of the runtime: PEM, one or several certificates in each string. */
  readonly ca?: string | readonly string[] | undefined
  /** The TLS to use: a runtime without one of its own (a browser) needs it. By default the runtime's own. */
  readonly adapter?: TlsAdapter | undefined
}

/** Every option of `tls`. */
export const TLS_OPTION_NAMES: OptionNames<TlsOptions> = { ca: true, adapter: true }

/** Options of a stream that may have TLS on top. The WinterTC names keep their meaning. */
export interface SecureOptions {
  /**
   * TLS on top of the stream.
   *
   * @defaultValue 'off'
   */
  readonly secureTransport?: SecureTransport | undefined
  /** Who the server's certificate must be for, and what SNI says; the host of the address by default. */
  readonly sni?: string | undefined
  /** The protocols to offer by ALPN, the best first; none by default. */
  readonly alpn?: readonly string[] | undefined
  /** How TLS is made, and whom it trusts. */
  readonly tls?: TlsOptions | undefined
}

/** What is left to know once options are checked. */
export interface ResolvedTls {
  readonly mode: 'on' | 'starttls'
  readonly serverName: string
  readonly alpn: readonly string[]
  readonly ca: readonly string[] | undefined
  readonly adapter: TlsAdapter | undefined
}

/**
 * Checks options and fills in the defaults.
 *
 * @param host - a host name, or an IP address without brackets
 * @returns undefined when no TLS is asked for
 * @throws TypeError naming the option
 */
export function resolveTls(options: SecureOptions, host: string): ResolvedTls | undefined {
  const { secureTransport = 'off', sni = host, alpn = [], tls = {} } = options
  if (secureTransport !== 'off' && secureTransport !== 'on' && secureTransport !== 'starttls') {
    throw new TypeError("Cannot use the option secureTransport as it is none of 'off', 'on' and 'starttls'")
  }
  const serverName = typeof sni === 'string' ? sni.replace(/\.$/, '') : ''
  if (serverName === '') throw new TypeError('Cannot use the option sni as it is no name')
  checkProtocols(alpn)
  checkOptions(tls, TLS_OPTION_NAMES, 'tls')
  const { adapter } = tls
  const ca = authoritiesOf('tls.ca', tls.ca)
  if (adapter !== undefined && typeof (adapter as Partial<TlsAdapter> | null)?.secure !== 'function') {
    throw new TypeError('Cannot use the option tls.adapter as it has no function secure')
  }
  if (secureTransport === 'off') return undefined
  return { mode: secureTransport, serverName, alpn, ca, adapter }
}

/**
 * Checks the option `alpn`.
 *
 * @throws TypeError naming the option
 */
export function checkProtocols(alpn: readonly string[]): void {
  if (!Array.isArray(alpn) || !alpn.every(isProtocolName)) {
    throw new TypeError('Cannot use the option alpn as it is no list of names of 1 to 255 characters')
  }
}

/**
 * The option of authorities as a list.
 *
 * @param name - of the option
 * @throws TypeError naming the option
 */
export function authoritiesOf(name: string, ca: TlsOptions['ca']): readonly string[] | undefined {
  if (ca === undefined) return undefined
  const list: readonly string[] = typeof ca === 'string' ? [ca] : ca
  if (!isTexts(list)) {
    throw new TypeError(`Cannot use the option ${name} as it is no text, and no list of texts`)
  }
  return list
}

const isTexts = (value: unknown): boolean =>
  Array.isArray(value) && value.length > 0 && value.every((each) => typeof each === 'string' && each !== '')

const isProtocolName = (name: unknown): boolean => typeof name === 'string' && name.length > 0 && name.length <= 255
