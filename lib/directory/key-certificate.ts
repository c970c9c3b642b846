/**
 * Certificates of authorities: an identity key, which is kept offline, certifies the key that signs consensuses for
 * some months (dir-spec section 3.1).
 *
 * @module
 */
import { sha1 } from '../base/hashes/sha1.ts'
import { parseRsaPublicKey, type RsaPublicKey } from '../crypto/rsa-public-key.ts'
import { signsDigest } from '../crypto/rsa-signature.ts'
import { TorError } from '../base/errors.ts'
import type { Platform } from '../platform/platform.ts'
import { DocumentReader } from './text/document.ts'
import { encodeHex, ownText } from './text/encoding.ts'
import { parseFingerprint, parseTime } from './text/fields.ts'

/** How far ahead of the clock a certificate may have been published, in ms. */
const MAX_SKEW = 24 * 3_600_000

/** The shortest key that counts, in bytes: 1024 bits. */
const MIN_KEY_SIZE = 128

/** The longest certificate, in characters, and the most items of one: one of two keys of 4096 bits has 3,600 and 9. */
const MAX_CERTIFICATE = 16_384
const MAX_ITEMS = 64

/** A certificate of an authority's signing key. Nothing of it is proved before {@link verifyKeyCertificate} says so. */
export interface KeyCertificate {
  /** The fingerprint of the authority's identity key as the certificate claims it, in 40 hex digits in upper case. */
  readonly identity: string
  readonly identityKey: RsaPublicKey
  readonly signingKey: RsaPublicKey
  /** The SHA-1 of `signingKey`, in 40 hex digits in upper case. */
  readonly signingKeyDigest: string
  /** When it was made and the moment after which it does not hold, in ms since the epoch. */
  readonly published: number
  readonly expires: number
  /** The signature of the signing key over the SHA-1 of the identity key. */
  readonly crossSignature: Uint8Array
  /** The signature of the identity key over `digest`, the SHA-1 of all that is ahead of it. */
  readonly signature: Uint8Array
  readonly digest: Uint8Array
  /** The certificate as it came. */
  readonly text: string
}

/** The items of a certificate. Each must be there once; unknown ones are passed over. */
const ITEMS = [
  'fingerprint',
  'dir-key-published',
  'dir-key-expires',
  'dir-identity-key',
  'dir-signing-key',
  'dir-key-crosscert',
] as const

type Item = (typeof ITEMS)[number]

/** All that {@link readKeyCertificates} reads, in one go. */
export const parseKeyCertificates = (...what: Parameters<typeof readKeyCertificates>): KeyCertificate[] => [
  ...readKeyCertificates(...what),
]

/**
 * Reads certificates that stand one after the other, each when it is asked for. The results keep nothing of `text`.
 *
 * @param asked - those that were asked for: it ends at the first that is none of them, or is there for the second time.
 *   By default any is welcome.
 * @param strangers - how many others are passed over before it ends
 * @throws TorError `DIRECTORY_MALFORMED`
 */
export function* readKeyCertificates(
  text: string,
  asked?: readonly KeyCertificateName[],
  strangers = 0,
): Generator<KeyCertificate, undefined> {
  if (text === '') return undefined
  const wanted = asked && new Set(asked.map(nameOf))
  const reader = new DocumentReader(text, "authority's certificate")
  let others = 0
  while (reader.next()) {
    const certificate = readCertificate(reader, text)
    if (wanted?.delete(nameOf(certificate)) !== false) yield certificate
    else if (others++ === strangers) break
  }
  return undefined
}

const nameOf = ({ identity, signingKeyDigest }: KeyCertificateName): string => `${identity}-${signingKeyDigest}`

