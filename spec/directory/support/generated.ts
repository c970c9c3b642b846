/** A consensus as large as wanted, with its microdescriptors; nobody signed it. */
import { sha256 } from '@noble/hashes/sha2.js'
import { encodeBase64 } from '../../../lib/directory/text/encoding.ts'

const PROTOCOLS = [
  'Conflux=1 Cons=1-2 Desc=1-4 DirCache=2 FlowCtrl=1-2 HSDir=2 HSIntro=4-5 HSRend=1-2 Link=3-5 LinkAuth=3 Microdesc=1-3 Padding=2 Relay=2-6',
  'Cons=1-2 Desc=1-2 DirCache=2 FlowCtrl=1-2 HSDir=2 HSIntro=4-5 HSRend=1-2 Link=1-5 LinkAuth=1,3 Microdesc=1-2 Padding=2 Relay=1-4',
]
const FLAGS = [
  'Fast Running Stable V2Dir Valid',
  'Exit Fast Guard HSDir Running Stable V2Dir Valid',
  'Fast Guard HSDir Running Stable V2Dir Valid',
]
const PORTS =
  '20-23,43,53,79-81,88,110,143,194,220,389,443,464,531,543-544,554,563,636,706,749,873,902-904,981,989-995,1194,1220'

/** Numbers that look random and are always the same (xorshift). */
function numbers(seed: number): () => number {
  let state = seed
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return state >>> 0
  }
}

/** The header and footer of a consensus around whatever is between them. */
export const consensusAround = (relays: string): string => `network-status-version 3 microdesc
vote-status consensus
consensus-method 35
valid-after 2026-07-27 10:00:00
fresh-until 2026-07-27 11:00:00
valid-until 2026-07-27 13:00:00
voting-delay 300 300
known-flags Exit Fast Guard HSDir Running Stable V2Dir Valid
required-client-protocols Link=4 Relay=2
recommended-client-protocols Link=4-5 Relay=2-4
params bwweightscale=10000 cc_alg=2 strange=-5
${relays}directory-footer
bandwidth-weights Wbd=817 Wgg=5960
directory-signature sha256 0232AF901C31A04EE9848595AF9BB7620D4C5B2E 79ABAEE942F8F0F6E5FEB989D2539B05AB86DD8B
-----BEGIN SIGNATURE-----
iJej+T7lfdaj0rr3jHdwWDbSULXjRN0K6TlIZ+m+hdaV4LSKqsvBfNvhcBQOdRri
-----END SIGNATURE-----
`

/** What a network of `size` relays looks like to its clients. */
export function generateNetwork(size: number): { consensus: string; microdescriptors: string } {
  const random = numbers(20_260_727)
  const bytes = (length: number): Uint8Array => Uint8Array.from({ length }, () => random() & 0xff)
  const entries: string[] = []
  const microdescriptors: string[] = []
  for (let index = 0; index < size; index++) {
    const identity = bytes(20)
    new DataView(identity.buffer).setUint32(0, Math.floor((index * 0xffff_ffff) / size))
    const kind = random() % 3
    const policy = kind === 1 ? `p accept ${PORTS}\np6 accept ${PORTS}\n` : ''
    const family =
      random() % 4 === 0
        ? `family $${'0123456789ABCDEF0123456789ABCDEF'}${String(random() % 900).padStart(8, '0')} $${'A'.repeat(40)}\n`
        : ''
    const microdescriptor = `onion-key
-----BEGIN RSA PUBLIC KEY-----
${encodeBase64(bytes(48))}
${encodeBase64(bytes(48))}
${encodeBase64(bytes(42))}
-----END RSA PUBLIC KEY-----
ntor-onion-key ${encodeBase64(bytes(32))}
${family}${policy}id ed25519 ${encodeBase64(bytes(32))}
`
    microdescriptors.push(microdescriptor)
    const ipv4 = `${1 + (random() % 223)}.${random() % 256}.${random() % 256}.${random() % 256}`
    const ipv6 =
      random() % 2 === 0
        ? `a [2001:db8:${(random() & 0xffff).toString(16)}::${(random() & 0xffff).toString(16)}]:9001\n`
        : ''
    entries.push(`r relay${index} ${encodeBase64(identity)} 2038-01-01 00:00:00 ${ipv4} 9001 0
${ipv6}m ${encodeBase64(sha256(new TextEncoder().encode(microdescriptor)))}
s ${FLAGS[kind]}
v Tor 0.4.9.${random() % 12}
pr ${PROTOCOLS[random() % 2]}
w Bandwidth=${random() % 100_000}${random() % 9 === 0 ? ' Unmeasured=1' : ''}
`)
  }
  return { consensus: consensusAround(entries.join('')), microdescriptors: microdescriptors.join('') }
}
