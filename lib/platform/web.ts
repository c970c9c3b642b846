/**
 * What the library needs, by the web platform alone: keystream, X25519 and Ed25519 by WebCrypto, hashes
 * and RSA in JavaScript, TLS of our own, IndexedDB, and no sockets: the caller brings a transport. It works in any runtime that has WebCrypto.
 *
 * @module
 */
import { Sha256 } from '../base/hashes/sha256.ts'
import type { TrustAnchor } from '../webpki/trust-anchor.ts'
import type { Platform } from './platform.ts'
import { rsaPublic } from './crypto/rsa/rsa.ts'
import { Sha1RunningDigest } from './crypto/digests/sha1.ts'
import { Sha3Hash, Sha3RunningDigest, sha3Functions } from './crypto/digests/sha3.ts'
import type { TlsAdapter } from './tls/tls-adapter.ts'
import { webVerifyEd25519 } from './crypto/curves/web-ed25519.ts'
import { WebCryptoKeystream } from './crypto/ciphers/webcrypto-ctr.ts'
import { webX25519 } from './crypto/curves/web-x25519.ts'
import type { X25519 } from './crypto/curves/x25519.ts'

/** The platform in browsers and workers. */
export function webPlatform(): Platform {
  const x25519 = webX25519()
  return {
    name: 'web',
    obstacle: () => (hasWebCrypto() ? undefined : NO_WEB_CRYPTO),
    keystream: (key) => new WebCryptoKeystream(key),
    runningDigest: (seed) => new Sha1RunningDigest(seed),
    sha256Hash: () => new Sha256(),
    sha3: sha3Functions,
    sha3Digest: (seed) => new Sha3RunningDigest(seed),
    sha3Hash: () => new Sha3Hash(),
    rsaPublic,
    x25519,
    verifyEd25519: webVerifyEd25519,
    transport: undefined,
    tls: { secure: async (below, request) => (await ownTls(x25519)).secure(below, request) },
    storage: async (place) => {
      const { IndexedDbStorage } = await import('./storage/indexed-db-storage.ts')
      return new IndexedDbStorage(place === undefined ? undefined : `tor-streams-${place}`)
    },
  }
}

/** Secure Contexts, section 3.1: pages of http: have it where they come from this very machine. */
const NO_WEB_CRYPTO =
  'A Tor client needs crypto.subtle, which pages have only over https: and from this very machine: serve the page over https:'

const hasWebCrypto = (): boolean => (globalThis as { crypto?: { subtle?: unknown } }).crypto?.subtle !== undefined

/** TLS, and the authorities of the web: each is loaded when it is first needed. */
async function ownTls(x25519: X25519): Promise<TlsAdapter> {
  const { webTls } = await import('../tls13/streams/web-tls.ts')
  const roots = async (): Promise<readonly TrustAnchor[]> => (await import('../webpki/roots.ts')).webRoots()
  return webTls({ x25519, now: () => Date.now(), roots })
}
