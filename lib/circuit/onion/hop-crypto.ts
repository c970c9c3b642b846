/**
 * The relay cryptography of one hop, algorithm "tor1" (tor-spec, "Setting circuit keys" and "Routing relay cells"): in
 * each direction a running SHA-1 and a stream of AES-128 in counter mode. The client keeps one for each hop, a relay
 * one for each circuit; forward is always away from the client.
 *
 * @module
 */
import type { Platform } from '../../platform/platform.ts'
import type { RunningDigest } from '../../platform/crypto/digests/running-digest.ts'
import type { Keystream } from '../../platform/crypto/ciphers/keystream.ts'

/** Bytes of key material that one hop needs: Df (20), Db (20), Kf (16), Kb (16). */
export const HOP_KEY_SIZE = 72

const DIGEST_SEED_SIZE = 20
const CIPHER_KEY_SIZE = 16

/** What protects the cells of one direction at one hop. */
export interface DirectionCrypto {
  /** Over the cells that this hop makes or takes, and over no other. */
  readonly digest: RunningDigest
  /** Over every cell that passes this hop. */
  readonly keystream: Keystream
}

/** Both directions of one hop. */
export class HopCrypto {
  /** Cells on their way from the client. */
  readonly forward: DirectionCrypto
  /** Cells on their way to the client. */
  readonly backward: DirectionCrypto

  /**
   * Takes the {@link HOP_KEY_SIZE} bytes that the hop's handshake gave. The caller may overwrite them afterwards.
   *
   * @throws RangeError when `keys` has another length
   */
  constructor(keys: Uint8Array, platform: Platform) {
    if (keys.length !== HOP_KEY_SIZE) throw new RangeError(`"keys" must have ${HOP_KEY_SIZE} bytes: got ${keys.length}`)
    let at = 0
    // A copy each: the platform may still read its key after this returns.
    const next = (size: number): Uint8Array => new Uint8Array(keys.subarray(at, (at += size)))
    const forwardDigest = platform.runningDigest(next(DIGEST_SEED_SIZE))
    const backwardDigest = platform.runningDigest(next(DIGEST_SEED_SIZE))
    this.forward = { digest: forwardDigest, keystream: platform.keystream(next(CIPHER_KEY_SIZE)) }
    this.backward = { digest: backwardDigest, keystream: platform.keystream(next(CIPHER_KEY_SIZE)) }
  }
}
