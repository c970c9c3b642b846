/**
 * Bytes into whole records (RFC 8446, section 5.1). It holds back the record that is not complete, and no more.
 *
 * @module
 */
import { Alert, ContentType } from '../protocol/registry.ts'
import { MAX_BODY, MAX_CONTENT, RECORD_HEADER_SIZE } from './record-keys.ts'
import { TlsFault } from '../protocol/tls-fault.ts'

/** A whole record: its header and its body. */
export type TlsRecord = Uint8Array<ArrayBuffer>

const NOTHING: TlsRecord = new Uint8Array(0)

export class RecordDeframer {
  /** The record that has begun: room for its header, then for all of it. */
  #begun = NOTHING
  /** How much of it is there. */
  #filled = 0

  /** True when no record has begun. */
  get isEmpty(): boolean {
    return this.#filled === 0
  }

  /**
   * The records that are whole with these bytes. Those that `bytes` has whole are views of it.
   *
   * @throws TlsFault for what is no record
   */
  take(bytes: Uint8Array): TlsRecord[] {
    // WebCrypto refuses a view of shared memory, which would not be sure to stay as it is.
    const source = bytes.buffer instanceof ArrayBuffer ? (bytes as TlsRecord) : new Uint8Array(bytes)
    const records: TlsRecord[] = []
    let at = 0
    while (at < source.length) {
      const size = this.#filled === 0 && source.length - at >= RECORD_HEADER_SIZE ? sizeOf(source, at) : Infinity
      if (at + size <= source.length) {
        records.push(source.subarray(at, at + size))
        at += size
      } else {
        at += this.#fill(source.subarray(at), records)
      }
    }
    return records
  }

  /** Takes as much of `bytes` as belongs to the record that has begun, or to its header alone; returns how much. */
  #fill(bytes: TlsRecord, records: TlsRecord[]): number {
    if (this.#filled === 0) this.#begun = new Uint8Array(RECORD_HEADER_SIZE)
    const part = bytes.subarray(0, this.#begun.length - this.#filled)
    this.#begun.set(part, this.#filled)
    this.#filled += part.length
    if (this.#filled === RECORD_HEADER_SIZE) {
      const whole = new Uint8Array(sizeOf(this.#begun, 0))
      whole.set(this.#begun)
      this.#begun = whole
    }
    if (this.#filled === this.#begun.length) {
      records.push(this.#begun)
      this.#begun = NOTHING
      this.#filled = 0
    }
    return part.length
  }
}

/**
 * The length of the record at `at`, header and body. The version is not to be looked at, but something else than TLS is worth a
 * sentence.
 */
function sizeOf(bytes: Uint8Array, at: number): number {
  const type = bytes[at] as number
  const isKnown = type >= ContentType.CHANGE_CIPHER_SPEC && type <= ContentType.APPLICATION_DATA
  if (!isKnown || bytes[at + 1] !== 3) {
    throw new TlsFault(Alert.UNEXPECTED_MESSAGE, 'the server sent something that is not TLS')
  }
  const length = ((bytes[at + 3] as number) << 8) | (bytes[at + 4] as number)
  // Whatever is protected calls itself data (5.2), and is that much longer.
  if (length > (type === ContentType.APPLICATION_DATA ? MAX_BODY : MAX_CONTENT)) {
    throw new TlsFault(Alert.RECORD_OVERFLOW, `the server sent a record of ${length} bytes`)
  }
  return RECORD_HEADER_SIZE + length
}
