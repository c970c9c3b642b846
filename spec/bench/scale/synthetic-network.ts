/**
 * The documents of a network of the public one's size, made up but validly signed, by three authorities whose keys stand
 * in the source of the test network. The same numbers make the same network.
 *
 * Shares are about those of the public network: a third are exits, half are guards, half have an IPv6 address; most of
 * the address space is that of few hosting companies; every third relay is in a family, and some families have
 * hundreds of members who all name all others.
 *
 * @module
 */
import { randomFrom, type Random } from '../../../lib/base/random.ts'
import type { NetworkConfig } from '../../../lib/directory/network/network-config.ts'
import { encodeHex } from '../../../lib/directory/text/encoding.ts'
import { authorityKeys } from '../../../lib/testing/directory/authority-keys.ts'
import { signConsensus, writeConsensus, type ConsensusEntry } from '../../../lib/testing/directory/consensus-writer.ts'
import { writeKeyCertificate } from '../../../lib/testing/directory/key-certificate-writer.ts'
import { writeMicrodescriptor } from '../../../lib/testing/directory/microdescriptor-writer.ts'
import { seededWords } from '../../client/support/seeded-random.ts'

/** The documents as clients keep them, and as they are an hour later. */
export interface SyntheticNetwork {
  readonly config: NetworkConfig
  readonly certificates: string
  readonly consensus: string
  readonly microdescriptors: string
  readonly later: {
    readonly consensus: string
    /** Those that are new in it. */
    readonly microdescriptors: string
  }
}

const HOUR = 3_600_000
const DAY = 24 * HOUR

/** Which part of the relays has another microdescriptor, or another address, an hour later: one of so many. */
const CHANGES = 25

/** Sizes of families, the first members of the network first. */
const FAMILIES = [
  400,
  ...Array.from({ length: 6 }, () => 100),
  ...Array.from({ length: 30 }, () => 20),
  ...Array.from({ length: 400 }, () => 4),
]

const VERSIONS = ['0.4.8.10', '0.4.8.12', '0.4.8.16', '0.4.8.17', '0.4.8.21', '0.4.9.6', '0.4.9.10', '0.4.9.11']
const PROTOCOLS = [
  'Cons=1-2 Desc=1-2 DirCache=2 FlowCtrl=1-2 HSDir=2 HSIntro=4-5 HSRend=1-2 Link=1-5 LinkAuth=1,3 Microdesc=1-2 Padding=2 Relay=1-4',
  'Conflux=1 Cons=1-2 Desc=1-2 DirCache=2 FlowCtrl=1-2 HSDir=2 HSIntro=4-5 HSRend=1-2 Link=1-5 LinkAuth=1,3 Microdesc=1-2 Padding=2 Relay=1-4',
  'Conflux=1 Cons=2 Desc=2-4 DirCache=2 FlowCtrl=1-2 HSDir=2 HSIntro=4-5 HSRend=1-2 Link=4-5 LinkAuth=3 Microdesc=2 Padding=2 Relay=2-6',
]
const POLICIES = [
  'accept 20-21,23,43,53,79-81,88,110,143,194,220,389,443,464,531,543-544,554,563,636,706,749,873,902-904,981,989-995,1194,1220,1293,1500,1533,1677,1723,1755,1863,2082-2083,2086-2087,2095-2096,2102-2104,3128,3389,3690,4321,4643,5050,5190,5222-5223,5228,5900,6660-6669,6679,6697,8000,8008,8074,8080,8082,8087-8088,8232-8233,8332-8333,8443,8888,9418,9999-10000,11371,19294,19638,50002,64738',
  'accept 53,80,443',
  'accept 443',
  'accept 80,443',
  'reject 25',
  'reject 25,119,135-139,445,563,1214,4661-4666,6346-6429,6699,6881-6999',
  'reject 22,25,465,587',
  'accept 80,443,6667,6697,8333',
]

/** Relays that are really there, among the others. */
export interface RealRelays {
  readonly entries: readonly ConsensusEntry[]
  readonly microdescriptors: string
}

/** How much less than usual the others weigh beside real ones, and in which network all of them are: nobody reaches them. */
const OTHERS_WEIGH = 10_000
const LOOPBACK = '127'

/**
 * Makes a network that is valid from the hour before `now`, in ms since the epoch.
 *
 * @param real - relays that are nearly always chosen; all others are at addresses of this machine then, where nobody listens
 */
