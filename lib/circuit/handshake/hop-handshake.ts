/**
 * The handshake with one relay of a path: ntor-v3 where the relay speaks it, otherwise ntor; and what is negotiated by
 * ntor-v3's messages, congestion control (proposal 324 section 10).
 *
 * @module
 */
import { HandshakeType } from '../../cell/create2.ts'
import {
  decodeCongestionControlResponse,
  decodeHandshakeExtensions,
  encodeHandshakeExtensions,
  HandshakeExtensionType,
  type HandshakeExtensions,
} from '../../cell/handshake-extensions.ts'
import type { Platform } from '../../platform/platform.ts'
import type { Relay } from '../../relay.ts'
import type { NegotiatedCongestionControl, CongestionControlSetup } from '../congestion/negotiated.ts'
import { handshakeError } from './handshake.ts'
import { HOP_KEY_SIZE } from '../onion/hop-crypto.ts'
import { startNtorV3 } from './ntor-v3.ts'
import { startNtor } from './ntor.ts'

const { CONGESTION_CONTROL_REQUEST, CONGESTION_CONTROL_RESPONSE } = HandshakeExtensionType

/**
 * How far the increment of a relay may be from the consensus's, in cells: as C tor has it. The specification's factor
 * of 2 is wider, and would let a relay tell its clients apart by it.
 */
const MAX_INCREMENT_DIFFERENCE = 1

/** What a handshake came to. */
export interface HandshakeOutcome {
  /** `HOP_KEY_SIZE` bytes. */
  readonly keys: Uint8Array
  /** What was negotiated; undefined for fixed windows. */
  readonly congestionControl: NegotiatedCongestionControl | undefined
}

/** A handshake that waits for the relay's reply. */
export interface HopHandshake {
  /** See {@link HandshakeType}. */
  readonly type: number
  /** The data for a CREATE2 or EXTEND2 cell. */
  readonly onionSkin: Uint8Array
  /**
   * Checks the reply. It can be called once.
   *
   * @throws TorError `CIRCUIT_HANDSHAKE` when it does not prove who the relay is, or negotiates what may not be
   */
  finish(reply: Uint8Array): Promise<HandshakeOutcome>
}

/**
 * Begins a handshake: ntor-v3 with a relay that congestion control is asked of, and with every recent one; else ntor.
 *
 * @param wanted congestion control to ask for, if the relay has it; undefined not to ask
 * @throws TorError `CIRCUIT_HANDSHAKE` (as a rejection) when the relay's onion key is no key
 */
export async function startHandshake(
  relay: Relay,
  wanted: CongestionControlSetup | undefined,
  platform: Platform,
): Promise<HopHandshake> {
  const { protocols } = relay
  const asked = protocols?.supports('Relay', 4) && protocols.supports('FlowCtrl', 2) ? wanted : undefined
  if (asked === undefined && !isRecent(protocols)) {
    const { onionSkin, finish } = await startNtor({ ...keysOf(relay), platform })
    return {
      type: HandshakeType.NTOR,
      onionSkin,
      finish: async (reply) => ({ keys: await finish(reply, HOP_KEY_SIZE), congestionControl: undefined }),
    }
  }
  const request: HandshakeExtensions = new Map(asked ? [[CONGESTION_CONTROL_REQUEST, new Uint8Array(0)]] : [])
  const { onionSkin, finish } = await startNtorV3({
    ...keysOf(relay),
    message: encodeHandshakeExtensions(request),
    platform,
  })
  return {
    type: HandshakeType.NTOR_V3,
    onionSkin,
    async finish(reply) {
      const { keys, message } = await finish(reply, HOP_KEY_SIZE)
      const increment = incrementIn(message)
      return { keys, congestionControl: increment === undefined ? undefined : negotiated(increment, asked) }
    },
  }
}

/**
 * Whether a relay from which nothing is wanted gets an ntor-v3 handshake all the same: which of them do is C tor's rule
 * (circuit_pick_create_handshake), and another one would tell this client from it.
 */
const isRecent = (protocols: Relay['protocols']): boolean =>
  protocols !== undefined &&
  protocols.supports('FlowCtrl', 2) &&
  protocols.supports('Relay', 5) &&
  protocols.supports('Relay', 6)

/** The increment that the relay offers, if it agrees to congestion control. It may decline what was asked of it. */
function incrementIn(message: Uint8Array): number | undefined {
  try {
    const response = decodeHandshakeExtensions(message).get(CONGESTION_CONTROL_RESPONSE)
    return response && decodeCongestionControlResponse(response)
  } catch (cause) {
    throw handshakeError('what the relay answers in it is malformed', cause)
  }
}

function negotiated(increment: number, asked: CongestionControlSetup | undefined): NegotiatedCongestionControl {
  if (asked === undefined) throw handshakeError('the relay turns on congestion control that nobody asked for')
  const { sendmeIncrement } = asked.parameters
  if (increment === 0 || Math.abs(increment - sendmeIncrement) > MAX_INCREMENT_DIFFERENCE) {
    throw handshakeError(`the relay wants SENDMEs every ${increment} cells, and the network ${sendmeIncrement}`)
  }
  return { ...asked, increment }
}

/** Relays of a directory have these as getters. */
const keysOf = ({
  rsaIdentity,
  ed25519Identity,
  ntorOnionKey,
}: Relay): Pick<Relay, 'rsaIdentity' | 'ed25519Identity' | 'ntorOnionKey'> => ({
  rsaIdentity,
  ed25519Identity,
  ntorOnionKey,
})
