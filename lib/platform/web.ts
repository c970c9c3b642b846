/**
 * What the library needs, by the web platform alone: keystream by WebCrypto, SHA-1, RSA and the curves in JavaScript,
 * and no sockets: the caller brings a transport. It works in any runtime that has WebCrypto.
 *
 * @module
 */
import { nobleVerifyEd25519, nobleX25519 } from './crypto/noble-curve25519.ts'
import type { Platform } from './platform.ts'
import { rsaPublic } from './crypto/rsa.ts'
import { Sha1RunningDigest } from './crypto/sha1.ts'
import { WebCryptoKeystream } from './crypto/webcrypto-ctr.ts'

/** The platform in browsers and workers. */
export function webPlatform(): Platform {
  return {
    name: 'web',
    keystream: (key) => new WebCryptoKeystream(key),
    runningDigest: (seed) => new Sha1RunningDigest(seed),
    rsaPublic,
    x25519: nobleX25519,
    verifyEd25519: nobleVerifyEd25519,
    transport: undefined,
    tls: undefined,
    storage: undefined,
  }
}
