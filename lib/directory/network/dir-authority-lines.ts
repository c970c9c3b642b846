/**
 * `DirAuthority` lines, by which tor's own configuration names the authorities of a network (tor(1), "DirAuthority").
 *
 * @module
 */
import { parseIPv4 } from '../../cell/ip-address.ts'
import type { LinkAddress } from '../../platform/links/transport.ts'
import { decodeHex } from '../text/encoding.ts'
import { parseAddressAndPort, parsePort } from '../text/fields.ts'
import type { Authority } from './network-config.ts'

/**
 * Reads `[DirAuthority] nickname orport=… v3ident=… [ipv6=[…]:…] address:dirport fingerprint` lines. Empty lines,
 * comments, the flags that say nothing to a client, and the bridge authority are passed over.
 *
 * @throws TypeError naming the line, for one that is malformed or lacks `orport` or `v3ident`
 */
export function parseDirAuthorityLines(text: string): Authority[] {
  const authorities: Authority[] = []
  for (const [index, line] of text.split('\n').entries()) {
    const words = line.replace(/#.*/, '').trim().split(/\s+/)
    if (/^DirAuthority$/i.test(words[0] as string)) words.shift()
    if (words.length === 0 || words[0] === '') continue
    const authority = parseLine(words, (why) => {
      throw new TypeError(`Cannot read line ${index + 1} of the "DirAuthority" lines as ${why}`)
    })
    if (authority !== undefined) authorities.push(authority)
  }
  return authorities
}

function parseLine(words: readonly string[], fail: (why: string) => never): Authority | undefined {
  // The fingerprint may be in groups of digits; everything ahead of the address is the nickname or a flag.
  const at = words.findIndex((word) => !word.includes('=') && word.includes(':'))
  const [nickname = '', ...flags] = words.slice(0, Math.max(at, 0))
  if (at < 1 || nickname.includes('=')) return fail('it has no nickname ahead of its address')
  if (flags.includes('bridge')) return undefined
  const value = (name: string): string | undefined =>
    flags.find((flag) => flag.startsWith(`${name}=`))?.slice(name.length + 1)

  const [hostname = '', directoryPort] = (words[at] as string).split(':')
  if (parseIPv4(hostname) === undefined || parsePort(directoryPort) === undefined)
    fail('its address is no IPv4 address with a port')
  const rsaIdentity = decodeHex(words.slice(at + 1).join(''))
  if (rsaIdentity?.length !== 20) return fail('its fingerprint does not have 40 hex digits')
  const v3Identity = value('v3ident')?.toUpperCase()
  if (v3Identity === undefined || decodeHex(v3Identity)?.length !== 20)
    return fail('it has no "v3ident" of 40 hex digits')
  const port = parsePort(value('orport'))
  if (port === undefined) return fail('it has no "orport"')
  const addresses: LinkAddress[] = [{ hostname, port }]
  const ipv6 = value('ipv6')
  if (ipv6 !== undefined) addresses.push(parseAddressAndPort(ipv6) ?? fail('its "ipv6" is no address with a port'))
  return { nickname, v3Identity, rsaIdentity, addresses }
}
