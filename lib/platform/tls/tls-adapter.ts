/**
 * TLS on top of a stream: what it is given, and what it gives.
 *
 * @module
 */

import type { BufferSource } from '../../base/streams/buffer-source.ts'
/** What a TLS connection is to be made with. */
export interface TlsRequest {
  /**
   * Who the certificate must be for: a host name, or an IP address without brackets. A name is also sent as SNI (RFC
   * 6066, section 3).
   */
  readonly serverName: string
  /** The protocols to offer by ALPN (RFC 7301), the best first; none are offered when it is empty. */
  readonly alpn: readonly string[]
  /** PEM certificates of the only authorities to trust; undefined for those that the runtime trusts. */
  readonly ca: readonly string[] | undefined
  /** Gives up the connection in any phase. */
  readonly signal: AbortSignal
}

/** A TLS connection whose handshake is over. */
export interface TlsConnection {
  /**
   * What the server sends. It ends when the server has said so (close_notify), and errors when the bytes below end
   * without that.
   */
  readonly readable: ReadableStream<Uint8Array>
  /**
   * What goes to the server. A write resolves when the streams below have taken it; closing it tells the server
   * (close_notify).
   */
  readonly writable: WritableStream<Uint8Array>
  /** The protocol that the server chose by ALPN. */
  readonly alpn: string | undefined
}

/**
 * TLS on top of a stream, for a runtime that has none of its own: a TLS library, wrapped.
 *
 * It must check the certificate chain, its time and its name, and never go on without: what it lets pass is trusted. It
 * must fetch nothing (certificates of issuers, revocation lists) by itself, as that would go beside Tor. It should hold
 * no more bytes than one TLS record each way, so that backpressure remains the stream's.
 */
export interface TlsAdapter {
  /**
   * Makes the handshake over `below`, whose streams become its own.
   *
   * Rejects when the handshake fails: with a SocketError `TLS_CERTIFICATE` when the certificate is at fault, with the
   * streams' own error when they fail, with anything else otherwise. After that, and when `signal` aborts, `below` may
   * be left as it is.
   */
  secure(
    below: { readonly readable: ReadableStream<Uint8Array>; readonly writable: WritableStream<BufferSource> },
    request: TlsRequest,
  ): Promise<TlsConnection>
}
