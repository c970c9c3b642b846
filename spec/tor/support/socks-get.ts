/**
 * One HTTP request through a tor client's SOCKS port (RFC 1928), to know that the client works.
 *
 * @module
 */
import { once } from 'node:events'
import { connect } from 'node:net'
import { testBytesView } from './test-bytes.ts'

/**
 * Resolves with the whole answer, head and body, to `GET path`. Rejects when anything goes wrong, or after `timeout`
 * ms.
 */
export function socksGet(
  socksPort: number,
  host: string,
  port: number,
  path: string,
  timeout: number,
): Promise<Uint8Array> {
  return exchange(socksPort, host, port, `GET ${path} HTTP/1.0\r\nHost: ${host}\r\n\r\n`, 0, timeout)
}

/** As {@link socksGet}, to a PUT of the first `length` bytes of the sequence in test-bytes.ts. */
export function socksPut(
  socksPort: number,
  host: string,
  port: number,
  length: number,
  timeout: number,
): Promise<Uint8Array> {
  const head = `PUT / HTTP/1.0\r\nHost: ${host}\r\nContent-Length: ${length}\r\n\r\n`
  return exchange(socksPort, host, port, head, length, timeout)
}

async function exchange(
  socksPort: number,
  host: string,
  port: number,
  head: string,
  length: number,
  timeout: number,
): Promise<Uint8Array> {
  const socket = connect(socksPort, '127.0.0.1')
  socket.setTimeout(timeout, () => socket.destroy(new Error(`no answer through SOCKS for ${timeout} ms`)))
  try {
    const name = Buffer.from(host)
    // Version 5, one method: none. Then CONNECT to a name; tor takes both in one go, and the request behind them.
    socket.write(Buffer.from([5, 1, 0, 5, 1, 0, 3, name.length, ...name, port >> 8, port & 0xff]))
    socket.write(head)
    for (let sent = 0; sent < length;) {
      const piece = testBytesView(sent, Math.min(length - sent, 65_536))
      sent += piece.length
      if (!socket.write(piece)) await once(socket, 'drain')
    }
    const pieces: Buffer[] = []
    for await (const piece of socket) pieces.push(piece as Buffer)
    const bytes = Buffer.concat(pieces)
    // The method that was chosen, then the reply: version, code, reserved, an IPv4 address and a port.
    if (bytes.length < 12 || bytes[3] !== 0)
      throw new Error(`the SOCKS reply is ${bytes.subarray(0, 12).toString('hex')}`)
    return new Uint8Array(bytes.subarray(12))
  } finally {
    socket.destroy()
  }
}
