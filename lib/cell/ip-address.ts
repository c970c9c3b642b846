/**
 * IP addresses as text and as bytes: 4 of them for IPv4, 16 for IPv6. Strict, and never a lookup of a name.
 *
 * @module
 */

const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/

/** True for a dotted IPv4 address without leading zeros. */
export const isIPv4 = (text: string): boolean => IPV4.test(text)

/** The 4 bytes of a dotted IPv4 address; undefined for anything else, numbers with leading zeros included. */
export function parseIPv4(text: string): Uint8Array<ArrayBuffer> | undefined {
  return isIPv4(text) ? Uint8Array.from(text.split('.'), Number) : undefined
}

/**
 * The 16-bit groups of one side of `::`, an IPv4 address at its end being two of them; undefined when one is no group.
 */
function parseGroups(text: string, mayEndInIPv4: boolean): number[] | undefined {
  if (text === '') return []
  const groups: number[] = []
  const parts = text.split(':')
  for (const [index, part] of parts.entries()) {
    if (/^[0-9a-f]{1,4}$/i.test(part)) {
      groups.push(Number.parseInt(part, 16))
      continue
    }
    const embedded = mayEndInIPv4 && index === parts.length - 1 ? parseIPv4(part) : undefined
    if (embedded === undefined) return undefined
    const [a, b, c, d] = embedded as unknown as [number, number, number, number]
    groups.push((a << 8) | b, (c << 8) | d)
  }
  return groups
}

/**
 * The 16 bytes of an IPv6 address in any of the forms of RFC 4291 section 2.2; undefined for anything else, brackets
 * and zones included.
 */
export function parseIPv6(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (text.length > 45 || !text.includes(':')) return undefined
  const sides = text.split('::')
  if (sides.length > 2) return undefined
  const compressed = sides.length === 2
  const head = parseGroups(sides[0] as string, !compressed)
  const tail = compressed ? parseGroups(sides[1] as string, true) : []
  if (head === undefined || tail === undefined) return undefined
  const missing = 8 - head.length - tail.length
  // "::" stands for one group at least.
  if (compressed ? missing < 1 : missing !== 0) return undefined
  const bytes = new Uint8Array(16)
  putGroups(head, bytes, 0)
  putGroups(tail, bytes, 16 - 2 * tail.length)
  return bytes
}

function putGroups(groups: readonly number[], bytes: Uint8Array, at: number): void {
  for (const group of groups) {
    bytes[at++] = group >>> 8
    bytes[at++] = group
  }
}

/** The bytes of an IPv4 or IPv6 address; undefined for anything else. */
export const parseIPAddress = (text: string): Uint8Array<ArrayBuffer> | undefined => parseIPv4(text) ?? parseIPv6(text)

function checkLength(bytes: Uint8Array, length: number): void {
  if (bytes.length !== length) {
    throw new RangeError(`Cannot format "bytes" as an address: got ${bytes.length} of them, not ${length}`)
  }
}

/** 4 bytes as a dotted IPv4 address. */
export function formatIPv4(bytes: Uint8Array): string {
  checkLength(bytes, 4)
  return bytes.join('.')
}

/** True for `::ffff:0:0/96`, an IPv4 address within IPv6. */
function isIPv4Mapped(bytes: Uint8Array): boolean {
  return bytes.subarray(0, 10).every((byte) => byte === 0) && bytes[10] === 0xff && bytes[11] === 0xff
}

/** 16 bytes as an IPv6 address in the one form that RFC 5952 recommends, without brackets. */
export function formatIPv6(bytes: Uint8Array): string {
  checkLength(bytes, 16)
  if (isIPv4Mapped(bytes)) return `::ffff:${formatIPv4(bytes.subarray(12))}`
  const groups = Array.from(
    { length: 8 },
    (_, index) => ((bytes[2 * index] as number) << 8) | (bytes[2 * index + 1] as number),
  )
  // The first of the longest runs of two or more zero groups becomes "::" (RFC 5952 section 4.2).
  let start = 8
  let length = 1
  for (let at = 0; at < 8; at++) {
    let end = at
    while (end < 8 && groups[end] === 0) end++
    if (end - at > length) {
      start = at
      length = end - at
    }
    at = Math.max(at, end)
  }
  const hex = groups.map((group) => group.toString(16))
  if (start === 8) return hex.join(':')
  return `${hex.slice(0, start).join(':')}::${hex.slice(start + length).join(':')}`
}

/** 4 or 16 bytes as text. */
export const formatIPAddress = (bytes: Uint8Array): string =>
  bytes.length === 4 ? formatIPv4(bytes) : formatIPv6(bytes)

/**
 * True for an address that no exit may connect to or answer with: null, loopback, private, link-local or site-local; an
 * IPv4 address within IPv6 counts as itself. The ranges are those of C tor's `tor_addr_is_internal` (RFC 1918, 3927,
 * 4193, 4291, 6598). What is neither 4 nor 16 bytes is taken to be internal.
 */
export function isInternalAddress(bytes: Uint8Array): boolean {
  if (bytes.length === 16) {
    if (isIPv4Mapped(bytes)) return isInternalAddress(bytes.subarray(12))
    const first = ((bytes[0] as number) << 8) | (bytes[1] as number)
    if ((first & 0xfe00) === 0xfc00 || (first & 0xffc0) === 0xfe80 || (first & 0xffc0) === 0xfec0) return true
    return bytes.subarray(0, 15).every((byte) => byte === 0) && (bytes[15] as number) <= 1
  }
  if (bytes.length !== 4) return true
  const [a, b] = bytes as unknown as [number, number]
  return (
    a === 0 ||
    a === 10 ||
    a === 127 ||
    (a === 100 && (b & 0xc0) === 64) ||
    (a === 169 && b === 254) ||
    (a === 172 && (b & 0xf0) === 16) ||
    (a === 192 && b === 168)
  )
}
