/**
 * TLS over a {@link SocketDuplex}, for HTTP/1.1, with the server's certificate checked.
 *
 * @module
 */
/// <reference types="node" preserve="true" />
import type * as net from 'node:net'
import type * as tls from 'node:tls'
import { builtinModule } from '../platform/builtin.ts'
import type { SocketDuplex } from './to-duplex.ts'

const { connect } = builtinModule<typeof tls>('node:tls')
const { isIP } = builtinModule<typeof net>('node:net')

/**
 * A TLS connection that has begun its handshake.
 *
 * @param host - who the certificate must be for, unless `options.servername` says otherwise
 * @param options - of `tls.connect`: `ca`, `cert`, `key`, ... What would turn the check off has no effect, nor has a way around `duplex`
 */
export function tlsOver(duplex: SocketDuplex, host: string, options: tls.ConnectionOptions = {}): tls.TLSSocket {
  const servername = options.servername ?? (isIP(host) === 0 ? host : '')
  const secured = connect({
    ...options,
    host,
    servername,
    socket: duplex,
    // An HTTP/2 answer would be taken for a broken one.
    ALPNProtocols: ['http/1.1'],
    rejectUnauthorized: true,
  })
  // Each takes the other along, whichever fails first.
  duplex.on('error', (error) => secured.destroy(error))
  secured.on('close', () => duplex.destroy())
  return secured
}
