/**
 * The half that is written: what was written on its way into cells, and how that ends. Who writes is a writable or a
 * port, made when first asked for; what packs runs of bytes into cells is the packer.
 *
 * @module
 */
import type { Why } from '../../base/why.ts'
import { deferred, type Deferred } from '../../base/waiting/deferred.ts'
import type { StreamPlace } from '../contract/carrier.ts'
import type { StreamFlow } from '../contract/stream-flow.ts'
import { CellPacker } from './cell-packer.ts'
import type { RelayDataRun } from './relay-data-run.ts'

/** What the write side tells its stream. */
export interface WriteSideOwner {
  /** The application wrote something. */
  written(): void
  /** The application writes no more: all that was written is in cells. */
  writeClosed(): void
  /** The application gave up writing, or a write of its own failed. */
  writeAborted(reason: unknown): void
}

/** Who brings what the application writes. */
export interface ByteGiver {
  /** Nothing more is packed, for this reason. */
  stopped(why: Why): void
  /** Nothing more can be written, and who looks is to know: comes after `stopped`, perhaps much later. */
  fail(why: Why): void
}

/**
 * States:
 * - `connecting`: a close waits for CONNECTED
 * - `open`
 * - `over`: nothing more can be written, for this reason; `clean` if nothing was lost
 * - `closed`: the application writes no more
 */
type WriteState =
  | { readonly name: 'connecting' | 'open' | 'closed' }
  | { readonly name: 'over'; readonly why: Why; readonly clean: boolean }

const CONNECTING: WriteState = { name: 'connecting' }
const OPEN: WriteState = { name: 'open' }
const CLOSED: WriteState = { name: 'closed' }

export class WriteSide {
  readonly #owner: WriteSideOwner
  readonly #packer: CellPacker
  #giver: ByteGiver | undefined
  #state: WriteState = CONNECTING
  /** The giver was told that it fails, or is to be when there is one. */
  #isFailed = false
  /** Writes that are not in cells. */
  #writes = 0
  /** A close that waits for CONNECTED. */
  #closing: Deferred<void> | undefined

  constructor(owner: WriteSideOwner, flow: StreamFlow) {
    this.#owner = owner
    this.#packer = new CellPacker(flow)
  }

  /** True when the application can write nothing more. */
  get done(): boolean {
    return this.#state.name === 'over' || this.#state.name === 'closed'
  }

  /** True while there is a write that is not in cells, or what was written waits for its way into them. */
  get isUnfinished(): boolean {
    return (this.#writes > 0 && this.#state !== CLOSED) || this.#packer.replayPending !== undefined
  }

  /** Bytes that are in cells, in all. */
  get sent(): number {
    return this.#packer.sent
  }

  // What the circuit's side calls.

  /** DATA may go to `place` from now on. */
  open(place: StreamPlace): void {
    this.#packer.open(place)
  }

  /** The place is on another circuit, or on none (see {@link CellPacker.changeFlow}). */
  changeFlow(flow: StreamFlow): void {
    this.#packer.changeFlow(flow)
  }

  /** CONNECTED came: a close need not wait any longer. */
  established(): void {
    if (this.#state.name === 'connecting') this.#state = OPEN
    this.#closing?.resolve()
  }

  /** Puts the bytes that were accepted into a cell. Call it before any END of ours. */
  seal(): void {
    this.#packer.seal()
  }

  /** Nothing more can be sent: what waits fails with the reason, and so does every later write. */
  fail(why: Why): void {
    this.#packer.dropTail()
    if (this.done) return
    this.#stop(why, false)
    this.#tell(why)
  }

  /**
   * The far end is done. A waiting write fails with the reason; an idle giver stays as it is until `errorIdle`, so that
   * `readable.pipeTo(writable)` can close it.
   */
  remoteEnded(why: Why): void {
    const lost = this.#packer.hasTail || this.#packer.replayPending !== undefined
    this.#packer.dropTail()
    if (this.done) return
    this.#stop(why, !lost)
    if (lost) this.#tell(why)
  }

  /** Fails a giver that nobody closed after the far end was done. */
  errorIdle(): void {
    if (this.#state.name === 'over') this.#tell(this.#state.why)
  }

  // What the giver calls.

  /** From now on this one brings what is written, or is told at once that nothing can be. There is never a second. */
  attach(giver: ByteGiver): void {
    this.#giver = giver
    if (this.#state.name !== 'over') return
    giver.stopped(this.#state.why)
    if (this.#isFailed) giver.fail(this.#state.why)
  }

  /** The application has called for a write. It may wait for others before it begins. */
  accept(): void {
    this.#writes += 1
  }

  /** A write begins. Throws the reason why nothing more can be written, if there is one. */
  begin(): void {
    this.expectMore()
    this.#owner.written()
  }

  /** What was written is in cells, or in one that is sealed at the end of this turn. */
  written(): void {
    this.#writes -= 1
  }

  /** Throws the reason why nothing more can be written, if there is one. */
  expectMore(): void {
    if (this.#state.name === 'over') throw this.#state.why()
  }

  /** Packs a run as far as there is credit, or fails it. The one before has been packed. */
  pack(run: RelayDataRun): void {
    if (this.#state.name === 'over') run.fail(this.#state.why())
    else this.#packer.add(run)
  }

  /**
   * The application writes no more. Resolves when all that it wrote is in cells; rejects with the reason when some of it
   * never will be. Call it when the last run was packed.
   */
  async close(): Promise<void> {
    if (this.#state.name === 'connecting') {
      this.#closing = deferred()
      await this.#closing.promise
    }
    if (this.#over() === undefined) this.#packer.seal()
    while (this.#over() === undefined && this.#packer.replayPending) await this.#packer.replayPending
    const over = this.#over()
    if (over?.clean === false) throw over.why()
    this.#state = CLOSED
    // Where the far end is done all that was written is sent, and there is nobody to tell.
    if (over === undefined) this.#owner.writeClosed()
  }

  /** The application gives up writing, or what it wrote failed. The giver knows. */
  abort(reason: unknown): void {
    if (this.done) return
    this.#stop(() => reason, false)
    this.#owner.writeAborted(reason)
  }

  /** Why nothing more can be written; asked anew after each wait. */
  #over(): Extract<WriteState, { name: 'over' }> | undefined {
    return this.#state.name === 'over' ? this.#state : undefined
  }

  #tell(why: Why): void {
    this.#isFailed = true
    this.#giver?.fail(why)
  }

  /** Rejects what is parked before anything else: the standard would leave it hanging. */
  #stop(why: Why, clean: boolean): void {
    this.#state = { name: 'over', why, clean }
    this.#closing?.reject(why())
    this.#packer.stop(why)
    this.#giver?.stopped(why)
  }
}
