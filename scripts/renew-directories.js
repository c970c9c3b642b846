/**
 * Renews what the library knows of the public network, from the source tree of a tor release:
 *
 *     node scripts/renew-directories.js path/to/tor-0.4.9.11
 *
 * writes lib/directory/network/authorities.ts and lib/directory/network/fallbacks.ts.
 *
 * @module
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { SocketAddress } from 'node:net'
import { ROOT } from './files.js'

const [, , tree] = process.argv
if (tree === undefined) {
  console.error('Which source tree of tor? node scripts/renew-directories.js path/to/tor-0.4.9.11')
  process.exit(1)
}

const release = basename(resolve(tree))
const config = join(tree, 'src', 'app', 'config')
const authorities = cStrings(readFileSync(join(config, 'auth_dirs.inc'), 'utf8'))
const fallbackFile = readFileSync(join(config, 'fallback_dirs.inc'), 'utf8')
const fallbacks = cStrings(fallbackFile)
const generated = /Generated on: (.+)/.exec(fallbackFile)?.[1] ?? 'at an unknown date'

const voting = authorities.filter((line) => !line.split(' ').includes('bridge'))
write(
  'authorities.ts',
  `/**
 * The directory authorities of the public network that vote, as tor's own \`DirAuthority\` lines. Made by
 * scripts/renew-directories.js; not to be edited.
 *
 * Origin: src/app/config/auth_dirs.inc of ${release}, whose list of fallbacks is of ${day(generated)}.
 *
 * @module
 */

/** One authority a line, as \`parseDirAuthorityLines\` reads them. */
export const PUBLIC_AUTHORITIES: string = \`
${voting.join('\n')}
\`
`,
)

write(
  'fallbacks.ts',
  `/**
 * The fallback directory mirrors of the public network: relays that have been there for long, and serve the directory
 * to clients that know nothing yet. Made by scripts/renew-directories.js; not to be edited.
 *
 * Origin: src/app/config/fallback_dirs.inc of ${release}, generated on ${day(generated)}.
 *
 * @module
 */

/**
 * One relay a line, in base64 without padding: the RSA identity (20 bytes), the IPv4 address (4) and its OR port (2),
 * and for some the IPv6 address (16) and its OR port (2).
 */
export const PUBLIC_FALLBACKS: string = \`
${fallbacks.map(encodeFallback).join('\n')}
\`
`,
)

console.log(`${voting.length} authorities and ${fallbacks.length} fallbacks, from ${release}`)

/**
 * The strings of a C initializer: literals next to each other are one, commas stand between them.
 *
 * @param {string} source
 * @returns {string[]}
 */
function cStrings(source) {
  const code = source.replaceAll(/\/\*[^]*?\*\/|^\s*\/\/.*$/gm, '')
  return code
    .split(/,\s*$/m)
    .map((entry) => Array.from(entry.matchAll(/"([^"]*)"/g), (match) => match[1]).join(''))
    .filter((entry) => entry !== '')
}

/**
 * @param {string} line `1.2.3.4 orport=9001 id=40HEX ipv6=[::1]:9001`
 * @returns {string}
 */
function encodeFallback(line) {
  const [, ipv4, port, id] = /^([\d.]+) orport=(\d+) id=([0-9A-F]{40})/.exec(line) ?? []
  if (ipv4 === undefined || port === undefined || id === undefined) throw new Error(`not a fallback: ${line}`)
  const [, ipv6, ipv6Port] = / ipv6=\[([0-9a-f:.]+)\]:(\d+)/.exec(line) ?? []
  const bytes = [...Buffer.from(id, 'hex'), ...ipv4.split('.').map(Number), ...u16(port)]
  if (ipv6 !== undefined && ipv6Port !== undefined) bytes.push(...ipv6Bytes(ipv6), ...u16(ipv6Port))
  return Buffer.from(bytes).toString('base64').replaceAll('=', '')
}

/**
 * @param {string} port
 * @returns {number[]}
 */
function u16(port) {
  return [Number(port) >>> 8, Number(port) & 0xff]
}

/**
 * @param {string} text
 * @returns {number[]}
 */
function ipv6Bytes(text) {
  const { address } = new SocketAddress({ address: text, family: 'ipv6' })
  const [head = '', tail] = address.split('::')
  const left = head === '' ? [] : head.split(':')
  const right = tail === undefined || tail === '' ? [] : tail.split(':')
  const middle = Array.from({ length: 8 - left.length - right.length }, () => '0')
  return [...left, ...middle, ...right].flatMap((group) => u16(String(Number.parseInt(group, 16))))
}

/**
 * @param {string} date
 * @returns {string}
 */
function day(date) {
  const time = Date.parse(date)
  return Number.isNaN(time) ? date : new Date(time).toISOString().slice(0, 10)
}

/**
 * @param {string} file
 * @param {string} text
 */
function write(file, text) {
  writeFileSync(join(ROOT, 'lib', 'directory', 'network', file), text)
}
