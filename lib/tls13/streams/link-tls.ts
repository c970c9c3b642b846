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
import { createClientHello } from '../messages/client-hello.ts'
import { x25519Share } from '../keys/key-share.ts'
import { secureStreams, type BytesBelow } from './secured-streams.ts'

/**
 * Makes TLS over the bytes of a connection to a relay.
 *
 * Relays have X25519: one that asks for another group is none, so that a HelloRetryRequest is refused.
 *
 * @throws SocketError (as a rejection) `TLS_FAILED`, or what `below` failed with; or the signal's reason
 */
export async function secureLink(below: BytesBelow, x25519: X25519, signal: AbortSignal): Promise<Link> {
  const suites = (await usableSuites()).map(({ id }) => id)
  const hello = createClientHello({
    serverName: randomServerName(),
    alpn: [],
    suites,
    shares: [x25519Share(x25519)],
  })
  const { readable, writable, chain } = await secureStreams(below, hello, () => undefined, signal)
  return { readable, writable, peerCertificate: chain[0] as Uint8Array }
}
