/**
 * Who is asked for directory documents, best first: guards, where there are some already, as nobody else shall know of
 * this client; else fallbacks and authorities at random (dir-spec, "Client operation").
 *
 * @module
 */
import { shuffled, type Random } from '../../../base/random.ts'
import type { NetworkConfig } from '../../../directory/network/network-config.ts'
import type { ConsensusRelay } from '../../../directory/relay-entry.ts'
import { decodeHex } from '../../../directory/text/encoding.ts'
import type { GuardManager, GuardPick } from '../../guards/guards.ts'
import type { ServerPick } from './attempts.ts'

/** How many guards that answer are asked for a document. */
const MAX_DIRECTORY_GUARDS = 3

/** What the choice depends on. */
export interface DirectoryServersOptions {
  readonly network: NetworkConfig
  readonly guards: GuardManager
  /** There is a directory, and so there are guards. */
  readonly hasDirectory: boolean
  /** Authorities that are asked beside the others; none where there are no others. */
  readonly onlyAuthorities: boolean
  /** True for a server that did not have what another one had. */
  isOutdone(fingerprint: string): boolean
  readonly random: Random
}

/**
 * The servers to ask for one document. A client that has guards asks nobody else: relays that are nobody's guard would
 * learn that it uses Tor, and when (C tor, `directory_pick_generic_dirserver`). What three of its guards answer that they
 * have not is not asked for at others either, unless it is the consensus, and the one that is there holds no more.
 */
export function* directoryServers(options: DirectoryServersOptions): Iterable<ServerPick> {
  const { network, guards, hasDirectory, onlyAuthorities, random } = options
  const authorities = shuffled(network.authorities, random)
  if (onlyAuthorities) {
    if (network.fallbacks.length > 0) for (const server of authorities) yield { server }
    return
  }
  const asked = new Set<string>()
  const later: string[] = []
  let answered = 0
  const served = (pick: GuardPick<ConsensusRelay>): ServerPick => serverOf(guards, pick, () => (answered += 1))
  while (hasDirectory && answered + later.length < MAX_DIRECTORY_GUARDS) {
    const pick = guards.pickForDirectory({ allows: ({ fingerprint }) => !asked.has(fingerprint) })
    if (pick === undefined) break
    asked.add(pick.relay.fingerprint)
    if (options.isOutdone(pick.relay.fingerprint)) {
      // The same guards are asked whatever they leave out: none can bring in a further one.
      guards.cancelled(pick)
      later.push(pick.relay.fingerprint)
    } else yield served(pick)
  }
  for (const last of later) {
    const pick = guards.pickForDirectory({ allows: ({ fingerprint }) => fingerprint === last })
    if (pick !== undefined) yield served(pick)
  }
  if (asked.size > 0) return
  for (const server of [...shuffled(network.fallbacks, random), ...authorities]) yield { server }
}

/** A guard to be asked for documents; it is told what became of it. */
function serverOf(guards: GuardManager, pick: GuardPick<ConsensusRelay>, answered: () => void): ServerPick {
  const { addresses, fingerprint } = pick.relay
  return {
    server: { addresses, rsaIdentity: decodeHex(fingerprint) as Uint8Array },
    settled: (reachable) => {
      if (reachable === undefined) return guards.cancelled(pick)
      if (!reachable) return guards.failed(pick)
      answered()
      guards.succeeded(pick)
    },
  }
}
