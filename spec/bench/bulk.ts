/**
 * Bulk transfer through the whole client side in memory: channel, onion encryption of three hops, digests, windows, the stream
 * pair; no TLS. The relays' work is not on the clock (see far-side.ts).
 *
 * @module
 */
import { Circuit } from '../../lib/circuit/circuit.ts'
import { alternate, type Comparison, type Turn } from './compare.ts'
import { FarSide, randomKeys, type FarLink } from './far-side.ts'
import { NaiveClient } from './naive.ts'
import { LONGEST_PIECE, payload } from './payload.ts'
import { StopClock } from './stop-clock.ts'

/** Turns of each client, after one that warms up. */
const TURNS = 7

/** What the warming up moves: less, but every byte of it is compared. */
const WARM_UP = 8_000_000

/** The stream pair of a client, whichever it is. */
interface Pair {
  readonly readable: ReadableStream<Uint8Array>
  readonly writable: WritableStream<Uint8Array<ArrayBuffer>>
  readonly far: FarLink
  close(): Promise<void>
}

type Client = (farSide: FarSide, clock: StopClock) => Promise<Pair>

const ours: Client = async (farSide, clock) => {
  const far = farSide.dial(clock)
  const circuit = Circuit.open(farSide.path, { transport: far.transport })
  const { readable, writable, opened } = circuit.connect('192.0.2.80:80', { rejectInternalAddresses: false })
  await opened
  return { readable, writable, far, close: () => circuit.close() }
}

const naive: Client = (farSide, clock) => {
  const keys = randomKeys()
  const far = farSide.dial(clock, keys)
  const { readable, writable } = new NaiveClient(far.link, keys)
  return Promise.resolve({ readable, writable, far, close: () => Promise.resolve() })
}

/** Receives `length` bytes. Gives MB per CPU second. */
async function receive(farSide: FarSide, client: Client, length: number, compare: boolean): Promise<number> {
  const clock = new StopClock()
  const { readable, far, close } = await client(farSide, clock)
  far.prepareDownload(length)
  const reader = readable.getReader()
  let received = 0
  collectGarbage()
  clock.start()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    if (compare && Buffer.compare(value, payload(received, value.length)) !== 0) throw new Error('other bytes arrived than were sent')
    received += value.length
  }
  const seconds = clock.stop()
  if (received !== length) throw new Error(`${received} bytes arrived and not ${length}`)
  await close()
  return length / 1e6 / seconds
}

/** Sends `length` bytes, which the far side compares. Gives MB per CPU second. */
async function send(farSide: FarSide, client: Client, length: number): Promise<number> {
  const clock = new StopClock()
  const { readable, writable, far, close } = await client(farSide, clock)
  // Whoever reads nothing does not hear of SENDMEs either, if cells are read by a pipe.
  const reading = readable.pipeTo(new WritableStream())
  const arrived = far.expectUpload(length)
  const writer = writable.getWriter()
  collectGarbage()
  clock.start()
  for (let at = 0; at < length; at += LONGEST_PIECE) await writer.write(payload(at, Math.min(LONGEST_PIECE, length - at)))
  await arrived
  const seconds = clock.stop()
  void reading.catch(() => undefined) // it ends with the circuit
  await close()
  return length / 1e6 / seconds
}

/** Compares both clients, over `length` bytes a turn. */
export async function compareBulk(length: number): Promise<Comparison[]> {
  const farSide = await FarSide.make()
  const results: Comparison[] = []
  for (const [name, run] of [['bulk receive', receive], ['bulk send', send]] as const) {
    for (const client of [ours, naive]) await run(farSide, client, WARM_UP, true)
    const turn = (client: Client): Turn => async () => [await run(farSide, client, length, false)]
    results.push(...(await alternate([{ name, unit: 'MB/CPU s', better: 'more' }], 'naive', TURNS, turn(ours), turn(naive))))
  }
  return results
}

/** So that one turn's garbage is not the next one's work. */
function collectGarbage(): void {
  ;(globalThis as { gc?: () => void }).gc?.()
}
