/**
 * The public Tor network.
 *
 * @module
 */
import { formatIPv4, formatIPv6 } from '../../cell/ip-address.ts'
import { ByteReader } from '../../cell/bytes.ts'
import type { LinkAddress } from '../../platform/links/transport.ts'
import { parseDirAuthorityLines } from './dir-authority-lines.ts'
import { decodeBase64 } from '../text/encoding.ts'
import { PUBLIC_AUTHORITIES } from './authorities.ts'
import { PUBLIC_FALLBACKS } from './fallbacks.ts'
import type { DirectoryServer } from '../../relay.ts'
import type { NetworkConfig } from './network-config.ts'

let network: NetworkConfig | undefined

/** The authorities and fallbacks of the public network, as tor came with them; always the same object. */
export function publicNetwork(): NetworkConfig {
  network ??= {
    authorities: parseDirAuthorityLines(PUBLIC_AUTHORITIES),
    fallbacks: PUBLIC_FALLBACKS.trim().split('\n').map(readFallback),
  }
  return network
}

/** The bytes of a line: RSA identity, IPv4 address and port, and perhaps IPv6 address and port. */
function readFallback(line: string): DirectoryServer {
  const reader = new ByteReader(decodeBase64(line) ?? new Uint8Array(0), 'fallback')
  const rsaIdentity = reader.take(20)
  const addresses: LinkAddress[] = [{ hostname: formatIPv4(reader.take(4)), port: reader.u16() }]
  if (reader.remaining > 0) addresses.push({ hostname: formatIPv6(reader.take(16)), port: reader.u16() })
  reader.end()
  return { rsaIdentity, addresses }
}
