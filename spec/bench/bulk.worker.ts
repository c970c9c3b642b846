/**
 * A process with one of the clients, its relays and what they send or receive. The relays' work is not on its clock.
 */
import { Circuit } from '../../lib/circuit/circuit.ts'
import type { BulkOrder } from './bulk.ts'
import { FarSide, randomKeys, type FarLink } from './far-side.ts'
import { NaiveClient } from './naive.ts'
import { LONGEST_PIECE, payload } from './payload.ts'
import { StopClock } from './stop-clock.ts'
import { serve } from './worker.ts'

/** The stream pair of a client, whichever it is, and the far end of it. */
interface Pair {
  readonly readable: ReadableStream<Uint8Array>
  readonly writable: WritableStream<Uint8Array<ArrayBuffer>>
  readonly far: FarLink
  close(): Promise<void>
}

const relays = FarSide.make()

async function ours(clock: StopClock): Promise<Pair> {
  const farSide = await relays
  const far = farSide.dial(clock)
  const circuit = Circuit.open(farSide.path, { transport: far.transport })
  const { readable, writable, opened } = circuit.connect('192.0.2.80:80', { rejectInternalAddresses: false })
  await opened
  return { readable, writable, far, close: () => circuit.close() }
}

async function naive(clock: StopClock): Promise<Pair> {
  const keys = randomKeys()
  const far = (await relays).dial(clock, keys)
  const { readable, writable } = new NaiveClient(far.link, keys)
  return { readable, writable, far, close: () => Promise.resolve() }
}

/** Receives `length` bytes. Gives the seconds that it took. */
async function receive(clock: StopClock, { readable, far }: Pair, length: number, compare: boolean): Promise<number> {
  far.prepareDownload(length)
  const reader = readable.getReader()
  let received = 0
  clock.start()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    const right = !compare || Buffer.compare(value, payload(received, value.length)) === 0
    if (!right) throw new Error('other bytes arrived than were sent')
    received += value.length
  }
  const seconds = clock.stop()
  if (received !== length) throw new Error(`${received} bytes arrived and not ${length}`)
  return seconds
}

/** Sends `length` bytes, which the far side compares. Gives the seconds that it took. */
async function send(clock: StopClock, { readable, writable, far }: Pair, length: number): Promise<number> {
  // Where cells are read by a pipe, who reads nothing does not hear of SENDMEs either. It ends with the circuit, in an
  // error.
  readable.pipeTo(new WritableStream()).catch(() => undefined)
  const arrived = far.expectUpload(length)
  const writer = writable.getWriter()
  clock.start()
  for (let at = 0; at < length; at += LONGEST_PIECE)
    await writer.write(payload(at, Math.min(LONGEST_PIECE, length - at)))
  await arrived
  return clock.stop()
}

serve(async ({ client, direction, length, compare }: BulkOrder) => {
  const clock = new StopClock()
  const pair = await (client === 'ours' ? ours : naive)(clock)
  const seconds = await (direction === 'receive' ? receive : send)(clock, pair, length, compare)
  await pair.close()
  return seconds
})
