/**
 * What the library needs, by Bun: AES, SHA-1, RSA, the curves and TLS are all native.
 *
 * @module
 */
import { builtinModule } from './runtime/builtin.ts'
import { nativeStorage } from './storage/native-storage.ts'
import { type CipherModule, NativeKeystream } from './crypto/ciphers/native-ctr.ts'
import { type CurveModule, nativeVerifyEd25519, nativeX25519 } from './crypto/curves/native-curve25519.ts'
import { type HashModule, NativeRunningDigest } from './crypto/digests/native-digest.ts'
import { nativeSha3 } from './crypto/digests/native-sha3.ts'
import { type TextHashModule, nativeSha256Text } from './crypto/digests/native-sha256-text.ts'
import { type RsaModule, nativeRsaPublic } from './crypto/rsa/native-rsa.ts'
import { nativeTls } from './tls/native-tls.ts'
import type { Platform } from './platform.ts'
import { nativeTransport } from './links/native-transport.ts'

/** The platform in Bun. */
export function bunPlatform(): Platform {
  const crypto = builtinModule<CipherModule & CurveModule & HashModule & TextHashModule & RsaModule>('node:crypto')
  return {
    name: 'bun',
    keystream: (key) => new NativeKeystream(crypto, key),
    runningDigest: (seed) => new NativeRunningDigest(crypto, seed),
    sha256Hash: () => crypto.createHash('sha256'),
    sha256Text: nativeSha256Text(crypto),
    sha3: nativeSha3(crypto),
    sha3Digest: (seed) => new NativeRunningDigest(crypto, seed, 'sha3-256'),
    sha3Hash: () => crypto.createHash('sha3-256'),
    rsaPublic: (signature, modulus, exponent) => nativeRsaPublic(crypto, signature, modulus, exponent),
    x25519: nativeX25519(crypto),
    verifyEd25519: async (...signed) => nativeVerifyEd25519(crypto, ...signed),
    transport: nativeTransport,
    tls: nativeTls,
    storage: nativeStorage,
  }
}
