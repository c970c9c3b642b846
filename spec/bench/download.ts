/**
 * What the relays of a circuit send to the client: encrypted beforehand, and given out as the client's windows allow.
 *
 * @module
 */
import { FIXED_CELL_SIZE, FIXED_HEADER_SIZE, writeFixedHeader } from '../../lib/cell/channel/channel-cell.ts'
import { CellCommand, RelayCommand } from '../../lib/cell/commands.ts'
import { encodeEnd } from '../../lib/cell/relay/end.ts'
import { EndReason } from '../../lib/cell/reasons.ts'
import { HEADER_SIZE, MAX_DATA, writeHeader } from '../../lib/cell/relay/relay-cell-v0.ts'
import { BODY_SIZE } from '../../lib/cell/body-size.ts'
import { decodeSendme } from '../../lib/cell/relay/sendme.ts'
import type { HopCrypto } from '../../lib/circuit/onion/hop-crypto.ts'
import { CIRCUIT_WINDOW, STREAM_WINDOW } from '../../lib/stream/flow/windows.ts'
import { packMessage } from '../../lib/testing/relay/circuit/messages.ts'
import { systemRandom } from '../../lib/testing/identity/random.ts'
import { payload } from './payload.ts'

/** How many bytes a read of the link yields: it is a busy one, whose bytes come faster than they are worked off. */
const READ_SIZE = 65_536

/** Encrypted cells that wait for the client's credit. */
export class Download {
  readonly #wire: Uint8Array
  readonly #dataCells: number
  /** The tags of the circuit SENDMEs that will come, in their order. */
  readonly #tags: readonly Uint8Array[]
  #circuitSendmes = 0
  #streamSendmes = 0
  #sent = 0

  constructor(wire: Uint8Array, dataCells: number, tags: readonly Uint8Array[]) {
    this.#wire = wire
    this.#dataCells = dataCells
    this.#tags = tags
  }

  /** What the next read of the link yields; undefined while the client has not given credit for as much. */
  next(): Uint8Array | undefined {
    const credit = Math.min(
      CIRCUIT_WINDOW.cells + this.#circuitSendmes * CIRCUIT_WINDOW.step,
      STREAM_WINDOW.cells + this.#streamSendmes * STREAM_WINDOW.step,
    )
    // END needs no credit.
    const end = credit >= this.#dataCells ? this.#wire.length : credit * FIXED_CELL_SIZE
    const next = Math.min(this.#sent + READ_SIZE, this.#wire.length)
    if (next > end || next === this.#sent) return undefined
    const bytes = this.#wire.subarray(this.#sent, next)
    this.#sent = next
    return bytes
  }

  acknowledge(streamId: number, body: Uint8Array): void {
    if (streamId !== 0) {
      this.#streamSendmes += 1
      return
    }
    const { tag } = decodeSendme(body)
    const expected = this.#tags[this.#circuitSendmes]
    const right = tag !== undefined && expected !== undefined && Buffer.compare(tag, expected) === 0
    if (!right) throw new Error('the client sent a wrong SENDME')
    this.#circuitSendmes += 1
  }
}

/** Cells that are encrypted in one go. */
const BATCH = 128

/** What downloads are encrypted into: a fresh buffer for each would be garbage, to be collected on the clock. */
let memory = new Uint8Array(0)

/**
 * Encrypts `length` bytes of the payload and an END, for the client whose hops these are. Only one download can be
 * under way: the next one is encrypted into the same memory.
 */
export function encryptDownload(
  hops: readonly HopCrypto[],
  circuitId: number,
  streamId: number,
  length: number,
): Download {
  const dataCells = Math.ceil(length / MAX_DATA)
  const { digest } = (hops.at(-1) as HopCrypto).backward
  const size = (dataCells + 1) * FIXED_CELL_SIZE
  if (memory.length < size) memory = new Uint8Array(size)
  const wire = memory.subarray(0, size)
  const tags: Uint8Array[] = []
  const plain = new Uint8Array(BATCH * BODY_SIZE)
  for (let first = 0; first <= dataCells; first += BATCH) {
    const end = Math.min(first + BATCH, dataCells + 1)
    for (let cell = first, offset = 0; cell < end; cell++, offset += BODY_SIZE) {
      if (cell === dataCells) {
        plain.set(
          packMessage({ command: RelayCommand.END, streamId, body: encodeEnd(EndReason.DONE) }, systemRandom),
          offset,
        )
      } else {
        const bytes = payload(cell * MAX_DATA, Math.min(MAX_DATA, length - cell * MAX_DATA))
        writeHeader(plain, offset, RelayCommand.DATA, streamId, bytes.length)
        plain.set(bytes, offset + HEADER_SIZE)
      }
      digest.seal(plain, offset)
      if (cell < dataCells && (cell + 1) % CIRCUIT_WINDOW.step === 0) tags.push(digest.tag())
    }
    let bodies: Uint8Array = plain.subarray(0, (end - first) * BODY_SIZE)
    for (const { backward } of hops.toReversed()) bodies = backward.keystream.apply(bodies)
    for (let cell = first; cell < end; cell++) {
      const at = cell * FIXED_CELL_SIZE
      const offset = (cell - first) * BODY_SIZE
      writeFixedHeader(wire, at, circuitId, CellCommand.RELAY)
      wire.set(bodies.subarray(offset, offset + BODY_SIZE), at + FIXED_HEADER_SIZE)
    }
  }
  return new Download(wire, dataCells, tags)
}
