/**
 * Reading DER (X.690), strictly and no more of it than X.509 certificates need: tags of one byte, definite lengths in their
 * shortest form.
 *
 * @module
 */
import { ByteReader, printableText } from '../cell/bytes.ts'

/** The tags in use. */
export const DerTag = {
  BOOLEAN: 0x01,
  INTEGER: 0x02,
  BIT_STRING: 0x03,
  OCTET_STRING: 0x04,
  OBJECT_IDENTIFIER: 0x06,
  UTC_TIME: 0x17,
  GENERALIZED_TIME: 0x18,
  SEQUENCE: 0x30,
  SET: 0x31,
} as const

/** Reads DER elements one after the other. What is not strict DER is a TorError `CELL_MALFORMED`. */
export class DerReader {
  readonly #bytes: Uint8Array
  readonly #reader: ByteReader
  readonly #what: string

  /** @param what what the bytes claim to be, for messages to people */
  constructor(bytes: Uint8Array, what: string) {
    this.#bytes = bytes
    this.#what = what
    this.#reader = new ByteReader(bytes, what)
  }

  /** The tag of the next element, or undefined at the end. */
  get nextTag(): number | undefined {
    return this.#bytes[this.#position]
  }

  /** Reads an element that must have this tag, and gives its contents as a view. */
  contents(tag: number): Uint8Array {
    if (this.nextTag !== tag) this.fail(`it lacks an element with tag ${tag}`)
    return this.#element()
  }

  /** Reads an element that must have this tag, and gives all of its bytes, tag and length included, as a view. */
  whole(tag: number): Uint8Array {
    const start = this.#position
    this.contents(tag)
    return this.#bytes.subarray(start, this.#position)
  }

  /** Reads a SEQUENCE and gives a reader of its elements. */
  sequence(): DerReader {
    return new DerReader(this.contents(DerTag.SEQUENCE), this.#what)
  }

  /** Reads an element with this tag if it comes next, and gives a reader of its contents. */
  optional(tag: number): DerReader | undefined {
    return this.nextTag === tag ? new DerReader(this.contents(tag), this.#what) : undefined
  }

  /** Reads a BOOLEAN: 0x00 or 0xff, as DER has it. */
  boolean(): boolean {
    const bytes = this.contents(DerTag.BOOLEAN)
    if (bytes.length !== 1 || (bytes[0] !== 0 && bytes[0] !== 0xff)) this.fail('a truth value in it is not DER')
    return bytes[0] === 0xff
  }

  /** Passes over one element of any kind. */
  skip(): void {
    this.#element()
  }

  /** Reads an INTEGER above zero: its bytes, big-endian, without the zero that shows its sign. */
  positiveInteger(): Uint8Array {
    const bytes = this.contents(DerTag.INTEGER)
    const [first = 0x80, second = 0] = bytes
    const padded = first === 0 && second >= 0x80
    if (first >= 0x80 || (first === 0 && !padded))
      this.fail('an integer in it is not positive, or longer than it needs to be')
    return padded ? bytes.subarray(1) : bytes
  }

  /** Reads an OBJECT IDENTIFIER: its encoded bytes in hex digits, which is as good a name as dotted numbers. */
  objectIdentifier(): string {
    const bytes = this.contents(DerTag.OBJECT_IDENTIFIER)
    // Each number ends with the first byte below 0x80, and begins with none that adds nothing (X.690, 8.19.2).
    const isStart = (index: number): boolean => index === 0 || (bytes[index - 1] as number) < 0x80
    const isWhole = bytes.length > 0 && isStart(bytes.length)
    if (!isWhole || bytes.some((byte, index) => byte === 0x80 && isStart(index)))
      this.fail('an identifier in it is none')
    return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
  }

  /** Reads a BIT STRING of whole bytes, as a view. */
  bitString(): Uint8Array {
    const bytes = this.contents(DerTag.BIT_STRING)
    if (bytes[0] !== 0) this.fail('a bit string in it is not of whole bytes')
    return bytes.subarray(1)
  }

  /** Reads a UTCTime or GeneralizedTime in the form of RFC 5280 section 4.1.2.5: milliseconds since the epoch. */
  time(): number {
    const utc = this.nextTag === DerTag.UTC_TIME
    const text = printableText(this.contents(utc ? DerTag.UTC_TIME : DerTag.GENERALIZED_TIME)) ?? ''
    if (!(utc ? /^\d{12}Z$/ : /^\d{14}Z$/).test(text)) return this.fail('a time in it is not in the form of RFC 5280')
    const full = utc ? `${Number(text.slice(0, 2)) < 50 ? '20' : '19'}${text}` : text
    const iso = full.replace(/^(....)(..)(..)(..)(..)(..)Z$/, '$1-$2-$3T$4:$5:$6.000Z')
    const time = Date.parse(iso)
    // What Date would carry over, the 31st of April, is no time either.
    if (Number.isNaN(time) || new Date(time).toISOString() !== iso) this.fail('a time in it does not exist')
    return time
  }

  /** Checks that nothing is left. */
  end(): void {
    this.#reader.end()
  }

  /** Throws the `CELL_MALFORMED` for these bytes. */
  fail(problem: string): never {
    return this.#reader.fail(problem)
  }

  get #position(): number {
    return this.#bytes.length - this.#reader.remaining
  }

  /** Reads an element and gives its contents. */
  #element(): Uint8Array {
    const reader = this.#reader
    if ((reader.u8() & 0x1f) === 0x1f) reader.fail('an element in it has a tag of several bytes')
    let length = reader.u8()
    if (length >= 0x80) {
      const size = length & 0x7f
      if (size === 0 || size > 3) reader.fail('an element in it has no definite length, or is too long')
      length = reader.take(size).reduce((sum, byte) => sum * 256 + byte, 0)
      if (length < 0x80 || length < 256 ** (size - 1)) reader.fail('a length in it is longer than it needs to be')
    }
    return reader.take(length)
  }
}