/** Reads the certificate whose first item the reader is at, up to its last one. */
function readCertificate(reader: DocumentReader, text: string): KeyCertificate {
  const { start } = reader
  if (!reader.is('dir-key-certificate-version')) reader.fail('it begins with something else')
  if (reader.words(1)[0] !== '3') reader.fail('it is not of version 3')
  const words = new Map<string, string[]>()
  const objects = new Map<string, Uint8Array>()
  for (let items = 0; ; items++) {
    if (!reader.next()) reader.fail('it has no signature')
    if (items === MAX_ITEMS || reader.end - start > MAX_CERTIFICATE) reader.fail('it is too long')
    if (reader.is('dir-key-certification')) break
    if (reader.is('dir-key-certificate-version')) reader.fail('it has no signature')
    const { keyword } = reader
    if (!(ITEMS as readonly string[]).includes(keyword)) continue
    if (words.has(keyword)) reader.fail(`"${keyword}" is there twice`)
    words.set(keyword, reader.words(0, 2))
    const names = objectNames(keyword as Item)
    if (names !== undefined) objects.set(keyword, reader.object(...names))
  }
  // Signed is everything up to the end of the line whose object the signature is.
  const signed = text.slice(start, text.indexOf('\n', reader.start) + 1)
  const signature = reader.object('SIGNATURE')
  for (const item of ITEMS) if (!words.has(item)) reader.fail(`"${item}" is missing`)

  const key = (item: Item): RsaPublicKey => {
    try {
      return parseRsaPublicKey(objects.get(item) as Uint8Array)
    } catch (cause) {
      return reader.fail(`"${item}" is no RSA key`, cause)
    }
  }
  const time = (item: Item): number =>
    parseTime(words.get(item)?.[0], words.get(item)?.[1]) ?? reader.fail(`"${item}" is no time`)
  const signingKey = key('dir-signing-key')
  return {
    identity: parseFingerprint(words.get('fingerprint')?.[0]) ?? reader.fail('its fingerprint is none'),
    identityKey: key('dir-identity-key'),
    signingKey,
    signingKeyDigest: encodeHex(sha1(signingKey.der)),
    published: time('dir-key-published'),
    expires: time('dir-key-expires'),
    crossSignature: objects.get('dir-key-crosscert') as Uint8Array,
    signature,
    digest: sha1(new TextEncoder().encode(signed)),
    text: ownText(text.slice(start, reader.end)),
  }
}

function objectNames(item: Item): readonly string[] | undefined {
  if (item === 'dir-key-crosscert') return ['ID SIGNATURE', 'SIGNATURE']
  return item === 'dir-identity-key' || item === 'dir-signing-key' ? ['RSA PUBLIC KEY'] : undefined
}

/** What a certificate is checked against. */
export interface KeyCertificateCheck {
  /** The fingerprint of the authority that it must be of, in 40 hex digits in upper case. */
  readonly identity: string
  /** In ms since the epoch. */
  readonly now: number
  readonly platform: Pick<Platform, 'rsaPublic'>
}

/**
 * Checks that a certificate is of the authority that it was asked of, that its identity key has that fingerprint, that
 * each of its two keys signed for the other, and that it holds now.
 *
 * @throws TorError `DIRECTORY_CERTIFICATE`
 */
export function verifyKeyCertificate(
  certificate: KeyCertificate,
  { identity, now, platform }: KeyCertificateCheck,
): void {
  const { identityKey, signingKey } = certificate
  const fingerprint = sha1(identityKey.der)
  if (certificate.identity !== identity) refuse('it is of another authority than the one that was asked for')
  if (encodeHex(fingerprint) !== identity) refuse('its identity key does not have its fingerprint')
  if (now > certificate.expires) refuse('it has expired')
  if (certificate.published > now + MAX_SKEW) refuse('it is from the future')
  if (Math.min(identityKey.modulus.length, signingKey.modulus.length) < MIN_KEY_SIZE) refuse('a key in it is too short')
  // In this order: a key is used only once it is known whose it is.
  if (!signsDigest(certificate.signature, certificate.digest, identityKey, platform))
    refuse('its identity key did not sign it')
  if (!signsDigest(certificate.crossSignature, fingerprint, signingKey, platform))
    refuse('its signing key did not sign its identity key')
}

function refuse(why: string): never {
  throw new TorError('DIRECTORY_CERTIFICATE', `Cannot trust an authority's certificate: ${why}`)
}

/**
 * Which certificate is meant: that of an authority's identity for one signing key, each in 40 hex digits in upper case.
 */
export interface KeyCertificateName {
  readonly identity: string
  readonly signingKeyDigest: string
}

/** True when the certificate claims to be the one that is meant. */
export const isCertificateFor = (certificate: KeyCertificate, name: KeyCertificateName): boolean =>
  certificate.identity === name.identity && certificate.signingKeyDigest === name.signingKeyDigest

/** One certificate for each signing key of each authority: the one that was made last. */
export function newestCertificates(certificates: readonly KeyCertificate[]): KeyCertificate[] {
  const byKey = new Map<string, KeyCertificate>()
  for (const certificate of certificates) {
    const key = `${certificate.identity}-${certificate.signingKeyDigest}`
    const known = byKey.get(key)
    if (!known || known.published < certificate.published) byKey.set(key, certificate)
  }
  return [...byKey.values()]
}
