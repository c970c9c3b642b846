/**
 * The numbers of TLS 1.3 that are in use here (RFC 8446, appendix B).
 *
 * @module
 */

/** What a record carries (B.1). */
export const ContentType = {
  CHANGE_CIPHER_SPEC: 20,
  ALERT: 21,
  HANDSHAKE: 22,
  APPLICATION_DATA: 23,
} as const

/** Messages of the handshake (B.3). */
export const HandshakeType = {
  CLIENT_HELLO: 1,
  SERVER_HELLO: 2,
  NEW_SESSION_TICKET: 4,
  ENCRYPTED_EXTENSIONS: 8,
  CERTIFICATE: 11,
  CERTIFICATE_REQUEST: 13,
  CERTIFICATE_VERIFY: 15,
  FINISHED: 20,
  KEY_UPDATE: 24,
  /** What stands for the first ClientHello in the transcript once a HelloRetryRequest came (4.4.1). */
  MESSAGE_HASH: 254,
} as const

/** Extensions (4.2). */
export const ExtensionType = {
  SERVER_NAME: 0,
  SUPPORTED_GROUPS: 10,
  SIGNATURE_ALGORITHMS: 13,
  ALPN: 16,
  SUPPORTED_VERSIONS: 43,
  COOKIE: 44,
  PSK_KEY_EXCHANGE_MODES: 45,
  KEY_SHARE: 51,
} as const

/** Groups of the key exchange (4.2.7). */
export const NamedGroup = {
  SECP256R1: 0x0017,
  X25519: 0x001d,
} as const

/** Schemes of signatures (4.2.3). */
export const SignatureScheme = {
  RSA_PKCS1_SHA256: 0x0401,
  RSA_PKCS1_SHA384: 0x0501,
  RSA_PKCS1_SHA512: 0x0601,
  ECDSA_SECP256R1_SHA256: 0x0403,
  ECDSA_SECP384R1_SHA384: 0x0503,
  RSA_PSS_RSAE_SHA256: 0x0804,
  RSA_PSS_RSAE_SHA384: 0x0805,
  RSA_PSS_RSAE_SHA512: 0x0806,
} as const

/** The version number of TLS 1.3, and the one that stands in its place for the sake of old middleboxes (4.2.1). */
export const TLS_1_3 = 0x0304
export const LEGACY_VERSION = 0x0303

/** Alerts (6). */
export const Alert = {
  CLOSE_NOTIFY: 0,
  UNEXPECTED_MESSAGE: 10,
  BAD_RECORD_MAC: 20,
  RECORD_OVERFLOW: 22,
  HANDSHAKE_FAILURE: 40,
  BAD_CERTIFICATE: 42,
  UNSUPPORTED_CERTIFICATE: 43,
  CERTIFICATE_EXPIRED: 45,
  CERTIFICATE_UNKNOWN: 46,
  ILLEGAL_PARAMETER: 47,
  UNKNOWN_CA: 48,
  DECODE_ERROR: 50,
  DECRYPT_ERROR: 51,
  PROTOCOL_VERSION: 70,
  INTERNAL_ERROR: 80,
  USER_CANCELED: 90,
  MISSING_EXTENSION: 109,
  UNSUPPORTED_EXTENSION: 110,
  NO_APPLICATION_PROTOCOL: 120,
} as const

const ALERT_NAMES = new Map<number, string>(
  Object.entries(Alert).map(([name, number]) => [number, name.toLowerCase()] as const),
)

/** The name of an alert, or its number. */
export const alertName = (alert: number): string => ALERT_NAMES.get(alert) ?? `alert ${alert}`
