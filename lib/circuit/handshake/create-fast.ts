/**
 * The CREATE_FAST handshake (tor-spec, "CREATE_FAST/CREATED_FAST cells") and KDF-TOR: for a first hop whose onion key
 * is unknown. Both sides send 20 random bytes in the clear; secrecy, and who the relay is, come from the link alone, so
 * that it is for circuits of one hop to a directory and nothing else. The client's side, and the relay's for relays in
 * this process.
 *
 * @module
 */
import { sha1 } from '../../base/hashes/sha1.ts'
import { constantTimeEqual } from '../../cell/bytes.ts'
import { TorError } from '../../base/errors.ts'

/** Bytes that each side contributes: X in CREATE_FAST, Y in CREATED_FAST. */
export const FAST_MATERIAL_SIZE = 20

/** Bytes of a CREATED_FAST that count: Y and the derivative key data, KH. */
export const FAST_REPLY_SIZE = 40

const HASH_SIZE = 20

/** A client's handshake that waits for the relay's reply. */
export interface FastHandshake {
  /** The 20 bytes for a CREATE_FAST cell. */
  readonly material: Uint8Array<ArrayBuffer>
  /**
   * Checks the relay's reply, the first 40 bytes of a CREATED_FAST's body, and derives `keyLength` bytes of key
   * material. It can be called once.
   *
   * @throws TorError `CIRCUIT_HANDSHAKE` when the reply is too short or does not follow from what was sent
   * @throws TypeError when it is called twice
   */
  finish(reply: Uint8Array, keyLength: number): Uint8Array<ArrayBuffer>
}

/**
 * Begins a handshake.
 *
 * @param options.material the 20 bytes to send, for test vectors only; random by default
 */
export function startCreateFast(
  options: {
    /** @internal */
    readonly material?: Uint8Array
  } = {},
): FastHandshake {
  const material = options.material === undefined ? randomMaterial() : expectMaterial(options.material)
  let finished = false
  return {
    material: new Uint8Array(material),
    finish(reply, keyLength) {
      if (finished) throw new TypeError('Cannot finish a CREATE_FAST handshake twice')
      finished = true
      // Cells have a fixed size: zeros follow.
      if (reply.length < FAST_REPLY_SIZE)
        throw handshakeError(`the reply has ${reply.length} bytes, fewer than ${FAST_REPLY_SIZE}`)
      const derived = derive(material, reply.subarray(0, FAST_MATERIAL_SIZE), keyLength)
      if (!constantTimeEqual(derived.proof, reply.subarray(FAST_MATERIAL_SIZE, FAST_REPLY_SIZE))) {
        throw handshakeError('the derivative key data are wrong')
      }
      return derived.keys
    },
  }
}

/**
 * The relay's side: the 40 bytes for a CREATED_FAST cell and `keyLength` bytes of key material.
 *
 * @param options.material the first 20 bytes of the CREATE_FAST's body; what follows is padding
 * @param options.answer the relay's own 20 bytes, for test vectors only; random by default
 * @throws TorError `CIRCUIT_HANDSHAKE` when there are fewer than 20 bytes
 */
export function answerCreateFast(options: {
  readonly material: Uint8Array
  readonly keyLength: number
  /** @internal */
  readonly answer?: Uint8Array
}): { readonly reply: Uint8Array<ArrayBuffer>; readonly keys: Uint8Array<ArrayBuffer> } {
  const { material, keyLength } = options
  if (material.length < FAST_MATERIAL_SIZE)
    throw handshakeError(`the material has ${material.length} bytes, fewer than ${FAST_MATERIAL_SIZE}`)
  const answer = options.answer === undefined ? randomMaterial() : expectMaterial(options.answer)
  const { proof, keys } = derive(material.subarray(0, FAST_MATERIAL_SIZE), answer, keyLength)
  const reply = new Uint8Array(FAST_REPLY_SIZE)
  reply.set(answer)
  reply.set(proof, FAST_MATERIAL_SIZE)
  return { reply, keys }
}

/** KDF-TOR (tor-spec section 5.2.1) from `K0 = X | Y`: the first 20 bytes are KH, the proof; what follows are keys. */
function derive(
  clientMaterial: Uint8Array,
  relayMaterial: Uint8Array,
  keyLength: number,
): { readonly proof: Uint8Array<ArrayBuffer>; readonly keys: Uint8Array<ArrayBuffer> } {
  const input = new Uint8Array(2 * FAST_MATERIAL_SIZE + 1)
  input.set(clientMaterial)
  input.set(relayMaterial, FAST_MATERIAL_SIZE)
  const blocks = Math.ceil((HASH_SIZE + keyLength) / HASH_SIZE)
  // The block's number is one byte.
  if (!Number.isInteger(keyLength) || keyLength < 0 || blocks > 256) {
    throw new RangeError(`Cannot derive keys as "keyLength" must be between 0 and ${255 * HASH_SIZE}: ${keyLength}`)
  }
  const output = new Uint8Array(blocks * HASH_SIZE)
  for (let block = 0; block < blocks; block++) {
    input[input.length - 1] = block
    output.set(sha1(input), block * HASH_SIZE)
  }
  const derived = { proof: output.slice(0, HASH_SIZE), keys: output.slice(HASH_SIZE, HASH_SIZE + keyLength) }
  input.fill(0)
  output.fill(0)
  return derived
}

const randomMaterial = (): Uint8Array<ArrayBuffer> => crypto.getRandomValues(new Uint8Array(FAST_MATERIAL_SIZE))

function expectMaterial(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  if (bytes.length !== FAST_MATERIAL_SIZE)
    throw new RangeError(`"material" must have ${FAST_MATERIAL_SIZE} bytes: got ${bytes.length}`)
  return new Uint8Array(bytes)
}

const handshakeError = (message: string): TorError =>
  new TorError('CIRCUIT_HANDSHAKE', `Cannot complete the CREATE_FAST handshake: ${message}`)
