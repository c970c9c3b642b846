/**
 * What the library needs, by Node: native AES, SHA-1 in JavaScript (copying a native hash for every cell is slower), native
 * RSA and TLS.
 *
 * @module
 */
import { builtinModule } from './builtin.ts'
import { cacheDirectory, FileStorage } from './file-storage.ts'
import { type CipherModule, NativeKeystream } from './native-ctr.ts'
import { type RsaModule, nativeRsaPublic } from './native-rsa.ts'
import type { Platform } from './platform.ts'
import { Sha1RunningDigest } from './sha1.ts'
import { tlsTransport } from './tls.ts'

/** The platform in Node 20.19 or later. */
export function nodePlatform(): Platform {
  const crypto = builtinModule<CipherModule & RsaModule>('node:crypto')
  return {
    name: 'node',
    keystream: (key) => new NativeKeystream(crypto, key),
    runningDigest: (seed) => new Sha1RunningDigest(seed),
    rsaPublic: (signature, modulus, exponent) => nativeRsaPublic(crypto, signature, modulus, exponent),
    transport: tlsTransport(),
    storage: () => new FileStorage(cacheDirectory()),
  }
}
