/**
 * gzip (RFC 1952) and zlib (RFC 1950) around deflate, the same in every runtime:
 * - gzip may have several members, one right behind the other: together they are the body
 * - what is behind the data and is no member is ignored, as browsers do: padding with zeros, or anything
 * - the checksums count, and a member that is not complete is an error
 * - the texts in a header of gzip are bounded: nothing comes out while they come in
 *
 * @module
 */
import { InflateError } from './huffman-codes.ts'
import { Inflater } from './inflate.ts'

/** Undoes one coding. */
export interface Unzip {
  /** A byte came behind the data: nothing of what follows counts. */
  readonly isOver: boolean
  /** Gives more input; to be called when {@link take} has given nothing. */
  push(bytes: Uint8Array): void
  /**
   * The next bytes, `limit` at most; undefined when more input is needed.
   *
   * @throws InflateError
   */
  take(limit: number): Uint8Array | undefined
  /**
   * There is no more input.
   *
   * @throws InflateError when there should be
   */
  end(): void
}

/** Reads bytes one at a time: each `yield` asks for one. */
type Reading<Result = void> = Generator<undefined, Result, number>

/** The bytes that a member of gzip begins with. */
const GZIP = [0x1f, 0x8b] as const

/** Bits of the fourth byte of a member. */
const HEADER_CRC = 2
const EXTRA = 4
const NAME = 8
const COMMENT = 16
const RESERVED = 0xe0

/** The method of both: deflate. */
const DEFLATE = 8

/** The longest text in the header of a member, with its end: of a name that is that of a file, and of a comment. */
const MAX_TEXT = 4096

const NO_BYTES = new Uint8Array(0)

/** Deflate, and what is around it. */
abstract class Container implements Unzip {
  #input: Uint8Array = NO_BYTES
  #reading: Reading | undefined
  /** One for all members: its window is not small. */
  readonly #inflater = new Inflater()
  #isInflating = false
  #isOver = false
  /** The input may end between two runs of deflate. */
  protected mayEnd = true

  get isOver(): boolean {
    return this.#isOver
  }

  push(bytes: Uint8Array): void {
    this.#input = bytes
  }

