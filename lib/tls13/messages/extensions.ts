/**
 * A block of extensions (RFC 8446, section 4.2).
 *
 * @module
 */
import type { ByteReader } from '../../cell/bytes.ts'
import { illegal } from '../protocol/tls-fault.ts'

/**
 * Reads the block that comes next: data by type, as views.
 *
 * @throws TlsFault for a type that is there twice, or TorError `CELL_MALFORMED`
 */
export function readExtensions(reader: ByteReader): Map<number, Uint8Array> {
  const extensions = new Map<number, Uint8Array>()
  const after = reader.remaining
  const length = reader.u16()
  const end = after - 2 - length
  if (end < 0) reader.fail('its extensions are cut short')
  while (reader.remaining > end) {
    const type = reader.u16()
    const data = reader.take(reader.u16())
    if (extensions.has(type)) throw illegal(`the server sent extension ${type} twice`)
    extensions.set(type, data)
  }
  if (reader.remaining !== end) reader.fail('an extension is longer than their block')
  return extensions
}
