/**
 * The handshake of a client with an onion service, hs-ntor (rend-spec-v3, "NTOR-WITH-EXTRA-DATA" and appendix G.1). The
 * client's half travels in an INTRODUCE1, with what it has to say encrypted; the service's half comes in a RENDEZVOUS2,
 * on another circuit. The client's side, and the service's.
 *
 * Everything secret that is made here is overwritten when the handshake ends, whichever way it ends.
 *
 * @module
 */
import { asciiBytes, constantTimeEqual } from '../../cell/bytes.ts'
import { joinBytes } from '../../base/bytes/join-bytes.ts'
import type { Sha3Functions } from '../../platform/crypto/digests/sha3-functions.ts'
import type { X25519SecretKey } from '../../platform/crypto/curves/x25519.ts'
import type { Platform } from '../../platform/platform.ts'
import { ephemeralPair, handshakeError, KEY_SIZE, withSecretInput, type KeyPair } from './handshake.ts'
import { crypt, encapsulate } from './ntor-v3-functions.ts'

/** Bytes of the service's half: its key and AUTH. */
export const HS_NTOR_REPLY_SIZE = 64

/** Bytes of key material that the hop needs: Df, Db, Kf and Kb, 32 each. */
export const HS_NTOR_KEY_SIZE = 128

const PROTOID = 'tor-hs-ntor-curve25519-sha3-256-1'
const PROTOCOL_ID: Uint8Array = /* @__PURE__ */ asciiBytes(PROTOID)
const T_ENC = /* @__PURE__ */ asciiBytes(`${PROTOID}:hs_key_extract`)
const T_VERIFY = /* @__PURE__ */ asciiBytes(`${PROTOID}:hs_verify`)
const T_MAC = /* @__PURE__ */ asciiBytes(`${PROTOID}:hs_mac`)
const M_EXPAND = /* @__PURE__ */ asciiBytes(`${PROTOID}:hs_key_expand`)
const SERVER = /* @__PURE__ */ asciiBytes('Server')

/** What the handshake needs of the runtime. */
type HsNtorPlatform = Pick<Platform, 'keystream' | 'sha3' | 'x25519'>

/** An introduction point of the service, as its descriptor has it. */
export interface HsNtorService {
  /** By which the introduction point knows the service: an Ed25519 key. */
  readonly authKey: Uint8Array
  /** What introductions are encrypted to: an X25519 key. */
  readonly encryptionKey: Uint8Array
  readonly subcredential: Uint8Array
}

/** A client's handshake. */
export interface HsNtorHandshake {
  /**
   * The body of the INTRODUCE1: `header`, the client's half, and `plain` encrypted. It can be called once.
   *
   * @throws TorError `CIRCUIT_HANDSHAKE` (as a rejection) when the service's key is of small order
   */
  introduce(header: Uint8Array, plain: Uint8Array): Promise<Uint8Array<ArrayBuffer>>
  /**
   * Checks the service's half, 64 bytes, and derives {@link HS_NTOR_KEY_SIZE} bytes of key material. It can be called
   * once: the secret is gone afterwards, whether it succeeds or not.
   *
   * @throws TorError `CIRCUIT_HANDSHAKE` (as a rejection) when it does not prove that it comes from the service
   * @throws TypeError (as a rejection) when it is called twice, or after {@link abandon}
   */
  finish(reply: Uint8Array): Promise<Uint8Array>
  /** There will be no answer: the secret is forgotten. */
  abandon(): void
}

/**
 * Begins a handshake with a service.
 *
 * @param secret - the ephemeral secret of 32 bytes, for test vectors only
 */
export async function startHsNtor(
  service: HsNtorService,
  platform: HsNtorPlatform,
  secret?: Uint8Array,
): Promise<HsNtorHandshake> {
  const { sha3, x25519 } = platform
  const { secretKey, publicKey: clientKey } = await ephemeralPair(x25519, secret)
  let isIntroduced = false
  let ephemeral: X25519SecretKey | undefined = secretKey
  return {
    async introduce(header, plain) {
      if (isIntroduced || ephemeral === undefined) throw new TypeError('Cannot introduce a client twice')
      isIntroduced = true
      const keys = await introductionKeys(platform, sha3, [ephemeral, service.encryptionKey], service, clientKey)
      try {
        const cipherText = await crypt(platform, keys.subarray(0, KEY_SIZE), plain)
        const message = joinBytes([header, clientKey, cipherText])
        return joinBytes([message, mac(sha3, keys.subarray(KEY_SIZE), message)])
      } finally {
        keys.fill(0)
      }
    },
    async finish(reply) {
      if (ephemeral === undefined) throw new TypeError('Cannot finish an hs-ntor handshake twice')
      const own = ephemeral
      ephemeral = undefined
      try {
        if (reply.length !== HS_NTOR_REPLY_SIZE)
          throw handshakeError(`the service's half has ${reply.length} bytes instead of ${HS_NTOR_REPLY_SIZE}`)
        const serviceKey = reply.subarray(0, KEY_SIZE)
        const pairs: KeyPair[] = [
          [own, serviceKey],
          [own, service.encryptionKey],
        ]
        return await rendezvousKeys(platform, pairs, service, clientKey, serviceKey, (auth) => {
          if (!constantTimeEqual(auth, reply.subarray(KEY_SIZE)))
            throw handshakeError('the other side does not prove that it is the onion service')
        })
      } finally {
        own.forget()
      }
    },
    abandon() {
      ephemeral?.forget()
      ephemeral = undefined
    },
  }
}

