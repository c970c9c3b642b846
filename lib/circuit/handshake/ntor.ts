/**
 * The ntor handshake (tor-spec, "The ntor handshake"): one Diffie-Hellman exchange in which the relay alone proves who
 * it is, by its RSA identity and its onion key. The client's side, and the relay's for relays in this process.
 *
 * Everything secret that is made here is overwritten when the handshake ends, whichever way it ends.
 *
 * @module
 */
import { joinBytes } from '../../base/bytes/join-bytes.ts'
import { hmac } from '../../crypto/hmac.ts'
import { constantTimeEqual } from '../../cell/bytes.ts'
import { currentPlatform } from '../../platform/current.ts'
import type { X25519, X25519SecretKey } from '../../platform/crypto/curves/x25519.ts'
import type { Platform } from '../../platform/platform.ts'
import { ephemeralPair, expectLength, handshakeError, KEY_SIZE, type KeyPair, withSecretInput } from './handshake.ts'
import { kdfRfc5869 } from './kdf.ts'

/** The handshake type of ntor in CREATE2 and EXTEND2 cells (tor-spec, "CREATE and CREATED cells"). */
export const NTOR_HANDSHAKE = 2

/** Bytes that the client sends: the relay's identity, its onion key, the client's ephemeral key. */
export const NTOR_ONION_SKIN_SIZE = 84

/** Bytes that the relay answers: its ephemeral key and AUTH. */
export const NTOR_REPLY_SIZE = 64

const ID_SIZE = 20

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text)
const PROTOID = 'ntor-curve25519-sha256-1'
const T_MAC = ascii(`${PROTOID}:mac`)
const T_KEY = ascii(`${PROTOID}:key_extract`)
const T_VERIFY = ascii(`${PROTOID}:verify`)
const M_EXPAND = ascii(`${PROTOID}:key_expand`)
const PROTOCOL_ID = ascii(PROTOID)
const SERVER = ascii('Server')

/** The public values that both sides put into the transcript: ID, B, X, Y of the specification. */
interface Transcript {
  readonly id: Uint8Array
  readonly onionKey: Uint8Array
  readonly clientKey: Uint8Array
  readonly relayKey: Uint8Array
}

/** A client's handshake that waits for the relay's reply. */
export interface NtorHandshake {
  /** The 84 bytes for a CREATE2 or EXTEND2 cell. */
  readonly onionSkin: Uint8Array
  /**
   * Checks the relay's 64-byte reply and derives `keyLength` bytes of key material. It can be called once: the secret
   * is gone afterwards, whether it succeeds or not.
   *
   * @throws TorError `CIRCUIT_HANDSHAKE` (as a rejection) when the reply does not prove that the relay owns its onion key
   * @throws TypeError (as a rejection) when it is called twice
   */
  finish(reply: Uint8Array, keyLength: number): Promise<Uint8Array>
}

/**
 * Begins a handshake with the relay whose RSA identity (20 bytes) and ntor onion key (32 bytes) a directory has told.
 *
 * @param options.platform whose curve to use; by default the runtime's
 * @param options.secret the ephemeral secret of 32 bytes, for test vectors only
 * @throws RangeError (as a rejection) naming the key that has another length
 */
export async function startNtor(options: {
  readonly rsaIdentity: Uint8Array
  readonly ntorOnionKey: Uint8Array
  readonly platform?: Pick<Platform, 'x25519'>
  /** @internal */
  readonly secret?: Uint8Array
}): Promise<NtorHandshake> {
  const id = expectLength('rsaIdentity', options.rsaIdentity, ID_SIZE)
  const onionKey = expectLength('ntorOnionKey', options.ntorOnionKey, KEY_SIZE)
  const { x25519 } = options.platform ?? currentPlatform()
  const { secretKey, publicKey: clientKey } = await ephemeralPair(x25519, options.secret)
  let secret: X25519SecretKey | undefined = secretKey
  return {
    onionSkin: joinBytes([id, onionKey, clientKey]),
    async finish(reply, keyLength) {
      if (secret === undefined) throw new TypeError('Cannot finish an ntor handshake twice')
      const ephemeral = secret
      secret = undefined
      try {
        if (reply.length !== NTOR_REPLY_SIZE) {
          throw handshakeError(`the reply has ${reply.length} bytes instead of ${NTOR_REPLY_SIZE}`)
        }
        const relayKey = reply.subarray(0, KEY_SIZE)
        const auth = reply.subarray(KEY_SIZE)
        const transcript = { id, onionKey, clientKey, relayKey }
        return await withTranscript(
          x25519,
          [
            [ephemeral, relayKey],
            [ephemeral, onionKey],
          ],
          transcript,
          (input) => {
            const proven = constantTimeEqual(authOf(input, transcript), auth)
            if (!proven) throw handshakeError('the reply does not prove possession of the onion key')
            return kdfRfc5869(input, T_KEY, M_EXPAND, keyLength)
          },
        )
      } finally {
        ephemeral.forget()
      }
    },
  }
}

