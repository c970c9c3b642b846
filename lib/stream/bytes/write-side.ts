/**
 * The writable half: a WritableStream that owns `controller.signal`, the chunker behind it, and the packer that turns
 * runs into cells as far as there is credit. Without credit the write waits; nothing is queued behind the application's
 * back.
 *
 * @module
 */
import { deferred, markHandled, type Deferred } from '../../base/deferred.ts'
import type { CellSource, CreditWaiter, StreamPlace } from '../contract/carrier.ts'
import { atEndOfTurn } from '../../base/end-of-turn.ts'
import { makeWritable } from '../../base/streams/writable.ts'
import { createRunChunker } from './relay-data-chunker.ts'
import { bytesOf, type RelayDataRun } from './relay-data-run.ts'
import type { FlowWaiter, StreamFlow } from '../contract/stream-flow.ts'
import type { StreamConstructors } from '../../base/streams/stream-constructors.ts'

/** What the write side tells its stream. */
export interface WriteSideOwner {
  /** The application wrote something. */
  written(): void
  /** The writable has closed: all it took is in cells. */
  writeClosed(): void
  /** The application aborted the writable, or a write of its own failed. */
  writeAborted(reason: unknown): void
}

export class WriteSide implements CellSource, CreditWaiter, FlowWaiter {
  readonly writable: WritableStream<BufferSource>
  readonly #owner: WriteSideOwner
  #flow: StreamFlow
  readonly #runs: ReadableStreamDefaultReader<RelayDataRun>
  readonly #failWritable: (reason: unknown) => void
  /** Where cells go once the stream has an id and may send DATA. */
  #place: StreamPlace | undefined
  /** The run that is being packed. Web Streams call `write` one at a time, so there is never a second. */
  #run: RelayDataRun | undefined
  /** The chunk that is being written has not been packed to its end. */
  #unpacked = false
  /** The last bytes of earlier writes, for which a cell of credit is reserved; sealed at the end of the turn. */
  #tail: Uint8Array | undefined
  #tailSize = 0
  /** How much of the tail is in cells already, while a run is being packed. */
  #tailTaken = 0
  /** A `close()` that waits for CONNECTED. */
  #closing: Deferred<void> | undefined
  /** Why nothing more can be written, boxed as it may be any value; `clean` if nothing was lost. */
  #over: { readonly reason: unknown; readonly clean: boolean } | undefined
  #closed = false
  #established = false

