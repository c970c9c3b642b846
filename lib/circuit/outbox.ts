/**
 * Cells on their way out: messages are packed and sealed one after the other into one buffer, then encrypted in one go
 * and handed to the link in a single write. A full batch leaves at once, what is left at the end of this turn of the
 * event loop: so whatever one turn brings about shares as few writes as can be, and nothing waits for another turn.
 *
 * @module
 */
import { RelayCommand } from '../cell/commands.ts'
import { HEADER_SIZE, writeHeader } from '../cell/relay/relay-cell-v0.ts'
import { BODY_SIZE } from '../cell/body-size.ts'
import { encodeSendme } from '../cell/relay/sendme.ts'
import type { CircuitPort } from '../channel/circuit-port.ts'
import type { CellSource } from '../stream/contract/carrier.ts'
import { afterEndOfTurn } from '../base/waiting/end-of-turn.ts'
import type { HopCrypto } from './onion/hop-crypto.ts'
import type { Hop } from './hop.ts'
import { isAnswer, UnsentAnswers } from './unsent-answers.ts'
import { encryptFor, forwardRoom, refillForward } from './onion/onion.ts'
import { fillRandom, randomByte } from './random-padding.ts'

/** Cells of one write to the link: 64 kB, so that a batch stays in the processor's cache. */
const BATCH = 128

/** The most RELAY_EARLY cells of a circuit: its relays pass no more (tor-spec, "Handling relay_early cells"). */
const MAX_EARLY = 8

/**
 * Buffers that no circuit packs into just now: those of a turn serve the next one. A circuit has one only while it holds
 * cells, as most circuits wait most of the time. Every cell is written whole before it leaves, so none shows what was
 * there before.
 */
const spareBuffers: Uint8Array[] = []
const MAX_SPARE_BUFFERS = 4

/** Encrypted-to-be cells for one hop. */
interface Batch {
  readonly hop: Hop
  /** How many of them, the first ones, are RELAY_EARLY cells. */
  readonly early: number
  readonly bodies: Uint8Array
}

export class Outbox {
  readonly #port: CircuitPort
  readonly #cryptos: readonly HopCrypto[]
  readonly #drained: () => void
  readonly #failed: (reason: unknown) => void
  readonly #overflowed: () => void
  readonly #unsentAnswers = new UnsentAnswers()
  /** Too many answers wait: nothing is packed any more. */
  #isOverflowed = false
  /** The cells that are packed, if there are some. */
  #bodies: Uint8Array | undefined
  #count = 0
  /** Cells that were packed so far. */
  #sealed = 0
  /** How many of those in the buffer, the first ones, are RELAY_EARLY cells. */
  #early = 0
  /**
   * How many RELAY_EARLY cells are left. As in C tor the first 7 or 8 cells to relays behind the first are, whatever they
   * say: so a relay does not see by them how long the circuit is.
   */
  #earlyLeft = MAX_EARLY - (randomByte() & 1)
  #target: Hop | undefined
  /** A flush at the end of this turn is arranged. */
  #arranged = false
  #refilling = false
  /**
   * Batches that wait for keystream, oldest first. Control cells only: without keystream there is no credit for data.
   */
  readonly #waiting: Batch[] = []

  /**
   * @param cryptos - the keys of the circuit's hops; the array grows as the circuit is extended
   * @param drained - called when keystream is there again after `room` was 0 for want of it
   * @param failed - called when keystream cannot be made
   * @param overflowed - called, soon after, when too many answers wait for the link (see {@link UnsentAnswers})
   */
  constructor(
    port: CircuitPort,
    cryptos: readonly HopCrypto[],
    drained: () => void,
    failed: (reason: unknown) => void,
    overflowed: () => void,
  ) {
    this.#port = port
    this.#cryptos = cryptos
    this.#drained = drained
    this.#failed = failed
    this.#overflowed = overflowed
  }

  /** Relay cells that were packed so far. */
  get cells(): number {
    return this.#sealed
  }

