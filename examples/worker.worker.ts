/** Makes a request on the streams that it gets, and counts what comes back. See worker.ts. */
import { once } from 'node:events'
import { parentPort } from 'node:worker_threads'

interface Streams {
  readonly readable: ReadableStream<Uint8Array>
  readonly writable: WritableStream<Uint8Array>
}

if (parentPort === null) throw new Error('this is no worker')
const [{ readable, writable }] = (await once(parentPort, 'message')) as [Streams]
const writer = writable.getWriter()
await writer.write(new TextEncoder().encode('GET / HTTP/1.1\r\nHost: one.example\r\nConnection: close\r\n\r\n'))

let head = ''
let bytes = 0
const reader = readable.getReader()
for (let read = await reader.read(); !read.done; read = await reader.read()) {
  bytes += read.value.length
  if (!head.includes('\r\n\r\n')) head += String.fromCharCode(...read.value.subarray(0, 1000))
}
parentPort.postMessage(bytes - head.indexOf('\r\n\r\n') - 4)
