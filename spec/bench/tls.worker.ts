/**
 * A process that is a TLS server, or a client of one.
 *
 * @module
 */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import tls from 'node:tls'
import { identityOf } from '../tls13/support/identity.ts'
import { secured } from '../tls13/support/live.ts'
import type { TlsOrder } from './tls.ts'
import { serve } from './worker.ts'

/** Starts a server that sends `length` bytes to everybody, and ends. */
async function listen(length: number): Promise<number> {
  const { certificatePem: cert, keyPem: key } = await identityOf('P-256')
  const piece = Buffer.alloc(65_536, 7)
  const server = tls.createServer({ cert, key, minVersion: 'TLSv1.3' }, (socket) => {
    let left = length
    socket.on('error', () => undefined) // the client tells what it missed
    const more = (): void => {
      while (left > 0) {
        const part = piece.subarray(0, Math.min(left, piece.length))
        left -= part.length
        if (left > 0 && !socket.write(part)) return void socket.once('drain', more)
        if (left === 0) socket.end(part)
      }
    }
    // One that ends in the turn of its handshake sends no end of TLS.
    setImmediate(more)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

async function ours(port: number): Promise<number> {
  const { readable, writable } = await secured(port)
  const reader = readable.getReader()
  let length = 0
  for (let next = await reader.read(); !next.done; next = await reader.read()) length += next.value.length
  await writable.close()
  return length
}

async function node(port: number): Promise<number> {
  const socket = tls.connect({ host: '127.0.0.1', port, rejectUnauthorized: false, minVersion: 'TLSv1.3' })
  let length = 0
  socket.on('data', (chunk: Buffer) => (length += chunk.length))
  await once(socket, 'end')
  socket.destroy()
  return length
}

serve<TlsOrder, number>(async (order) => {
  if (order.kind === 'serve') return await listen(order.length)
  const { kind, port, length, count } = order
  const began = performance.now()
  for (let turn = 0; turn < count; turn++) {
    const got = await (kind === 'ours' ? ours(port) : node(port))
    if (got !== length) throw new Error(`${got} bytes came, and not ${length}`)
  }
  return (performance.now() - began) / 1000
})
