/**
 * The values that items of several kinds of document have (dir-spec section 2.1.3 and 3.4.1). Each function gives
 * undefined for what is no such value: only its caller knows which document is malformed.
 *
 * @module
 */
import { isIPv4, parseIPv6 } from '../../cell/ip-address.ts'
import type { LinkAddress } from '../../platform/links/transport.ts'
import { ownText } from './encoding.ts'

/** A whole number without sign, without leading zeros, at most `most`. */
export function parseNumber(text: string | undefined, most: number): number | undefined {
  if (text === undefined || !/^(0|[1-9]\d{0,9})$/.test(text)) return undefined
  const value = Number(text)
  return value <= most ? value : undefined
}

/** A port, from 1 to 65535. */
export function parsePort(text: string | undefined): number | undefined {
  const port = parseNumber(text, 65_535)
  return port === 0 ? undefined : port
}

/** `YYYY-MM-DD HH:MM:SS`, in UTC: ms since the epoch. */
export function parseTime(date: string | undefined, time: string | undefined): number | undefined {
  const iso = `${date}T${time}.000Z`
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z$/.test(iso)) return undefined
  const value = Date.parse(iso)
  // What Date would carry over, the 31st of April, is no time either.
  return Number.isNaN(value) || new Date(value).toISOString() !== iso ? undefined : value
}

/** `1.2.3.4:80` or `[::1]:80`. The result keeps nothing of `text`. */
export function parseAddressAndPort(text: string): LinkAddress | undefined {
  const colon = text.lastIndexOf(':')
  const host = text.slice(0, Math.max(colon, 0))
  const bracketed = host.startsWith('[') && host.endsWith(']')
  const hostname = bracketed ? host.slice(1, -1) : host
  const port = parsePort(text.slice(colon + 1))
  if (port === undefined || (bracketed ? parseIPv6(hostname) === undefined : !isIPv4(hostname))) return undefined
  return { hostname: ownText(hostname), port }
}

/**
 * A SHA-1 in 40 hex digits of either case, the form of fingerprints: the same in upper case. The result keeps nothing
 * of `text`.
 */
export function parseFingerprint(text: string | undefined): string | undefined {
  return text !== undefined && /^[0-9A-Fa-f]{40}$/.test(text) ? ownText(text.toUpperCase()) : undefined
}

/** `key=1 other=-2`, with each key once and values of 32 bits: parameters and weights of a consensus. */
export function parseKeyValues(words: readonly string[]): Map<string, number> | undefined {
  const values = new Map<string, number>()
  for (const word of words) {
    const [, key, digits] = /^([A-Za-z0-9_-]+)=(0|-?[1-9]\d{0,9})$/.exec(word) ?? []
    const value = Number(digits)
    if (key === undefined || values.has(key) || value !== (value | 0)) return undefined
    values.set(ownText(key), value)
  }
  return values
}
