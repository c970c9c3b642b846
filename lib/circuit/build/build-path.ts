/**
 * Building a circuit: CREATE2 to the first relay, then EXTEND2 for each further one (tor-spec, "Creating circuits" and
 * "Extending circuits").
 *
 * @module
 */
import { encodeCreate2 } from '../../cell/create2.ts'
import { encodeExtend2 } from '../../cell/relay/extend2.ts'
import { markHandled } from '../../base/waiting/deferred.ts'
import type { Platform } from '../../platform/platform.ts'
import type { Relay } from '../../relay.ts'
import type { GrowingCircuit } from './growing-circuit.ts'
import { startCreateFast } from '../handshake/create-fast.ts'
import type { CongestionControlSetup } from '../congestion/negotiated.ts'
import { HOP_KEY_SIZE, HopCrypto } from '../onion/hop-crypto.ts'
import { startHandshake, type HopHandshake } from '../handshake/hop-handshake.ts'
import { handshakeData } from './handshake-data.ts'
import { specifiersToExtend } from './relay-specifiers.ts'

/**
 * The handshake with the first relay of a path. It may begin before there is a link, so that the CREATE2 leaves with the
 * last cell of the link's handshake, as C tor's does.
 *
 * @param congestionControl what to negotiate with the last relay, which this may be
 */
export function startFirst(
  path: readonly Relay[],
  platform: Platform,
  congestionControl?: CongestionControlSetup,
): Promise<HopHandshake> {
  const handshake = startHandshake(path[0] as Relay, path.length === 1 ? congestionControl : undefined, platform)
  markHandled(handshake)
  return handshake
}

/**
 * Makes the circuit as long as `path`, hop by hop. It has its place on a channel to the first relay already.
 *
 * @param first the handshake with the first relay, which has begun
 * @param congestionControl what to negotiate with the last relay; undefined for fixed windows
 * @throws TorError `CIRCUIT_HANDSHAKE`, or what befell the circuit meanwhile
 */
export async function buildPath(
  circuit: GrowingCircuit,
  path: readonly Relay[],
  first: Promise<HopHandshake>,
  platform: Platform,
  congestionControl?: CongestionControlSetup,
): Promise<void> {
  for (const relay of path) {
    const hops = circuit.hops.length
    const isEnd = hops === path.length - 1
    const { type, onionSkin, finish } = await (hops === 0
      ? first
      : startHandshake(relay, isEnd ? congestionControl : undefined, platform))
    const reply =
      hops === 0
        ? await circuit.create(encodeCreate2(type, onionSkin))
        : await circuit.extend(encodeExtend2(specifiersToExtend(relay), type, onionSkin))
    const { keys, congestionControl: negotiated } = await finish(handshakeData(reply))
    const crypto = new HopCrypto(keys, platform)
    keys.fill(0)
    const hop = circuit.addHop(crypto, negotiated)
    hop.exitPolicyIPv6 = relay.exitPolicyIPv6
  }
}

/**
 * Makes a circuit of one hop, without proof of an onion key: the link has proved who the relay is (tor-spec,
 * "CREATE_FAST cells").
 *
 * @throws TorError `CIRCUIT_HANDSHAKE`, or what befell the circuit meanwhile
 */
export async function buildFast(circuit: GrowingCircuit, platform: Platform): Promise<void> {
  const handshake = startCreateFast()
  const keys = handshake.finish(await circuit.createFast(handshake.material), HOP_KEY_SIZE)
  const crypto = new HopCrypto(keys, platform)
  keys.fill(0)
  circuit.addHop(crypto)
}
