/**
 * Cells over one end of a connection: reads them as they come, and writes them in order, many in one write when the
 * connection is slower than what is sent.
 *
 * @module
 */
import { encodeCell, FIXED_CELL_SIZE, FIXED_HEADER_SIZE, writeFixedHeader } from '../../cell/channel/channel-cell.ts'
import { CellCommand } from '../../cell/commands.ts'
import { BODY_SIZE } from '../../cell/body-size.ts'
import { Deframer } from '../../channel/deframer.ts'
import type { LinkItem } from '../../channel/deframer.ts'
import { joinBytes } from '../../base/bytes/join-bytes.ts'
import type { ByteDuplex } from './memory-link.ts'

/** Bytes that wait to be written when {@link CellLink.hasRoom} becomes false. */
const HIGH_WATER = 131_072

/** What happens on a link. */
export interface CellHandler {
  /**
   * RELAY or RELAY_EARLY cells of one circuit, which are the handler's own. The link reads on when the promise settles.
   */
  run(circuitId: number, command: number, bodies: Uint8Array, count: number): Promise<void> | undefined
  /** Any other cell. The body holds until this returns. */
  cell(circuitId: number, command: number, body: Uint8Array): void
  /** What waited to be written has gone. */
  roomAvailable(): void
  /** The link has ended or failed. Called once. */
  linkEnded(): void
}

/** One end of a link, as cells. */
export class CellLink {
  readonly #handler: CellHandler
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>
  #waiting: Uint8Array[] = []
  #waitingBytes = 0
  #writing = false
  #ending = false
  #closed = false
  #roomWaiters: (() => void)[] = []

  constructor(duplex: ByteDuplex, handler: CellHandler) {
    this.#handler = handler
    this.#reader = duplex.readable.getReader()
    this.#writer = duplex.writable.getWriter()
  }

  /** Begins to read. */
  start(): void {
    void this.#read()
  }

  /** False while so much waits to be written that a sender should wait. */
  get hasRoom(): boolean {
    return this.#waitingBytes < HIGH_WATER
  }

  /** Undefined when there is room, else a promise of it. It also resolves when the link is gone. */
  whenRoom(): Promise<void> | undefined {
    if (this.hasRoom || this.#closed) return undefined
    return new Promise((resolve) => this.#roomWaiters.push(resolve))
  }

  /** Sends bytes as they are. They are used up. */
  send(bytes: Uint8Array): void {
    if (this.#closed || this.#ending) return
    this.#waiting.push(bytes)
    this.#waitingBytes += bytes.length
    if (!this.#writing) void this.#write()
  }

  /** Sends one cell. */
  sendCell(circuitId: number, command: number, body: Uint8Array): void {
    this.send(encodeCell(circuitId, command, body))
  }

  /** Sends `count` fixed-size cells whose bodies stand one after the other. */
  sendRun(circuitId: number, command: number, bodies: Uint8Array, count: number): void {
    const cells = new Uint8Array(count * FIXED_CELL_SIZE)
    for (let index = 0; index < count; index += 1) {
      const at = index * FIXED_CELL_SIZE
      writeFixedHeader(cells, at, circuitId, command)
      cells.set(bodies.subarray(index * BODY_SIZE, (index + 1) * BODY_SIZE), at + FIXED_HEADER_SIZE)
    }
    this.send(cells)
  }

  /** Ends the link when all is written. */
  end(): void {
    if (this.#ending) return
    this.#ending = true
    if (!this.#writing) void this.#write()
  }

  async #read(): Promise<void> {
    const deframer = new Deframer()
    try {
      for (;;) {
        const { done, value } = await this.#reader.read()
        if (done) break
        for (const item of deframer.push(value)) {
          const pending = this.#handle(item)
          if (pending !== undefined) await pending
        }
      }
      this.end()
    } catch (error) {
      this.#fail(error)
    }
    this.#close()
  }

  #handle(item: LinkItem): Promise<void> | undefined {
    if (item.kind === 'run') return this.#handler.run(item.circuitId, CellCommand.RELAY, item.bodies, item.count)
    if (item.command === CellCommand.RELAY_EARLY) return this.#handler.run(item.circuitId, item.command, item.body, 1)
    this.#handler.cell(item.circuitId, item.command, item.body)
    return undefined
  }

  async #write(): Promise<void> {
    this.#writing = true
    try {
      while (this.#waiting.length > 0) {
        const bytes = this.#waiting.length === 1 ? (this.#waiting[0] as Uint8Array) : joinBytes(this.#waiting)
        this.#waiting = []
        await this.#writer.write(bytes)
        this.#waitingBytes -= bytes.length
        this.#announceRoom()
      }
      if (this.#ending) {
        await this.#writer.close()
        // Both directions end: what still comes finds nobody.
        await this.#reader.cancel()
      }
    } catch (error) {
      this.#fail(error)
    }
    this.#writing = false
    // Something was sent, or the end asked for, while the last write was under way.
    if (!this.#closed && this.#waiting.length > 0) void this.#write()
  }

  #announceRoom(): void {
    if (!this.hasRoom) return
    const waiters = this.#roomWaiters
    this.#roomWaiters = []
    for (const resolve of waiters) resolve()
    this.#handler.roomAvailable()
  }

  #fail(error: unknown): void {
    this.#reader.cancel(error).catch(() => undefined) // either stream may be what failed: the other is given up with it,
    this.#writer.abort(error).catch(() => undefined) // and its own complaint says nothing new
    this.#close()
  }

  #close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#waiting = []
    this.#waitingBytes = 0
    this.#announceRoom()
    this.#handler.linkEnded()
  }
}
