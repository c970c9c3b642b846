/**
 * The table of error codes in docs/guides/errors.md: what each means is taken out of the docstring of `ErrorCode` in
 * lib/base/errors.ts, what to do about it stands here. `node scripts/error-table.js` writes it; a spec compares.
 *
 * @module
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ROOT } from './files.js'

const GUIDE = join(ROOT, 'docs', 'guides', 'errors.md')
const [BEGIN, END] = ['<!-- codes: begin -->', '<!-- codes: end -->']

/** What to do, by the beginning of the code; the first that fits counts. */
const ADVICE = /** @type {const} */ ([
  ['CELL_MALFORMED', 'nothing: that relay is passed over'],
  ['LINK_FORBIDDEN', 'do what the message says: a URL of `wss:`, or the gateway in `connect-src`'],
  ['LINK_OVERFLOW', 'read faster, or use a browser that has WebSocketStream'],
  ['LINK_UNREACHABLE', 'look at the network, the firewall, the gateway; then try again'],
  ['LINK_', 'try again: another relay is taken'],
  ['CIRCUIT_FULL', 'use another circuit'],
  ['CIRCUIT_', 'try again: another circuit is taken'],
  ['END_CONNECTREFUSED', 'nothing listens there, or it refuses exits of Tor'],
  ['END_EXITPOLICY', 'no exit that was tried connects to this address and port'],
  ['END_RESOLVEFAILED', 'look at the name'],
  ['END_CONNRESET', 'try again; whether what was sent had an effect only the far end knows'],
  ['END_NOTDIRECTORY', 'take another relay'],
  ['END_', 'try again'],
  ['ENDED', 'stop writing: the far end has finished'],
  ['CLOSED', 'nothing: it was your own `close()`'],
  ['ABORTED', 'nothing: it was your own signal or `abort()`'],
  ['TIMEOUT', 'try again, or give it more time'],
  ['ADDRESS_REFUSED', 'ask for a public name; for a network of your own `rejectInternalAddresses: false`'],
  ['RECEIVE_BUFFER_FULL', 'nothing: the exit broke the rules'],
  ['CHUNK_DETACHED', 'do not transfer a buffer before its write is done'],
  ['TLS_UNSUPPORTED', 'give `tls: { adapter }`'],
  ['TLS_CERTIFICATE', 'give `tls: { ca }` if the authority is yours; else take it seriously'],
  ['TLS_TRUNCATED', 'take what was read for incomplete'],
  ['TLS_FAILED', 'look whether the server speaks TLS on this port'],
  ['HOOK_IGNORED', 'use `tor.fetch` or the proxy: this runtime would have connected beside Tor'],
  ['RESOLVE_TRANSIENT', 'try again'],
  ['RESOLVE_FAILED', 'look at the name'],
  ['DIRECTORY_EXPIRED', 'set the clock'],
  ['DIRECTORY_FUTURE', 'set the clock'],
  ['DIRECTORY_UNAVAILABLE', 'try again; look at the network'],
  ['DIRECTORY_', 'try again: another directory is asked. With a network of your own look at its authorities'],
  ['CLIENT_OBSOLETE', 'update this library'],
  ['CLIENT_UNSUPPORTED', 'do what the message says, such as serving the page over `https:`'],
  ['STORAGE_UNSAFE', 'make the directory yours alone'],
  ['STORAGE_', 'see the guide on storage; until then the client goes on in memory'],
  [
    'NO_PATH',
    'relax `exit`, or wait for the directory; a network of your own needs three relays that may be in one path',
  ],
  ['ONION_ADDRESS_INVALID', 'look at the address: it has a checksum'],
  ['ONION_AUTHORIZATION', 'ask the owner of the service for a key, and give it as `onionAuth`'],
  ['ONION_', 'try again later: the service may be down'],
])

/** @param {string} code */
function adviceFor(code) {
  const found = ADVICE.find(([beginning]) => code.startsWith(beginning))
  if (found === undefined) throw new Error(`nobody has said what to do about ${code}`)
  return found[1]
}

/** The rows, from what the docstring says: `- \`A\`, \`B\`: meaning`. */
export function errorTable() {
  const source = readFileSync(join(ROOT, 'lib', 'base', 'errors.ts'), 'utf8')
  const union = /export type ErrorCode =([^]*?)\n\n/.exec(source)?.[1] ?? ''
  const codes = [...union.matchAll(/'(\w+)'/g)].map(([, code]) => String(code))
  const docs = (/\/\*\*((?:(?!\*\/)[^])*)\*\/\s*export type ErrorCode/.exec(source)?.[1] ?? '')
    .replace(/^ \* ?/gm, '')
    .split(/^- /m)
    .slice(1)
    .map((item) => item.replace(/\s+/g, ' ').trim())
  const rows = docs.map((item) => {
    const [, names = '', meaning = ''] = /^((?:`\w+…?`(?:, )?)+): (.*)$/.exec(item) ?? []
    const named = [...names.matchAll(/`(\w+)…?`/g)].map(([, name]) => String(name))
    const covered = named.flatMap((name) => (name === 'END_' ? codes.filter((code) => code.startsWith(name)) : [name]))
    return {
      covered,
      meaning: names.startsWith('`END_…') ? 'the far end, or the exit, closed the stream with this reason' : meaning,
    }
  })
  const missing = codes.filter((code) => !rows.some(({ covered }) => covered.includes(code)))
  if (missing.length > 0)
    throw new Error(`the docstring of ErrorCode does not say what these mean: ${missing.join(', ')}`)
  const lines = rows.flatMap(({ covered, meaning }) => {
    /** @type {Map<string, string[]>} */
    const byAdvice = new Map()
    for (const code of covered) byAdvice.set(adviceFor(code), [...(byAdvice.get(adviceFor(code)) ?? []), code])
    return [...byAdvice].map(
      ([advice, group]) => `| ${group.map((code) => `\`${code}\``).join(' ')} | ${meaning} | ${advice} |`,
    )
  })
  return ['| code | what it means | what to do |', '|---|---|---|', ...lines].join('\n')
}

/** The guide with its table as it should be. */
export function guideWithTable() {
  const guide = readFileSync(GUIDE, 'utf8')
  const [begin, end] = [guide.indexOf(BEGIN), guide.indexOf(END)]
  return `${guide.slice(0, begin + BEGIN.length)}\n${errorTable()}\n${guide.slice(end)}`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(GUIDE, guideWithTable())
