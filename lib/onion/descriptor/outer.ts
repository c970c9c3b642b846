/**
 * The outer wrapper of a descriptor, which directories read too (rend-spec-v3, "Outer wrapper"): who signed it, which
 * revision it is, and the first layer.
 *
 * @module
 */
import { asciiBytes } from '../../cell/bytes.ts'
import { DocumentReader } from '../../directory/text/document.ts'
import { decodeBase64 } from '../../directory/text/encoding.ts'
import { parseNumber } from '../../directory/text/fields.ts'
import { joinBytes } from '../../base/bytes/join-bytes.ts'
import type { Platform } from '../../platform/platform.ts'
import { OnionCertType, readCertificate } from './certificates.ts'

/** What goes ahead of the text that is signed. */
export const SIGNATURE_PREFIX = 'Tor onion service descriptor sig v3'

/** How long a descriptor may say that directories shall keep it, in minutes. */
const MIN_LIFETIME = 30
const MAX_LIFETIME = 720

const MINUTE = 60_000
const LARGEST_REVISION = 2n ** 64n - 1n

/** A descriptor whose signature is right. */
export interface OuterDescriptor {
  /** How long directories shall keep it, in ms. */
  readonly lifetime: number
  /** The key that signed it, and that certifies what is inside. */
  readonly signingKey: Uint8Array
  /** When the certificate of that key ends, in ms since the epoch. */
  readonly expires: number
  readonly revision: bigint
  /** The first layer, still encrypted. */
  readonly superencrypted: Uint8Array
}

/** What a descriptor has to be. */
export interface DescriptorRule {
  /** Whose it is. */
  readonly blindedKey: Uint8Array
  /** In ms since the epoch. */
  readonly now: number
  readonly platform: Pick<Platform, 'verifyEd25519'>
}

const ITEMS: ReadonlySet<string> = /* @__PURE__ */ new Set([
  'hs-descriptor',
  'descriptor-lifetime',
  'descriptor-signing-key-cert',
  'revision-counter',
  'superencrypted',
  'signature',
])

/**
 * Reads a descriptor and verifies who signed it.
 *
 * @throws TorError (as a rejection) `DIRECTORY_MALFORMED`, `CELL_MALFORMED`
 */
export async function parseOuter(
  text: string,
  { blindedKey, now, platform }: DescriptorRule,
): Promise<OuterDescriptor> {
  const reader = new DocumentReader(text, 'descriptor')
  const seen = new Set<string>()
  let lifetime: number | undefined
  let certificate: Awaited<ReturnType<typeof readCertificate>> | undefined
  let revision: bigint | undefined
  let superencrypted: Uint8Array | undefined
  let signature: Uint8Array | undefined
  if (!reader.next() || reader.start !== 0 || !reader.is('hs-descriptor')) reader.fail('it begins with something else')
  if (reader.words(1)[0] !== '3') reader.fail('it is of another version')
  while (signature === undefined && reader.next()) {
    if (!ITEMS.has(reader.keyword)) continue
    if (seen.has(reader.keyword) || reader.is('hs-descriptor')) reader.fail(`"${reader.keyword}" is there twice`)
    seen.add(reader.keyword)
    if (reader.is('descriptor-lifetime')) {
      const minutes = parseNumber(reader.words(1)[0], MAX_LIFETIME) ?? 0
      if (minutes < MIN_LIFETIME) reader.fail('its lifetime is no such')
      lifetime = minutes * MINUTE
    } else if (reader.is('descriptor-signing-key-cert')) {
      certificate = await readCertificate(reader, {
        type: OnionCertType.DESCRIPTOR_SIGNING,
        signedWith: blindedKey,
        now,
        platform,
      })
    } else if (reader.is('revision-counter')) {
      revision = parseRevision(reader.words(1)[0]) ?? reader.fail('its revision is no number')
    } else if (reader.is('superencrypted')) superencrypted = reader.object('MESSAGE')
    else signature = signatureIn(reader)
  }
  if (signature === undefined || reader.end !== text.length) return reader.fail('it does not end with its signature')
  if (!lifetime || !certificate || revision === undefined || !superencrypted)
    return reader.fail('something in it is missing')
  const signed = joinBytes([asciiBytes(SIGNATURE_PREFIX), textBytes(reader, text.slice(0, reader.start))])
  if (!(await platform.verifyEd25519(signature, signed, certificate.key))) reader.fail('its signature is wrong')
  return { lifetime, signingKey: certificate.key, expires: certificate.expires, revision, superencrypted }
}

/** 64 bytes in base64 without padding, and nothing else on the line. */
function signatureIn(reader: DocumentReader): Uint8Array {
  const bytes = /^[A-Za-z0-9+/]{86}$/.test(reader.rest) ? decodeBase64(reader.rest) : undefined
  return bytes ?? reader.fail('its signature is none')
}

/** A whole number of 64 bits. */
function parseRevision(text: string | undefined): bigint | undefined {
  if (text === undefined || !/^(0|[1-9]\d{0,19})$/.test(text)) return undefined
  const value = BigInt(text)
  return value <= LARGEST_REVISION ? value : undefined
}

function textBytes(reader: DocumentReader, text: string): Uint8Array {
  try {
    return asciiBytes(text)
  } catch (cause) {
    return reader.fail('it has other characters than ASCII', cause)
  }
}
