/**
 * The ServerHello and the HelloRetryRequest (RFC 8446, sections 4.1.3 and 4.1.4), which share one form.
 *
 * @module
 */
import { ByteReader } from '../../cell/bytes.ts'
import type { ClientHello, RetryRequest } from './client-hello.ts'
import { readExtensions } from './extensions.ts'
import { Alert, ExtensionType, LEGACY_VERSION, TLS_1_3 } from '../protocol/registry.ts'
import { TlsFault, illegal, malformed } from '../protocol/tls-fault.ts'

/** SHA-256("HelloRetryRequest") in place of the random value (4.1.3). */
const RETRY_RANDOM = 'cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c'

/** What the server has chosen. */
export type ServerHello =
  | { readonly kind: 'hello'; readonly suite: number; readonly group: number; readonly serverKey: Uint8Array }
  | { readonly kind: 'retry'; readonly suite: number; readonly request: RetryRequest }

/**
 * Reads one, and holds it against what was offered.
 *
 * @throws TlsFault, or TorError `CELL_MALFORMED` when it is cut short
 */
export function readServerHello(body: Uint8Array, offer: ClientHello): ServerHello {
  const reader = new ByteReader(body, 'ServerHello')
  const version = reader.u16()
  const random = reader.take(32)
  const sessionId = reader.take(reader.u8())
  const suite = reader.u16()
  const compression = reader.u8()
  const extensions = readExtensions(reader)
  reader.end()
  const chosen = extensions.get(ExtensionType.SUPPORTED_VERSIONS)
  if (version !== LEGACY_VERSION || chosen === undefined) {
    throw new TlsFault(Alert.PROTOCOL_VERSION, 'the server speaks no TLS 1.3')
  }
  if (numberOf(chosen, 'version') !== TLS_1_3) throw illegal('the server chose a version that was not offered')
  if (String(sessionId) !== String(offer.sessionId)) throw illegal('the server answered with another session id')
  if (!offer.suites.includes(suite)) throw illegal('the server chose a cipher suite that was not offered')
  if (compression !== 0) throw illegal('the server chose a compression')
  return hexOf(random) === RETRY_RANDOM
    ? { kind: 'retry', suite, request: readRetry(extensions, offer) }
    : { kind: 'hello', suite, ...readShare(extensions, offer) }
}

function readRetry(extensions: ReadonlyMap<number, Uint8Array>, offer: ClientHello): RetryRequest {
  expectOnly(extensions, [ExtensionType.SUPPORTED_VERSIONS, ExtensionType.KEY_SHARE, ExtensionType.COOKIE])
  const share = extensions.get(ExtensionType.KEY_SHARE)
  const group = share === undefined ? undefined : numberOf(share, 'group')
  if (group !== undefined && (!offer.groups.includes(group) || offer.shares.some((each) => each.group === group))) {
    throw illegal('the server asked for a key share that it has, or that was not offered')
  }
  const data = extensions.get(ExtensionType.COOKIE)
  let cookie: Uint8Array | undefined
  if (data !== undefined) {
    const reader = new ByteReader(data, 'cookie')
    cookie = reader.take(reader.u16()).slice()
    reader.end()
    if (cookie.length === 0) throw malformed('cookie')
  }
  if (group === undefined && cookie === undefined) throw illegal('the server asked for the same hello again')
  return { group, cookie }
}

function readShare(
  extensions: ReadonlyMap<number, Uint8Array>,
  offer: ClientHello,
): { readonly group: number; readonly serverKey: Uint8Array } {
  expectOnly(extensions, [ExtensionType.SUPPORTED_VERSIONS, ExtensionType.KEY_SHARE])
  const share = extensions.get(ExtensionType.KEY_SHARE)
  if (share === undefined) throw new TlsFault(Alert.MISSING_EXTENSION, 'the server sent no key share')
  const reader = new ByteReader(share, 'key share')
  const group = reader.u16()
  const serverKey = reader.take(reader.u16())
  reader.end()
  if (!offer.shares.some((each) => each.group === group)) throw illegal('the server chose a group without a share')
  return { group, serverKey }
}

function expectOnly(extensions: ReadonlyMap<number, Uint8Array>, known: readonly number[]): void {
  for (const type of extensions.keys()) {
    if (known.includes(type)) continue
    throw new TlsFault(Alert.UNSUPPORTED_EXTENSION, `the server sent extension ${type} in its hello`)
  }
}

function numberOf(data: Uint8Array, what: string): number {
  const reader = new ByteReader(data, what)
  const number = reader.u16()
  reader.end()
  return number
}

const hexOf = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
