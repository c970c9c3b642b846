/**
 * BEGIN as an onion service reads it (rend-spec-v3, "Opening streams"): of the address the port alone counts, as it is the
 * visitor's own affair by which name it came.
 *
 * @module
 */
import { ByteReader, printableText } from '../bytes.ts'

/** The port that the visitor wants, 1 to 65535. Throws `CELL_MALFORMED`. Flags are ignored. */
export function decodeBeginAtService(body: Uint8Array): number {
  const reader = new ByteReader(body, 'BEGIN message')
  const nul = body.indexOf(0)
  if (nul < 0) reader.fail('its address does not end')
  const digits = /:([1-9]\d{0,4})$/.exec(printableText(reader.take(nul)) ?? '')?.[1]
  const port = Number(digits)
  return port <= 0xffff ? port : reader.fail('its address has no port')
}
