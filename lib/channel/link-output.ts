/**
 * Cells on their way to a link: how much room it has, and whose turn it is when it has room again.
 *
 * What is given here and not taken by the link yet counts against a limit; circuits look at `roomFor` before they send
 * data, and wait when it is 0. While the link takes a write, what comes meanwhile waits for it, to leave in one with
 * whatever else does.
 *
 * @module
 */
import { afterEndOfTurn } from '../base/waiting/end-of-turn.ts'
import { joinBytes } from '../base/bytes/join-bytes.ts'
import type { BytePort } from '../base/streams/byte-port.ts'
import { CellCommand } from '../cell/commands.ts'
import { encodeCell, FIXED_CELL_SIZE, FIXED_HEADER_SIZE, writeFixedHeader } from '../cell/channel/channel-cell.ts'
import { BODY_SIZE } from '../cell/body-size.ts'

/** How many bytes the link may be behind before circuits have to wait: 256 KiB, 510 cells. */
export const OUTPUT_LIMIT: number = 256 * 1024

/**
 * How far the link may be behind when waiters are told: half of that, so that what they then send makes large writes.
 */
const RESUME_LIMIT = OUTPUT_LIMIT / 2

/** The longest that writes are joined to, in bytes: larger ones gain nothing more. */
const LONGEST_JOINED = 64 * 1024

/** The least that a turn allows, in cells, if there is room for it. */
const MIN_TURN = 16

/** Who waits for room. */
export interface RoomWaiter {
  /** Called when there is room. It may come without need. It must not throw. */
  roomAvailable(): void
}

/** What waits for the link. */
interface Waiting {
  readonly bytes: Uint8Array
  readonly taken?: (() => void) | undefined
}

/** The sending side of a link. */
export class LinkOutput {
  readonly #port: Pick<BytePort, 'write' | 'end'>
  readonly #failed: (cause: unknown) => void
  readonly #written: () => void
  /** True when the link is about to close, which tells the relay all that a DESTROY would. */
  isHushed = false
  /** What waits for the write before it, oldest first. */
  readonly #queue: Waiting[] = []
  /** Everything waits for the end of the first turn. */
  #isHeld = false
  /** The write that the link is taking. */
  #writing: Promise<void> | undefined
  /** Bytes that the link has not taken. */
  #behind = 0
  #ended = false
  /**
   * Who is told when there is room, whoever has waited longest first: all that found none, and all that sent since they
   * were told. The latter may have found none for what they had yet to send.
   */
  readonly #waiters = new Set<RoomWaiter>()
  /** Who may send just now, and how many cells. */
  #turn: { readonly waiter: RoomWaiter; cells: number } | undefined

  /**
   * @param failed called when the link does not take a write
   * @param written called with each write
   */
  constructor(
    port: Pick<BytePort, 'write' | 'end'>,
    failed: (cause: unknown) => void,
    written: () => void = () => undefined,
  ) {
    this.#port = port
    this.#failed = failed
    this.#written = written
  }

  /** True while the link has not taken all that was given to it. */
  get isBehind(): boolean {
    return this.#behind > 0
  }

  /** Sends the first bytes of the link, in one write with whatever else comes before the end of this turn. */
  begin(bytes: Uint8Array): void {
    this.#isHeld = true
    this.#write(bytes)
    afterEndOfTurn(() => this.#letGo())
  }

  /**
   * How many cells `waiter` may send now. When that is 0 it is told once there is room again, and not just for a few.
   */
  roomFor(waiter: RoomWaiter): number {
    if (this.#ended) return 0
    const turn = this.#turn
    const room = turn?.waiter === waiter ? Math.min(turn.cells, this.#room) : this.#room
    if (room === 0) this.#waiters.add(waiter)
    return room
  }

  /**
   * Sends `count` cells for `waiter` in one write, their 509-byte bodies being copied from `bodies`: the first `early` of
   * them as RELAY_EARLY. `taken` is called when the link has taken them.
   */
  sendRelay(
    waiter: RoomWaiter,
    circuitId: number,
    early: number,
    bodies: Uint8Array,
    count: number,
    taken?: () => void,
  ): void {
    if (this.#ended || count === 0) return
    if (this.#turn?.waiter === waiter) this.#turn.cells = Math.max(0, this.#turn.cells - count)
    this.#waiters.add(waiter)
    const cells = new Uint8Array(count * FIXED_CELL_SIZE)
    for (let index = 0; index < count; index++) {
      const at = index * FIXED_CELL_SIZE
      writeFixedHeader(cells, at, circuitId, index < early ? CellCommand.RELAY_EARLY : CellCommand.RELAY)
      cells.set(bodies.subarray(index * BODY_SIZE, (index + 1) * BODY_SIZE), at + FIXED_HEADER_SIZE)
    }
    this.#write(cells, taken)
  }

  /** Sends one cell, whatever room there is. */
  sendCell(circuitId: number, command: number, body: Uint8Array): void {
    if (!this.#ended) this.#write(encodeCell(circuitId, command, body))
  }

  /** `waiter` is not told any more. */
  forget(waiter: RoomWaiter): void {
    this.#waiters.delete(waiter)
  }

  /** Nothing more is sent; what was given to the link may still go out. */
  end(): void {
    this.#letGo()
    this.#ended = true
    this.#waiters.clear()
  }

  /** Nothing more is sent behind what was given to the link. Resolves when all of that has left, and the link has ended. */
  async finish(): Promise<void> {
    this.end()
    while (this.#writing !== undefined) await this.#writing
    await this.#port.end()
  }

  get #room(): number {
    return Math.max(0, Math.floor((OUTPUT_LIMIT - this.#behind) / FIXED_CELL_SIZE))
  }

  #letGo(): void {
    this.#isHeld = false
    this.#next()
  }

  #write(bytes: Uint8Array, taken?: () => void): void {
    this.#written()
    this.#behind += bytes.length
    this.#queue.push({ bytes, taken })
    this.#next()
  }

  /** Gives the link as much of what waits as one write has, unless it is taking one. */
  #next(): void {
    if (this.#isHeld || this.#writing !== undefined || this.#queue.length === 0) return
    let size = 0
    const end = this.#queue.findIndex(({ bytes }) => (size += bytes.length) > LONGEST_JOINED)
    const batch = this.#queue.splice(0, end < 0 ? Infinity : Math.max(1, end))
    const [first] = batch as [Waiting]
    const bytes = batch.length === 1 ? first.bytes : joinBytes(batch.map((each) => each.bytes))
    this.#writing = this.#port.write(bytes).then(
      () => {
        this.#writing = undefined
        this.#behind -= bytes.length
        for (const { taken } of batch) taken?.()
        this.#next()
        this.#announce()
      },
      (cause: unknown) => {
        this.#writing = undefined
        this.#queue.length = 0
        if (!this.#ended) this.#failed(cause)
      },
    )
  }

  /**
   * Gives turns, round robin, until nobody waits or there is no room. A turn is an equal share of the room that a round
   * begins with, rounded up. Whoever used it up waits again, behind the others; so this ends.
   */
  #announce(): void {
    if (this.#behind > RESUME_LIMIT) return
    while (this.#waiters.size > 0) {
      const round = [...this.#waiters]
      const share = Math.max(MIN_TURN, Math.ceil(this.#room / round.length))
      for (const waiter of round) {
        if (this.#room === 0) return
        // Somebody's turn may have ended the wait of another.
        if (!this.#waiters.delete(waiter)) continue
        this.#turn = { waiter, cells: share }
        waiter.roomAvailable()
        this.#turn = undefined
      }
    }
  }
}
