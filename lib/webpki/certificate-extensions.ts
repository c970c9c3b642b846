/**
 * The extensions of a certificate (RFC 5280, section 4.2).
 *
 * @module
 */
import { DerReader, DerTag } from '../crypto/der.ts'
import { readGeneralName, type GeneralName } from './general-name.ts'
import { readNameConstraints, type NameConstraints } from './name-constraints.ts'

/** What the extensions of a certificate say, as far as its path depends on it. */
export interface CertificateExtensions {
  /** Whether it may issue (basicConstraints, 4.2.1.9); undefined when it does not say. */
  readonly isAuthority: boolean | undefined
  /** How many intermediate certificates may follow it; undefined for any number. */
  readonly pathLength: number | undefined
  /** Bits of keyUsage (4.2.1.3), the first one highest; undefined for all. */
  readonly keyUsage: number | undefined
  /** Object identifiers of extendedKeyUsage (4.2.1.12) as hex digits; undefined for all. */
  readonly purposes: readonly string[] | undefined
  /** Who it is for (4.2.1.6); undefined when it does not say. */
  readonly names: readonly GeneralName[] | undefined
  /** That must be understood: they stand in place of a subject. */
  readonly hasCriticalNames: boolean
  readonly nameConstraints: NameConstraints | undefined
  /** The key that it says its issuer has (4.2.1.1), and its own (4.2.1.2): no more than hints. */
  readonly authorityKeyId: Uint8Array | undefined
  readonly subjectKeyId: Uint8Array | undefined
  /** It has a critical extension that is not known here. */
  readonly hasUnknownCritical: boolean
}

/** Bits of {@link CertificateExtensions.keyUsage}. */
export const KeyUsage = { DIGITAL_SIGNATURE: 0x8000, KEY_CERT_SIGN: 0x0400 } as const

/** Purposes of {@link CertificateExtensions.purposes}. */
export const Purpose = { ANY: '551d2500', SERVER: '2b06010505070301' } as const

/** The most names of one certificate. The largest of the web have a few hundred. */
const MAX_NAMES = 2_000

/** Reads the block of extensions; a certificate without one has none. */
export function readExtensions(block: DerReader | undefined): CertificateExtensions {
  const found = new Map<string, { readonly critical: boolean; readonly value: Uint8Array }>()
  if (block !== undefined) {
    const list = block.sequence()
    block.end()
    if (list.nextTag === undefined) list.fail('its list of extensions is empty')
    while (list.nextTag !== undefined) {
      const extension = list.sequence()
      const type = extension.objectIdentifier()
      const critical = extension.nextTag === DerTag.BOOLEAN ? extension.boolean() : undefined
      if (critical === false) extension.fail('it writes a default value') // DER has none of those (X.690, 11.5)
      const value = extension.contents(DerTag.OCTET_STRING)
      extension.end()
      if (found.has(type)) extension.fail('it has an extension twice')
      const isRight = mustBeCritical(type) ?? critical === true
      if (isRight !== (critical === true)) extension.fail('it has an extension that must be critical, or must not be')
      found.set(type, { critical: critical === true, value })
    }
  }
  const read = <T>(type: keyof typeof TYPES, reading: (reader: DerReader) => T): T | undefined => {
    const extension = found.get(TYPES[type])
    if (extension === undefined) return undefined
    const reader = new DerReader(extension.value, type)
    const value = reading(reader)
    reader.end()
    return value
  }
  read('authorityInfoAccess', checkInfoAccess)
  const basic = read('basicConstraints', readBasicConstraints)
  const known = new Set<string>(Object.values(TYPES))
  const names = read('subjectAltName', readNames)
  return {
    isAuthority: basic?.isAuthority,
    pathLength: basic?.pathLength,
    keyUsage: read('keyUsage', readKeyUsage),
    purposes: read('extendedKeyUsage', readPurposes),
    names,
    hasCriticalNames: found.get(TYPES.subjectAltName)?.critical === true,
    nameConstraints: read('nameConstraints', readNameConstraints),
    authorityKeyId: read('authorityKeyIdentifier', readAuthorityKeyId),
    subjectKeyId: read('subjectKeyIdentifier', (reader) => reader.contents(DerTag.OCTET_STRING)),
    hasUnknownCritical: [...found].some(([type, { critical }]) => critical && !known.has(type)),
  }
}

