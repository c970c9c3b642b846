/**
 * What the library needs, by Bun: AES, SHA-1, RSA and TLS are all native.
 *
 * @module
 */
import { builtinModule } from './builtin.ts'
import { cacheDirectory, FileStorage } from './file-storage.ts'
import { type CipherModule, NativeKeystream } from './native-ctr.ts'
import { type HashModule, NativeRunningDigest } from './native-digest.ts'
import { type RsaModule, nativeRsaPublic } from './native-rsa.ts'
import type { Platform } from './platform.ts'
import { tlsTransport } from './tls.ts'

/** The platform in Bun. */
export function bunPlatform(): Platform {
  const crypto = builtinModule<CipherModule & HashModule & RsaModule>('node:crypto')
  return {
    name: 'bun',
    keystream: (key) => new NativeKeystream(crypto, key),
    runningDigest: (seed) => new NativeRunningDigest(crypto, seed),
    rsaPublic: (signature, modulus, exponent) => nativeRsaPublic(crypto, signature, modulus, exponent),
    transport: tlsTransport(),
    storage: () => new FileStorage(cacheDirectory()),
  }
}
