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
    while (list.nextTag !== undefined) {
      const extension = list.sequence()
      const type = extension.objectIdentifier()
      const critical = extension.nextTag === DerTag.BOOLEAN ? extension.boolean() : undefined
      if (critical === false) extension.fail('it writes a default value') // DER has none of those (X.690, 11.5)
      const value = extension.contents(DerTag.OCTET_STRING)
      extension.end()
      if (found.has(type)) extension.fail('it has an extension twice')
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
  const basic = read('basicConstraints', readBasicConstraints)
  const known = new Set<string>(Object.values(TYPES))
  return {
    isAuthority: basic?.isAuthority,
    pathLength: basic?.pathLength,
    keyUsage: read('keyUsage', readKeyUsage),
    purposes: read('extendedKeyUsage', readPurposes),
    names: read('subjectAltName', readNames),
    nameConstraints: read('nameConstraints', readNameConstraints),
    authorityKeyId: read('authorityKeyIdentifier', readAuthorityKeyId),
    subjectKeyId: read('subjectKeyIdentifier', (reader) => reader.contents(DerTag.OCTET_STRING)),
    hasUnknownCritical: [...found].some(([type, { critical }]) => critical && !known.has(type)),
  }
}

/**
 * The extensions that are known, under 2.5.29 (id-ce). Policies are accepted as they are, in any number of mappings: no
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
} as const

function readBasicConstraints(reader: DerReader): { isAuthority: boolean; pathLength: number | undefined } {
  const constraints = reader.sequence()
  const says = constraints.nextTag === DerTag.BOOLEAN ? constraints.boolean() : undefined
  if (says === false) constraints.fail('it writes a default value')
  let pathLength: number | undefined
  if (constraints.nextTag === DerTag.INTEGER) {
    const [first = 0x80, ...more] = constraints.contents(DerTag.INTEGER)
    if (first >= 0x80 || more.length > 0) constraints.fail('it has no usable path length')
    if (says !== true) constraints.fail('it has a path length and is no authority')
    pathLength = first
  }
  constraints.end()
  return { isAuthority: says === true, pathLength }
}

function readKeyUsage(reader: DerReader): number {
  const [unused = 8, high = 0, low = 0, ...more] = reader.contents(DerTag.BIT_STRING)
  const bits = (high << 8) | low
  if (unused > 7 || bits === 0 || more.length > 0) reader.fail('it says no usage')
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
    names.push(readGeneralName(list))
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
