/**
 * Who is asked for directory documents, best first: guards, where there are some already, as nobody else shall know of
 * this client; then fallbacks and authorities at random (dir-spec, "Client operation").
 *
 * @module
 */
import { shuffled, type Random } from '../../../base/random.ts'
import type { NetworkConfig } from '../../../directory/network/network-config.ts'
import type { ConsensusRelay } from '../../../directory/relay-entry.ts'
import { decodeHex } from '../../../directory/text/encoding.ts'
import type { GuardManager, GuardPick } from '../../guards/guards.ts'
import type { ServerPick } from './attempts.ts'

/** How many guards are asked for a document before others are. */
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

/** The servers to ask for one document. */
export function* directoryServers(options: DirectoryServersOptions): Iterable<ServerPick> {
  const { network, guards, hasDirectory, onlyAuthorities, random } = options
  const authorities = shuffled(network.authorities, random)
  if (onlyAuthorities) {
    if (network.fallbacks.length > 0) for (const server of authorities) yield { server }
    return
  }
  const asked = new Set<string>()
  const later: string[] = []
  while (hasDirectory && asked.size < MAX_DIRECTORY_GUARDS) {
    const pick = guards.pickForDirectory({ allows: ({ fingerprint }) => !asked.has(fingerprint) })
    if (pick === undefined) break
    asked.add(pick.relay.fingerprint)
    if (options.isOutdone(pick.relay.fingerprint)) {
      // The same guards are asked whatever they leave out: none can bring in a further one.
      guards.cancelled(pick)
      later.push(pick.relay.fingerprint)
    } else yield serverOf(guards, pick)
  }
  for (const last of later) {
    const pick = guards.pickForDirectory({ allows: ({ fingerprint }) => fingerprint === last })
    if (pick !== undefined) yield serverOf(guards, pick)
  }
  for (const server of [...shuffled(network.fallbacks, random), ...authorities]) yield { server }
}

/** A guard to be asked for documents; it is told what became of it. */
function serverOf(guards: GuardManager, pick: GuardPick<ConsensusRelay>): ServerPick {
  const { addresses, fingerprint } = pick.relay
  return {
    server: { addresses, rsaIdentity: decodeHex(fingerprint) as Uint8Array },
    settled: (reachable) => (reachable ? void guards.succeeded(pick) : guards.failed(pick)),
  }
}
