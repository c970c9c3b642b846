/**
 * What the library needs, by Deno: as on the web, for the ciphers and running hashes of its node:crypto are slower and
 * it has no raw RSA; but with native curves and SHA-2, and TLS by node:tls.
 *
 * @module
 */
import { builtinModule } from './runtime/builtin.ts'
import { nativeStorage } from './storage/native-storage.ts'
import { type CurveModule, nativeVerifyEd25519, nativeX25519 } from './crypto/curves/native-curve25519.ts'
import type { HashModule } from './crypto/digests/native-digest.ts'
import { nativeSha3 } from './crypto/digests/native-sha3.ts'
import { type TextHashModule, nativeSha256Text } from './crypto/digests/native-sha256-text.ts'
import { nativeTls } from './tls/native-tls.ts'
import type { Platform } from './platform.ts'
import { denoTransport } from './links/native-transport.ts'
import { webPlatform } from './web.ts'

/** The platform in Deno. */
export function denoPlatform(): Platform {
  const crypto = builtinModule<CurveModule & HashModule & TextHashModule>('node:crypto')
  return {
    ...webPlatform(),
    name: 'deno',
    sha256Hash: () => crypto.createHash('sha256'),
    sha256Text: nativeSha256Text(crypto),
    sha3: nativeSha3(crypto),
    sha3Hash: () => crypto.createHash('sha3-256'),
    x25519: nativeX25519(crypto),
    verifyEd25519: async (...signed) => nativeVerifyEd25519(crypto, ...signed),
    transport: denoTransport,
    tls: nativeTls,
    storage: nativeStorage,
  }
}
