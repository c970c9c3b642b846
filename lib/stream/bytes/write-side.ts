/**
 * The writable half: a WritableStream that owns `controller.signal`, the chunker behind it, and how both end. What packs
 * the chunker's runs into cells is the packer.
 *
 * @module
 */
import type { BufferSource } from '../../base/streams/buffer-source.ts'
import { deferred, markHandled, type Deferred } from '../../base/deferred.ts'
import type { StreamConstructors } from '../../base/streams/stream-constructors.ts'
import { makeWritable } from '../../base/streams/writable.ts'
import type { StreamPlace } from '../contract/carrier.ts'
import type { StreamFlow } from '../contract/stream-flow.ts'
import { CellPacker } from './cell-packer.ts'
import { createRunChunker } from './relay-data-chunker.ts'
import { bytesOf, type RelayDataRun } from './relay-data-run.ts'

/** What the write side tells its stream. */
export interface WriteSideOwner {
  /** The application wrote something. */
  written(): void
  /** The writable has closed: all it took is in cells. */
  writeClosed(): void
  /** The application aborted the writable, or a write of its own failed. */
  writeAborted(reason: unknown): void
}

/**
 * States:
 * - `connecting`: a close waits for CONNECTED
 * - `open`
 * - `over`: nothing more can be written, for this reason, boxed as it may be any value; `clean` if nothing was lost
 * - `closed`: the application has closed the writable
 */
type WriteState =
  | { readonly name: 'connecting' | 'open' | 'closed' }
  | { readonly name: 'over'; readonly reason: unknown; readonly clean: boolean }

export class WriteSide {
  readonly writable: WritableStream<BufferSource>
  readonly #owner: WriteSideOwner
  readonly #packer: CellPacker
  readonly #runs: ReadableStreamDefaultReader<RelayDataRun>
  readonly #failWritable: (reason: unknown) => void
  #state: WriteState = { name: 'connecting' }
  /** The chunk that is being written has not been packed to its end. */
  #unpacked = false
  /** A `close()` that waits for CONNECTED. */
  #closing: Deferred<void> | undefined

  constructor(owner: WriteSideOwner, flow: StreamFlow, streams: StreamConstructors) {
    this.#owner = owner
    this.#packer = new CellPacker(flow, () => {
      this.#unpacked = false
    })
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
    return this.#state.name === 'over' || this.#state.name === 'closed'
  }

  /** True while a write waits for credit, or what was written for its way into cells. */
  get busy(): boolean {
    return this.#packer.isWaiting || this.#packer.replayPending !== undefined
  }

  /** Bytes that are in cells, in all. */
  get sent(): number {
    return this.#packer.sent
  }

  /** DATA may go to `place` from now on. */
  open(place: StreamPlace): void {
    this.#packer.open(place)
  }

  /** The place is on another circuit, or on none (see {@link CellPacker.changeFlow}). */
  changeFlow(flow: StreamFlow): void {
    this.#packer.changeFlow(flow)
  }

  /** CONNECTED came: a `close()` need not wait any longer. */
  established(): void {
    if (this.#state.name === 'connecting') this.#state = { name: 'open' }
    this.#closing?.resolve()
  }

  /** Puts the bytes that were accepted into a cell. Call it before any END of ours. */
  seal(): void {
    this.#packer.seal()
  }

  /** Nothing more can be sent: what waits fails with `reason`, and so does every later write. */
  fail(reason: unknown): void {
    this.#packer.dropTail()
    if (this.done) return
    this.#stop(reason, false)
    this.#failWritable(reason)
  }

  /**
   * The far end is done. A waiting write fails with `reason`; an idle writable stays as it is until `errorIdle`, so
   * that `readable.pipeTo(writable)` can close it.
   */
  remoteEnded(reason: unknown): void {
    const lost = this.#packer.hasTail || this.#packer.replayPending !== undefined
    this.#packer.dropTail()
    if (this.done) return
    this.#stop(reason, !lost)
    if (lost) this.#failWritable(reason)
  }

  /** Errors a writable that nobody closed after the far end was done. */
  errorIdle(): void {
    if (this.#state.name === 'over') this.#failWritable(this.#state.reason)
  }

  async #packRuns(): Promise<void> {
    try {
      for (;;) {
        const { value: run, done } = await this.#runs.read()
        if (done) return
        if (this.#state.name === 'over') {
          run.fail(this.#state.reason)
          return
        }
        this.#packer.add(run)
        await run.packed
      }
    } catch (error) {
      this.#abort(error) // of no effect where the chunker was torn down: whoever did that has told the application
    }
  }

  async #close(): Promise<void> {
    if (this.#state.name === 'connecting') {
      this.#closing = deferred()
      await this.#closing.promise
    }
    if (this.#over() === undefined) this.#packer.seal()
    while (this.#over() === undefined && this.#packer.replayPending) await this.#packer.replayPending
    const over = this.#over()
    if (over?.clean === false) throw over.reason
    this.#state = { name: 'closed' }
    // Where the far end is done all that was written is sent, and there is nobody to tell.
    if (over === undefined) this.#owner.writeClosed()
  }

  /** Why nothing more can be written; asked anew after each wait. */
  #over(): Extract<WriteState, { name: 'over' }> | undefined {
    return this.#state.name === 'over' ? this.#state : undefined
  }

  /** Throws the reason why nothing more can be written, if there is one. */
  #expectMore(): void {
    if (this.#state.name === 'over') throw this.#state.reason
  }

  #abort(reason: unknown): void {
    if (this.done) return
    this.#stop(reason, false)
    this.#owner.writeAborted(reason)
  }

  /** Rejects what is parked before anything else: the standard would leave it hanging. */
  #stop(reason: unknown, clean: boolean): void {
    this.#state = { name: 'over', reason, clean }
    this.#closing?.reject(reason)
    this.#packer.stop(reason)
    markHandled(this.#runs.cancel(reason))
  }
}
