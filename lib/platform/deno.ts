/**
 * What the library needs, by Deno: as on the web, for its node:crypto is slower and has no raw RSA, but with TLS by node:tls.
 *
 * @module
 */
import { denoTcp } from './deno-tcp.ts'
import { cacheDirectory, FileStorage } from './file-storage.ts'
import type { Platform } from './platform.ts'
import { tlsTransport } from './tls.ts'
import { webPlatform } from './web.ts'

/** The platform in Deno. */
export function denoPlatform(): Platform {
  return { ...webPlatform(), name: 'deno', transport: tlsTransport(denoTcp), storage: () => new FileStorage(cacheDirectory()) }
}
