/**
 * An introduction point of a test onion service: a relay, and the keys that it and clients know the service by there.
 *
 * @module
 */
import { x25519 } from '@noble/curves/ed25519.js'
import { targetOf } from '../../circuit/build/extend-to.ts'
import type { TestRelay } from '../relay/test-relay.ts'
import type { ListedPoint } from './descriptor-writer.ts'

export interface TestPoint extends ListedPoint {
  readonly relay: TestRelay
  /** Of the encryption key. */
  readonly secret: Uint8Array
}

/** One with new keys. */
export function testPoint(relay: TestRelay, random: (length: number) => Uint8Array): TestPoint {
  const { secretKey, publicKey } = x25519.keygen(random(32))
  return {
    relay,
    target: targetOf(relay.description),
    authKey: random(32),
    encryptionKey: publicKey,
    secret: secretKey,
  }
}