  take(limit: number): Uint8Array | undefined {
    while (!this.#isOver) {
      if (this.#isInflating) {
        this.#inflater.push(this.#input)
        this.#input = NO_BYTES
        const bytes = this.#inflater.take(limit)
        if (bytes !== undefined) {
          this.inflated(bytes)
          return bytes
        }
        if (!this.#inflater.done) return undefined
        this.#input = this.#inflater.takeRest()
        this.#isInflating = false
      }
      if (!this.#readOn()) return undefined
    }
    return undefined
  }

  end(): void {
    if (!this.#isOver && (this.#isInflating || !this.mayEnd)) throw new InflateError('it ends early')
  }

  /** Reads the bytes around the deflate. When it returns, the byte that it was given last does not count, nor does the rest. */
  protected abstract read(): Reading

  /** Bytes came out. */
  protected abstract inflated(bytes: Uint8Array): void

  /** Deflate follows; the next byte that is read is the first one behind it. */
  protected inflate(): void {
    this.#inflater.restart()
    this.#isInflating = true
  }

  /** False when there is no input left. */
  #readOn(): boolean {
    if (this.#reading === undefined) {
      this.#reading = this.read()
      this.#reading.next()
    }
    let at = 0
    while (at < this.#input.length && !this.#isInflating && !this.#isOver)
      this.#isOver = this.#reading.next(this.#input[at++] as number).done === true
    this.#input = this.#input.subarray(at)
    return this.#isInflating
  }
}

class Gzip extends Container {
  #crc = 0
  #size = 0

  protected *read(): Reading {
    for (let isFirst = true; ; isFirst = false) {
      for (const magic of GZIP) {
        const byte = yield
        this.mayEnd = false
        if (byte === magic) continue
        if (isFirst) throw new InflateError('it does not begin as gzip')
        return
      }
      yield* header()
      this.#crc = 0
      this.#size = 0
      this.inflate()
      if ((yield* littleEndian(4)) !== this.#crc) throw new InflateError('its checksum is another one')
      if ((yield* littleEndian(4)) !== this.#size) throw new InflateError('its length is another one')
      this.mayEnd = true
    }
  }

  protected override inflated(bytes: Uint8Array): void {
    this.#crc = crc32(this.#crc, bytes)
    this.#size = (this.#size + bytes.length) >>> 0
  }
}

/** The header of a member behind its first two bytes (RFC 1952, section 2.3). Its texts are not kept. */
function* header(): Reading {
  let crc = crc32(0, Uint8Array.from(GZIP))
  function* next(): Reading<number> {
    const byte = yield
    crc = crc32(crc, Uint8Array.of(byte))
    return byte
  }
  if ((yield* next()) !== DEFLATE) throw new InflateError('it has another method')
  const flags = yield* next()
  if ((flags & RESERVED) !== 0) throw new InflateError('it has a flag that is reserved')
  for (let count = 0; count < 6; count++) yield* next()
  if ((flags & EXTRA) !== 0) {
    const low = yield* next()
    const length = low | ((yield* next()) << 8)
    for (let count = 0; count < length; count++) yield* next()
  }
  for (const text of [NAME, COMMENT]) {
    if ((flags & text) === 0) continue
    for (let length = 1; (yield* next()) !== 0; length++)
      if (length === MAX_TEXT) throw new InflateError('a text in its header is too long')
  }
  const expected = crc & 0xffff
  if ((flags & HEADER_CRC) !== 0 && (yield* littleEndian(2)) !== expected)
    throw new InflateError('the checksum of its header is another one')
}

/** Deflate with the header of zlib. */
class Zlib extends Container {
  #adler: readonly [low: number, high: number] = [1, 0]

  protected *read(): Reading {
    const method = yield
    this.mayEnd = false
    const flags = yield
    if ((method & 0x0f) !== DEFLATE || method >> 4 > 7 || ((method << 8) | flags) % 31 !== 0)
      throw new InflateError('it does not begin as zlib')
    if ((flags & 0x20) !== 0) throw new InflateError('it asks for a dictionary')
    this.inflate()
    for (const half of [1, 0]) {
      const high = yield
      if (((high << 8) | (yield)) !== this.#adler[half]) throw new InflateError('its checksum is another one')
    }
    this.mayEnd = true
    yield // one behind the data
  }

  protected override inflated(bytes: Uint8Array): void {
    let [low, high] = this.#adler
    for (let at = 0; at < bytes.length;) {
      // So many sums of 32 bits hold.
      for (const end = Math.min(bytes.length, at + 3800); at < end; at++) {
        low += bytes[at] as number
        high += low
      }
      low %= 65_521
      high %= 65_521
    }
    this.#adler = [low, high]
  }
}

/** Deflate alone. */
class Raw extends Container {
  protected *read(): Reading {
    this.inflate()
    yield // one behind the data
  }

  protected override inflated(): void {
    // there is no checksum
  }
}

function* littleEndian(bytes: number): Reading<number> {
  let value = 0
  for (let at = 0; at < bytes; at++) value |= (yield) << (8 * at)
  return value >>> 0
}

let table: Uint32Array | undefined

/** The CRC-32 of more bytes. */
function crc32(before: number, bytes: Uint8Array): number {
  table ??= Uint32Array.from({ length: 256 }, (_, byte) => {
    let value = byte
    for (let bit = 0; bit < 8; bit++) value = (value & 1) === 1 ? (value >>> 1) ^ 0xedb8_8320 : value >>> 1
    return value
  })
  let crc = ~before
  for (let at = 0; at < bytes.length; at++) crc = (crc >>> 8) ^ (table[(crc ^ (bytes[at] as number)) & 0xff] as number)
  return ~crc >>> 0
}

/**
 * What undoes a coding. Some servers send deflate without its zlib header, whose first byte has 8 in its lower half
 * (RFC 1950); browsers read both.
 *
 * @param first - the first byte
 */
export function unzip(coding: 'gzip' | 'deflate', first: number): Unzip {
  if (coding === 'gzip') return new Gzip()
  return (first & 0x0f) === DEFLATE ? new Zlib() : new Raw()
}
