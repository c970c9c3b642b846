/**
 * Reading and writing the fields of cells, certificates and messages. All numbers are big-endian (tor-spec, "Notation
 * and encoding").
 *
 * @module
 */
import { TorError } from '../base/errors.ts'

/**
 * Reads fields one after the other out of bytes that a peer sent. Every read is checked: what is not there is a
 * {@link TorError} `CELL_MALFORMED`, never undefined and never a read out of bounds.
 */
export class ByteReader {
  readonly #bytes: Uint8Array
  readonly #what: string
  #at = 0

  /** @param what what the bytes claim to be, for messages to people: `a CERTS cell` */
  constructor(bytes: Uint8Array, what: string) {
    this.#bytes = bytes
    this.#what = what
  }

  /** How many bytes have not been read. */
  get remaining(): number {
    return this.#bytes.length - this.#at
  }

  /** One byte. */
  u8(): number {
    return this.#bytes[this.#advance(1)] as number
  }

  /** Two bytes. */
  u16(): number {
    const at = this.#advance(2)
    return ((this.#bytes[at] as number) << 8) | (this.#bytes[at + 1] as number)
  }

  /** Four bytes, as a number from 0 to 2^32 - 1. */
  u32(): number {
    const at = this.#advance(4)
    const bytes = this.#bytes
    return (
      (((bytes[at] as number) << 24) |
        ((bytes[at + 1] as number) << 16) |
        ((bytes[at + 2] as number) << 8) |
        (bytes[at + 3] as number)) >>>
      0
    )
  }

  /** The next `length` bytes, as a view. */
  take(length: number): Uint8Array {
    const at = this.#advance(length)
    return this.#bytes.subarray(at, at + length)
  }

  /** Whatever is left, as a view; perhaps nothing. */
  rest(): Uint8Array {
    return this.take(this.remaining)
  }

  /** Checks that nothing is left. */
  end(): void {
    if (this.remaining !== 0) this.fail(`${this.remaining} bytes follow its end`)
  }

  /** Throws the `CELL_MALFORMED` for these bytes. */
  fail(problem: string): never {
    throw new TorError('CELL_MALFORMED', `Malformed ${this.#what}: ${problem}`)
  }

  #advance(length: number): number {
    const at = this.#at
    if (length > this.remaining) this.fail(`it ends ${length - this.remaining} bytes too early`)
    this.#at = at + length
    return at
  }
}

/** Writes fields one after the other. A number that does not fit its field is a RangeError. */
export class ByteWriter {
  #buffer = new Uint8Array(64)
  #length = 0

  /** How many bytes have been written. */
  get length(): number {
    return this.#length
  }

  /** One byte. */
  u8(value: number): this {
    const at = this.#number(value, 1)
    this.#buffer[at] = value
    return this
  }

  /** Two bytes. */
  u16(value: number): this {
    const at = this.#number(value, 2)
    this.#buffer[at] = value >>> 8
    this.#buffer[at + 1] = value
    return this
  }

  /** Four bytes. */
  u32(value: number): this {
    const at = this.#number(value, 4)
    this.#buffer[at] = value >>> 24
    this.#buffer[at + 1] = value >>> 16
    this.#buffer[at + 2] = value >>> 8
    this.#buffer[at + 3] = value
    return this
  }

  /** A copy of `bytes`. */
  bytes(bytes: Uint8Array): this {
    const at = this.#grow(bytes.length)
    this.#buffer.set(bytes, at)
    return this
  }

  /** All that was written, in a buffer of its own. */
  finish(): Uint8Array<ArrayBuffer> {
    return this.#buffer.slice(0, this.#length)
  }

  #number(value: number, size: number): number {
    if (!Number.isInteger(value) || value < 0 || value >= 2 ** (8 * size)) {
      throw new RangeError(`Cannot write ${value} as ${size} ${size === 1 ? 'byte' : 'bytes'}`)
    }
    return this.#grow(size)
  }

  #grow(size: number): number {
    const at = this.#length
    this.#length += size
    if (this.#length > this.#buffer.length) {
      const larger = new Uint8Array(Math.max(this.#length, this.#buffer.length * 2))
      larger.set(this.#buffer)
      this.#buffer = larger
    }
    return at
  }
}

/** The bytes of a text of ASCII characters. Throws a RangeError when there is another one in it. */
export function asciiBytes(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(text.length)
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code > 0x7f) throw new RangeError('Cannot encode a text as ASCII as it has other characters')
    bytes[at] = code
  }
  return bytes
}

/** The text of bytes that are all printable ASCII without space (0x21 to 0x7e); undefined when one is not. */
export function printableText(bytes: Uint8Array): string | undefined {
  let text = ''
  for (const byte of bytes) {
    if (byte < 0x21 || byte > 0x7e) return undefined
    text += String.fromCharCode(byte)
  }
  return text
}

/** True when both have the same bytes. The time depends on the lengths only, which are no secret. */
export function constantTimeEqual(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  let difference = 0
  for (let at = 0; at < a.length; at++) difference |= (a[at] as number) ^ (b[at] as number)
  return difference === 0
}
