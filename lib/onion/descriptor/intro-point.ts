/**
 * An introduction point, as a descriptor has it (rend-spec-v3, "Second layer plaintext format"): the relay, and the keys
 * by which it and the service are spoken to.
 *
 * @module
 */
import { ByteReader, constantTimeEqual } from '../../cell/bytes.ts'
import { isInternalAddress, parseIPAddress } from '../../cell/ip-address.ts'
import { decodeLinkSpecifiers } from '../../cell/link-specifier-reader.ts'
import { DocumentReader } from '../../directory/text/document.ts'
import { decodeBase64 } from '../../directory/text/encoding.ts'
import type { Platform } from '../../platform/platform.ts'
import { fromLittleEndian, Point } from '../identity/edwards25519.ts'
import { OnionCertType, readCertificate } from './certificates.ts'

const KEY_SIZE = 32

/** As many bytes of link specifiers as an EXTEND2 with an ntor handshake has room for. */
const MAX_LINK_SPECIFIERS = 410

/** Where a circuit is extended to, by what somebody else has said of it. */
export interface LinkTarget {
  /** A count and as many specifiers, verbatim: what they mean is for the relay before to say. */
  readonly linkSpecifiers: Uint8Array
  /** Among them: 20 bytes. */
  readonly rsaIdentity: Uint8Array
  readonly ntorOnionKey: Uint8Array
}

/** One introduction point. */
export interface IntroPoint {
  readonly target: LinkTarget
  /** By which the relay knows the service: an Ed25519 key. */
  readonly authKey: Uint8Array
  /** What introductions are encrypted to: an X25519 key. */
  readonly encryptionKey: Uint8Array
}

/** What an introduction point has to be. */
export interface IntroPointRule {
  /** The key that signed the descriptor. */
  readonly signingKey: Uint8Array
  /** In ms since the epoch. */
  readonly now: number
  /** On a private network relays are at internal addresses. */
  readonly testing: boolean
  readonly platform: Pick<Platform, 'verifyEd25519'>
}

/**
 * Reads the items of one introduction point.
 *
 * @throws TorError (as a rejection) `DIRECTORY_MALFORMED`, `CELL_MALFORMED`
 */
export async function parseIntroPoint(
  text: string,
  { signingKey, now, testing, platform }: IntroPointRule,
): Promise<IntroPoint> {
  const reader = new DocumentReader(text, 'introduction point')
  const keyIn = async (type: number): Promise<Uint8Array> =>
    (await readCertificate(reader, { type, signedWith: signingKey, now, platform })).key
  let specifiers: Uint8Array | undefined
  let ntorOnionKey: Uint8Array | undefined
  let authKey: Uint8Array | undefined
  let encryptionKey: Uint8Array | undefined
  let certifiedKey: Uint8Array | undefined
  const once = <T>(known: T | undefined, value: T): T =>
    known === undefined ? value : reader.fail(`"${reader.keyword}" is there twice`)
  while (reader.next()) {
    if (reader.is('introduction-point')) {
      const bytes = decodeBase64(reader.words(1)[0] ?? '')
      specifiers = once(specifiers, bytes ?? reader.fail('its link specifiers are not base64'))
    } else if (reader.is('onion-key')) ntorOnionKey = ntorKey(reader, ntorOnionKey)
    else if (reader.is('enc-key')) encryptionKey = ntorKey(reader, encryptionKey)
    else if (reader.is('auth-key')) authKey = once(authKey, await keyIn(OnionCertType.INTRO_AUTH))
    else if (reader.is('enc-key-cert')) certifiedKey = once(certifiedKey, await keyIn(OnionCertType.INTRO_ENCRYPTION))
  }
  if (!specifiers || !ntorOnionKey || !authKey || !encryptionKey || !certifiedKey)
    return reader.fail('something in it is missing')
  const expected = asEd25519(encryptionKey)
  if (expected === undefined || !constantTimeEqual(expected, certifiedKey))
    reader.fail('its encryption key is not the one that is certified')
  return { target: { ...checkLinkSpecifiers(specifiers, testing), ntorOnionKey }, authKey, encryptionKey }
}

/**
 * Checks link specifiers that somebody else chose: an IPv4 address, which must not be internal, and the RSA identity have
 * to be among them.
 *
 * @throws TorError `CELL_MALFORMED`
 */
export function checkLinkSpecifiers(
  linkSpecifiers: Uint8Array,
  testing: boolean,
): Pick<LinkTarget, 'linkSpecifiers' | 'rsaIdentity'> {
  const reader = new ByteReader(linkSpecifiers, 'list of link specifiers')
  if (linkSpecifiers.length > MAX_LINK_SPECIFIERS) reader.fail('it is too long')
  const specifiers = decodeLinkSpecifiers(reader)
  reader.end()
  let rsaIdentity: Uint8Array | undefined
  let hasIPv4 = false
  for (const specifier of specifiers) {
    if (specifier.type === 'rsa') rsaIdentity ??= specifier.identity
    if (specifier.type !== 'ipv4' && specifier.type !== 'ipv6') continue
    if (!testing && isInternalAddress(parseIPAddress(specifier.address) as Uint8Array))
      reader.fail('it leads to an internal address')
    if (specifier.port === 0) reader.fail('it has no port')
    hasIPv4 ||= specifier.type === 'ipv4'
  }
  if (rsaIdentity === undefined || !hasIPv4) return reader.fail('an address or an identity is missing')
  return { linkSpecifiers, rsaIdentity }
}

/** The key of a line that says `ntor`; keys of other kinds are passed over. */
function ntorKey(reader: DocumentReader, known: Uint8Array | undefined): Uint8Array | undefined {
  const [kind, text] = reader.words(1, 2)
  if (kind !== 'ntor') return known
  if (known !== undefined) reader.fail(`"${reader.keyword}" is there twice`)
  const key = decodeBase64(text ?? '')
  return key?.length === KEY_SIZE ? key : reader.fail(`"${reader.keyword}" is no key`)
}

/** An X25519 key as the Ed25519 key whose certificate stands for it: y = (u - 1) / (u + 1), with a sign bit of 0. */
export function asEd25519(montgomery: Uint8Array): Uint8Array | undefined {
  const { Fp } = Point
  const u = Fp.create(fromLittleEndian(montgomery) & ((1n << 255n) - 1n))
  const divisor = Fp.add(u, 1n)
  return Fp.is0(divisor) ? undefined : Fp.toBytes(Fp.div(Fp.sub(u, 1n), divisor))
}
