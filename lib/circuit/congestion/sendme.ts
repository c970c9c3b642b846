/**
 * The windows of one hop, with authenticated SENDMEs (tor-spec, "SENDME cell format"; proposal 289): an acknowledgement
 * names the digest of the cell that it answers, so that nobody can acknowledge what they have not received.
 *
 * @module
 */
import { constantTimeEqual } from '../../cell/bytes.ts'
import { decodeSendme } from '../../cell/relay/sendme.ts'
import { TorError } from '../../base/errors.ts'
import { CIRCUIT_WINDOW, SendWindow } from '../../stream/flow/windows.ts'

/** As many SENDMEs as one write to the link may hold: the relay may know some of them before the write is done. */
const SENDMES_OF_A_WRITE = 128

/** The only version that the network accepts (consensus parameter `sendme_accept_min_version`). */
const SENDME_VERSION = 1

/** The tags of the SENDMEs that are still to come, oldest first: of each hop its own. */
export class ExpectedSendmes {
  readonly #tags: Uint8Array[] = []

  /** The cell was sent that one more SENDME will answer, with this tag. */
  push(tag: Uint8Array): void {
    this.#tags.push(tag)
  }

  /**
   * A circuit SENDME came: it must be the one that is due.
   *
   * @throws TorError `CIRCUIT_PROTOCOL` when none is due, or it has another version or tag than the one that is due
   * @throws TorError `CELL_MALFORMED`
   */
  check(body: Uint8Array): void {
    const { version, tag } = decodeSendme(body)
    const expected = this.#tags.shift()
    if (expected === undefined) throw new TorError('CIRCUIT_PROTOCOL', 'circuit SENDME although none is due')
    if (version !== SENDME_VERSION || tag === undefined)
      throw new TorError('CIRCUIT_PROTOCOL', `circuit SENDME of version ${version}`)
    if (!constantTimeEqual(tag, expected)) throw new TorError('CIRCUIT_PROTOCOL', 'circuit SENDME with a wrong tag')
  }
}

/** The package window of a hop, and the tags of the SENDMEs that are still to come: ten at most. */
export class AuthenticatedSendWindow {
  readonly #window: SendWindow
  readonly #expected = new ExpectedSendmes()
  /** Cells until the next one that a SENDME answers. They are counted from the first, whatever the window's size. */
  #untilTag = CIRCUIT_WINDOW.step

  /** @param cells - what it begins with, and never exceeds: 100 at least */
  constructor(cells: number = CIRCUIT_WINDOW.cells) {
    this.#window = new SendWindow({ cells, step: CIRCUIT_WINDOW.step })
  }

  /** DATA cells that may be sent now. */
  get available(): number {
    return this.#window.available
  }

  /**
   * One DATA cell is sealed. `tag`, the hop's running digest after it, is asked for only when a SENDME will answer this
   * very cell.
   *
   * @throws RangeError without credit
   */
  take(tag: () => Uint8Array): void {
    this.#window.take(1)
    if (--this.#untilTag > 0) return
    this.#untilTag = CIRCUIT_WINDOW.step
    this.#expected.push(tag())
  }

  /**
   * A circuit SENDME came: 100 cells more.
   *
   * @throws TorError `CIRCUIT_PROTOCOL` when none is due, or it has another version or tag than the one that is due
   * @throws TorError `CELL_MALFORMED`
   */
  acknowledge(body: Uint8Array): void {
    this.#expected.check(body)
    this.#window.increment()
  }
}

/**
 * SENDMEs of ours that the link has not taken. The relay cannot have got them, so it has no credit for what they will
 * allow: one that sends all the same, and reads nothing, would fill this side's memory with answers.
 */
export class UnsentSendmes {
  /** For each how many cells of the circuit were sealed up to it, oldest first. */
  readonly #places: number[] = []
  readonly #most: number

  /** @param perFlight - how many SENDMEs the cells earn that a relay may have on their way at once */
  constructor(perFlight: number) {
    this.#most = perFlight + SENDMES_OF_A_WRITE
  }

  /**
   * One more is sealed.
   *
   * @param place - how many cells of the circuit are sealed now
   * @param taken - how many of them the link has taken
   * @throws TorError `CIRCUIT_PROTOCOL` when too many wait
   */
  add(place: number, taken: number): void {
    while ((this.#places[0] ?? Infinity) <= taken) this.#places.shift()
    if (this.#places.length >= this.#most)
      throw new TorError('CIRCUIT_PROTOCOL', 'DATA beyond a window whose SENDMEs have not left')
    this.#places.push(place)
  }
}
