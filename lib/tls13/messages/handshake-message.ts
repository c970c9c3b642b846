/**
 * Messages of the handshake (RFC 8446, section 4): out of the records that carry them, and into bytes.
 *
 * @module
 */
import { ByteCollector } from '../../base/bytes/byte-collector.ts'
import { ByteWriter } from '../../cell/bytes.ts'
import { Alert } from '../protocol/registry.ts'
import { TlsFault } from '../protocol/tls-fault.ts'

/** The longest message that is accepted, in bytes: chains of certificates are below. */
const MAX_MESSAGE = 65_536

const HEADER_SIZE = 4

/** A message that came. */
export interface HandshakeMessage {
  /** See `HandshakeType`. */
  readonly type: number
  readonly body: Uint8Array
  /** All of it, header and body: what the transcript has. */
  readonly whole: Uint8Array
}

/** A whole message. */
export function handshakeMessage(type: number, body: Uint8Array): Uint8Array<ArrayBuffer> {
  const { length } = body
  return new ByteWriter()
    .u8(type)
    .u8(length >>> 16)
    .u16(length & 0xffff)
    .bytes(body)
    .finish()
}

/** Writes a list that is preceded by its length in 2 bytes. */
export function writeVector16(writer: ByteWriter, write: (list: ByteWriter) => void): void {
  const list = new ByteWriter()
  write(list)
  const bytes = list.finish()
  writer.u16(bytes.length).bytes(bytes)
}

/**
 * Puts messages together that may be spread over records, or share one. A record may have a single byte of one (5.1), which
 * then costs no more than a byte.
 */
export class HandshakeReader {
  readonly #bytes = new ByteCollector()
  /** How many of them were taken. */
  #taken = 0

  /** True between two messages: keys may change here, and nowhere else (5.1). */
  get isAtBoundary(): boolean {
    return this.#taken === this.#bytes.length
  }

  /**
   * The content of one record.
   *
   * @throws TlsFault for an empty one, which could come without end (5.1)
   */
  add(content: Uint8Array): void {
    if (content.length === 0) throw new TlsFault(Alert.UNEXPECTED_MESSAGE, 'the server sent an empty handshake record')
    // Once for each record, not for each message: a record may have thousands.
    if (this.#taken > 0) this.#bytes.drop(this.#taken)
    this.#taken = 0
    this.#bytes.add(content)
  }

  /**
   * The next message, if it is whole.
   *
   * @throws TlsFault when it is longer than any
   */
  next(): HandshakeMessage | undefined {
    const bytes = this.#bytes.bytes.subarray(this.#taken)
    if (bytes.length < HEADER_SIZE) return undefined
    const [type, high, middle, low] = bytes as unknown as [number, number, number, number]
    const end = HEADER_SIZE + ((high << 16) | (middle << 8) | low)
    if (end > HEADER_SIZE + MAX_MESSAGE) {
      throw new TlsFault(Alert.ILLEGAL_PARAMETER, 'the server sent a handshake message that is too long')
    }
    if (bytes.length < end) return undefined
    this.#taken += end
    return { type, body: bytes.subarray(HEADER_SIZE, end), whole: bytes.subarray(0, end) }
  }
}
