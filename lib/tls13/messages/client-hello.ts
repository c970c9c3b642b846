/**
 * The ClientHello (RFC 8446, section 4.1.2): what is offered.
 *
 * @module
 */
import { ByteWriter, asciiBytes } from '../../cell/bytes.ts'
import { handshakeMessage, writeVector16 } from './handshake-message.ts'
import type { KeyShare } from '../keys/key-share.ts'
import {
  ExtensionType,
  HandshakeType,
  LEGACY_VERSION,
  NamedGroup,
  SignatureScheme,
  TLS_1_3,
} from '../protocol/registry.ts'

/** What a HelloRetryRequest asks for (4.1.4). */
export interface RetryRequest {
  /** The group whose share the server wants; undefined when it only wants its cookie back. */
  readonly group: number | undefined
  readonly cookie: Uint8Array | undefined
}

/** A ClientHello that was made, and what the answer to it must fit. */
export interface ClientHello {
  /** The whole handshake message. */
  readonly message: Uint8Array
  /** What the server has to repeat (D.4); empty without middlebox compatibility. */
  readonly sessionId: Uint8Array
  /** The numbers of the cipher suites that it offers and that are spoken. */
  readonly suites: readonly number[]
  /** The groups that it offers and that are spoken, those without a share included. */
  readonly groups: readonly number[]
  readonly shares: readonly KeyShare[]
  /** Extensions that it has: the server's EncryptedExtensions may answer these and no others. */
  readonly extensions: readonly number[]
  /** The application protocols that it offers. */
  readonly alpn: readonly string[]
  /** Makes the second one; undefined where a HelloRetryRequest is refused. */
  readonly retry?: ((request: RetryRequest) => Promise<ClientHello>) | undefined
}

/** What a {@link ClientHello} is made of. */
export interface ClientHelloContent {
  /** What SNI says (RFC 6066, section 3): a name, not an address; undefined for none. */
  readonly serverName: string | undefined
  readonly alpn: readonly string[]
  readonly suites: readonly number[]
  readonly shares: readonly KeyShare[]
  /** Makes the share of P-256 that a HelloRetryRequest may ask for; undefined to refuse one. */
  readonly makeP256Share?: (() => Promise<KeyShare>) | undefined
}

/**
 * The schemes that may sign: the handshake, and with PKCS #1 v1.5 certificates only (4.2.3 forbids it in
 * CertificateVerify).
 */
const SIGNATURE_SCHEMES = [
  SignatureScheme.ECDSA_SECP256R1_SHA256,
  SignatureScheme.RSA_PSS_RSAE_SHA256,
  SignatureScheme.ECDSA_SECP384R1_SHA384,
  SignatureScheme.RSA_PSS_RSAE_SHA384,
  SignatureScheme.RSA_PSS_RSAE_SHA512,
  SignatureScheme.RSA_PKCS1_SHA256,
  SignatureScheme.RSA_PKCS1_SHA384,
  SignatureScheme.RSA_PKCS1_SHA512,
] as const

/** Makes a ClientHello with fresh random values. */
export function createClientHello(content: ClientHelloContent): ClientHello {
  const random = crypto.getRandomValues(new Uint8Array(32))
  const sessionId = crypto.getRandomValues(new Uint8Array(32))
  return encode(content, random, sessionId, undefined)
}

/** The second one repeats the first but for the share and the cookie (4.1.2). */
function encode(
  content: ClientHelloContent,
  random: Uint8Array,
  sessionId: Uint8Array,
  cookie: Uint8Array | undefined,
): ClientHello {
  const { serverName, alpn, suites, shares, makeP256Share } = content
  const groups = [NamedGroup.X25519, ...(makeP256Share ? [NamedGroup.SECP256R1] : [])]
  const extensions = extensionsOf({ serverName, alpn, groups, shares, cookie })
  const body = new ByteWriter().u16(LEGACY_VERSION).bytes(random).u8(sessionId.length).bytes(sessionId)
  writeVector16(body, (list) => suites.forEach((suite) => list.u16(suite)))
  body.u8(1).u8(0) // no compression
  writeVector16(body, (list) => {
    for (const [type, data] of extensions) list.u16(type).u16(data.length).bytes(data)
  })
  return {
    message: handshakeMessage(HandshakeType.CLIENT_HELLO, body.finish()),
    sessionId,
    suites,
    groups,
    shares,
    extensions: extensions.map(([type]) => type),
    alpn,
    retry:
      makeP256Share &&
      (async (request) => {
        const fresh = request.group === undefined ? shares : [await makeP256Share()]
        return { ...encode({ ...content, shares: fresh }, random, sessionId, request.cookie), retry: undefined }
      }),
  }
}

function extensionsOf(content: {
  readonly serverName: string | undefined
  readonly alpn: readonly string[]
  readonly groups: readonly number[]
  readonly shares: readonly KeyShare[]
  readonly cookie: Uint8Array | undefined
}): (readonly [type: number, data: Uint8Array])[] {
  const { serverName, alpn, groups, shares, cookie } = content
  const list = (write: (list: ByteWriter) => void): Uint8Array => {
    const data = new ByteWriter()
    writeVector16(data, write)
    return data.finish()
  }
  const extensions: (readonly [number, Uint8Array])[] = []
  if (serverName !== undefined) {
    const name = asciiBytes(serverName)
    extensions.push([ExtensionType.SERVER_NAME, list((names) => names.u8(0).u16(name.length).bytes(name))])
  }
  extensions.push(
    [ExtensionType.SUPPORTED_GROUPS, list((numbers) => groups.forEach((group) => numbers.u16(group)))],
    [ExtensionType.SIGNATURE_ALGORITHMS, list((numbers) => SIGNATURE_SCHEMES.forEach((scheme) => numbers.u16(scheme)))],
  )
  if (alpn.length > 0) {
    const names = list((all) => {
      for (const protocol of alpn) {
        const name = asciiBytes(protocol)
        all.u8(name.length).bytes(name)
      }
    })
    extensions.push([ExtensionType.ALPN, names])
  }
  extensions.push([ExtensionType.SUPPORTED_VERSIONS, new ByteWriter().u8(2).u16(TLS_1_3).finish()])
  if (cookie !== undefined) extensions.push([ExtensionType.COOKIE, list((all) => all.bytes(cookie))])
  extensions.push(
    [ExtensionType.PSK_KEY_EXCHANGE_MODES, Uint8Array.of(1, 1)], // psk_dhe_ke: some servers want to see it (4.2.9)
    [
      ExtensionType.KEY_SHARE,
      list((all) => {
        for (const { group, publicKey } of shares) all.u16(group).u16(publicKey.length).bytes(publicKey)
      }),
    ],
  )
  return extensions
}