/** What came in an INTRODUCE2. */
export interface IntroduceRequest {
  readonly header: Uint8Array
  readonly clientKey: Uint8Array
  readonly cipherText: Uint8Array
  readonly mac: Uint8Array
}

/**
 * The service's side: what a client has encrypted to it; undefined when the MAC is wrong, or the client's key is of small
 * order.
 *
 * @param encryptionSecret - what belongs to the service's `encryptionKey`
 */
export async function openIntroduce(
  request: IntroduceRequest,
  service: HsNtorService,
  encryptionSecret: X25519SecretKey,
  platform: HsNtorPlatform,
): Promise<Uint8Array | undefined> {
  const { header, clientKey, cipherText } = request
  const { sha3 } = platform
  let keys: Uint8Array
  try {
    keys = await introductionKeys(platform, sha3, [encryptionSecret, clientKey], service, clientKey)
  } catch {
    return undefined // a key of small order
  }
  try {
    const expected = mac(sha3, keys.subarray(KEY_SIZE), joinBytes([header, clientKey, cipherText]))
    if (!constantTimeEqual(expected, request.mac)) return undefined
    return await crypt(platform, keys.subarray(0, KEY_SIZE), cipherText)
  } finally {
    keys.fill(0)
  }
}

/**
 * The service's half for a client, of 64 bytes, and the same key material that the client will derive.
 *
 * @param secret - the ephemeral secret of 32 bytes, for test vectors only
 * @throws TorError `CIRCUIT_HANDSHAKE` (as a rejection) when the client's key is of small order
 */
export async function answerHsNtor(
  clientKey: Uint8Array,
  service: HsNtorService,
  encryptionSecret: X25519SecretKey,
  platform: HsNtorPlatform,
  secret?: Uint8Array,
): Promise<{ readonly reply: Uint8Array<ArrayBuffer>; readonly keys: Uint8Array }> {
  const { x25519 } = platform
  const { secretKey, publicKey: serviceKey } = await ephemeralPair(x25519, secret)
  try {
    let reply = new Uint8Array(0)
    const pairs: KeyPair[] = [
      [secretKey, clientKey],
      [encryptionSecret, clientKey],
    ]
    const keys = await rendezvousKeys(platform, pairs, service, clientKey, serviceKey, (auth) => {
      reply = joinBytes([serviceKey, auth])
    })
    return { reply, keys }
  } finally {
    secretKey.forget()
  }
}

/** The key of the cipher and that of the MAC of an introduction, 32 bytes each. */
function introductionKeys(
  { x25519 }: HsNtorPlatform,
  { shake256 }: Sha3Functions,
  pair: KeyPair,
  { authKey, encryptionKey, subcredential }: HsNtorService,
  clientKey: Uint8Array,
): Promise<Uint8Array> {
  return withSecretInput(x25519, [pair], [authKey, clientKey, encryptionKey, PROTOCOL_ID], (input) =>
    shake256(2 * KEY_SIZE, input, T_ENC, M_EXPAND, subcredential),
  )
}

/** The key material of the virtual hop. `judge` is given AUTH, before anything is derived. */
async function rendezvousKeys(
  platform: HsNtorPlatform,
  pairs: readonly KeyPair[],
  { authKey, encryptionKey }: HsNtorService,
  clientKey: Uint8Array,
  serviceKey: Uint8Array,
  judge: (auth: Uint8Array) => void,
): Promise<Uint8Array> {
  const transcript = [authKey, encryptionKey, clientKey, serviceKey, PROTOCOL_ID]
  const { sha3 } = platform
  return await withSecretInput(platform.x25519, pairs, transcript, (input) => {
    const seed = mac(sha3, input, T_ENC)
    const verify = mac(sha3, input, T_VERIFY)
    try {
      judge(mac(sha3, joinBytes([verify, authKey, encryptionKey, serviceKey, clientKey, PROTOCOL_ID, SERVER]), T_MAC))
      return sha3.shake256(HS_NTOR_KEY_SIZE, seed, M_EXPAND)
    } finally {
      seed.fill(0)
      verify.fill(0)
    }
  })
}

/** MAC: the key goes first, behind its length. 32 bytes. */
function mac({ sha3 }: Sha3Functions, key: Uint8Array, message: Uint8Array): Uint8Array {
  const keyed = encapsulate(key)
  try {
    return sha3(keyed, message)
  } finally {
    keyed.fill(0)
  }
}
