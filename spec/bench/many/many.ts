/**
 * 10,000 streams open at once on 10 circuits of one client: what each of them holds, open and idle, and what is left of it. The
 * relays are in a thread of their own, whose heap is not the client's.
 *
 * @module
 */
import type { Comparison } from '../compare.ts'
import { Worker } from '../worker.ts'

/** What many.worker.ts is told. */
export interface ManyOrder {
  readonly streams: number
  readonly circuits: number
}

/** Bytes of the heap for each stream, and seconds for all of them. */
export interface ManyFigures {
  /** A stream that is open and of which nothing was asked for. */
  readonly idle: number
  /** One whose `readable` and `writable` have a reader and a writer. */
  readonly withStreams: number
  /** A reader and a writer of the runtime's own streams, which nobody wrote a stream of Tor's for. */
  readonly bareStreams: number
  /** What is left of one that was closed, while its circuit is there. */
  readonly closed: number
  /** The heap of the client's thread before them, and when their circuits are gone. */
  readonly start: number
  readonly end: number
  /** How long it takes until all of them are open. */
  readonly seconds: number
}

const STREAMS = 10_000
const CIRCUITS = 10

/** What each figure is held against: what it may be, or what else was measured. */
const ROWS: readonly (readonly [
  figure: keyof ManyFigures,
  name: string,
  unit: string,
  peerName: string,
  peer: number | keyof ManyFigures,
  per?: number,
])[] = [
  ['idle', 'memory of one, open and idle', 'B', 'aim', 6000],
  ['withStreams', 'the same with a reader and a writer', 'B', 'bare Web Streams', 'bareStreams'],
  ['closed', 'what is left of one that was closed', 'B', 'aim', 300],
  ['end', 'the heap when they are gone', 'MB', 'before', 'start', 1e6],
  ['seconds', 'until all of them are open', 's', 'aim', 10],
]

/** Measures, once: all of it counts 10,000 of the same. */
export async function compareMany(programs: URL): Promise<Comparison[]> {
  const worker = new Worker<ManyOrder, ManyFigures>(new URL('many.worker.js', programs))
  try {
    const figures = await worker.obey({ streams: STREAMS, circuits: CIRCUITS })
    return ROWS.map(([figure, what, unit, peerName, against, per = 1]) => {
      const ours = figures[figure] / per
      const peer = (typeof against === 'number' ? against : figures[against]) / per
      const name = `${STREAMS.toLocaleString('en')} streams on ${CIRCUITS} circuits: ${what}`
      return { name, unit, ours, peer, peerName, ratio: ours / peer, better: 'less' }
    })
  } finally {
    await worker.stop()
  }
}
