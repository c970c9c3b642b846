/**
 * One hop more, to a relay as somebody has described it: what circuits of onion services are made longer by
 * (rend-spec-v3, "Introduction points" and "The introduction protocol").
 *
 * @module
 */
import { encodeCreate2, HandshakeType } from '../../cell/create2.ts'
import { encodeLinkSpecifiers } from '../../cell/link-specifier.ts'
import { joinBytes } from '../../base/bytes/join-bytes.ts'
import type { Platform } from '../../platform/platform.ts'
import type { Relay } from '../../relay.ts'
import type { GrowingCircuit } from './growing-circuit.ts'
import { startNtor } from '../handshake/ntor.ts'
import { HOP_KEY_SIZE, HopCrypto } from '../onion/hop-crypto.ts'
import { handshakeData } from './handshake-data.ts'
import { linkSpecifiers, specifiersToExtend } from './relay-specifiers.ts'

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
  circuit: GrowingCircuit,
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