/**
 * The relay's side: answers an onion skin of 84 bytes with the reply of 64 bytes and the same key material that the
 * client will derive.
 *
 * @param options.platform whose curve to use; by default the runtime's
 * @param options.secret the ephemeral secret of 32 bytes, for test vectors only
 * @throws TorError `CIRCUIT_HANDSHAKE` (as a rejection) when the onion skin is for another relay or another onion key, or
 * is no onion skin
 */
export async function answerNtor(options: {
  readonly onionSkin: Uint8Array
  readonly rsaIdentity: Uint8Array
  readonly onionSecretKey: X25519SecretKey
  readonly keyLength: number
  readonly platform?: Pick<Platform, 'x25519'>
  /** @internal */
  readonly secret?: Uint8Array
}): Promise<{ readonly reply: Uint8Array; readonly keys: Uint8Array }> {
  const { onionSkin, onionSecretKey, keyLength } = options
  const id = expectLength('rsaIdentity', options.rsaIdentity, ID_SIZE)
  if (onionSkin.length !== NTOR_ONION_SKIN_SIZE) {
    throw handshakeError(`the onion skin has ${onionSkin.length} bytes instead of ${NTOR_ONION_SKIN_SIZE}`)
  }
  const { x25519 } = options.platform ?? currentPlatform()
  const onionKey = await x25519.publicKey(onionSecretKey)
  if (!constantTimeEqual(onionSkin.subarray(0, ID_SIZE), id))
    throw handshakeError('the onion skin is for another relay')
  if (!constantTimeEqual(onionSkin.subarray(ID_SIZE, ID_SIZE + KEY_SIZE), onionKey)) {
    throw handshakeError('the onion skin is for another onion key')
  }
  const clientKey = onionSkin.subarray(ID_SIZE + KEY_SIZE)
  const { secretKey, publicKey: relayKey } = await ephemeralPair(x25519, options.secret)
  try {
    const transcript = { id, onionKey, clientKey, relayKey }
    return await withTranscript(
      x25519,
      [
        [secretKey, clientKey],
        [onionSecretKey, clientKey],
      ],
      transcript,
      (input) => ({
        reply: joinBytes([relayKey, authOf(input, transcript)]),
        keys: kdfRfc5869(input, T_KEY, M_EXPAND, keyLength),
      }),
    )
  } finally {
    secretKey.forget()
  }
}

/** Makes `secret_input` of the specification for the duration of `use`. */
function withTranscript<T>(
  x25519: X25519,
  pairs: readonly KeyPair[],
  transcript: Transcript,
  use: (input: Uint8Array) => T,
): Promise<T> {
  const { id, onionKey, clientKey, relayKey } = transcript
  return withSecretInput(x25519, pairs, [id, onionKey, clientKey, relayKey, PROTOCOL_ID], use)
}

/** AUTH: by making it the relay proves that it knows the onion key's secret. */
function authOf(secretInput: Uint8Array, { id, onionKey, clientKey, relayKey }: Transcript): Uint8Array {
  const verify = hmac(T_VERIFY, secretInput)
  const auth = hmac(T_MAC, joinBytes([verify, id, onionKey, relayKey, clientKey, PROTOCOL_ID, SERVER]))
  verify.fill(0)
  return auth
}
