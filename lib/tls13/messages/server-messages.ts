/**
 * What the server sends between its hello and its Finished (RFC 8446, sections 4.3 and 4.4), and after it (4.6).
 *
 * @module
 */
import { ByteReader, printableText } from '../../cell/bytes.ts'
import type { ClientHello } from './client-hello.ts'
import { readExtensions } from './extensions.ts'
import { Alert, ExtensionType } from '../protocol/registry.ts'
import { TlsFault, illegal, malformed } from '../protocol/tls-fault.ts'

/** The most certificates of one chain. */
const MAX_CERTIFICATES = 10

/** EncryptedExtensions (4.3.1): the application protocol that the server chose, if any. */
export function readEncryptedExtensions(body: Uint8Array, offer: ClientHello): string | undefined {
  const reader = new ByteReader(body, 'EncryptedExtensions')
  const extensions = readExtensions(reader)
  reader.end()
  for (const type of extensions.keys()) {
    const isAnswer = offer.extensions.includes(type) && !NEVER_ANSWERED.has(type)
    if (!isAnswer) throw new TlsFault(Alert.UNSUPPORTED_EXTENSION, `the server sent extension ${type} unasked`)
  }
  if ((extensions.get(ExtensionType.SERVER_NAME)?.length ?? 0) > 0) throw malformed('server_name')
  const alpn = extensions.get(ExtensionType.ALPN)
  return alpn === undefined ? undefined : chosenProtocol(alpn, offer.alpn)
}

/** What a client sends and EncryptedExtensions may not have (4.2). */
const NEVER_ANSWERED: ReadonlySet<number> = new Set([
  ExtensionType.SIGNATURE_ALGORITHMS,
  ExtensionType.SUPPORTED_VERSIONS,
  ExtensionType.COOKIE,
  ExtensionType.PSK_KEY_EXCHANGE_MODES,
  ExtensionType.KEY_SHARE,
])

/** One name, and one that was offered (RFC 7301, section 3.1). */
function chosenProtocol(data: Uint8Array, offered: readonly string[]): string {
  const reader = new ByteReader(data, 'ALPN extension')
  const length = reader.u16()
  const name = printableText(reader.take(reader.u8()))
  reader.end()
  if (length !== data.length - 2 || name === undefined || !offered.includes(name)) {
    throw illegal('the server chose a protocol that was not offered')
  }
  return name
}

/** CertificateRequest (4.3.2). The answer will be that there is none, whatever it asks for. */
export function readCertificateRequest(body: Uint8Array): void {
  const reader = new ByteReader(body, 'CertificateRequest')
  if (reader.u8() !== 0) throw illegal('the certificate request has a context')
  const extensions = readExtensions(reader)
  reader.end()
  if (!extensions.has(ExtensionType.SIGNATURE_ALGORITHMS)) {
    throw new TlsFault(Alert.MISSING_EXTENSION, 'the certificate request names no signature algorithms')
  }
}

/** Certificate (4.4.2): the chain as DER, the server's own first, as copies. */
export function readCertificates(body: Uint8Array): Uint8Array<ArrayBuffer>[] {
  const reader = new ByteReader(body, 'Certificate')
  if (reader.u8() !== 0) throw illegal("the server's certificate has a context")
  if (u24(reader) !== reader.remaining) throw malformed('list of certificates')
  const chain: Uint8Array<ArrayBuffer>[] = []
  while (reader.remaining > 0) {
    if (chain.length === MAX_CERTIFICATES) {
      throw new TlsFault(Alert.BAD_CERTIFICATE, `the server sent more than ${MAX_CERTIFICATES} certificates`)
    }
    const length = u24(reader)
    if (length === 0) throw malformed('certificate')
    chain.push(new Uint8Array(reader.take(length)))
    // Nothing was asked for that could be answered here (no status_request, no signed_certificate_timestamp).
    const [unasked] = readExtensions(reader).keys()
    if (unasked !== undefined) {
      throw new TlsFault(Alert.UNSUPPORTED_EXTENSION, `a certificate has extension ${unasked}, unasked`)
    }
  }
  if (chain.length === 0) throw malformed('certificate: there is none')
  return chain
}

/** CertificateVerify (4.4.3). */
export function readCertificateVerify(body: Uint8Array): { readonly scheme: number; readonly signature: Uint8Array } {
  const reader = new ByteReader(body, 'CertificateVerify')
  const scheme = reader.u16()
  const signature = reader.take(reader.u16())
  reader.end()
  return { scheme, signature }
}

/** KeyUpdate (4.6.3): whether ours is to follow. */
export function readKeyUpdate(body: Uint8Array): boolean {
  if (body.length !== 1) throw malformed('KeyUpdate')
  if ((body[0] as number) > 1) throw illegal('the server sent a KeyUpdate of no known kind')
  return body[0] === 1
}

const u24 = (reader: ByteReader): number => (reader.u8() << 16) | reader.u16()
