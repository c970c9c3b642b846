/**
 * The stream of events for one who watches. What it holds is which circuits and streams have changed, not what became of
 * them: that is looked up when the reader comes. So a slow reader gets the newest state, and what waits for it is at
 * most one event for each circuit and stream that is there, or that it has been told of.
 *
 * There is a timer only while somebody waits for the next event.
 *
 * @module
 */
import { onAbort } from '../../base/waiting/abort.ts'
import { abortSignal, checkOptions, duration } from '../../base/checks.ts'
import { monotonicTime, startBackgroundTimer, type Clock } from '../../base/waiting/clock.ts'
import { FIXED_CELL_SIZE } from '../../cell/channel/channel-cell.ts'
import { WATCH_OPTION_NAMES, type BandwidthEvent, type ClientEvent, type WatchOptions } from './client-event.ts'
import type { Observer, Onlooker } from './observer.ts'
import type { Seen } from './seen.ts'

const SHORTEST_INTERVAL = 10

/**
 * What there is to see of a client, from now on. It begins with the status, and every circuit and stream that is there.
 *
 * @param constructor - the runtime's own by default
 * @throws TypeError or RangeError naming the option
 */
export function watch(
  observer: Observer,
  options: WatchOptions,
  constructor: typeof ReadableStream = ReadableStream,
): ReadableStream<ClientEvent> {
  checkOptions(options, WATCH_OPTION_NAMES)
  const signal = abortSignal('signal', options.signal)
  const interval = duration('interval', options.interval ?? 1000)
  if (interval < SHORTEST_INTERVAL)
    throw new RangeError(`Cannot use the option interval as it must be at least ${SHORTEST_INTERVAL} ms: ${interval}`)
  const source = new Watch(observer, interval)
  const readable = new constructor<ClientEvent>(source, { highWaterMark: 0 })
  const forget = onAbort(signal, () => source.end())
  source.whenEnded(forget)
  if (signal?.aborted) source.end()
  return readable
}

/** Which circuits and streams have changed, the longest ago first, and which the reader has been told of. */
class Changes {
  readonly #changed = new Set<Seen>()
  readonly #told = new Map<Seen, string>()

  add(seen: Seen): void {
    // What came and went before the reader heard of it never was.
    if (seen.isOver && !this.#told.has(seen)) this.#changed.delete(seen)
    else this.#changed.add(seen)
  }

  /** Adds those that have changed without a word since they were told of. */
  compare(all: Iterable<Seen>): void {
    for (const seen of all) if (this.#told.get(seen) !== seen.pulse) this.#changed.add(seen)
  }

  next(): Seen | undefined {
    const [seen] = this.#changed
    if (seen === undefined) return undefined
    this.#changed.delete(seen)
    if (seen.isOver) this.#told.delete(seen)
    else this.#told.set(seen, seen.pulse)
    return seen
  }
}

class Watch implements UnderlyingDefaultSource<ClientEvent>, Onlooker {
  readonly #observer: Observer
  readonly #clock: Clock
  readonly #interval: number
  readonly #changes = new Changes()
  readonly #stopWatching: () => void
  #controller!: ReadableStreamDefaultController<ClientEvent>
  #isStatusNew = true
  /** What the status was that the reader knows: warnings come without a word. */
  #status = ''
  /** The reader waits for an event. */
  #demand = false
  /** The last event was of bandwidth. */
  #wasBandwidth = false
  #stopTimer: (() => void) | undefined
  /** When bytes were last looked at, and what they came to. */
  #sampledAt: number
  #cells: { received: number; sent: number }
  #forget: (() => void) | undefined
  #ended = false

  constructor(observer: Observer, interval: number) {
    this.#observer = observer
    this.#clock = observer.clock
    this.#interval = interval
    this.#sampledAt = monotonicTime(this.#clock)
    this.#cells = observer.cells
    this.#compare()
    this.#stopWatching = observer.watch(this)
  }

  // What the reader's stream calls.

  start(controller: ReadableStreamDefaultController<ClientEvent>): void {
    this.#controller = controller
  }

  pull(): void {
    this.#demand = true
    this.#serve()
  }

  cancel(): void {
    this.#stop()
  }

  // What the client calls.

  statusChanged(): void {
    this.#isStatusNew = true
    this.#serve()
  }

  changed(seen: Seen): void {
    this.#changes.add(seen)
    this.#serve()
  }

  /** Ends the reader's stream. */
  end(): void {
    if (this.#ended) return
    this.#stop()
    this.#controller.close()
  }

  /** Calls `callback` when it is over, whoever ends it. */
  whenEnded(callback: () => void): void {
    if (this.#ended) callback()
    else this.#forget = callback
  }

  #stop(): void {
    this.#ended = true
    this.#stopWatching()
    this.#stopTimer?.()
    this.#forget?.()
  }

  /** Gives the reader one event if it waits for one and there is one; else looks again when it is time. */
  #serve(): void {
    if (!this.#demand || this.#ended) return
    const event = this.#next()
    if (event === undefined) {
      this.#stopTimer ??= startBackgroundTimer(this.#clock, Math.max(0, this.#untilNextSample()), () => {
        this.#stopTimer = undefined
        this.#serve()
      })
      return
    }
    this.#demand = false
    this.#stopTimer?.()
    this.#stopTimer = undefined
    this.#controller.enqueue(event)
    if (event.type === 'status' && event.status.phase === 'closed') this.end()
  }

  /** In turn with the changes, so that one who reads less often than the interval gets both. */
  #next(): ClientEvent | undefined {
    if (this.#isStatusNew) return this.#statusEvent()
    const isTime = this.#untilNextSample() <= 0
    if (isTime && !this.#wasBandwidth) {
      this.#wasBandwidth = true
      this.#compare()
      return this.#bandwidthEvent()
    }
    this.#wasBandwidth = false
    return this.#changes.next()?.event() ?? (isTime ? this.#next() : undefined)
  }

  #statusEvent(): ClientEvent {
    const { status } = this.#observer
    this.#isStatusNew = false
    this.#status = JSON.stringify(status)
    return Object.freeze({ type: 'status', status: Object.freeze({ ...status }) })
  }

  #bandwidthEvent(): BandwidthEvent {
    const now = monotonicTime(this.#clock)
    const cells = this.#observer.cells
    const event = Object.freeze({
      type: 'bandwidth' as const,
      bytesIn: (cells.received - this.#cells.received) * FIXED_CELL_SIZE,
      bytesOut: (cells.sent - this.#cells.sent) * FIXED_CELL_SIZE,
      duration: now - this.#sampledAt,
    })
    this.#sampledAt = now
    this.#cells = cells
    return event
  }

  #untilNextSample(): number {
    return this.#interval - (monotonicTime(this.#clock) - this.#sampledAt)
  }

  #compare(): void {
    this.#changes.compare(this.#observer.seen)
    if (JSON.stringify(this.#observer.status) !== this.#status) this.#isStatusNew = true
  }
}
