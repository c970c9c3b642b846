/**
 * TLS to a relay by node:tls, in Node, Deno and Bun.
 *
 * The certificate is not checked here: the CERTS cell proves who the relay is, and binds it to this certificate
 * (tor-spec, "Negotiating and initializing connections").
 *
 * @module
 */
import { randomServerName } from './server-name.ts'
import { onAbort } from '../../base/waiting/abort.ts'
import { systemClock } from '../../base/waiting/clock.ts'
import { TorError } from '../../base/errors.ts'
import { withheld } from '../../base/withheld.ts'
import { builtinModule } from '../runtime/builtin.ts'
import { LinkInbox } from './link-inbox.ts'
import { nativeHello, type HelloOptions } from './native-hello.ts'
import { segmentAsTor } from './segments.ts'
import type { LinkTransport, LinkAddress, Link } from './transport.ts'
import { type LinkControl, type TlsSocket, linkOf } from './tls-link.ts'

/** A TCP connection that TLS is to run over, where node:tls is not to make its own. */
export interface TcpUnderTls extends LinkControl {
  /** A Duplex of node:stream. */
  readonly stream: object
}

interface TlsModule {
  connect(
    options: HelloOptions & {
      readonly host?: string
      readonly port?: number
      readonly socket?: object
      readonly servername: string
      readonly rejectUnauthorized: boolean
      readonly minVersion: 'TLSv1.2'
      readonly onread: {
        readonly buffer: Uint8Array
        callback(length: number, buffer: Uint8Array): boolean
      }
    },
  ): TlsSocket
}

interface NetModule {
  isIP(text: string): number
}

/** The longest TLS record, in bytes (RFC 8446, "Record Layer"): what a socket gives at once. */
const RECORD_SIZE: number = 16 * 1024

/**
 * The transport of Node, Deno and Bun.
 *
 * @param connectTcp makes the connection under TLS; otherwise node:tls makes it
 */
export function tlsTransport(
  connectTcp?: (address: LinkAddress, signal: AbortSignal) => Promise<TcpUnderTls>,
): LinkTransport {
  return {
    async connect(address, { signal }) {
      // A name would be looked up by the system's resolver, outside Tor.
      if (builtinModule<NetModule>('node:net').isIP(address.hostname) === 0) {
        throw new TypeError('"address.hostname" must be an IP address')
      }
      if (signal.aborted) throw aborted(signal)
      if (connectTcp === undefined)
        return await handshake({ host: address.hostname, port: address.port }, undefined, signal)
      let tcp: TcpUnderTls
      try {
        tcp = await connectTcp(address, signal)
      } catch (cause) {
        throw signal.aborted ? aborted(signal) : unreachable(cause)
      }
      return await handshake({ socket: tcp.stream }, tcp, signal)
    },
  }
}

function handshake(
  over: { readonly host: string; readonly port: number } | { readonly socket: object },
  tcp: TcpUnderTls | undefined,
  signal: AbortSignal,
): Promise<Link> {
  return new Promise((resolve, reject) => {
    // Relays write records of a few cells. In Node `onread` takes half the time of an event 'data' for each of them,
    // and replaces it; a runtime that does not know the option gives 'data'.
    const inbox = new LinkInbox({ pause: () => (tcp ?? socket).pause(), resume: () => (tcp ?? socket).resume() })
    const socket: TlsSocket = builtinModule<TlsModule>('node:tls').connect({
      ...over,
      // Deno's TLS, which runs over a connection of ours, is rustls: it offers what it likes.
      ...(tcp === undefined ? nativeHello() : {}),
      servername: randomServerName(),
      rejectUnauthorized: false,
      minVersion: 'TLSv1.2',
      onread: {
        buffer: new Uint8Array(RECORD_SIZE),
        callback: (length, buffer) => {
          inbox.push(buffer, length)
          return true
        },
      },
    })
    const fail = (error: TorError): void => {
      stopListening()
      // An error may still come before 'close', and would be thrown if nobody listened.
      socket.on('error', () => undefined)
      socket.destroy()
      tcp?.destroy()
      reject(error)
    }
    const onError = (cause: unknown): void => fail(unreachable(cause))
    const onEnd = (): void => fail(unreachable())
    const onSecure = (): void => {
      const certificate = socket.getPeerCertificate().raw
      if (certificate === undefined) return fail(unreachable(new TypeError('TLS without a certificate')))
      stopListening()
      if (tcp === undefined) segmentAsTor(socket)
      resolve(linkOf(socket, tcp ?? socket, new Uint8Array(certificate), systemClock, inbox))
    }
    const stopListening = (): void => {
      forget()
      for (const [event, listener] of listeners) socket.off(event, listener)
    }
    const listeners = [
      ['error', onError],
      ['end', onEnd],
      ['close', onEnd],
      ['secureConnect', onSecure],
    ] as const
    const forget = onAbort(signal, () => fail(aborted(signal)))
    for (const [event, listener] of listeners) socket.on(event, listener)
  })
}

const aborted = (signal: AbortSignal): TorError =>
  new TorError('ABORTED', 'The connection to the relay was given up', { cause: signal.reason })

const unreachable = (cause?: unknown): TorError =>
  new TorError('LINK_UNREACHABLE', 'Cannot connect to the relay', cause === undefined ? {} : { cause: withheld(cause) })
