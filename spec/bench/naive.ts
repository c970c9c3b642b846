/**
 * What the library is measured against: the same cryptography by the same native AES and SHA-1, written the way that
 * suggests itself. The link is piped through one TransformStream, cells are handled one by one, and each is a chunk of
 * its own.
 *
 * It is honest work: it checks every digest, keeps both windows and answers with authenticated SENDMEs, and its bytes
 * are the right ones. It copies nothing that it need not copy. It does not build circuits: keys and a stream are given
 * to it.
 */
import { createCipheriv, createHash, randomFillSync, timingSafeEqual, type Cipher, type Hash } from 'node:crypto'
import type { Link } from '../../lib/platform/links/transport.ts'
import type { CircuitKeys } from './far-side.ts'

const CELL_SIZE = 514
const CELL_HEADER = 5
const BODY_SIZE = 509
const HEADER_SIZE = 11
const MAX_DATA = 498

const RELAY = 3
const DATA = 2
const END = 3
const SENDME = 5

/** A circuit with one stream on it. */
export class NaiveClient {
  /** What the far end sends. */
  readonly readable: ReadableStream<Uint8Array>
  /** What the far end shall get. */
  readonly writable: WritableStream<Uint8Array>
  readonly #keys: CircuitKeys
  readonly #forward: { readonly digest: Hash; readonly ciphers: readonly Cipher[] }
  readonly #backward: { digest: Hash; readonly ciphers: readonly Cipher[] }
  readonly #control: WritableStreamDefaultWriter<Uint8Array>
  /** The beginning of a cell whose rest has not come. */
  #rest: Uint8Array = new Uint8Array(0)
  #received = 0
  #sent = 0
  #streamCredit = 500
  #circuitCredit = 1000
  /** The tags of the circuit SENDMEs that are due. */
  readonly #tags: Uint8Array[] = []
  #creditCame: (() => void) | undefined

  constructor(link: Link, keys: CircuitKeys) {
    this.#keys = keys
    const last = keys.hops.at(-1) as Uint8Array
    const cipher = (key: Uint8Array): Cipher => createCipheriv('aes-128-ctr', key, new Uint8Array(16))
    this.#forward = {
      digest: createHash('sha1').update(last.subarray(0, 20)),
      ciphers: keys.hops.map((hop) => cipher(hop.subarray(40, 56))),
    }
    this.#backward = {
      digest: createHash('sha1').update(last.subarray(20, 40)),
      ciphers: keys.hops.map((hop) => cipher(hop.subarray(56, 72))),
    }
    this.readable = link.readable.pipeThrough(
      new TransformStream<Uint8Array, Uint8Array>({
        transform: (chunk, controller) => this.#receive(chunk, controller),
      }),
    )
    const outgoing = new TransformStream<Uint8Array, Uint8Array>({
      transform: (chunk, controller) => this.#send(chunk, (cell) => controller.enqueue(cell)),
    })
    this.writable = outgoing.writable
    const control = link.writable.getWriter()
    this.#control = control
    void outgoing.readable.pipeTo(new WritableStream({ write: (cell) => control.write(cell) }))
  }

  #receive(chunk: Uint8Array, controller: TransformStreamDefaultController<Uint8Array>): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    let at = 0
    for (; bytes.length - at >= CELL_SIZE; at += CELL_SIZE) {
      this.#receiveCell(bytes.subarray(at + CELL_HEADER, at + CELL_SIZE), controller)
    }
    this.#rest = bytes.subarray(at)
  }

  #receiveCell(encrypted: Uint8Array, controller: TransformStreamDefaultController<Uint8Array>): void {
    const { ciphers } = this.#backward
    let body = encrypted
    for (const cipher of ciphers) body = cipher.update(body)
    const message = new DataView(body.buffer, body.byteOffset, BODY_SIZE)
    if (message.getUint16(1) !== 0) throw new Error('unrecognized relay cell')
    const field = new Uint8Array(body.subarray(5, 9))
    body.fill(0, 5, 9)
    const tag = this.#backward.digest.update(body).copy().digest()
    if (!timingSafeEqual(tag.subarray(0, 4), field)) throw new Error('unrecognized relay cell')
    const length = message.getUint16(9)
    if (length > MAX_DATA) throw new Error('the relay message is too long')
    switch (body[0]) {
      case DATA:
        controller.enqueue(body.subarray(HEADER_SIZE, HEADER_SIZE + length))
        this.#received += 1
        if (this.#received % 100 === 0) this.#acknowledge(0, Buffer.concat([Uint8Array.of(1, 0, 20), tag]))
        if (this.#received % 50 === 0) this.#acknowledge(this.#keys.streamId, new Uint8Array(0))
        break
      case SENDME:
        if (message.getUint16(3) !== 0) {
          this.#streamCredit += 50
        } else {
          const expected = this.#tags.shift()
          const right = expected !== undefined && timingSafeEqual(expected, body.subarray(14, 34))
          if (!right) throw new Error('a SENDME with a wrong tag')
          this.#circuitCredit += 100
        }
        this.#creditCame?.()
        break
      case END:
        controller.terminate()
        break
      default:
        throw new Error(`unexpected relay message ${body[0]}`)
    }
  }

  #acknowledge(streamId: number, body: Uint8Array): void {
    void this.#control.write(this.#pack(SENDME, streamId, body))
  }

  async #send(chunk: Uint8Array, send: (cell: Uint8Array) => void): Promise<void> {
    for (let at = 0; at < chunk.length; at += MAX_DATA) {
      while (this.#streamCredit === 0 || this.#circuitCredit === 0) {
        await new Promise<void>((resolve) => (this.#creditCame = resolve))
      }
      this.#streamCredit -= 1
      this.#circuitCredit -= 1
      send(this.#pack(DATA, this.#keys.streamId, chunk.subarray(at, at + MAX_DATA)))
      this.#sent += 1
      if (this.#sent % 100 === 0) this.#tags.push(this.#forward.digest.copy().digest())
    }
  }

  /** One encrypted cell. */
  #pack(command: number, streamId: number, data: Uint8Array): Uint8Array {
    const cell = new Uint8Array(CELL_SIZE)
    const header = new DataView(cell.buffer)
    header.setUint32(0, this.#keys.circuitId)
    header.setUint8(4, RELAY)
    header.setUint8(5, command)
    header.setUint16(8, streamId)
    header.setUint16(14, data.length)
    cell.set(data, CELL_HEADER + HEADER_SIZE)
    // Four zero bytes, then random ones.
    const padding = CELL_HEADER + HEADER_SIZE + data.length + 4
    if (padding < CELL_SIZE) randomFillSync(cell, padding)
    const body = cell.subarray(CELL_HEADER)
    const digest = this.#forward.digest.update(body).copy().digest()
    body.set(digest.subarray(0, 4), 5)
    let encrypted = body
    for (const cipher of this.#forward.ciphers.toReversed()) encrypted = cipher.update(encrypted)
    cell.set(encrypted, CELL_HEADER)
    return cell
  }
}
