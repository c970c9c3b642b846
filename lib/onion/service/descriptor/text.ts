/**
 * Bytes as a descriptor has them: base64 with its padding, and objects between two lines (dir-spec, section 1.2).
 *
 * @module
 */
import { encodeBase64 } from '../../../directory/text/encoding.ts'

const LINE = 64

/** Base64 with padding. */
export function paddedBase64(bytes: Uint8Array): string {
  const text = encodeBase64(bytes)
  return text.padEnd(Math.ceil(text.length / 4) * 4, '=')
}

/** An object, which ends with the end of a line. */
export function objectText(label: string, bytes: Uint8Array): string {
  const text = paddedBase64(bytes)
  const lines = Array.from({ length: Math.ceil(text.length / LINE) }, (_, at) => text.slice(at * LINE, (at + 1) * LINE))
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n')
}
