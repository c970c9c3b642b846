/**
 * The bytes of a link in, cells out (tor-spec, "Cell packet format"). One synchronous pass per read, and no object per
 * relay cell: consecutive RELAY cells of one circuit within a read come out as a run, their bodies one after the other
 * in a fresh buffer.
 *
 * It knows both forms of circuit ids: of two bytes until the first VERSIONS cell has passed, of four after it. It holds
 * no more than one incomplete cell.
 *
 * @module
 */
import {
  FIXED_CELL_SIZE,
  FIXED_HEADER_SIZE,
  isVariableLength,
  VARIABLE_HEADER_SIZE,
  VERSIONS_HEADER_SIZE,
} from '../cell/channel/channel-cell.ts'
import { CellCommand, cellCommandName } from '../cell/commands.ts'
import { BODY_SIZE } from '../cell/body-size.ts'
import { TorError } from '../base/errors.ts'

/** RELAY cells of one circuit that came one after the other. */
export interface RelayRun {
  readonly kind: 'run'
  readonly circuitId: number
  /** `count` bodies of 509 bytes, in a buffer of their own. */
  readonly bodies: Uint8Array<ArrayBuffer>
  readonly count: number
}

/** Any other cell. */
export interface OtherCell {
  readonly kind: 'cell'
  readonly circuitId: number
  readonly command: number
  /** Of a fixed-size cell all 509 bytes, padding included. A copy. */
  readonly body: Uint8Array<ArrayBuffer>
}

/** What a read of the link held. */
export type LinkItem = RelayRun | OtherCell

const u32 = (bytes: Uint8Array, at: number): number =>
  (((bytes[at] as number) << 24) |
    ((bytes[at + 1] as number) << 16) |
    ((bytes[at + 2] as number) << 8) |
    (bytes[at + 3] as number)) >>>
  0

const u16 = (bytes: Uint8Array, at: number): number => ((bytes[at] as number) << 8) | (bytes[at + 1] as number)

/** Cuts a link's bytes into cells. Both sides of a link can use it. */
export class Deframer {
  /** Circuit ids have two bytes as long as no VERSIONS cell has come. */
  #narrow = true
  /** The beginning of a cell that is not complete. */
  #carry = new Uint8Array(FIXED_CELL_SIZE)
  #carried = 0

  /** How many bytes of an incomplete cell are held: at most 65,542. */
  get carried(): number {
    return this.#carried
  }

  /**
   * The cells that `bytes` complete, in order. They share no memory with `bytes`.
   *
   * Throws a TorError `LINK_PROTOCOL` as soon as the link begins with anything but VERSIONS or VPADDING.
   */
  push(bytes: Uint8Array): LinkItem[] {
    const items: LinkItem[] = []
    let at = this.#carried === 0 ? 0 : this.#completeCarried(bytes, items)
    while (at < bytes.length) {
      const size = this.#sizeAt(bytes, at, bytes.length)
      if (size > bytes.length - at) break
      if (!this.#narrow && bytes[at + 4] === CellCommand.RELAY) at = this.#run(bytes, at, undefined, items)
      else at = this.#other(bytes, at, size, items)
    }
    if (at < bytes.length) this.#keep(bytes, at, bytes.length)
    return items
  }

  /**
   * How many bytes the cell at `at` has; or, as long as its header is not there, how many must be there to know more:
   * always more than there are.
   */
  #sizeAt(bytes: Uint8Array, at: number, end: number): number {
    const there = end - at
    const idSize = this.#narrow ? 2 : 4
    if (there <= idSize) return idSize + 1
    const command = bytes[at + idSize] as number
    if (this.#narrow && command !== CellCommand.VERSIONS && command !== CellCommand.VPADDING) {
      throw new TorError('LINK_PROTOCOL', `The link begins with ${cellCommandName(command)}, not with VERSIONS`)
    }
    if (!isVariableLength(command)) return FIXED_CELL_SIZE
    const header = idSize + 3
    return there < header ? header : header + u16(bytes, at + idSize + 1)
  }

  /** Adds to the incomplete cell what it lacks. Returns how many of `bytes` that took. */
  #completeCarried(bytes: Uint8Array, items: LinkItem[]): number {
    let at = 0
    for (;;) {
      const size = this.#sizeAt(this.#carry, 0, this.#carried)
      if (size <= this.#carried) {
        this.#carried = 0
        const cell = this.#carry
        if (!this.#narrow && cell[4] === CellCommand.RELAY) return this.#run(bytes, at, cell, items)
        this.#other(cell, 0, size, items)
        // A long cell's memory is not kept for the short ones that follow.
        if (cell.length > FIXED_CELL_SIZE) this.#carry = new Uint8Array(FIXED_CELL_SIZE)
        return at
      }
      const take = Math.min(size - this.#carried, bytes.length - at)
      if (take === 0) return at
      this.#keep(bytes, at, at + take)
      at += take
    }
  }

  #keep(bytes: Uint8Array, at: number, end: number): void {
    const length = this.#carried + end - at
    if (length > this.#carry.length) {
      // Grows with what has come, not with what a header promises.
      const larger = new Uint8Array(Math.max(length, 2 * this.#carry.length))
      larger.set(this.#carry.subarray(0, this.#carried))
      this.#carry = larger
    }
    this.#carry.set(bytes.subarray(at, end), this.#carried)
    this.#carried = length
  }

  /**
   * Emits the RELAY cells of one circuit that begin with `first`, or else stand at `at`, and go on from there. Returns
   * where they end.
   */
  #run(bytes: Uint8Array, at: number, first: Uint8Array | undefined, items: LinkItem[]): number {
    const circuitId = u32(first ?? bytes, first === undefined ? at : 0)
    let end = at
    while (
      bytes.length - end >= FIXED_CELL_SIZE &&
      bytes[end + 4] === CellCommand.RELAY &&
      u32(bytes, end) === circuitId
    ) {
      end += FIXED_CELL_SIZE
    }
    const count = (end - at) / FIXED_CELL_SIZE + (first === undefined ? 0 : 1)
    const bodies = new Uint8Array(count * BODY_SIZE)
    let to = 0
    if (first !== undefined) {
      bodies.set(first.subarray(FIXED_HEADER_SIZE, FIXED_CELL_SIZE))
      to = BODY_SIZE
    }
    for (let from = at + FIXED_HEADER_SIZE; from < end; from += FIXED_CELL_SIZE) {
      bodies.set(bytes.subarray(from, from + BODY_SIZE), to)
      to += BODY_SIZE
    }
    items.push({ kind: 'run', circuitId, bodies, count })
    return end
  }

  /** Emits the complete cell of `size` bytes at `at`, which is no relay cell. Returns where it ends. */
  #other(bytes: Uint8Array, at: number, size: number, items: LinkItem[]): number {
    const end = at + size
    const circuitId = this.#narrow ? u16(bytes, at) : u32(bytes, at)
    const command = bytes[at + (this.#narrow ? 2 : 4)] as number
    const header = this.#narrow
      ? VERSIONS_HEADER_SIZE
      : isVariableLength(command)
        ? VARIABLE_HEADER_SIZE
        : FIXED_HEADER_SIZE
    items.push({ kind: 'cell', circuitId, command, body: new Uint8Array(bytes.subarray(at + header, end)) })
    if (command === CellCommand.VERSIONS) this.#narrow = false
    return end
  }
}
