/**
 * Numbers and states as people read them.
 *
 * @module
 */
import type { CircuitSummary, StreamInfo } from '../client/watch/circuit-info.ts'

const UNITS = ['bytes', 'kB', 'MB', 'GB', 'TB'] as const

/** `1.2 MB`; a unit of 1000, with no more digits than anybody reads. */
export function bytes(count: number): string {
  let value = Math.max(0, count)
  let unit = 0
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000
    unit += 1
  }
  return `${unit === 0 || value >= 99.5 ? Math.round(value) : value.toFixed(value >= 9.95 ? 0 : 1)} ${UNITS[unit]}`
}

/** `1.2 MB/s` */
export const rate = (perSecond: number): string => `${bytes(perSecond)}/s`

/** Cells that a SENDME of a stream stands for, and how many cells its window has. */
export const STEP = 50
export const WINDOW = 500

/** What holds a stream back, if anything does. */
export type Hold = 'reader' | 'far-end' | undefined

/** Who holds the stream back: whoever reads here, or whoever reads there. */
export function holdOf({ state, flow }: StreamInfo): Hold {
  if (state !== 'open' || flow === undefined) return undefined
  const isWindows = flow.kind === 'windows'
  if (isWindows ? flow.deliver < STEP : flow.xoffSent) return 'reader'
  if (isWindows ? flow.package === 0 : flow.xoffReceived) return 'far-end'
  return undefined
}

/** What a stream is doing, in a few words. */
export function streamWords(stream: StreamInfo, perSecond: number): string {
  if (stream.state === 'waiting') return 'waits for a circuit'
  if (stream.state === 'connecting') return 'asks the exit to connect'
  if (stream.state === 'closed') return 'over'
  const hold = holdOf(stream)
  if (perSecond < 1 && hold === 'reader') return 'stands still: nobody reads here'
  if (hold === 'reader') return 'held back: read slowly here'
  if (hold === 'far-end') return 'held back: the far end does not read'
  return perSecond >= 1 ? 'flows' : 'open, and quiet'
}

/** What a stream is doing and why, in a sentence or two that explain it. `you` is who reads: `this page`. */
export function streamSentence(stream: StreamInfo, perSecond: number, you: string): string {
  const You = you.charAt(0).toUpperCase() + you.slice(1)
  if (stream.state === 'waiting') return `A stream to ${stream.target} waits for a circuit through three relays.`
  if (stream.state === 'connecting')
    return `The exit, the last of three relays, is asked to connect to ${stream.target}.`
  if (stream.state === 'closed') return `The stream to ${stream.target} is over.`
  const { flow } = stream
  const hold = holdOf(stream)
  const waiting = bytes(stream.waiting)
  if (flow?.kind === 'windows') {
    if (hold === 'reader' && perSecond < 1)
      return `${You} has stopped reading. ${waiting} wait here, the deliver window is empty, no SENDME goes out, and so the far end stands still.`
    if (hold === 'reader')
      return `${You} reads slower than the far end could send. One SENDME goes out for each 50 cells that were read, and the far end sends just as many.`
    if (hold === 'far-end') return `The far end has stopped reading: writing waits here until its SENDME comes.`
    if (perSecond >= 1)
      return `Data flows. Each 50 cells that ${you} reads send one SENDME back, and that lets the far end send 50 more.`
    return `The stream is open, and nothing is on its way.`
  }
  if (hold === 'reader')
    return `${perSecond < 1 ? `${You} has stopped reading` : `${You} reads slower than the far end could send`}. ${waiting} wait here, an XOFF has gone out, and the far end stands still until an XON follows.`
  if (hold === 'far-end') return `The far end has sent an XOFF: writing waits here until its XON comes.`
  if (perSecond >= 1)
    return `Data flows. As ${you} reads fast enough, no XOFF goes out, and nothing holds the far end back.`
  return `The stream is open, and nothing is on its way.`
}

/** How a circuit is, in a few words. */
export function circuitWords({ state, purpose, hops, path, flow }: CircuitSummary, streams: number): string {
  if (state === 'building') return `being built: ${hops} of ${path.length} relays`
  if (state === 'closed') return 'closed'
  if (state === 'retired') return streams > 0 ? 'goes on with what it has, and takes no more' : 'takes no more streams'
  if (purpose === 'directory') return 'brings the list of relays'
  if (streams === 0) return 'ready for the next stream'
  if (flow?.kind !== 'congestion-control') return `fixed windows`
  const rtt = flow.rtt === undefined ? '' : `, round trip ${Math.round(flow.rtt)} ms`
  return `congestion control: window of ${flow.cwnd} cells${rtt}`
}
