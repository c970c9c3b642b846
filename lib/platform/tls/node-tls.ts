/**
 * TLS on top of a stream by node:tls, in Node, Deno and Bun: to the far end of a stream, with its certificate checked.
 * (tls.ts is the TLS of links to relays, which is another matter.)
 *
 * @module
 */
import { onAbort } from '../../base/waiting/abort.ts'
import { SocketError } from '../../base/errors.ts'
import type { PortSource } from '../../base/streams/byte-port.ts'
import { builtinModule } from '../runtime/builtin.ts'
import { asError, CELL_BYTES, type DuplexSelf, pairDuplexOptions, type PairDuplexOptions } from './pair-duplex.ts'
import type { TlsAdapter, TlsConnection, TlsRequest } from './tls-adapter.ts'
import { tlsFailure } from './tls-failure.ts'
import { tlsStreams, type TlsStreamSocket } from './tls-streams.ts'

interface StreamModule {
  readonly Duplex: new (options: PairDuplexOptions & { readonly autoDestroy: boolean }) => TlsBelow
}

/** The Duplex that TLS runs over. */
interface TlsBelow extends DuplexSelf {
  readonly writableNeedDrain: boolean
  on(event: string, listener: (error: Error) => void): this
  off(event: string, listener: (error: Error) => void): this
}

interface TlsModule {
  connect(options: {
    readonly socket: object
    readonly host: string
    readonly servername: string
    readonly ALPNProtocols: readonly string[] | undefined
    readonly ca: readonly string[] | undefined
    readonly rejectUnauthorized: true
    readonly minVersion: 'TLSv1.2'
    readonly highWaterMark: number
  }): SecuredSocket
}

interface NetModule {
  isIP(text: string): number
}

/** The part of a TLSSocket that is used here. */
interface SecuredSocket extends TlsStreamSocket {
  readonly alpnProtocol: string | false | null
  readonly authorizationError?: unknown
  pause(): unknown
  resume(): unknown
  push(bytes: Uint8Array | null, encoding?: string): boolean
}

/** The TLS of Node, Deno and Bun. */
export function nodeTls(): TlsAdapter {
  return { secure: (below, request) => new Promise((resolve, reject) => handshake(below, request, resolve, reject)) }
}

function handshake(
  below: PortSource,
  request: TlsRequest,
  resolve: (connection: TlsConnection) => void,
  reject: (error: unknown) => void,
): void {
  const { serverName, alpn, ca, signal } = request
  const { Duplex } = builtinModule<StreamModule>('node:stream')
  /** What the streams below failed with: TLS would tell it in its own words. */
  let failure: Error | undefined
  const options = pairDuplexOptions(below, {
    failed: (error) => {
      failure ??= error
      return undefined
    },
  })
  /** A runtime's TLS may read on while it is paused (Deno's does): so there is nothing to read then. */
  let isShut = false
  /** A read that came while it was shut. */
  let isWanted = false
  const raw = new Duplex({
    ...options,
    read() {
      if (isShut) isWanted = true
      else options.read.call(this)
    },
    // It stays when the far end has ended, until TLS has handed on what it holds.
    allowHalfOpen: true,
    autoDestroy: false,
  })
  let hasEndedBelow = false
  let isTruncated = false
  // Before TLS listens, so that it is known when TLS passes the end on.
  raw.on('end', () => {
    hasEndedBelow = true
  })
  raw.on('error', (error) => socket.destroy(error))

  const socket = builtinModule<TlsModule>('node:tls').connect({
    socket: raw,
    host: serverName,
    servername: builtinModule<NetModule>('node:net').isIP(serverName) === 0 ? serverName : '',
    ALPNProtocols: alpn.length === 0 ? undefined : alpn,
    ca,
    rejectUnauthorized: true,
    minVersion: 'TLSv1.2',
    highWaterMark: CELL_BYTES,
  })
  let hasEnded = false
  // TLS ends its readable both on the server's close_notify and when the bytes below end, perhaps one after the other.
  // Only the first is an end.
  const push = socket.push.bind(socket)
  socket.push = (bytes, encoding) => {
    if (bytes === null) {
      if (!hasEnded) isTruncated = hasEndedBelow
      hasEnded = true
    }
    return push(bytes, encoding)
  }

  const told = (error: unknown): unknown => failure ?? tlsFailure(error, Boolean(socket.authorizationError), serverName)
  const settle = (): void => {
    socket.off('secureConnect', onSecure).off('error', onError).off('end', onEnd).off('close', onEnd)
  }
  const fail = (error: unknown): void => {
    settle()
    // More may come, and would be thrown if nobody listened.
    socket.on('error', () => undefined)
    forget()
    socket.destroy()
    raw.destroy()
    reject(error)
  }
  const giveUp = (): void => {
    const error = asError(signal.reason)
    fail(error)
    socket.destroy(error)
  }
  const onError = (error: unknown): void => fail(told(error))
  const onEnd = (): void =>
    fail(failure ?? new SocketError('TLS_FAILED', 'the server ended the connection amid the TLS handshake'))
  const onSecure = (): void => {
    settle()
    const { readable, writable } = tlsStreams(socket, {
      isTruncated: () => isTruncated,
      told,
      pause() {
        isShut = true
        socket.pause()
      },
      resume() {
        isShut = false
        if (isWanted) options.read.call(raw)
        isWanted = false
        socket.resume()
      },
      whenTaken(done) {
        if (!raw.writableNeedDrain || raw.destroyed) return done()
        const taken = (): void => {
          raw.off('drain', taken).off('close', taken)
          done()
        }
        raw.on('drain', taken).on('close', taken)
      },
    })
    socket.on('close', () => {
      forget()
      raw.destroy()
    })
    resolve({ readable, writable, alpn: socket.alpnProtocol || undefined })
  }
  socket.on('secureConnect', onSecure).on('error', onError).on('end', onEnd).on('close', onEnd)
  let forget = (): void => undefined // until it is known, for a signal that has aborted
  forget = onAbort(signal, giveUp)
}
