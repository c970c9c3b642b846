/**
 * Whether the network still wants to talk to a client like this one (tor-spec, "Subprotocol versioning"; dir-spec
 * section 3.4.1, "required-client-protocols").
 *
 * @module
 */
import { TorError } from '../base/errors.ts'
import type { Consensus } from './consensus.ts'
import { parseProtocols, type Protocols } from './protocols.ts'

/**
 * What this client speaks: consensuses and microdescriptors with Ed25519 identities, over BEGIN_DIR; link protocols 4
 * and 5; ntor, extending by IPv6 and ntor-v3; authenticated SENDMEs and congestion control.
 */
export const clientProtocols = (): Protocols =>
  parseProtocols('Cons=2 Desc=2 DirCache=2 FlowCtrl=1-2 Link=4-5 Microdesc=2-3 Relay=2-4') as Protocols

/**
 * Checks that a client that speaks `supported` may use the network of a verified consensus.
 *
 * @returns what is recommended and not spoken, each as `Relay=4`: a reason to look for a newer version, no more
 * @throws TorError `CLIENT_OBSOLETE` when something is required that is not spoken: the client must not go on
 */
export function checkClientProtocols(
  consensus: Pick<Consensus, 'requiredClientProtocols' | 'recommendedClientProtocols'>,
  supported: Protocols = clientProtocols(),
): string[] {
  const missing = consensus.requiredClientProtocols.missingFrom(supported)
  if (missing.length > 0) {
    throw new TorError('CLIENT_OBSOLETE', `This client is too old for its network, which requires ${missing.join(' ')}`)
  }
  return consensus.recommendedClientProtocols.missingFrom(supported)
}