  constructor(owner: WriteSideOwner, flow: StreamFlow, streams: StreamConstructors) {
    this.#owner = owner
    this.#flow = flow
    const chunker = createRunChunker(streams)
    const chunks = chunker.writable.getWriter()
    this.#runs = chunker.readable.getReader()
    for (const promise of [chunks.closed, chunks.ready, this.#runs.closed]) markHandled(promise)
    void this.#packRuns()
    const { writable, fail } = makeWritable<BufferSource>(
      {
        write: async (chunk) => {
          try {
            this.#expectMore()
            this.#owner.written()
            const bytes = bytesOf(chunk) as Uint8Array<ArrayBuffer>
            this.#unpacked = bytes.length > 0
            await chunks.write(bytes)
            if (this.#unpacked) this.#expectMore()
          } catch (error) {
            // A chunker that was torn down just before it took the chunk drops it without a word (Deno), or fails with
            // an error of its own (Node): the reason is the one that counts.
            this.#abort(error)
            this.#expectMore()
            throw error
          }
        },
        close: async () => {
          await this.#close()
          await this.#runs.cancel()
        },
        aborted: (reason) => this.#abort(reason),
      },
      streams.WritableStream,
    )
    this.writable = writable
    this.#failWritable = fail
  }

  /** True when the application can write nothing more. */
  get done(): boolean {
    return this.#closed || this.#over !== undefined
  }

  /** True while a write waits for credit, or what was written for its way into cells. */
  get busy(): boolean {
    return this.#run !== undefined || this.#place?.replayPending !== undefined
  }

  /** DATA may go to `place` from now on. */
  open(place: StreamPlace): void {
    this.#place = place
    this.#resume()
  }

  /**
   * The place is on another circuit, or on none: what was accepted leaves for it now, and what waits does so for the
   * new flow control.
   */
  changeFlow(flow: StreamFlow): void {
    this.#flow = flow
    this.seal()
    this.#resume()
  }

  /** CONNECTED came: a `close()` need not wait any longer. */
  established(): void {
    this.#established = true
    this.#closing?.resolve()
  }

  flowOpened(): void {
    this.#resume()
  }

  grant(cells: number): void {
    if (this.#run) this.#pack(cells)
  }

  /** Puts the bytes that were accepted into a cell; their credit is reserved. Call it before any END of ours. */
  seal(): void {
    if (this.#tailSize > 0) this.#send(1)
  }

  /** Nothing more can be sent: what waits fails with `reason`, and so does every later write. */
  fail(reason: unknown): void {
    this.#tailSize = 0
    if (this.done) return
    this.#stop(reason, false)
    this.#failWritable(reason)
  }

  /**
   * The far end is done. A waiting write fails with `reason`; an idle writable stays as it is until `errorIdle`, so
   * that `readable.pipeTo(writable)` can close it.
   */
  remoteEnded(reason: unknown): void {
    const lost = this.#tailSize > 0 || this.#place?.replayPending !== undefined
    this.#tailSize = 0
    if (this.done) return
    this.#stop(reason, !lost)
    if (lost) this.#failWritable(reason)
  }

  /** Errors a writable that nobody closed after the far end was done. */
  errorIdle(): void {
    if (this.#over && !this.#closed) this.#failWritable(this.#over.reason)
  }

  fill(target: Uint8Array, offset: number, size: number): number {
    let filled = 0
    if (this.#tailTaken < this.#tailSize) {
      filled = Math.min(size, this.#tailSize - this.#tailTaken)
      target.set((this.#tail as Uint8Array).subarray(this.#tailTaken, this.#tailTaken + filled), offset)
      this.#tailTaken += filled
    }
    if (filled < size && this.#run) {
      const piece = this.#run.take(size - filled)
      target.set(piece, offset + filled)
      filled += piece.length
    }
    return filled
  }

  #resume(): void {
    if (this.#run) this.#pack(Infinity)
  }

  async #packRuns(): Promise<void> {
    try {
      for (;;) {
        const { value: run, done } = await this.#runs.read()
        if (done) return
        if (this.#over) {
          run.fail(this.#over.reason)
          return
        }
        this.#run = run
        this.#pack(Infinity)
        await run.packed
      }
    } catch (error) {
      this.#abort(error) // of no effect where the chunker was torn down: whoever did that has told the application
    }
  }

  /**
   * Packs what the credit allows, `most` cells if this is a turn that the circuit granted. What is left of the run is
   * less than a cell in the end: it becomes the tail.
   */
  #pack(most: number): void {
    const run = this.#run as RelayDataRun
    const place = this.#place
    if (place === undefined) return
    try {
      run.checkAttached()
    } catch (error) {
      this.#run = undefined
      run.fail(error)
      return
    }
    let granted = most
    for (;;) {
      const waiting = this.#tailSize + run.remaining
      const reserved = this.#tailSize > 0 ? 1 : 0
      const circuit = granted === Infinity ? place.credit : granted
      const credit = Math.max(0, Math.min(this.#flow.available - reserved, circuit) + reserved)
      if (waiting > place.shortData) {
        if (credit === 0) break
        const cells = Math.min(credit, Math.max(1, Math.floor(waiting / place.maxData)))
        granted -= cells - reserved
        this.#send(cells)
        continue
      }
      if (waiting > this.#tailSize) {
        if (credit === 0) break
        if (reserved === 0) {
          place.reserve()
          atEndOfTurn(() => this.seal())
        }
        this.#keep(run.take(run.remaining), place.shortData)
      }
      place.unwait(this)
      this.#run = undefined
      this.#unpacked = false
      run.finish()
      return
    }
    if (this.#flow.available > 0) {
      place.wait(this)
    } else {
      place.unwait(this)
      this.#flow.wait(this)
    }
  }

  /**
   * Sends `cells` cells of tail and run. Flow control counts what is sent, so that it knows what may come in answer.
   */
  #send(cells: number): void {
    const bytes = this.#tailSize + (this.#run?.remaining ?? 0)
    this.#flow.takeCredit(cells)
    ;(this.#place as StreamPlace).sendData(this, cells, this.#tailSize > 0)
    this.#tailSize = 0
    this.#tailTaken = 0
    this.#flow.bytesSent(bytes - (this.#run?.remaining ?? 0))
  }

  #keep(bytes: Uint8Array, capacity: number): void {
    this.#tail ??= new Uint8Array(capacity)
    this.#tail.set(bytes, this.#tailSize)
    this.#tailSize += bytes.length
  }

  async #close(): Promise<void> {
    if (!this.#over && !this.#established) {
      this.#closing = deferred()
      await this.#closing.promise
    }
    if (!this.#over) this.seal()
    while (!this.#over && this.#place?.replayPending) await this.#place.replayPending
    if (this.#over) {
      if (!this.#over.clean) throw this.#over.reason
      this.#closed = true // the far end is done and all that was written is sent
      return
    }
    this.#closed = true
    this.#owner.writeClosed()
  }

  /** Throws the reason why nothing more can be written, if there is one. */
  #expectMore(): void {
    if (this.#over) throw this.#over.reason
  }

  #abort(reason: unknown): void {
    if (this.done) return
    this.#stop(reason, false)
    this.#owner.writeAborted(reason)
  }

  /** Rejects what is parked before anything else: the standard would leave it hanging. */
  #stop(reason: unknown, clean: boolean): void {
    this.#over = { reason, clean }
    this.#place?.unwait(this)
    this.#closing?.reject(reason)
    const run = this.#run
    this.#run = undefined
    run?.fail(reason)
    markHandled(this.#runs.cancel(reason))
  }
}