/**
 * The extensions that are known, most of them under 2.5.29 (id-ce). Policies are accepted as they are, in any number of mappings: no
 * policy is asked for (RFC 5280, section 6.1.1 with any-policy).
 */
const TYPES = {
  subjectKeyIdentifier: '551d0e',
  keyUsage: '551d0f',
  subjectAltName: '551d11',
  basicConstraints: '551d13',
  nameConstraints: '551d1e',
  certificatePolicies: '551d20',
  authorityKeyIdentifier: '551d23',
  policyConstraints: '551d24',
  extendedKeyUsage: '551d25',
  authorityInfoAccess: '2b06010505070101',
} as const

/** Undefined where both are allowed, or usual. */
function mustBeCritical(type: string): boolean | undefined {
  switch (type) {
    case TYPES.subjectKeyIdentifier:
    case TYPES.authorityKeyIdentifier:
    case TYPES.authorityInfoAccess:
      return false
    case TYPES.policyConstraints:
      return true
    default:
      return undefined
  }
}

function readBasicConstraints(reader: DerReader): { isAuthority: boolean; pathLength: number | undefined } {
  const constraints = reader.sequence()
  const says = constraints.nextTag === DerTag.BOOLEAN ? constraints.boolean() : undefined
  if (says === false) constraints.fail('it writes a default value')
  let pathLength: number | undefined
  if (constraints.nextTag === DerTag.INTEGER) {
    const bytes = constraints.contents(DerTag.INTEGER)
    const [first = 0x80, second = 0x80] = bytes
    if (first >= 0x80 || (first === 0 && second < 0x80)) constraints.fail('it has no usable path length')
    if (says !== true) constraints.fail('it has a path length and is no authority')
    pathLength = bytes.reduce((sum, byte) => sum * 256 + byte, 0)
  }
  constraints.end()
  return { isAuthority: says === true, pathLength }
}

function readKeyUsage(reader: DerReader): number {
  const bytes = reader.contents(DerTag.BIT_STRING)
  const [unused = 8, high = 0, low = 0] = bytes
  const bits = (high << 8) | low
  if (unused > 7 || bits === 0 || bytes.length > 3) reader.fail('it says no usage')
  if (((bytes.at(-1) as number) & ((1 << unused) - 1)) !== 0) reader.fail('it has bits that are none') // X.690, 11.2.1
  return bits
}

function readPurposes(reader: DerReader): string[] {
  const list = reader.sequence()
  const purposes: string[] = []
  while (list.nextTag !== undefined) purposes.push(list.objectIdentifier())
  if (purposes.length === 0) list.fail('it names no purpose')
  return purposes
}

function readNames(reader: DerReader): GeneralName[] {
  const list = reader.sequence()
  const names: GeneralName[] = []
  while (list.nextTag !== undefined) {
    if (names.length === MAX_NAMES) list.fail(`it has more than ${MAX_NAMES} names`)
    const name = readGeneralName(list)
    if (name.kind === 'ip' && name.bytes.length !== 4 && name.bytes.length !== 16) list.fail('an address in it is none')
    names.push(name)
  }
  if (names.length === 0) list.fail('it has no name')
  return names
}

function readAuthorityKeyId(reader: DerReader): Uint8Array | undefined {
  const fields = reader.sequence()
  const keyId = fields.nextTag === 0x80 ? fields.contents(0x80) : undefined
  for (const other of [0xa1, 0x82]) fields.optional(other)
  fields.end()
  return keyId
}

/** Where to ask about the certificate (section 4.2.2.1). Nobody is asked; it must be well-formed all the same. */
function checkInfoAccess(reader: DerReader): void {
  const list = reader.sequence()
  if (list.nextTag === undefined) list.fail('its access to information is empty')
  while (list.nextTag !== undefined) {
    const description = list.sequence()
    description.objectIdentifier()
    readGeneralName(description)
    description.end()
  }
}
