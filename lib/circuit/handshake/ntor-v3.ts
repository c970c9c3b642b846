/**
 * The ntor-v3 handshake, the client's side (proposal 332): as ntor one Diffie-Hellman exchange in which the relay alone
 * proves who it is, by its Ed25519 identity and its onion key; beside it each side sends a message that is encrypted
 * and authenticated. The client's is not forward secret.
 *
 * What the messages say is not this module's business. Everything secret that is made here is overwritten when the
 * handshake ends, whichever way it ends.
 *
 * @module
 */
import { joinBytes } from '../../base/bytes/join-bytes.ts'
import { constantTimeEqual } from '../../cell/bytes.ts'
import type { Platform } from '../../platform/platform.ts'
import { ephemeralPair, expectLength, handshakeError, KEY_SIZE, withSecretInput } from './handshake.ts'
import {
  CIRCUIT_EXTEND,
  crypt,
  deriveKeys,
  digest,
  DIGEST_SIZE,
  encapsulate,
  mac,
  PROTOCOL_ID,
} from './ntor-v3-functions.ts'

/** Bytes of an onion skin beside the client's message: identity, onion key, ephemeral key and MAC. */
export const NTOR_V3_ONION_SKIN_OVERHEAD = 128

/** Bytes of a reply before the relay's message: its ephemeral key and AUTH. */
export const NTOR_V3_REPLY_OVERHEAD = 64

const SERVER = new TextEncoder().encode('Server')

/** What a handshake came to. */
export interface NtorV3Outcome {
  /** Key material. */
  readonly keys: Uint8Array
  /** The relay's message, decrypted. */
  readonly message: Uint8Array
}

/** A client's handshake that waits for the relay's reply. */
export interface NtorV3Handshake {
  /** The bytes for a CREATE2 or EXTEND2 cell: 128 and those of the message. */
  readonly onionSkin: Uint8Array
  /**
   * Checks the relay's reply and derives `keyLength` bytes of key material. It can be called once: the secret is gone
   * afterwards, whether it succeeds or not.
   *
   * @throws TorError `CIRCUIT_HANDSHAKE` when the reply does not prove that the relay owns its onion key
   * @throws TypeError when it is called twice
   */
  finish(reply: Uint8Array, keyLength: number): Promise<NtorV3Outcome>
}

/** With whom to shake hands, and what to tell them. */
export interface NtorV3Options {
  /** The relay's Ed25519 identity key, 32 bytes. */
  readonly ed25519Identity: Uint8Array
  /** Its ntor onion key, 32 bytes. */
  readonly ntorOnionKey: Uint8Array
  /** The client's message. */
  readonly message: Uint8Array
  /** Whose curve, hash and cipher to use. */
  readonly platform: Pick<Platform, 'keystream' | 'sha3' | 'x25519'>
  /** What both sides must agree on, for test vectors only: that this is for a circuit, by default. @internal */
  readonly verification?: Uint8Array
  /** The ephemeral secret of 32 bytes, for test vectors only. @internal */
  readonly secret?: Uint8Array
}

/**
 * Begins a handshake with the relay whose keys a directory has told.
 *
 * @throws TorError `CIRCUIT_HANDSHAKE` (as a rejection) when the onion key is of small order
 * @throws RangeError (as a rejection) naming the key that has another length
 */
export async function startNtorV3(options: NtorV3Options): Promise<NtorV3Handshake> {
  const { message, platform, verification = CIRCUIT_EXTEND } = options
  const id = expectLength('ed25519Identity', options.ed25519Identity, KEY_SIZE)
  const onionKey = expectLength('ntorOnionKey', options.ntorOnionKey, KEY_SIZE)
  const { sha3, x25519 } = platform
  const { secretKey: ephemeral, publicKey: clientKey } = await ephemeralPair(x25519, options.secret)
  const protocol = joinBytes([PROTOCOL_ID, encapsulate(verification)])

  const requestKeys = await withSecretInput(
    x25519,
    [[ephemeral, onionKey]],
    [id, clientKey, onionKey, protocol],
    (input) => deriveKeys(sha3, 'kdf_phase1', input, 2 * DIGEST_SIZE),
  ).catch((error: unknown) => {
    ephemeral.forget()
    throw error
  })
  const encrypted = await crypt(platform, requestKeys.subarray(0, DIGEST_SIZE), message)
  const messageMac = mac(
    sha3,
    'msg_mac',
    requestKeys.subarray(DIGEST_SIZE),
    joinBytes([id, onionKey, clientKey, encrypted]),
  )
  requestKeys.fill(0)

  let finished = false
  return {
    onionSkin: joinBytes([id, onionKey, clientKey, encrypted, messageMac]),
    async finish(reply, keyLength) {
      if (finished) throw new TypeError('Cannot finish an ntor-v3 handshake twice')
      finished = true
      let raw: Uint8Array
      try {
        if (reply.length < NTOR_V3_REPLY_OVERHEAD) throw handshakeError(`the reply has only ${reply.length} bytes`)
        const relayKey = reply.subarray(0, KEY_SIZE)
        const auth = reply.subarray(KEY_SIZE, NTOR_V3_REPLY_OVERHEAD)
        const answer = reply.subarray(NTOR_V3_REPLY_OVERHEAD)
        const pairs = [
          [ephemeral, relayKey],
          [ephemeral, onionKey],
        ] as const
        raw = await withSecretInput(x25519, pairs, [id, onionKey, clientKey, relayKey, protocol], (input) => {
          const expected = digest(
            sha3,
            'auth_final',
            joinBytes([
              digest(sha3, 'verify', input),
              id,
              onionKey,
              relayKey,
              clientKey,
              messageMac,
              encapsulate(answer),
              PROTOCOL_ID,
              SERVER,
            ]),
          )
          if (!constantTimeEqual(expected, auth))
            throw handshakeError('the reply does not prove possession of the onion key')
          return deriveKeys(sha3, 'kdf_final', digest(sha3, 'key_seed', input), DIGEST_SIZE + keyLength)
        })
      } finally {
        ephemeral.forget()
      }
      const answer = await crypt(platform, raw.subarray(0, DIGEST_SIZE), reply.subarray(NTOR_V3_REPLY_OVERHEAD))
      const keys = new Uint8Array(raw.subarray(DIGEST_SIZE))
      raw.fill(0)
      return { keys, message: answer }
    },
  }
}
