/**
 * Extensions and names of certificates, as DER (RFC 5280, section 4.2).
 *
 * @module
 */
import { derObjectId, derSequence, derText, derValue } from '../../../lib/testing/identity/der.ts'
import { latin1 } from '../../cell/support/bytes.ts'

/** The last byte of the identifiers of extensions under 2.5.29. */
export const ExtensionId = {
  SUBJECT_KEY: 14,
  KEY_USAGE: 15,
  SUBJECT_NAMES: 17,
  BASIC_CONSTRAINTS: 19,
  NAME_CONSTRAINTS: 30,
  POLICIES: 32,
  AUTHORITY_KEY: 35,
  POLICY_CONSTRAINTS: 36,
  PURPOSES: 37,
} as const

const TRUE = Uint8Array.of(1, 1, 0xff)

/** An Extension. */
export const extension = (id: number | Uint8Array, value: Uint8Array, critical = false): Uint8Array =>
  derSequence(
    typeof id === 'number' ? derObjectId(0x55, 0x1d, id) : id,
    ...(critical ? [TRUE] : []),
    derValue(0x04, value),
  )

/** basicConstraints of an authority, or of none. */
export const basicConstraints = (isAuthority: boolean, pathLength?: number): Uint8Array =>
  extension(
    ExtensionId.BASIC_CONSTRAINTS,
    derSequence(
      ...(isAuthority ? [TRUE] : []),
      ...(pathLength === undefined ? [] : [derValue(0x02, Uint8Array.of(pathLength))]),
    ),
    true,
  )

/** Bits of keyUsage in its first byte. */
export const Usage = { DIGITAL_SIGNATURE: 0x80, KEY_ENCIPHERMENT: 0x20, KEY_CERT_SIGN: 0x04, CRL_SIGN: 0x02 } as const

/** keyUsage of these bits. */
export const keyUsage = (bits: number): Uint8Array => {
  const unused = 31 - Math.clz32(bits & -bits)
  return extension(ExtensionId.KEY_USAGE, derValue(0x03, Uint8Array.of(unused, bits)), true)
}

/** Purposes of extendedKeyUsage. */
export const Purposes = {
  SERVER: derObjectId(0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01),
  CLIENT: derObjectId(0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x02),
  ANY: derObjectId(0x55, 0x1d, 0x25, 0x00),
} as const

/** extendedKeyUsage. */
export const purposes = (...ids: readonly Uint8Array[]): Uint8Array =>
  extension(ExtensionId.PURPOSES, derSequence(...ids))

/** A dNSName. */
export const dns = (name: string): Uint8Array => derValue(0x82, latin1(name))
/** An rfc822Name. */
export const email = (name: string): Uint8Array => derValue(0x81, latin1(name))
/** An iPAddress, in a constraint with its mask. */
export const ip = (...bytes: readonly number[]): Uint8Array => derValue(0x87, Uint8Array.from(bytes))
/** A uniformResourceIdentifier. */
export const uri = (text: string): Uint8Array => derValue(0x86, latin1(text))
/** A directoryName. */
export const directory = (name: Uint8Array): Uint8Array => derValue(0xa4, name)

/** subjectAltName. */
export const names = (...each: readonly Uint8Array[]): Uint8Array =>
  extension(ExtensionId.SUBJECT_NAMES, derSequence(...each))

/** nameConstraints. */
export const nameConstraints = (
  { permitted = [], excluded = [] }: { permitted?: readonly Uint8Array[]; excluded?: readonly Uint8Array[] },
  critical = true,
): Uint8Array => {
  const subtrees = (tag: number, bases: readonly Uint8Array[]): Uint8Array[] =>
    bases.length === 0 ? [] : [derValue(tag, ...bases.map((base) => derSequence(base)))]
  const value = derSequence(...subtrees(0xa0, permitted), ...subtrees(0xa1, excluded))
  return extension(ExtensionId.NAME_CONSTRAINTS, value, critical)
}

/** An attribute of a name: 3 is the common name, 10 the organization. */
export const attribute = (type: number, value: Uint8Array): Uint8Array =>
  derSequence(derObjectId(0x55, 0x04, type), value)

/** A Name of relative names, each of one or several attributes. */
export const nameOf = (...relative: readonly (readonly Uint8Array[])[]): Uint8Array<ArrayBuffer> =>
  derSequence(...relative.map((attributes) => derValue(0x31, ...attributes)))

/** A Name of a common name alone. */
export const commonName = (text: string): Uint8Array<ArrayBuffer> => nameOf([attribute(3, derText(text))])
