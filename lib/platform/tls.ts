/**
 * TLS to a relay by node:tls, in Node, Deno and Bun, as a pair of Web Streams of our own: `Readable.toWeb` and
 * `Writable.toWeb` cost several times as much.
 *
 * The certificate is not checked here: the CERTS cell proves who the relay is, and binds it to this certificate (tor-spec,
 * "Negotiating and initializing connections").
 *
 * @module
 */
import { TorError } from '../errors.ts'
import { builtinModule } from './builtin.ts'
import type { Link, LinkAddress, Transport } from './platform.ts'
import { linkOf } from './tls-link.ts'
import type { TlsSocket } from './tls-link.ts'

interface TlsModule {
  connect(options: {
    readonly host: string
    readonly port: number
    readonly servername: string
    readonly rejectUnauthorized: boolean
    readonly minVersion: 'TLSv1.2'
  }): TlsSocket
}

interface NetModule {
  isIP(text: string): number
}

/** The transport of Node, Deno and Bun. */
export function tlsTransport(): Transport {
  return { connect: (address, { signal }) => dial(address, signal) }
}

function dial(address: LinkAddress, signal: AbortSignal): Promise<Link> {
  return new Promise((resolve, reject) => {
    // A name would be looked up by the system's resolver, outside Tor.
    if (builtinModule<NetModule>('node:net').isIP(address.hostname) === 0) {
      throw new TypeError('"address.hostname" must be an IP address')
    }
    if (signal.aborted) throw aborted(signal)
    const socket = builtinModule<TlsModule>('node:tls').connect({
      host: address.hostname,
      port: address.port,
      servername: randomHostname(),
      rejectUnauthorized: false,
      minVersion: 'TLSv1.2',
    })
    const fail = (error: TorError): void => {
      done()
      // An error may still come before 'close', and would be thrown if nobody listened.
      socket.on('error', () => undefined)
      socket.destroy()
      reject(error)
    }
    const onAbort = (): void => fail(aborted(signal))
    const onError = (cause: unknown): void => fail(unreachable(cause))
    const onClose = (): void => fail(unreachable())
    const onSecure = (): void => {
      const certificate = socket.getPeerCertificate().raw
      if (certificate === undefined) return fail(unreachable(new TypeError('TLS without a certificate')))
      done()
      socket.setNoDelay(true)
      resolve(linkOf(socket, new Uint8Array(certificate)))
    }
    const done = (): void => {
      signal.removeEventListener('abort', onAbort)
      socket.off('error', onError)
      socket.off('close', onClose)
      socket.off('secureConnect', onSecure)
    }
    signal.addEventListener('abort', onAbort)
    socket.on('error', onError)
    socket.on('close', onClose)
    socket.on('secureConnect', onSecure)
  })
}

const aborted = (signal: AbortSignal): TorError =>
  new TorError('ABORTED', 'The connection to the relay was given up', { cause: signal.reason })

const unreachable = (cause?: unknown): TorError =>
  new TorError('LINK_UNREACHABLE', 'Cannot connect to the relay', cause === undefined ? {} : { cause })

/** A name for TLS to show that says nothing: `www.`, 4 to 25 letters and digits of base32, `.com`, as the tor client does. */
function randomHostname(): string {
  const random = crypto.getRandomValues(new Uint8Array(26))
  const length = 4 + ((random[25] as number) % 22)
  const letters = Array.from(random.subarray(0, length), (byte) => 'abcdefghijklmnopqrstuvwxyz234567'[byte & 31])
  return `www.${letters.join('')}.com`
}
