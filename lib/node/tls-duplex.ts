/**
 * TLS over a {@link SocketDuplex}, for HTTP/1.1, with the server's certificate checked.
 *
 * @module
 */
/// <reference types="node" preserve="true" />
import type * as net from 'node:net'
import type * as tls from 'node:tls'
import { builtinModule } from '../platform/runtime/builtin.ts'
import { tlsSocketFailure } from './socket-failure.ts'
import type { SocketDuplex } from './to-duplex.ts'

const { connect, checkServerIdentity } = builtinModule<typeof tls>('node:tls')
const { isIP } = builtinModule<typeof net>('node:net')

/**
 * A TLS connection that has begun its handshake.
 *
 * @param host - who the certificate must be for, unless `options.servername` says otherwise
 * @param options - of `tls.connect`: `ca`, `cert`, `key`, ... What would turn the check off has no effect, nor has a
 * way around `duplex`; a `checkServerIdentity` is asked after the usual check, and can only refuse more
 * @throws what `tls.connect` does for options that are none; the duplex is destroyed then
 */
export function tlsOver(duplex: SocketDuplex, host: string, options: tls.ConnectionOptions = {}): tls.TLSSocket {
  // SNI has no dot at its end, and IP addresses are not sent (RFC 6066, section 3).
  const name = host.replace(/\.$/, '')
  const servername = options.servername?.replace(/\.$/, '') ?? (isIP(name) === 0 ? name : '')
  /** What the caller's own check says. */
  let refused: Error | undefined
  try {
    const secured = connect({
      ...options,
      host: name,
      servername,
      socket: duplex,
      // An HTTP/2 answer would be taken for a broken one.
      ALPNProtocols: ['http/1.1'],
      rejectUnauthorized: true,
      checkServerIdentity: (name, certificate) =>
        checkServerIdentity(name, certificate) ?? (refused = options.checkServerIdentity?.(name, certificate)),
    })
    withoutNames(secured, (error) => error === refused)
    readOnDemand(duplex, secured)
    // Each takes the other along, whichever fails first.
    duplex.on('error', (error) => secured.destroy(error))
    secured.on('close', () => duplex.destroy())
    return secured
  } catch (error) {
    duplex.destroy()
    throw error
  }
}

/**
 * Errors of the runtime's leave as ones that name no host.
 *
 * @param isCallers - true for what the caller said, who may say anything
 */
function withoutNames(secured: tls.TLSSocket, isCallers: (error: Error) => boolean): void {
  const told = (error: Error): Error => (isCallers(error) ? error : tlsSocketFailure(error))
  const destroy: (error?: Error, done?: unknown) => tls.TLSSocket = secured.destroy.bind(secured)
  const emit: (event: string | symbol, ...values: unknown[]) => boolean = secured.emit.bind(secured)
  Object.assign(secured, {
    destroy: (error?: Error | null, done?: unknown) => destroy(error ? told(error) : undefined, done),
    emit: (event: string | symbol, ...values: unknown[]) =>
      event === 'error' && values[0] instanceof Error ? emit(event, told(values[0])) : emit(event, ...values),
  })
}

/** Reads nothing below while TLS holds enough that nobody has taken: Deno's would read on, and keep it all. */
function readOnDemand(duplex: SocketDuplex, secured: tls.TLSSocket): void {
  const readBelow = duplex._read.bind(duplex)
  const readInside = secured._read.bind(secured)
  let isWanted = false
  duplex._read = (size) => {
    if (secured.readableLength >= secured.readableHighWaterMark) isWanted = true
    else readBelow(size)
  }
  secured._read = (size) => {
    readInside(size)
    if (!isWanted) return
    isWanted = false
    readBelow(size)
  }
}
