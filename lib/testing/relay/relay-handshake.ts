/**
 * How a test relay answers the handshake of a CREATE2 or CREATE_FAST, and what it negotiates in it (proposal 324
 * section 10.3).
 *
 * @module
 */
import { HandshakeType, type Create2 } from '../../cell/create2.ts'
import {
  decodeHandshakeExtensions,
  encodeCongestionControlResponse,
  encodeHandshakeExtensions,
  HandshakeExtensionType,
} from '../../cell/handshake-extensions.ts'
import { answerCreateFast } from '../../circuit/handshake/create-fast.ts'
import { HOP_KEY_SIZE, HopCrypto } from '../../circuit/onion/hop-crypto.ts'
import { answerNtor } from '../../circuit/handshake/ntor.ts'
import { windowRules, type CircuitFlowRules } from './circuit/circuit-flow.ts'
import type { CongestionControlKnobs } from '../exit/congestion-control-knobs.ts'
import type { KeyPair, RelayIdentity } from '../identity/relay-identity.ts'
import { currentPlatform } from '../../platform/current.ts'
import type { X25519SecretKey } from '../../platform/crypto/curves/x25519.ts'
import { answerNtorV3 } from './ntor-v3-responder.ts'

/** What a handshake asks of the relay that answers it. */
export interface HandshakeRelay {
  /** Its keys. */
  readonly identity: RelayIdentity
  /** The fixed windows of new circuits, in cells. */
  readonly circuitWindow: number
  /** Whether and how it does congestion control. */
  readonly congestionControl: CongestionControlKnobs
  /** Makes the message within its ntor-v3 handshake: of the client's, and of the one that it would send otherwise. */
  readonly answerMessage: ((message: Uint8Array, usual: Uint8Array) => Uint8Array) | undefined
}

/** Bytes of keys that a handshake makes. */
const KEY_SIZE = HOP_KEY_SIZE + 20

/** What a handshake came to. */
export interface HandshakeAnswer {
  /** The data of the CREATED2, or the body of the CREATED_FAST. */
  readonly reply: Uint8Array
  /** `HOP_KEY_SIZE` bytes, and behind them what only the two ends know (KH in tor-spec, "Setting circuit keys"). */
  readonly keys: Uint8Array
  /** The flow control of the circuit. */
  readonly flow: CircuitFlowRules
}

/** What a circuit gets of a handshake. */
export interface MadeHop {
  readonly crypto: HopCrypto
  readonly flow: CircuitFlowRules
  /** KH; none where it is of no use. */
  readonly proof?: Uint8Array
}

/** Parts the keys of a handshake. */
export const madeHop = (keys: Uint8Array, flow: CircuitFlowRules): MadeHop => ({
  crypto: new HopCrypto(keys.subarray(0, HOP_KEY_SIZE), currentPlatform()),
  flow,
  proof: keys.slice(HOP_KEY_SIZE),
})

/** Answers a CREATE_FAST. Throws when it is malformed. */
export function answerFast(relay: Pick<HandshakeRelay, 'circuitWindow'>, data: Uint8Array): HandshakeAnswer {
  const flow = windowRules(relay.circuitWindow)
  return { ...answerCreateFast({ material: data, keyLength: KEY_SIZE }), flow }
}

/** What the runtime made of the onion keys of relays that have answered: reading one takes it longer than using it. */
const onionSecrets = new WeakMap<KeyPair, Promise<X25519SecretKey>>()

function onionSecretOf(onion: KeyPair): Promise<X25519SecretKey> {
  const secret = onionSecrets.get(onion) ?? currentPlatform().x25519.secretKey(onion.secretKey)
  onionSecrets.set(onion, secret)
  return secret
}

/** Answers a CREATE2. Rejects when it is malformed, for other keys, or of a type that the relay does not speak. */
export async function answerHandshake(
  relay: HandshakeRelay,
  { handshakeType, data }: Create2,
): Promise<HandshakeAnswer> {
  const { rsa, ed25519, onion } = relay.identity
  let flow = windowRules(relay.circuitWindow)
  switch (handshakeType) {
    case HandshakeType.NTOR: {
      const keys = { rsaIdentity: rsa.fingerprint, onionSecretKey: await onionSecretOf(onion) }
      return { ...(await answerNtor({ onionSkin: data, ...keys, keyLength: KEY_SIZE })), flow }
    }
    case HandshakeType.NTOR_V3: {
      const answered = await answerNtorV3({
        onionSkin: data,
        ed25519Identity: ed25519.publicKey,
        onionSecretKey: await onionSecretOf(onion),
        keyLength: KEY_SIZE,
        answer: (message) => {
          flow = agreedFlow(relay, message) ?? flow
          const usual = messageFor(flow)
          return relay.answerMessage?.(message, usual) ?? usual
        },
      })
      return { ...answered, flow }
    }
    default:
      throw new Error(`This relay does not speak handshake ${handshakeType}`)
  }
}

/** Congestion control, if both want it. */
function agreedFlow(relay: HandshakeRelay, message: Uint8Array): CircuitFlowRules | undefined {
  const { enabled, increment, cwnd } = relay.congestionControl
  const asked = decodeHandshakeExtensions(message).has(HandshakeExtensionType.CONGESTION_CONTROL_REQUEST)
  return asked && enabled ? { kind: 'congestion-control', step: increment, window: cwnd } : undefined
}

function messageFor({ kind, step }: CircuitFlowRules): Uint8Array {
  const response = [HandshakeExtensionType.CONGESTION_CONTROL_RESPONSE, encodeCongestionControlResponse(step)] as const
  return encodeHandshakeExtensions(new Map(kind === 'windows' ? [] : [response]))
}
