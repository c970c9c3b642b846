/**
 * Building a circuit: CREATE2 to the first relay, then EXTEND2 for each further one (tor-spec, "Creating circuits" and
 * "Extending circuits").
 *
 * @module
 */
import { decodeCreated2, encodeCreate2, HandshakeType } from '../cell/create2.ts'
import { encodeExtend2 } from '../cell/relay/extend2.ts'
import { parseIPv4 } from '../cell/ip-address.ts'
import { encodeLinkSpecifiers, type LinkSpecifier } from '../cell/link-specifier.ts'
import { markHandled } from '../base/deferred.ts'
import { joinBytes } from '../base/join-bytes.ts'
import { TorError } from '../base/errors.ts'
import type { Platform } from '../platform/platform.ts'
import type { Relay } from '../relay.ts'
import type { CircuitController } from './circuit-controller.ts'
import { startCreateFast } from './handshake/create-fast.ts'
import type { CongestionControlSetup } from './congestion/negotiated.ts'
import { HOP_KEY_SIZE, HopCrypto } from './onion/hop-crypto.ts'
import { startHandshake, type HopHandshake } from './handshake/hop-handshake.ts'
import { startNtor } from './handshake/ntor.ts'

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
  circuit: CircuitController,
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
export async function buildFast(circuit: CircuitController, platform: Platform): Promise<void> {
  const handshake = startCreateFast()
  const keys = handshake.finish(await circuit.createFast(handshake.material), HOP_KEY_SIZE)
  const crypto = new HopCrypto(keys, platform)
  keys.fill(0)
  circuit.addHop(crypto)
}

/** Bytes by which a relay can prove that it knows a handshake, behind the keys of the hop: KH of tor-spec. */
const HANDSHAKE_PROOF_SIZE = 20

/** A relay as somebody else has described it, to extend to. */
export interface ExtensionTarget {
  /** A count and as many link specifiers, verbatim: what they mean is for the relay before to say. */
  readonly linkSpecifiers: Uint8Array
  /** 20 bytes. */
  readonly rsaIdentity: Uint8Array
  readonly ntorOnionKey: Uint8Array
}

/**
 * Makes a circuit one hop longer, by ntor: no more is known of the relay.
 *
 * @returns 20 bytes that only the two ends of this handshake know (KH in tor-spec, "Setting circuit keys")
 * @throws TorError `CIRCUIT_HANDSHAKE`, or what befell the circuit meanwhile
 */
export async function extendTo(
  circuit: CircuitController,
  { linkSpecifiers, rsaIdentity, ntorOnionKey }: ExtensionTarget,
  platform: Platform,
): Promise<Uint8Array<ArrayBuffer>> {
  const { onionSkin, finish } = await startNtor({ rsaIdentity, ntorOnionKey, platform })
  const handshake = encodeCreate2(HandshakeType.NTOR, onionSkin)
  const reply = await circuit.extend(joinBytes([linkSpecifiers, handshake]))
  const keys = await finish(handshakeData(reply), HOP_KEY_SIZE + HANDSHAKE_PROOF_SIZE)
  const proof = keys.slice(HOP_KEY_SIZE)
  const crypto = new HopCrypto(keys.subarray(0, HOP_KEY_SIZE), platform)
  keys.fill(0)
  circuit.addHop(crypto)
  return new Uint8Array(proof)
}

/** A relay of the directory, to extend to. */
export function targetOf(relay: Relay): ExtensionTarget {
  return { ...keysOf(relay), linkSpecifiers: encodeLinkSpecifiers(specifiersToExtend(relay)) }
}

/** What an onion service is told of the rendezvous point, to extend to: all that a directory says of it. */
export function introductionOf(relay: Relay): ExtensionTarget {
  return { ...keysOf(relay), linkSpecifiers: encodeLinkSpecifiers(linkSpecifiers(relay)) }
}

/** Relays of a directory have these as getters. */
const keysOf = ({ rsaIdentity, ntorOnionKey }: Relay): Omit<ExtensionTarget, 'linkSpecifiers'> => ({
  rsaIdentity,
  ntorOnionKey,
})

/** What a CREATED2 or EXTENDED2 bears. */
function handshakeData(body: Uint8Array): Uint8Array {
  try {
    return decodeCreated2(body)
  } catch (cause) {
    throw new TorError('CIRCUIT_PROTOCOL', 'the answer to a handshake is malformed', { cause })
  }
}

/**
 * What a relay is told of the next one. C tor's clients name no IPv6 address: who does is told from them
 * (circuit_send_intermediate_onion_skin). A relay that has no other address is named by it.
 */
function specifiersToExtend(relay: Relay): LinkSpecifier[] {
  const all = linkSpecifiers(relay)
  return all.some(({ type }) => type === 'ipv4') ? all.filter(({ type }) => type !== 'ipv6') : all
}

/**
 * All that is known of a relay: its first address of each kind, and both identities, in the order that the
 * specification wants.
 */
function linkSpecifiers(relay: Relay): LinkSpecifier[] {
  const isIPv4 = (hostname: string): boolean => parseIPv4(hostname) !== undefined
  const ipv4 = relay.addresses.find(({ hostname }) => isIPv4(hostname))
  const ipv6 = relay.addresses.find(({ hostname }) => !isIPv4(hostname))
  return [
    ...(ipv4 ? [{ type: 'ipv4', address: ipv4.hostname, port: ipv4.port } as const] : []),
    { type: 'rsa', identity: relay.rsaIdentity },
    { type: 'ed25519', identity: relay.ed25519Identity },
    ...(ipv6 ? [{ type: 'ipv6', address: ipv6.hostname, port: ipv6.port } as const] : []),
  ]
}
