/**
 * The page's side of page-tls.ts: downloads, and how long they take.
 *
 * @module
 */
import { connectTls } from '../../lib/tls13/streams/connect-tls.ts'
import { webSocketTransport } from '../../lib/transports/websocket/web-socket-transport.ts'
import { receivePlain } from './pages/plain-client.ts'

/** Where a download is to be had, and how long it must be. */
interface Download {
  readonly url: string
  readonly length: number
  /** The content of a record, in bytes. */
  readonly record: number
  /** Who signed the server's certificate. */
  readonly authority: string
}

/** Seconds for a download by a WebSocket and nothing else. */
export const plain = (download: Download): Promise<number> => counted(download, '/plain')

/** The same from a server behind the gateway, which speaks no TLS. */
export const gateway = (download: Download): Promise<number> => counted(download, '/bare')

async function counted({ url, length }: Download, path: string): Promise<number> {
  const started = performance.now()
  await receivePlain(`${url}${path}`, length)
  return (performance.now() - started) / 1000
}

/** Seconds for a WebSocket, the handshake on top of it and the check of the certificate, the last time. */
let lastHandshake = 0
export const handshake = (): Promise<number> => Promise.resolve(lastHandshake)

/** Seconds for the same by TLS of our own on top of a WebSocket, from the end of the handshake. */
export async function ours({ url, length, authority }: Download): Promise<number> {
  const began = performance.now()
  const { signal } = new AbortController()
  const carrier = await webSocketTransport({ url: () => `${url}/link` }).connect(
    { hostname: '127.0.0.1', port: 1 },
    { signal },
  )
  const { readable } = await connectTls(carrier, { serverName: 'target.test', ca: authority })
  const started = performance.now()
  lastHandshake = (started - began) / 1000
  const reader = readable.getReader()
  let count = 0
  for (;;) {
    const { value } = await reader.read()
    if (value === undefined) break
    count += value.length
  }
  if (count !== length) throw new Error(`${count} bytes came`)
  return (performance.now() - started) / 1000
}

/** How many records are opened together. */
const TOGETHER = 16

/** Seconds for WebCrypto to open so many bytes in records, which are there already. */
export async function webCrypto({ length, record }: Download): Promise<number> {
  const name = 'AES-GCM'
  const key = await crypto.subtle.importKey('raw', new Uint8Array(16), name, false, ['encrypt', 'decrypt'])
  const algorithm = { name, iv: new Uint8Array(12), additionalData: new Uint8Array(5) }
  const sealed = await crypto.subtle.encrypt(algorithm, key, new Uint8Array(record + 1))
  const started = performance.now()
  for (let left = Math.ceil(length / record); left > 0; left -= TOGETHER) {
    const count = Math.min(left, TOGETHER)
    await Promise.all(Array.from({ length: count }, () => crypto.subtle.decrypt(algorithm, key, sealed)))
  }
  return (performance.now() - started) / 1000
}
