/**
 * What a fetch asks of its connections: the part of the WinterTC Sockets API that it uses.
 *
 * @module
 */
import type { HttpSocket } from '../../http/connection/http-socket.ts'

/** Where a connection goes. */
export interface FetchAddress {
  /** A host name or an IP address; an IPv6 address has no brackets. */
  readonly hostname: string
  /** 1 to 65535. */
  readonly port: number
}

/** Whatever tells one activity of the application from another. Compared by identity. */
export type IsolationToken = string | number | symbol | object

/**
 * A condition on the exit, for a `connect` that chooses one: the relay is whatever that `connect` describes one by.
 * Compared by identity.
 */
export type ExitCondition = {
  /** True for an exit that may be used. */
  condition(relay: object): boolean
}['condition']

/** What a fetch tells `connect`, beside the address. */
export interface FetchConnectOptions {
  /** `'on'` for https, unless there is a `startTls`. */
  readonly secureTransport: 'off' | 'on'
  /** `['http/1.1']` with TLS. */
  readonly alpn?: string[]
  /** The token of the fetch that the connection is for, if it has one. */
  readonly isolation?: IsolationToken
  /** The condition of the fetch that the connection is for, if it has one. */
  readonly exit?: ExitCondition
}

/** A connection: a WinterTC socket, or what is like one. */
export interface FetchSocket extends HttpSocket {
  /** Whether there is TLS, if it says so: one that says `'off'` is not used for https. */
  readonly secureTransport?: string | undefined
}

/** Makes a connection, at once and pending. */
export type FetchConnect = (address: FetchAddress, options: FetchConnectOptions) => FetchSocket

/** Puts TLS on top of a connection, at once and pending. It must check the certificate against `hostname`. */
export type FetchStartTls = (
  socket: FetchSocket,
  options: { readonly hostname: string; readonly alpn: string[] },
) => FetchSocket
