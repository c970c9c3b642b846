/**
 * Bytes as text and hosts in it, as clients of a proxy write them.
 *
 * @module
 */
import { formatIPv6, parseIPv6 } from '../cell/ip-address.ts'

/** One character for each byte. For the few hundred or thousand bytes of a handshake. */
export function latin1Text(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += String.fromCharCode(byte)
  return text
}

/** One byte for each character, none of which is above U+00FF. */
export const latin1Bytes = (text: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(text, (character) => character.charCodeAt(0))

/** What hosts are made of. Which of them exist in Tor is for `connect` to say. */
const HOST = /^[a-z0-9_][a-z0-9_.-]{0,254}$/i

/** The host without brackets, an IPv6 address in its canonical form; undefined when it can be no host. */
export function proxyHost(text: string): string | undefined {
  const ipv6 = parseIPv6(text.startsWith('[') && text.endsWith(']') ? text.slice(1, -1) : text)
  if (ipv6) return formatIPv6(ipv6)
  return HOST.test(text) ? text : undefined
}

/**
 * True when what begins with this byte is HTTP: its methods begin with a capital letter, and no version of SOCKS is
 * one.
 */
export const beginsHttp = (first: number): boolean => first >= 0x41 && first <= 0x5a
