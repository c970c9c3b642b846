/**
 * `tor-streams/tls`: TLS 1.3 as a client over any pair of streams, with the certificate check of the web. It knows nothing of
 * Tor.
 *
 * @module tor-streams/tls
 */
export { SocketError, type ErrorCode } from './base/errors.ts'
export { connectTls, type ConnectTlsOptions, type TlsCarrier, type TlsStreams } from './tls13/streams/connect-tls.ts'
