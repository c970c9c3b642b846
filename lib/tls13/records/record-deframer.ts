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

export class RecordDeframer {
  #rest: Uint8Array<ArrayBuffer> = new Uint8Array(0)

  /** True when no record has begun. */
  get isEmpty(): boolean {
    return this.#rest.length === 0
  }

  /**
   * The records that are whole with these bytes, as views of a copy.
   *
   * @throws TlsFault for what is no record
   */
  take(bytes: Uint8Array): TlsRecord[] {
    const all = new Uint8Array(this.#rest.length + bytes.length)
    all.set(this.#rest)
    all.set(bytes, this.#rest.length)
    const records: TlsRecord[] = []
    let at = 0
    while (all.length - at >= RECORD_HEADER_SIZE) {
      const end = at + RECORD_HEADER_SIZE + checkedLength(all, at)
      if (end > all.length) break
      records.push(all.subarray(at, end))
      at = end
    }
    this.#rest = all.slice(at)
    return records
  }
}

/** The length of the body. The version is not to be looked at, but something else than TLS is worth a sentence. */
function checkedLength(bytes: Uint8Array, at: number): number {
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
  return length
}
