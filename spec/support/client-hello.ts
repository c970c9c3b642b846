/**
 * What can be told from a ClientHello by whoever sees it pass.
 *
 * @module
 */
import { ByteReader } from '../../lib/cell/bytes.ts'
import { encodeHex } from '../../lib/directory/text/encoding.ts'

const SERVER_NAME = 0
const SUPPORTED_GROUPS = 10
const EC_POINT_FORMATS = 11
const PADDING = 21
const COMPRESS_CERTIFICATE = 27
const KEY_SHARE = 51

/** All of a ClientHello but for what is random: keys, the session's id, and the letters of the name. */
export interface HelloShape {
  readonly recordVersion: number
  /** Bytes of the record, with a name of as many as there are in `www..com`. */
  readonly length: number
  readonly suites: readonly number[]
  readonly sessionIdLength: number
  /** In their order. */
  readonly extensions: readonly { readonly type: number; readonly data: string }[]
  readonly groups: readonly number[]
  readonly shares: readonly number[]
  /** What JA3 makes of it, before it is hashed. */
  readonly ja3: string
}

/** True when the record that begins here is whole. */
export const isWholeRecord = (bytes: Uint8Array): boolean =>
  bytes.length >= 5 && bytes.length >= 5 + (((bytes[3] as number) << 8) | (bytes[4] as number))

/**
 * The shape of the ClientHello in a record.
 *
 * @param without - extensions that are left out, and not counted
 */
export function helloShape(record: Uint8Array, without: readonly number[] = []): HelloShape {
  const reader = new ByteReader(record, 'ClientHello')
  reader.u8()
  const recordVersion = reader.u16()
  let length = reader.u16()
  reader.take(4)
  const version = reader.u16()
  reader.take(32)
  const sessionIdLength = reader.u8()
  reader.take(sessionIdLength)
  const suites = numbers(reader.take(reader.u16()))
  reader.take(reader.u8())
  const list = new ByteReader(reader.take(reader.u16()), 'extensions')
  const all = new Map<number, Uint8Array>()
  while (list.remaining > 0) {
    const type = list.u16()
    const data = list.take(list.u16())
    if (without.includes(type)) length -= 4 + data.length
    else all.set(type, data)
  }
  const name = new TextDecoder().decode(all.get(SERVER_NAME)?.subarray(5))
  const label = /^www\.([a-z2-7]{4,25})\.com$/.exec(name)?.[1]
  if (!all.has(PADDING) && label !== undefined) length -= label.length
  const groups = numbers(all.get(SUPPORTED_GROUPS)?.subarray(2))
  const shares: { group: number; size: number }[] = []
  const keys = new ByteReader(all.get(KEY_SHARE)?.subarray(2) ?? new Uint8Array(0), 'shares')
  while (keys.remaining > 0) {
    const group = keys.u16()
    shares.push({ group, size: keys.take(keys.u16()).length })
  }
  const masked = new Map([
    [SERVER_NAME, label === undefined ? name : 'www.*.com'],
    [KEY_SHARE, shares.map(({ group, size }) => `${group}:${size}`).join()],
    [PADDING, 'zeros'],
  ])
  const points = [...(all.get(EC_POINT_FORMATS)?.subarray(1) ?? [])]
  const fields = [[version], suites, [...all.keys()], groups, points]
  return {
    recordVersion,
    length,
    suites,
    sessionIdLength,
    extensions: [...all].map(([type, data]) => ({ type, data: masked.get(type) ?? encodeHex(data) })),
    groups,
    shares: shares.map(({ group }) => group),
    ja3: fields.map((field) => field.join('-')).join(),
  }
}

/** What depends on how an OpenSSL was built: one that can decompress certificates says so. Node's cannot. */
export const OF_THE_BUILD: readonly number[] = [COMPRESS_CERTIFICATE]

function numbers(bytes: Uint8Array = new Uint8Array(0)): number[] {
  return Array.from({ length: bytes.length / 2 }, (_, at) => ((bytes[2 * at] as number) << 8) | (bytes[2 * at + 1] as number)) // prettier-ignore
}
