/**
 * A stream at the exit: a destination's pair of byte streams on one side, DATA cells on the other, as many as its flow
 * control allows. Backpressure goes through in both directions.
 *
 * @module
 */
import { RelayCommand } from '../../cell/commands.ts'
import { encodeConnected } from '../../cell/relay/connected.ts'
import { encodeEnd } from '../../cell/relay/end.ts'
import { EndReason } from '../../cell/reasons.ts'
import { MAX_DATA } from '../../cell/relay/relay-cell-v0.ts'
import { joinBytes } from '../../base/bytes/join-bytes.ts'
import { ExitRefusal } from './exit.ts'
import type { ExitConnection, StreamTarget } from './exit.ts'
import { WindowExitFlow, XonXoffExitFlow, type ExitStreamFlow } from './exit-stream-flow.ts'
import type { CongestionControlKnobs } from './congestion-control-knobs.ts'

/** How many cells the destination is given at a time. */
const PORTION = 50

/** What a stream asks of its circuit. */
export interface ExitStreamHost {
  /** False for a relay that does not enforce the rules. */
  readonly strict: boolean
  /** Undefined on a circuit with fixed windows. */
  readonly congestionControl: CongestionControlKnobs | undefined
  /** Sends one message of the stream. */
  sendMessage(command: number, streamId: number, body: Uint8Array): void
  /** Packs `bytes` into DATA cells and sends them; the circuit's window has been granted. */
  sendData(streamId: number, bytes: Uint8Array): void
  /** The stream wants {@link TestStream.grant} to be called when the circuit's window and the link have room. */
  requestTurn(stream: TestStream): void
  /** A SENDME of this stream is due. Returns false to hold it back. */
  mayAcknowledge(stream: TestStream): boolean
  /** Something about a stream has changed. */
  notify(): void
}

/** Why an END goes out for what a destination's stream failed with. */
const reasonFor = (error: unknown, otherwise: number): number =>
  error instanceof ExitRefusal ? error.reason : otherwise

const handled = (promise: Promise<unknown> | undefined): void => {
  promise?.catch(() => undefined) // a destination that fails while it is being given up fails nobody
}

/**
 * One stream as the relay at its far end sees it. All counts are of DATA cells of this stream unless they say bytes.
 */
export class TestStream {
  /** The stream id, 1 to 65,535. */
  readonly id: number
  /** What BEGIN asked for; undefined for a BEGIN_DIR. */
  readonly target: StreamTarget | undefined
  /** What the two ends may send, with counts of SENDMEs, XOFFs and XONs. */
  readonly flow: ExitStreamFlow
  /** Cells that came. */
  dataReceived = 0
  /** Bytes that came. */
  bytesReceived = 0
  /** Cells whose bytes the destination has taken. */
  dataConsumed = 0
  /** Cells that were sent. */
  dataSent = 0
  /** Bytes that were sent. */
  bytesSent = 0
  /** The reason of the END that came, if one did. */
  endReceived: number | undefined
  /** The reason of the END that was sent, if one was. */
  endSent: number | undefined

  readonly #host: ExitStreamHost
  readonly #abort = new AbortController()
  #state: 'connecting' | 'open' | 'ended' = 'connecting'
  #reader: ReadableStreamDefaultReader<Uint8Array> | undefined
  #writer: WritableStreamDefaultWriter<Uint8Array> | undefined
  /**
   * Bodies that the destination has not taken yet. With windows at most the deliver window, unless the relay is not
   * strict.
   */
  #inbox: Uint8Array[] = []
  /** Bytes of them, and of those that the destination is about to take. */
  #waitingBytes = 0
  #pumping = false
  /** Bytes read from the destination that wait for credit. */
  #pending: Uint8Array | undefined
  /** Calls back the loop that reads the destination. */
  #resumeReading: (() => void) | undefined

  constructor(id: number, target: TestStream['target'], host: ExitStreamHost) {
    this.id = id
    this.target = target
    this.#host = host
    const isOpen = (): boolean => this.#state !== 'ended'
    const flowHost = {
      get strict(): boolean {
        return host.strict
      },
      get open(): boolean {
        return isOpen()
      },
      send: (command: number, body: Uint8Array) => host.sendMessage(command, id, body),
      mayAcknowledge: () => host.mayAcknowledge(this),
    }
    const { congestionControl } = host
    this.flow = congestionControl ? new XonXoffExitFlow(flowHost, congestionControl) : new WindowExitFlow(flowHost)
  }

  /** `ended` once an END went either way, or the circuit is gone. */
  get state(): 'connecting' | 'open' | 'ended' {
    return this.#state
  }

