/**
 * The link to a relay, where neither the runtime nor the transport brings TLS (tor-spec, "Negotiating and initializing
 * connections"): no name and no authority is checked here. The relay proves by its CERTS that the certificate is its own.
 *
 * @module
 */
import type { X25519 } from '../../platform/crypto/curves/x25519.ts'
import type { Link } from '../../platform/links/transport.ts'
import { randomServerName } from '../../platform/links/server-name.ts'
import { usableSuites } from '../keys/cipher-suites.ts'
import { createLinkHello } from '../messages/link-hello.ts'
import { x25519Share } from '../keys/key-share.ts'
import { p256Share } from '../keys/p256-share.ts'
import { secureStreams, type BytesBelow } from './secured-streams.ts'

/**
 * Makes TLS over the bytes of a connection to a relay.
 *
 * Relays have P-256. One that would rather have X25519 asks for it by a HelloRetryRequest.
 *
 * @throws SocketError (as a rejection) `TLS_FAILED`, or what `below` failed with; or the signal's reason
 */
export async function secureLink(below: BytesBelow, x25519: X25519, signal: AbortSignal): Promise<Link> {
  const hello = createLinkHello({
    serverName: randomServerName(),
    suites: (await usableSuites()).map(({ id }) => id),
    share: await p256Share(),
    makeX25519Share: () => x25519Share(x25519),
  })
  const { readable, writable, chain } = await secureStreams(below, hello, () => undefined, signal)
  return { readable, writable, peerCertificate: chain[0] as Uint8Array }
}
