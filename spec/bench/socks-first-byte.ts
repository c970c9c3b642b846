/**
 * How long it takes until the first byte of an answer comes through a tor client's SOCKS port (RFC 1928, RFC 1929).
 *
 * @module
 */
import { connect, isIPv4 } from 'node:net'

const GET = Buffer.from('GET / HTTP/1.0\r\n\r\n')

/** How the request is made. */
export interface SocksRequest {
  /** The request leaves without waiting for the reply. */
  readonly isAhead: boolean
  /** A user's name: tor keeps the streams of one apart from those of others. */
  readonly user?: string
}

/** The greeting, with the name if there is one: tor takes it all in one go. */
function greeting(user: string | undefined): Buffer {
  if (user === undefined) return Buffer.from([5, 1, 0])
  const name = Buffer.from(user)
  return Buffer.from([5, 1, 2, 1, name.length, ...name, 1, 0x78])
}

/** Where to. */
function destination(hostname: string, port: number): Buffer {
  const host = isIPv4(hostname)
    ? [1, ...hostname.split('.').map(Number)]
    : [3, hostname.length, ...Buffer.from(hostname)]
  return Buffer.from([5, 1, 0, ...host, port >> 8, port & 0xff])
}

/** Seconds until the first byte of an answer. */
export async function socksFirstByte(
  socksPort: number,
  { hostname, port }: { readonly hostname: string; readonly port: number },
  { isAhead, user }: SocksRequest,
): Promise<number> {
  const began = performance.now()
  const socket = connect(socksPort, '127.0.0.1')
  // The method that was chosen (2 bytes), what is said to the name (2 bytes), the reply with an IPv4 address and a port (10 bytes).
  const replies = user === undefined ? 12 : 14
  try {
    socket.write(Buffer.concat([greeting(user), destination(hostname, port), ...(isAhead ? [GET] : [])]))
    let asked = isAhead
    let received = 0
    for await (const piece of socket) {
      received += (piece as Buffer).length
      if (received > replies) return (performance.now() - began) / 1000
      if (received === replies && !asked) {
        asked = true
        socket.write(GET)
      }
    }
    throw new Error(`the tor client closed the connection to ${hostname} after ${received} bytes`)
  } finally {
    socket.destroy()
  }
}