  /** How many more DATA cells can leave now: room on the link, and keystream. */
  room(hop: Hop): number {
    if (this.#waiting.length > 0) return 0
    const keystream = forwardRoom(this.#cryptos, hop.index)
    if (keystream - this.#count <= 0) this.#refill(hop)
    return Math.max(0, Math.min(this.#port.room, keystream) - this.#count)
  }

  /** Packs one message. */
  add(hop: Hop, command: number, streamId: number, body: Uint8Array): void {
    if (this.#isOverflowed) return
    const offset = this.#nextCell(hop)
    ;(this.#bodies as Uint8Array).set(body, offset + HEADER_SIZE)
    this.#seal(hop, offset, command, streamId, body.length)
    this.#arrange()
    if (!isAnswer(hop, command) || this.#unsentAnswers.add(this.#sealed, this.#port.taken)) return
    this.#isOverflowed = true
    queueMicrotask(this.#overflowed) // whoever sends is not to lose its circuit in the midst of that
  }

  /**
   * Packs a SENDME of the circuit for the cell with this tag.
   *
   * @throws TorError `CIRCUIT_PROTOCOL` when too many that the link has not taken are before it
   */
  addSendme(hop: Hop, tag: Uint8Array): void {
    this.add(hop, RelayCommand.SENDME, 0, encodeSendme(tag))
    hop.flow.unsentSendmes.add(this.#sealed, this.#port.taken)
  }

  /** Packs one message that must travel in a RELAY_EARLY cell, and cannot wait for the end of the turn. */
  addEarly(hop: Hop, command: number, body: Uint8Array): void {
    this.flush()
    const offset = this.#nextCell(hop)
    ;(this.#bodies as Uint8Array).set(body, offset + HEADER_SIZE)
    this.#seal(hop, offset, command, 0, body.length)
    if (this.#early === 0) {
      this.#early = 1
      this.#earlyLeft = Math.max(0, this.#earlyLeft - 1)
    }
    this.flush()
  }

  /** Packs `cells` DATA cells. Credit for the first was set aside if `reserved`. */
  addData(hop: Hop, streamId: number, source: CellSource, cells: number, reserved: boolean): void {
    const { shortCells, sendWindow } = hop.flow
    for (let cell = 0; cell < cells; cell++) {
      const offset = this.#nextCell(hop)
      const length = source.fill(this.#bodies as Uint8Array, offset + HEADER_SIZE, shortCells.cellSize)
      shortCells.packed(length)
      this.#seal(hop, offset, RelayCommand.DATA, streamId, length)
      sendWindow.take(hop.sentTag, reserved && cell === 0)
    }
    this.#arrange()
  }

  /** Sends what is packed, for whoever cannot wait for the end of the turn. */
  flush(): void {
    if (this.#count > 0) this.#send()
  }

  #arrange(): void {
    if (this.#arranged) return
    this.#arranged = true
    afterEndOfTurn(() => {
      this.#arranged = false
      this.flush()
    })
  }

  /** The place of the next cell in the buffer. A batch is for one hop. */
  #nextCell(hop: Hop): number {
    if (this.#count === BATCH || this.#target !== hop) this.flush()
    this.#target = hop
    this.#bodies ??= spareBuffers.pop() ?? new Uint8Array(BATCH * BODY_SIZE)
    return this.#count++ * BODY_SIZE
  }

  /** Header, padding (4 zero bytes, then random ones: tor-spec, "Relay cells") and digest. */
  #seal(hop: Hop, offset: number, command: number, streamId: number, length: number): void {
    const bodies = this.#bodies as Uint8Array
    writeHeader(bodies, offset, command, streamId, length)
    const padding = offset + HEADER_SIZE + length
    const end = offset + BODY_SIZE
    if (padding < end) {
      bodies.fill(0, padding, Math.min(padding + 4, end))
      if (padding + 4 < end) fillRandom(bodies, padding + 4, end)
    }
    hop.crypto.forward.digest.seal(bodies, offset)
    this.#sealed += 1
    if (this.#earlyLeft > 0 && hop.index > 0) {
      this.#early += 1
      this.#earlyLeft -= 1
    }
  }

  #send(): void {
    const hop = this.#target as Hop
    const buffer = this.#bodies as Uint8Array
    const bodies = buffer.subarray(0, this.#count * BODY_SIZE)
    if (this.#waiting.length > 0 || forwardRoom(this.#cryptos, hop.index) < this.#count) {
      this.#waiting.push({ hop, early: this.#early, bodies: new Uint8Array(bodies) })
      this.#refill(hop)
    } else {
      this.#port.sendRelay(this.#early, encryptFor(this.#cryptos, hop.index, bodies), this.#count)
    }
    this.#count = 0
    this.#early = 0
    // What waits is a copy, and the port has made one of what it sends.
    this.#bodies = undefined
    if (spareBuffers.length < MAX_SPARE_BUFFERS) spareBuffers.push(buffer)
  }

  /** Waits for keystream, then sends what waits for it. One at a time. */
  #refill(hop: Hop): void {
    if (this.#refilling) return
    this.#refilling = true
    this.#sendWaiting(hop).catch(this.#failed)
  }

  async #sendWaiting(hop: Hop): Promise<void> {
    if (this.#waiting.length === 0) await refillForward(this.#cryptos, hop.index, BATCH)
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      const cells = next.bodies.length / BODY_SIZE
      await refillForward(this.#cryptos, next.hop.index, cells)
      this.#port.sendRelay(next.early, encryptFor(this.#cryptos, next.hop.index, next.bodies), cells)
      this.#waiting.shift()
    }
    // In the same breath as the last look at what waits: a batch that comes after it begins another refill.
    this.#refilling = false
    this.#drained()
  }
}
