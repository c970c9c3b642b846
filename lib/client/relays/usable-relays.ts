/**
 * Which relays this library can use, and for what.
 *
 * @module
 */
import { isUsable } from '../../directory/network-directory.ts'
import type { Protocols } from '../../directory/protocols.ts'
import type { ConsensusRelay } from '../../directory/relay-entry.ts'
import { RelayFlag } from '../../directory/relay-flags.ts'

/** What every hop must speak: EXTEND2 and the ntor handshake, and SENDMEs that are authenticated. */
const HOP_PROTOCOLS = [
  ['Relay', 2],
  ['FlowCtrl', 1],
] as const

const GUARD_FLAGS = RelayFlag.Guard | RelayFlag.Stable | RelayFlag.Fast | RelayFlag.V2Dir

/** True when a relay of a directory can be a hop of a circuit of ours. */
export function canBeHop({ protocols }: Pick<ConsensusRelay, 'protocols'>): boolean {
  return usesOf(protocols).hop
}

/** True when a relay of a consensus is fit to be a guard for every circuit and every document (guard-spec 4.0). */
export function canBeGuard(relay: ConsensusRelay): boolean {
  if ((relay.flags & (GUARD_FLAGS | RelayFlag.MiddleOnly)) !== GUARD_FLAGS) return false
  return isUsable(relay) && usesOf(relay.protocols).guard
}

/** What a relay can be by what it claims to speak. */
interface Uses {
  readonly hop: boolean
  readonly guard: boolean
}

/** Few different claims stand for thousands of relays. */
const known = /* @__PURE__ */ new WeakMap<Protocols, Uses>()

function usesOf(protocols: Protocols): Uses {
  let uses = known.get(protocols)
  if (uses === undefined) {
    const hop = HOP_PROTOCOLS.every(([name, version]) => protocols.supports(name, version))
    uses = { hop, guard: hop && (protocols.supports('Link', 4) || protocols.supports('Link', 5)) }
    known.set(protocols, uses)
  }
  return uses
}