  /** Connects; what the destination is, the relay says. @internal */
  async open(connect: (signal: AbortSignal) => ExitConnection | Promise<ExitConnection>): Promise<void> {
    let connection: ExitConnection
    let connected: Uint8Array
    try {
      connection = await connect(this.#abort.signal)
      connected = encodeConnected({ address: connection.address, ttl: connection.ttl })
    } catch (error) {
      if (this.#state !== 'connecting') return
      const details = error instanceof ExitRefusal ? error : {}
      this.end(reasonFor(error, EndReason.INTERNAL), details)
      return
    }
    if (this.#state !== 'connecting') {
      handled(connection.readable.cancel(this.#abort.signal.reason))
      handled(connection.writable.abort(this.#abort.signal.reason))
      return
    }
    this.#state = 'open'
    this.#reader = connection.readable.getReader()
    this.#writer = connection.writable.getWriter()
    this.#host.sendMessage(RelayCommand.CONNECTED, this.id, connected)
    void this.#pumpIn()
    void this.#pumpOut()
  }

  /** DATA came. Returns what is wrong with it, if anything. @internal */
  receiveData(body: Uint8Array): string | undefined {
    this.dataReceived += 1
    this.bytesReceived += body.length
    this.#waitingBytes += body.length
    const problem = this.flow.received(this.#waitingBytes)
    if (problem !== undefined) return problem
    this.#inbox.push(body)
    void this.#pumpIn()
    return undefined
  }

  /** SENDME, XOFF or XON came. Returns what is wrong with it, if anything. @internal */
  receiveFlow(command: number, body: Uint8Array): string | undefined {
    const problem = this.flow.receive(command, body)
    if (problem !== undefined) return problem
    if (this.#resumeReading !== undefined) this.#host.requestTurn(this)
    return undefined
  }

  /** END came: nothing more may be sent, and the destination gets what is left. @internal */
  receiveEnd(reason: number): void {
    this.endReceived = reason
    this.#finish(new Error('The client ended the stream'))
    handled(this.#reader?.cancel())
    void this.#pumpIn()
  }

  /** Ends the stream from the relay's side: an END with `reason` goes out, unless one went either way. */
  end(
    reason: number,
    details: { readonly address?: string | undefined; readonly ttl?: number | undefined } = {},
  ): void {
    if (this.#state === 'ended') return
    this.endSent = reason
    this.#host.sendMessage(RelayCommand.END, this.id, encodeEnd(reason, details))
    this.#finish(new Error('The exit ended the stream'))
    handled(this.#reader?.cancel())
    void this.#pumpIn()
  }

  /** The circuit is gone. @internal */
  destroy(error: Error): void {
    if (this.#state === 'ended' && !this.#pumping) return
    this.#inbox = []
    this.#finish(error)
    handled(this.#reader?.cancel(error))
    handled(this.#writer?.abort(error))
  }

  /** The stream's turn: it may send up to `cells` now. Returns how many it sent. @internal */
  grant(cells: number): number {
    if (this.#state !== 'open') return 0
    const pending = this.#pending
    if (pending === undefined) {
      this.#resume()
      return 0
    }
    const allowed = Math.min(cells, this.flow.packageWindow)
    if (allowed <= 0) return 0
    const bytes = pending.subarray(0, allowed * MAX_DATA)
    this.#host.sendData(this.id, bytes)
    this.bytesSent += bytes.length
    if (bytes.length < pending.length) {
      this.#pending = pending.subarray(bytes.length)
    } else {
      this.#pending = undefined
      this.#resume()
    }
    return Math.ceil(bytes.length / MAX_DATA)
  }

  /** True while it wants another turn and its own flow control does not forbid it. @internal */
  get wantsTurn(): boolean {
    return this.#state === 'open' && this.#resumeReading !== undefined && this.flow.packageWindow > 0
  }

  /** Counts a message of this stream that was sealed, with this many bytes. @internal */
  sealed(command: number, bytes: number): void {
    if (command === RelayCommand.DATA) {
      this.flow.packaged(bytes)
      this.dataSent += 1
    } else if (command === RelayCommand.SENDME || command === RelayCommand.XOFF || command === RelayCommand.XON)
      this.flow.sent(command)
  }

  #resume(): void {
    const resume = this.#resumeReading
    this.#resumeReading = undefined
    resume?.()
  }

  #finish(error: Error): void {
    this.#state = 'ended'
    this.#pending = undefined
    this.#abort.abort(error)
    this.#resume()
    this.#host.notify()
  }

  /** From the client to the destination. */
  async #pumpIn(): Promise<void> {
    const writer = this.#writer
    if (this.#pumping || writer === undefined) return
    this.#pumping = true
    try {
      while (this.#inbox.length > 0) {
        const bodies = this.#inbox.splice(0, PORTION)
        const bytes = joinBytes(bodies)
        await writer.write(bytes)
        this.#consumed(bodies.length, bytes.length)
      }
      if (this.#state === 'ended') await writer.close()
    } catch (error) {
      // The destination takes no more. After the end of the stream that concerns nobody.
      this.end(reasonFor(error, EndReason.CONNRESET))
    }
    this.#pumping = false
    this.#host.notify()
  }

  #consumed(cells: number, bytes: number): void {
    this.dataConsumed += cells
    this.#waitingBytes -= bytes
    this.flow.consumed(cells, this.#waitingBytes)
    this.#host.notify()
  }

  /** From the destination to the client. Reads only when there is credit to send what it reads. */
  async #pumpOut(): Promise<void> {
    const reader = this.#reader as ReadableStreamDefaultReader<Uint8Array>
    try {
      for (;;) {
        await this.#turn()
        const { done, value } = await reader.read()
        if (this.#state !== 'open') return
        if (done) break
        if (value.length === 0) continue
        this.#pending = value
        await this.#turn()
      }
      this.end(EndReason.DONE)
    } catch (error) {
      this.end(reasonFor(error, EndReason.CONNRESET))
    }
  }

  /** Resolves when what is pending has been sent; with nothing pending, when something could be. */
  #turn(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#state !== 'open') {
        resolve()
        return
      }
      this.#resumeReading = resolve
      this.#host.requestTurn(this)
    })
  }
}
