/**
 * The head of an HTTP/1 request (RFC 9112): request line and header fields, strictly.
 *
 * @module
 */
import { latin1Text } from '../proxy/text.ts'

/** The longest head that is read, in bytes; as in C tor. */
export const LONGEST_HEAD = 8192

/** The head of a request. */
export interface RequestHead {
  /** As sent: methods have a case. */
  readonly method: string
  /** As sent. */
  readonly target: string
  /** Of HTTP. */
  readonly version: '1.0' | '1.1'
  /** The fields as sent, but for the white space around their values. */
  readonly lines: readonly (readonly [name: string, value: string])[]
  /** The values of each field, without the white space around them, by its name in lower case. */
  readonly fields: ReadonlyMap<string, readonly string[]>
}

const REQUEST_LINE = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+) ([\x21-\x7e]+) HTTP\/(1\.[01])$/
const FIELD_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
/** No control character but the tab: not a lone CR or LF either. */
const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/

/**
 * Spaces and tabs only, as `trimEnd` takes more away. It is looked for once a run, so that a hostile line takes no
 * quadratic time.
 */
const TRAILING_SPACE = /(?<![\t ])[\t ]+$/

/**
 * Where the head ends, its empty line included; undefined when it does not end in these bytes.
 *
 * @param from - no end of a head was found in the bytes before this one
 */
export function endOfHead(bytes: Uint8Array, from: number): number | undefined {
  for (let at = bytes.indexOf(13, Math.max(0, from - 3)); at >= 0; at = bytes.indexOf(13, at + 1)) {
    if (bytes[at + 1] === 10 && bytes[at + 2] === 13 && bytes[at + 3] === 10) return at + 4
  }
  return undefined
}

/**
 * Reads a head, its empty line included. Undefined when it is malformed: folded lines and white space before a colon
 * are.
 */
export function parseHead(bytes: Uint8Array): RequestHead | undefined {
  const [requestLine = '', ...lines] = latin1Text(bytes.subarray(0, bytes.length - 4)).split('\r\n')
  const match = REQUEST_LINE.exec(requestLine)
  if (!match) return undefined
  const fields = new Map<string, string[]>()
  const kept: [string, string][] = []
  for (const line of lines) {
    const colon = line.indexOf(':')
    const name = line.slice(0, Math.max(colon, 0)).toLowerCase()
    const raw = line.slice(colon + 1)
    if (!FIELD_NAME.test(name) || !FIELD_VALUE.test(raw)) return undefined
    const value = raw.replace(/^[\t ]+/, '').replace(TRAILING_SPACE, '')
    kept.push([line.slice(0, colon), value])
    const values = fields.get(name) ?? []
    values.push(value)
    fields.set(name, values)
  }
  const [, method, target, version] = match as unknown as [string, string, string, RequestHead['version']]
  return { method, target, version, lines: kept, fields }
}
