/**
 * The streams that visitors begin, until the application takes them (rend-spec-v3, "Opening streams"): pulling from
 * `readable` is what answers a visitor. Those who are not answered yet wait, as many as there is room for.
 *
 * @module
 */
import { deferred, type Deferred } from '../../../base/waiting/deferred.ts'
import { EndReason } from '../../../cell/reasons.ts'
import { decodeBeginAtService } from '../../../cell/onion/begin-at-service.ts'
import type { Circuit } from '../../../circuit/circuit.ts'
import type { StreamAcceptor } from '../../../circuit/hop.ts'
import type { PendingStream, StreamCarrier } from '../../../stream/contract/carrier.ts'
import type { StreamOptions } from '../../../stream/options.ts'
import { RefusedStream } from '../../../stream/refused-stream.ts'
import { TorStream } from '../../../stream/tor-stream.ts'
import type { StreamTraffic } from '../../../stream/contract/socket-info.ts'
import type { StreamFlow } from '../../../stream/contract/stream-flow.ts'
import { lastHop } from '../../network/expected-message.ts'
import type { VisitorStream } from '../../network/service-network.ts'

/** What is taken, and by whom. */
export interface IncomingOptions {
  /** `<56 letters>.onion`. */
  readonly hostname: string
  readonly ports: ReadonlySet<number>
  /** How many streams may wait for the application. */
  readonly backlog: number
  /** Of every stream. */
  readonly streamDefaults: StreamOptions
  /** A stream has begun, was taken, or is over. */
  visited(stream: VisitorStream): void
  /** The application wants no more. */
  cancelled(): void
}

/** Who is told of the streams of one circuit. */
export interface CircuitUse {
  began(): void
  ended(): void
}

/** A stream that waits for the application. */
interface Waiting {
  readonly socket: TorStream
  accept(): void
}

export class IncomingStreams {
  readonly readable: ReadableStream<TorStream>
  readonly #options: IncomingOptions
  readonly #waiting = new Set<Waiting>()
  /** The application waits for a stream. */
  #wanted: Deferred<void> | undefined
  #isClosed = false

  constructor(options: IncomingOptions) {
    this.#options = options
    const { ReadableStream: Readable = ReadableStream } = options.streamDefaults.streams ?? {}
    this.readable = new Readable<TorStream>(
      {
        pull: async (controller) => {
          const next = await this.#next()
          if (next === undefined) return controller.close()
          next.accept()
          controller.enqueue(next.socket)
        },
        cancel: () => {
          this.close()
          options.cancelled()
        },
      },
      { highWaterMark: 0 },
    )
  }

  /** How many wait. */
  get waiting(): number {
    return this.#waiting.size
  }

  /**
   * Takes the streams of a circuit's last hop, which is a visitor.
   *
   * @param seen - what those who watch know the circuit as
   */
  acceptorOf(circuit: Circuit, seen: object, use: CircuitUse): StreamAcceptor {
    return (streamId, body) => {
      const { hostname, ports, backlog, streamDefaults, visited } = this.#options
      const port = decodeBeginAtService(body)
      const admit = (stream: PendingStream): void => circuit.controller.admit(lastHop(circuit), streamId, stream)
      if (!ports.has(port) || this.#waiting.size >= backlog || this.#isClosed) {
        admit(new RefusedStream(EndReason.DONE))
        return
      }
      const requirements = { host: hostname, ports: [port] }
      const carrier = new IncomingCarrier({ admit, requirements, on: { seenAs: seen }, visited })
      const socket = new TorStream(
        carrier,
        { hostname, port },
        { ...streamDefaults, incoming: true, optimistic: false, timeout: Infinity },
      )
      const waiting: Waiting = { socket, accept: () => carrier.accept(`${hostname}:${port}`) }
      this.#waiting.add(waiting)
      use.began()
      const over = (): void => {
        carrier.over()
        this.#waiting.delete(waiting)
        use.ended()
      }
      socket.closed.then(over, over)
      this.#wanted?.resolve()
    }
  }

  /** Nobody is answered any more, and `readable` ends. The circuits are the caller's to close. */
  close(): void {
    this.#isClosed = true
    this.#waiting.clear()
    this.#wanted?.resolve()
  }

  async #next(): Promise<Waiting | undefined> {
    while (!this.#isClosed) {
      for (const next of this.#waiting) {
        this.#waiting.delete(next)
        return next
      }
      this.#wanted = deferred()
      await this.#wanted.promise
      this.#wanted = undefined
    }
    return undefined
  }
}

/** What a carrier is made of. */
interface IncomingParts extends Pick<VisitorStream, 'requirements' | 'on'> {
  admit(stream: PendingStream): void
  visited(stream: VisitorStream): void
}

/** Stands for the circuit: the place of the stream is there already. */
class IncomingCarrier implements StreamCarrier, VisitorStream {
  readonly requirements: VisitorStream['requirements']
  readonly on: VisitorStream['on']
  phase: VisitorStream['phase'] = 'connecting'
  readonly #parts: IncomingParts
  #stream: PendingStream | undefined

  constructor(parts: IncomingParts) {
    this.#parts = parts
    this.requirements = parts.requirements
    this.on = parts.on
  }

  get flow(): StreamFlow | undefined {
    return this.#stream?.flow
  }

  get traffic(): StreamTraffic | undefined {
    return this.#stream?.traffic
  }

  attach(stream: PendingStream): void {
    this.#stream = stream
    this.#parts.admit(stream)
    this.#parts.visited(this)
  }

  withdraw(): void {
    this.#stream = undefined
  }

  /** Who the visitor is nobody knows. */
  accept(localAddress: string): void {
    if (this.phase !== 'connecting') return
    this.phase = 'open'
    this.#stream?.accepted?.({ localAddress, remoteAddress: undefined, alpn: undefined, ttl: undefined })
    this.#parts.visited(this)
  }

  /** The stream is over. */
  over(): void {
    this.phase = 'closed'
    this.#parts.visited(this)
    this.#stream = undefined
  }
}
