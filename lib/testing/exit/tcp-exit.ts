/**
 * An exit to real TCP servers, in runtimes that have `node:net`: Node, Deno and Bun.
 *
 * @module
 */
import { checkOptions, type OptionNames } from '../../base/checks.ts'
import { parseIPv4 } from '../../cell/ip-address.ts'
import { EndReason } from '../../cell/reasons.ts'
import { ExitRefusal } from './exit.ts'
import type { ExitConnection, ExitHandler, ExitRequest } from './exit.ts'

/** What is used of a `net.Socket`. */
interface NodeSocket {
  readonly remoteAddress?: string | undefined
  on(event: string, listener: (value: never) => void): unknown
  once(event: string, listener: (value: never) => void): unknown
  off(event: string, listener: (value: never) => void): unknown
  pause(): unknown
  resume(): unknown
  write(chunk: Uint8Array, callback: (error?: Error | null) => void): boolean
  end(callback: () => void): unknown
  destroy(): unknown
  setNoDelay(on: boolean): unknown
}

interface NodeNet {
  connect(options: { host: string; port: number; allowHalfOpen: boolean }): NodeSocket
}

/** Where a TCP server listens. */
export interface TcpDestination {
  /** A host name or an IP address without brackets. */
  readonly host: string
  /** 1 to 65,535. */
  readonly port: number
}

/** What {@link tcpExit} may be told. */
export interface TcpExitOptions {
  /**
   * Which hosts it connects to. By default `localhost`, `127.0.0.0/8` and `::1` only: nothing leaves this machine by
   * accident. A name that is let through is resolved by this machine, in the clear.
   */
  readonly allow?: (host: string, port: number) => boolean
  /** Where to connect to instead of what the client asked for: lets a name stand for a local server. */
  readonly redirect?: (host: string, port: number) => TcpDestination
}

const TCP_EXIT_OPTION_NAMES: OptionNames<TcpExitOptions> = { allow: true, redirect: true }

const isLoopback = (host: string): boolean => host === 'localhost' || host === '::1' || parseIPv4(host)?.[0] === 127

const reasons: Readonly<Record<string, number>> = {
  ECONNREFUSED: EndReason.CONNECTREFUSED,
  ECONNRESET: EndReason.CONNRESET,
  EPIPE: EndReason.CONNRESET,
  ETIMEDOUT: EndReason.TIMEOUT,
  EHOSTUNREACH: EndReason.NOROUTE,
  ENETUNREACH: EndReason.NOROUTE,
  ENOTFOUND: EndReason.RESOLVEFAILED,
}

/** A socket's error as the reason that an exit would give for it. */
function asRefusal(error: unknown): ExitRefusal {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return new ExitRefusal(reasons[code] ?? EndReason.MISC)
}

function loadNet(): NodeNet {
  const { process } = globalThis as { process?: { getBuiltinModule?: (name: string) => unknown } }
  const net = process?.getBuiltinModule?.('node:net')
  if (net === undefined) throw new TypeError('Cannot make a TCP exit as this runtime has no node:net')
  return net as NodeNet
}

/**
 * An exit that connects to TCP servers on this machine. A host that is not allowed is refused with END reason
 * EXITPOLICY.
 *
 * @throws TypeError in a runtime without `node:net`, or naming the option
 */
export function tcpExit(options: TcpExitOptions = {}): ExitHandler {
  checkOptions(options, TCP_EXIT_OPTION_NAMES)
  const net = loadNet()
  const { allow = isLoopback, redirect = (host: string, port: number) => ({ host, port }) } = options
  return (request) => {
    const { host, port } = redirect(request.host, request.port)
    if (!allow(host, port)) throw new ExitRefusal(EndReason.EXITPOLICY)
    // A name would be looked up; the two loopback stacks need not both have the server.
    return connectTo(net, host === 'localhost' ? '127.0.0.1' : host, port, request)
  }
}

function connectTo(net: NodeNet, host: string, port: number, { signal }: ExitRequest): Promise<ExitConnection> {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ host, port, allowHalfOpen: true })
    socket.setNoDelay(true)
    const give = (): void => {
      socket.destroy()
      reject(new ExitRefusal(EndReason.MISC))
    }
    const fail = (error: unknown): void => {
      signal.removeEventListener('abort', give)
      reject(asRefusal(error))
    }
    signal.addEventListener('abort', give, { once: true })
    socket.once('error', fail)
    socket.once('connect', () => {
      signal.removeEventListener('abort', give)
      socket.off('error', fail)
      resolve({ ...socketStreams(socket), address: socket.remoteAddress, ttl: 60 })
    })
  })
}

/** A connected socket as a pair of streams, with its backpressure in both directions. */
function socketStreams(socket: NodeSocket): Pick<ExitConnection, 'readable' | 'writable'> {
  /** The readable has ended, failed or been cancelled. */
  let over = false
  let finished = false
  let failWrites: (error: unknown) => void = () => undefined
  const readable = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        socket.pause()
        socket.on('data', (chunk: Uint8Array) => {
          if (over) return
          controller.enqueue(new Uint8Array(chunk))
          socket.pause()
        })
        socket.on('end', () => {
          if (over) return
          over = true
          controller.close()
        })
        const fail = (error: unknown): void => {
          failWrites(error)
          if (over) return
          over = true
          controller.error(error)
        }
        socket.on('error', (error: Error) => fail(asRefusal(error)))
        socket.on('close', () => fail(new ExitRefusal(EndReason.CONNRESET)))
      },
      pull() {
        socket.resume()
      },
      cancel() {
        over = true
        // What still comes is dropped. Tor has no half-close: once the rest is flushed the socket goes.
        socket.resume()
        if (finished) socket.destroy()
      },
    },
    { highWaterMark: 0 },
  )
  const writable = new WritableStream<Uint8Array>({
    start(controller) {
      failWrites = (error) => controller.error(error)
    },
    write: (chunk) =>
      new Promise((resolve, reject) => {
        socket.write(new Uint8Array(chunk), (error) => (error ? reject(asRefusal(error)) : resolve()))
      }),
    close: () =>
      new Promise((resolve) => {
        socket.end(() => {
          finished = true
          if (over) socket.destroy()
          resolve()
        })
      }),
    abort: () => void socket.destroy(),
  })
  return { readable, writable }
}