export async function makeSyntheticNetwork(count: number, now: number, real?: RealRelays): Promise<SyntheticNetwork> {
  const random = randomFrom(seededWords(count))
  const bytes = (length: number): Uint8Array => Uint8Array.from({ length }, () => random(256))
  const keys = await Promise.all([0, 1, 2].map(authorityKeys))
  const sources = keys.map(({ v3Identity }, index) => ({
    nickname: `auth${index}`,
    v3Identity,
    address: { hostname: real === undefined ? `198.51.100.${index + 1}` : '127.0.0.1', port: 9001 },
  }))
  const identities = Array.from({ length: count }, () => bytes(20))
  const families = familiesOf(identities, random)
  const texts: string[] = []
  const changed: string[] = []
  const before: ConsensusEntry[] = []
  const after: ConsensusEntry[] = []
  for (const [index, rsaIdentity] of identities.entries()) {
    const { exits, entry: usual } = entryOf(rsaIdentity, random)
    const entry = real === undefined ? usual : unreachable(usual)
    const describe = (): { text: string; digest: string } =>
      writeMicrodescriptor({
        ntorOnionKey: bytes(32),
        ed25519Identity: bytes(32),
        family: families[index],
        familyIds: random(12) === 0 ? [`ed25519:${'A'.repeat(40)}${100 + random(300)}`] : [],
        ...(exits ? { exitPolicy: POLICIES[random(POLICIES.length)] } : {}),
        ...(exits && random(2) === 0 ? { exitPolicyIPv6: POLICIES[random(POLICIES.length)] } : {}),
      })
    const first = describe()
    texts.push(first.text)
    before.push({ ...entry, microdescriptorDigest: first.digest })
    const next = random(CHANGES) === 0 ? describe() : undefined
    if (next !== undefined) changed.push(next.text)
    const bandwidth = random(3) === 0 ? Math.ceil(entry.bandwidth * 1.1) : entry.bandwidth
    after.push({ ...entry, bandwidth, microdescriptorDigest: (next ?? first).digest })
  }
  before.push(...(real?.entries ?? []))
  after.push(...(real?.entries ?? []))
  const consensusAt = (validAfter: number, relays: readonly ConsensusEntry[]): string =>
    signConsensus(
      writeConsensus({
        validAfter,
        freshUntil: validAfter + HOUR,
        validUntil: validAfter + 3 * HOUR,
        sources,
        relays,
        params: { cc_alg: 2, circwindow: 1000, CircuitPriorityHalflifeMsec: 30_000, sendme_emit_min_version: 1 },
      }),
      keys.map(({ v3Identity, signing }) => ({ v3Identity, signing })),
    )
  const validAfter = Math.floor(now / HOUR) * HOUR
  const published = Math.floor(now / DAY) * DAY - 30 * DAY
  return {
    config: {
      authorities: sources.map(({ nickname, v3Identity, address }, index) => ({
        nickname,
        v3Identity,
        addresses: [address],
        rsaIdentity: new Uint8Array(20).fill(index + 1),
      })),
      fallbacks: [],
    },
    certificates: keys
      .map((each) => writeKeyCertificate({ keys: each, published, expires: published + 90 * DAY }))
      .join(''),
    consensus: consensusAt(validAfter, before),
    microdescriptors: texts.join('') + (real?.microdescriptors ?? ''),
    later: { consensus: consensusAt(validAfter + HOUR, after), microdescriptors: changed.join('') },
  }
}

/** The same relay where nobody reaches it, and hardly ever chosen. */
function unreachable(entry: ConsensusEntry): ConsensusEntry {
  const { hostname, port } = entry.address
  return {
    ...entry,
    address: { hostname: hostname.replace(/^\d+/, LOOPBACK), port },
    ipv6Address: entry.ipv6Address && { ...entry.ipv6Address, hostname: '::1' },
    bandwidth: Math.ceil(entry.bandwidth / OTHERS_WEIGH),
  }
}

/** What each relay names. Most members of a family write the same line; some leave themselves out. */
function familiesOf(identities: readonly Uint8Array[], random: Random): (readonly string[])[] {
  const families: (readonly string[])[] = identities.map(() => [])
  let at = 0
  for (const size of FAMILIES) {
    const names = identities.slice(at, at + size).map((identity) => `$${encodeHex(identity)}`)
    names.sort()
    if (at + size > identities.length) break
    for (let index = at; index < at + size; index++) {
      const own = `$${encodeHex(identities[index] as Uint8Array)}`
      families[index] = random(5) === 0 ? names.filter((name) => name !== own) : names
    }
    at += size
  }
  return families
}

function entryOf(rsaIdentity: Uint8Array, random: Random): { exits: boolean; entry: ConsensusEntry } {
  const chance = (percent: number): boolean => random(100) < percent
  const exits = chance(30)
  const flags = ['Running', 'Valid']
  for (const [name, percent] of [
    ['Fast', 92],
    ['Stable', 86],
    ['V2Dir', 98],
    ['Guard', 55],
    ['HSDir', 60],
    ['StaleDesc', 1],
  ] as const)
    if (chance(percent)) flags.push(name)
  if (exits) flags.push('Exit')
  // Half of the relays are in two hundred networks of hosting companies.
  const network = chance(50) ? random(200) * 200 : random(40_000)
  const nickname = Array.from({ length: 5 + random(10) }, () => (random(26) + 10).toString(36)).join('')
  const entry: ConsensusEntry = {
    nickname,
    rsaIdentity,
    address: {
      hostname: `${20 + (network >> 8)}.${network & 255}.${random(256)}.${1 + random(254)}`,
      port: chance(50) ? 9001 : 443,
    },
    ipv6Address: chance(50)
      ? { hostname: `2a0${random(10)}:${network.toString(16)}:${random(0xffff).toString(16)}::1`, port: 9001 }
      : undefined,
    microdescriptorDigest: '',
    flags,
    version: `Tor ${VERSIONS[random(VERSIONS.length)]}`,
    protocols: PROTOCOLS[random(PROTOCOLS.length)] as string,
    bandwidth: Math.ceil(20 * 1.0009 ** random(9000)),
    measured: chance(97),
  }
  return { exits, entry }
}
