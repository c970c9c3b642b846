/**
 * The ClientHello of a link to a relay: that of a tor client whose TLS is linked with OpenSSL 3.0 (C tor 0.4.9,
 * lib/tls/tortls_openssl.c), byte for byte. So it names much that is not spoken here: a relay takes none of that, for each has
 * TLS 1.3, P-256, AES and an RSA key.
 *
 * @module
 */
import { asciiBytes, ByteWriter } from '../../cell/bytes.ts'
import type { KeyShare } from '../keys/key-share.ts'
import { ExtensionType, HandshakeType, LEGACY_VERSION, NamedGroup } from '../protocol/registry.ts'
import type { ClientHello } from './client-hello.ts'
import { handshakeMessage, writeVector16 } from './handshake-message.ts'

/** What it is made of. */
export interface LinkHelloContent {
  /** What SNI says. */
  readonly serverName: string
  /** The suites that are spoken: the server has to choose one of these. */
  readonly suites: readonly number[]
  /** Of P-256. */
  readonly share: KeyShare
  /** Makes the share of X25519 that a HelloRetryRequest may ask for. */
  readonly makeX25519Share: () => Promise<KeyShare>
}

/** TLS 1.3, then TLS 1.2, then the sign that stands for an empty `renegotiation_info` (RFC 5746, section 3.3). */
const SUITES = '130113031302c02bc02fcca9cca8c02cc030c00ac009c013c014009c009d002f003500ff'

/** Extensions with their data, in the order of OpenSSL: these stand between the name and the share. */
const FIXED: readonly (readonly [type: number, data: string])[] = [
  [0x0b, '03000102'], // ec_point_formats
  [ExtensionType.SUPPORTED_GROUPS, '00060017001d0015'],
  [0x23, ''], // session_ticket
  [0x16, ''], // encrypt_then_mac
  [0x17, ''], // extended_master_secret
  [
    ExtensionType.SIGNATURE_ALGORITHMS,
    '0028040305030603080708080809080a080b080408050806040105010601030303010302040205020602',
  ],
  [ExtensionType.SUPPORTED_VERSIONS, '0403040303'],
  [ExtensionType.PSK_KEY_EXCHANGE_MODES, '0101'],
]
const PADDING = 0x15

/** No ClientHello has 256 to 511 bytes (RFC 7685): such a one is filled up. */
const PADDED_FROM = 256
const PADDED_TO = 512

/** Makes one with fresh random values. */
export function createLinkHello(content: LinkHelloContent): ClientHello {
  const random = crypto.getRandomValues(new Uint8Array(32))
  const sessionId = crypto.getRandomValues(new Uint8Array(32))
  const encode = (share: KeyShare, cookie: Uint8Array | undefined): ClientHello => ({
    message: messageOf(random, sessionId, content.serverName, share, cookie),
    sessionId,
    suites: content.suites,
    groups: [NamedGroup.SECP256R1, NamedGroup.X25519],
    shares: [share],
    extensions: [ExtensionType.SERVER_NAME, ExtensionType.SUPPORTED_GROUPS],
    alpn: [],
  })
  return {
    ...encode(content.share, undefined),
    retry: async ({ group, cookie }) =>
      encode(group === undefined ? content.share : await content.makeX25519Share(), cookie),
  }
}

function messageOf(
  random: Uint8Array,
  sessionId: Uint8Array,
  serverName: string,
  { group, publicKey }: KeyShare,
  cookie: Uint8Array | undefined,
): Uint8Array {
  const name = asciiBytes(serverName)
  const named = new ByteWriter()
    .u16(name.length + 3)
    .u8(0)
    .u16(name.length)
    .bytes(name)
  const shared = new ByteWriter()
    .u16(publicKey.length + 4)
    .u16(group)
    .u16(publicKey.length)
    .bytes(publicKey)
  const extensions: (readonly [type: number, data: Uint8Array])[] = [
    [ExtensionType.SERVER_NAME, named.finish()],
    ...FIXED.map(([type, data]) => [type, bytesOf(data)] as const),
    [ExtensionType.KEY_SHARE, shared.finish()],
  ]
  if (cookie !== undefined)
    extensions.push([ExtensionType.COOKIE, new ByteWriter().u16(cookie.length).bytes(cookie).finish()])
  const whole = (): Uint8Array => {
    const body = new ByteWriter().u16(LEGACY_VERSION).bytes(random).u8(sessionId.length).bytes(sessionId)
    writeVector16(body, (list) => list.bytes(bytesOf(SUITES)))
    body.u8(1).u8(0) // no compression
    writeVector16(body, (list) => {
      for (const [type, data] of extensions) list.u16(type).u16(data.length).bytes(data)
    })
    return handshakeMessage(HandshakeType.CLIENT_HELLO, body.finish())
  }
  const { length } = whole()
  if (length >= PADDED_FROM && length < PADDED_TO)
    extensions.push([PADDING, new Uint8Array(Math.max(0, PADDED_TO - length - EXTENSION_HEADER))])
  return whole()
}

const EXTENSION_HEADER = 4

const bytesOf = (hex: string): Uint8Array => Uint8Array.from(hex.match(/../g) ?? [], (digits) => parseInt(digits, 16))
