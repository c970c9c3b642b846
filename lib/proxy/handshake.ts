/**
 * What every proxy protocol comes down to, without any I/O: bytes of the client in, replies and in the end one request
 * out.
 *
 * @module
 */
import type { ProxyAddress, ProxyAnswer } from './connect.ts'

/** A client's conduct that its user should know of. Each kind needs telling once. */
export interface ProxyWarning {
  /**
   * - `socks4-address`, `socks5-address`: the client gave an IP address instead of a name. It may have looked the name
   *   up itself, outside Tor
   * - `http-on-socks`: an HTTP client speaks to a port that is for SOCKS only
   * - `unknown-protocol`: what the client says is the beginning of neither protocol
   */
  readonly kind: 'socks4-address' | 'socks5-address' | 'http-on-socks' | 'unknown-protocol'
  /** For people. It names no host. */
  readonly message: string
}

/** What every request has. */
interface AnyRequest {
  /** The isolation token that is made of the client's credentials. */
  readonly isolation: string | undefined
  /** The reply that says why it came to nothing. The connection closes after it. */
  failed(error: unknown): Uint8Array
}

/** What of the bytes behind a request belongs to it. */
export interface RequestBody {
  /**
   * The bytes that came next, without those behind its end.
   *
   * @throws Error when they are no such body
   */
  take(bytes: Uint8Array): Uint8Array
}

/** The client wants a stream. */
export interface ConnectRequest extends AnyRequest {
  readonly command: 'connect'
  readonly address: ProxyAddress
  /** See {@link ProxyCircuitChoice}. */
  readonly addressFamily?: 'ipv4'
  /** The reply that says that the stream is open, perhaps nothing. What follows it is the stream. */
  readonly granted: Uint8Array
  /** Where not all that the client sends goes to the stream: what does. */
  readonly body?: RequestBody
}

/** The client wants the addresses of a name, or the name of an address. */
export interface LookupRequest extends AnyRequest {
  readonly command: 'resolve' | 'resolve-ptr'
  /** For `resolve-ptr` an IP address, for `resolve` mostly a name. */
  readonly hostname: string
  /** The reply with the answer that fits best, or one that says that none fits. The connection closes after it. */
  answered(answers: readonly ProxyAnswer[]): Uint8Array
}

/** What a client of a proxy may ask for. */
export type ProxyRequest = ConnectRequest | LookupRequest

/**
 * What has become of a handshake:
 * - `more`: the client has to send more; `reply` is for it, perhaps nothing
 * - `request`: after `reply` the handshake is complete; `rest` is what the client sent behind it, in advance
 * - `refused`: the connection closes after `reply`
 */
export type HandshakeStep =
  | { readonly type: 'more'; readonly reply: Uint8Array }
  | {
      readonly type: 'request'
      readonly reply: Uint8Array
      readonly request: ProxyRequest
      readonly rest: Uint8Array
      readonly warning: ProxyWarning | undefined
    }
  | { readonly type: 'refused'; readonly reply: Uint8Array; readonly warning: ProxyWarning | undefined }

/** The server's side of one handshake. It holds no more bytes than the longest message of its protocol has. */
export interface ProxyHandshake {
  /**
   * Takes what the client sent next, cut in any way. Never throws. Not to be called again once a step is not `more`.
   */
  take(bytes: Uint8Array): HandshakeStep
}

/** Nothing to say. */
export const NO_BYTES: Uint8Array<ArrayBuffer> = new Uint8Array(0)
