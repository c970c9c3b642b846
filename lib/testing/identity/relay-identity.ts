/**
 * The keys of a test relay: who it is at the link (RSA and Ed25519 identity, tor-spec "Keys and names") and at a hop
 * (ntor onion key).
 *
 * @module
 */
import { concat } from 'uint8arrays/concat'
import { ed25519, x25519 } from '@noble/curves/ed25519.js'
import { systemRandom } from './random.ts'
import type { RandomSource } from './random.ts'
import { generateRsaKey } from './rsa-key.ts'
import type { RsaKey } from './rsa-key.ts'

/** A key pair of Ed25519 or X25519; 32 bytes each. */
export interface KeyPair {
  /** What signs, or what a Diffie-Hellman exchange begins with. */
  readonly secretKey: Uint8Array<ArrayBuffer>
  /** What others know. */
  readonly publicKey: Uint8Array<ArrayBuffer>
}

/** Every key of one test relay. */
export interface RelayIdentity {
  /** The RSA-1024 identity key, whose fingerprint names the relay. */
  readonly rsa: RsaKey
  /** The Ed25519 identity key. */
  readonly ed25519: KeyPair
  /** The Ed25519 signing key, which the identity key certifies. */
  readonly signing: KeyPair
  /** The Curve25519 key of the ntor handshake. */
  readonly onion: KeyPair
  /**
   * Stands for the TLS leaf certificate. There is no TLS in this process: the in-memory link hands these bytes out as
   * `peerCertificate`, and the type 5 certificate certifies their SHA-256. They are no parseable X.509.
   */
  readonly leaf: Uint8Array<ArrayBuffer>
}

const ed25519Pair = (secretKey: Uint8Array<ArrayBuffer>): KeyPair => ({
  secretKey,
  publicKey: new Uint8Array(ed25519.getPublicKey(secretKey)),
})

/** Makes all keys of a relay. The RSA key comes from the runtime's generator, the others from `random`. */
export async function createRelayIdentity(random: RandomSource = systemRandom): Promise<RelayIdentity> {
  const onionSecret = random(32)
  return {
    rsa: await generateRsaKey(),
    ed25519: ed25519Pair(random(32)),
    signing: ed25519Pair(random(32)),
    onion: { secretKey: onionSecret, publicKey: new Uint8Array(x25519.getPublicKey(onionSecret)) },
    leaf: concat([new TextEncoder().encode('a leaf certificate of no TLS at all '), random(64)]),
  }
}
