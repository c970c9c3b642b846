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
import { readTorrcLines } from './torrc-lines.ts'

/** What names an authority, in lower case: tor takes what is cut short too, as far as no other option is meant by it. */
const NAMES: readonly (readonly [name: string, shortest: number])[] = [
  ['dirauthority', 'dirau'.length],
  ['alternatedirauthority', 'alternated'.length],
  ['dirserver', 'dirserver'.length],
]

/** A nickname as tor has it. */
const NICKNAME = /^[A-Za-z0-9]{1,19}$/

/**
 * Reads the authorities out of a torrc, or out of `nickname orport=… v3ident=… address:dirport fingerprint` lines without
 * a name of an option, which are those of tor's own list.
 *
 * All that tor reads is read: `DirAuthority`, `AlternateDirAuthority` and the older `DirServer`, in any case and cut short
 * (`DirAuth`), values in quotes, values that go on behind a `\`, comments, `+DirAuthority`, and `/DirAuthority`, which
 * drops those ahead of it. Other options are passed over, and so are flags that say nothing to a client, and bridge
 * authorities.
 *
 * @throws TypeError naming the line, for an authority that is malformed or lacks `orport` or `v3ident`, for `%include`,
 * whose file is not read, and for what is no torrc
 */
export function parseDirAuthorityLines(text: string): Authority[] {
  const fail = (line: number, why: string): never => {
    throw new TypeError(`Cannot read line ${line} of the "DirAuthority" lines as ${why}`)
  }
  const lines = readTorrcLines(text, fail).map((line) => ({ ...line, option: optionOf(line.keyword) }))
  const isTorrc = lines.some(({ option }) => option !== undefined)
  const found = new Map<string, Authority[]>()
  for (const { keyword, value, line, option } of lines) {
    if (keyword.toLowerCase() === '%include') fail(line, 'it includes another file, which is not read')
    const words = value.split(/\s+/).filter((word) => word !== '')
    // Only an authority has this flag; so one without a name of an option is not lost among named ones.
    const isBare = option === undefined && (!isTorrc || words.some((word) => /^v3ident=/i.test(word)))
    const name = option ?? ''
    if (option !== undefined && keyword.startsWith('/')) found.delete(name)
    else if (isBare || (option !== undefined && words.length > 0)) {
      const authority = parseLine(isBare ? [keyword, ...words] : words, (why) => fail(line, why))
      if (authority !== undefined) found.set(name, [...(found.get(name) ?? []), authority])
    }
  }
  return [...found.values()].flat()
}

/** Which of the options that name authorities this is. */
function optionOf(keyword: string): string | undefined {
  const word = keyword.replace(/^[+/]/, '').toLowerCase()
  const [name] = NAMES.find(([full, shortest]) => word.length >= shortest && full.startsWith(word)) ?? []
  return name === 'dirserver' ? 'dirauthority' : name
}

/** The words as C tor's `parse_dir_authority_line` has them: a nickname, perhaps; flags, up to a digit; the rest. */
function parseLine(words: readonly string[], fail: (why: string) => never): Authority | undefined {
  const isNamed = NICKNAME.test(words[0] as string)
  const flags = words.slice(isNamed ? 1 : 0)
  const [address = '', ...fingerprint] = flags.splice(flags.findIndex((word) => /^\d/.test(word)) >>> 0)
  if (flags.some((flag) => flag.toLowerCase() === 'bridge')) return undefined
  const value = (name: string): string | undefined =>
    flags.find((flag) => flag.toLowerCase().startsWith(`${name}=`))?.slice(name.length + 1)

  const [hostname = '', directoryPort] = address.split(':')
  if (parseIPv4(hostname) === undefined || parsePort(directoryPort) === undefined)
    fail('it has no IPv4 address with a port')
  const rsaIdentity = decodeHex(fingerprint.join(''))
  if (rsaIdentity?.length !== 20) return fail('its fingerprint does not have 40 hex digits')
  const v3Identity = value('v3ident')?.toUpperCase()
  if (v3Identity === undefined || decodeHex(v3Identity)?.length !== 20)
    return fail('it has no "v3ident" of 40 hex digits')
  const port = parsePort(value('orport'))
  if (port === undefined) return fail('it has no "orport"')
  const addresses: LinkAddress[] = [{ hostname, port }]
  const ipv6 = value('ipv6')
  if (ipv6 !== undefined) addresses.push(parseAddressAndPort(ipv6) ?? fail('its "ipv6" is no address with a port'))
  return { nickname: isNamed ? (words[0] as string) : 'Unnamed', v3Identity, rsaIdentity, addresses }
}
