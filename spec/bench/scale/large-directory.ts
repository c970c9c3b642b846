/**
 * A directory of the public network's size for a small network that is really there: its relays, and thousands of others that
 * nobody reaches and that are hardly ever chosen. Authorities whose keys stand in the source of the test network sign it, for
 * this library's client and for tor's, who read, verify and use the very same documents.
 *
 * @module
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseConsensus } from '../../../lib/directory/consensus.ts'
import type { NetworkConfig } from '../../../lib/directory/network/network-config.ts'
import { RelayFlag } from '../../../lib/directory/relay-flags.ts'
import { decodeHex, encodeHex } from '../../../lib/directory/text/encoding.ts'
import { makeSyntheticNetwork, type SyntheticNetwork } from './synthetic-network.ts'

/** What real relays weigh: nearly as much as can be written. */
const HEAVY = 4_000_000_000

/** A port at which no authority listens. */
const NOBODY = 1

const FLAGS = ['Fast', 'Guard', 'Running', 'Stable', 'V2Dir', 'Valid']
const PROTOCOLS =
  'Cons=2 Desc=2-4 DirCache=2 FlowCtrl=1-2 HSDir=2 HSIntro=4-5 HSRend=2 Link=4-5 LinkAuth=3 Microdesc=2 Padding=2 Relay=2-4'

/** The documents, and who signed them. */
export interface LargeDirectory extends SyntheticNetwork {
  /** Of the authorities, as torrc lines that take the place of others. */
  readonly authorityLines: string
}

/** @param folder - what a client of this library has kept of the small network */
export async function makeLargeDirectory(folder: string, count: number, now: number): Promise<LargeDirectory> {
  const text = (name: string): Promise<string> => readFile(join(folder, name), 'utf8')
  const { relays } = await parseConsensus(await text('consensus'))
  const entries = relays.map(({ nickname, fingerprint, addresses, microdescriptorDigest, flags }) => ({
    nickname,
    rsaIdentity: decodeHex(fingerprint) as Uint8Array,
    address: addresses[0] ?? { hostname: '127.0.0.1', port: NOBODY },
    microdescriptorDigest,
    flags: (flags & RelayFlag.Exit) === 0 ? FLAGS : [...FLAGS, 'Exit'],
    version: 'Tor 0.4.9.11',
    protocols: PROTOCOLS,
    bandwidth: HEAVY,
    measured: true,
  }))
  const network = await makeSyntheticNetwork(count - entries.length, now, {
    entries,
    microdescriptors: await text('microdescriptors'),
  })
  return { ...network, authorityLines: linesOf(network.config) }
}

function linesOf({ authorities }: NetworkConfig): string {
  const lines = authorities.map(
    ({ nickname, v3Identity, rsaIdentity }) =>
      `DirAuthority ${nickname} orport=${NOBODY} no-v2 v3ident=${v3Identity} 127.0.0.1:${NOBODY} ${encodeHex(rsaIdentity)}`,
  )
  return ['/DirAuthority', ...lines].join('\n')
}

/** The documents by the names under which tor keeps them. */
export function asTorKeepsThem(
  { consensus, certificates, microdescriptors }: SyntheticNetwork,
  now: number,
): Record<string, string> {
  const listed = `@last-listed ${new Date(now).toISOString().slice(0, 19).replace('T', ' ')}\n`
  return {
    'cached-microdesc-consensus': consensus,
    'cached-certs': certificates,
    'cached-microdescs': microdescriptors.replace(/^onion-key$/gm, `${listed}onion-key`),
  }
}
