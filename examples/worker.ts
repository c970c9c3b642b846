// prints: ^the worker counted 3000000 bytes$
/** The two streams of a socket move to a worker, which works with them there. Backpressure moves along. */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { openEmbedded } from './support/embedded.ts'

const { tor, close } = await openEmbedded((_, response) => void response.end(new Uint8Array(3_000_000)))
const socket = tor.connect('one.example:80')
const { readable, writable } = socket

const worker = new Worker(new URL('./worker.worker.js', import.meta.url)) // worker.worker.ts, compiled
worker.postMessage({ readable, writable }, [readable, writable] as never)
const [bytes] = (await once(worker, 'message')) as [number]

await socket.closed
await worker.terminate()
await close()
console.log(`the worker counted ${bytes} bytes`)
