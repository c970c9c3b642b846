/**
 * The relay's side of the ntor-v3 handshake (proposal 332, "Server operation"). Written apart from the client's side,
 * with which it shares the functions of the specification's appendix and nothing else, so that one checks the other.
 *
 * @module
 */
import { concat } from 'uint8arrays/concat'
import { constantTimeEqual } from '../../cell/bytes.ts'
import {
  CIRCUIT_EXTEND,
  crypt,
  deriveKeys,
  digest,
  encapsulate,
  mac,
  PROTOCOL_ID,
} from '../../circuit/handshake/ntor-v3-functions.ts'
import { ephemeralPair } from '../../circuit/handshake/handshake.ts'
import { TorError } from '../../base/errors.ts'
import { currentPlatform } from '../../platform/current.ts'
import type { X25519SecretKey } from '../../platform/crypto/curves/x25519.ts'

const SIZE = 32

/** A client's onion skin, and what is needed to answer it. */
export interface NtorV3Request {
  readonly onionSkin: Uint8Array
  /** The relay's Ed25519 identity key. */
  readonly ed25519Identity: Uint8Array
  /** The secret of its onion key, of the curve of this runtime's platform. */
  readonly onionSecretKey: X25519SecretKey
  /** How many bytes of key material are wanted. */
  readonly keyLength: number
  /** Makes the relay's message, of the client's. What it throws refuses the handshake. */
  answer(message: Uint8Array): Uint8Array
  /** What both sides must agree on; that this is for a circuit by default. */
  readonly verification?: Uint8Array
  /** The ephemeral secret, for test vectors. */
  readonly secret?: Uint8Array
}

/**
 * Answers an onion skin.
 *
 * @throws TorError `CIRCUIT_HANDSHAKE` (as a rejection) when it is for another relay or key, too short, or was changed
 * on its way
 */
export async function answerNtorV3(
  request: NtorV3Request,
): Promise<{ readonly reply: Uint8Array; readonly keys: Uint8Array }> {
  const { onionSkin, ed25519Identity, onionSecretKey, keyLength, verification = CIRCUIT_EXTEND } = request
  const platform = currentPlatform()
  const { sha3, x25519 } = platform
  if (onionSkin.length < 4 * SIZE) throw refusal('the onion skin is too short')
  const onionKey = await x25519.publicKey(onionSecretKey)
  const asked = concat([ed25519Identity, onionKey])
  if (!constantTimeEqual(onionSkin.subarray(0, 2 * SIZE), asked))
    throw refusal('the onion skin is for another relay or onion key')
  const clientKey = onionSkin.subarray(2 * SIZE, 3 * SIZE)
  const encrypted = onionSkin.subarray(3 * SIZE, -SIZE)
  const clientMac = onionSkin.subarray(-SIZE)
  const ending = concat([PROTOCOL_ID, encapsulate(verification)])

  const onionShared = await x25519.sharedSecret(onionSecretKey, clientKey)
  const requestKeys = deriveKeys(
    sha3,
    'kdf_phase1',
    concat([onionShared, ed25519Identity, clientKey, onionKey, ending]),
    2 * SIZE,
  )
  const expectedMac = mac(
    sha3,
    'msg_mac',
    requestKeys.subarray(SIZE),
    concat([ed25519Identity, onionKey, clientKey, encrypted]),
  )
  if (!constantTimeEqual(expectedMac, clientMac)) throw refusal('the onion skin was changed on its way')
  const message = request.answer(await crypt(platform, requestKeys.subarray(0, SIZE), encrypted))

  const { secretKey, publicKey: relayKey } = await ephemeralPair(x25519, request.secret)
  const shared = concat([await x25519.sharedSecret(secretKey, clientKey), onionShared])
  const input = concat([shared, ed25519Identity, onionKey, clientKey, relayKey, ending])
  const keystream = deriveKeys(sha3, 'kdf_final', digest(sha3, 'key_seed', input), SIZE + keyLength)
  const encryptedAnswer = await crypt(platform, keystream.subarray(0, SIZE), message)
  const transcript = [
    ed25519Identity,
    onionKey,
    relayKey,
    clientKey,
    clientMac,
    encapsulate(encryptedAnswer),
    PROTOCOL_ID,
  ]
  const auth = digest(
    sha3,
    'auth_final',
    concat([digest(sha3, 'verify', input), ...transcript, new TextEncoder().encode('Server')]),
  )
  return { reply: concat([relayKey, auth, encryptedAnswer]), keys: keystream.slice(SIZE) }
}

const refusal = (message: string): TorError =>
  new TorError('CIRCUIT_HANDSHAKE', `Cannot answer the handshake: ${message}`)
