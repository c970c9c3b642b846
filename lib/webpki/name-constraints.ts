/**
 * Which names an authority may issue for (RFC 5280, section 4.2.1.10).
 *
 * @module
 */
import type { DerReader } from '../crypto/der.ts'
import { isHostName } from './host-name.ts'
import { readGeneralName, type GeneralName } from './general-name.ts'

/** Subtrees of names. */
export interface NameConstraints {
  readonly permitted: readonly GeneralName[]
  readonly excluded: readonly GeneralName[]
}

/** Reads the extension. */
export function readNameConstraints(reader: DerReader): NameConstraints {
  const fields = reader.sequence()
  const permitted = readSubtrees(fields.optional(0xa0))
  const excluded = readSubtrees(fields.optional(0xa1))
  fields.end()
  if (permitted.length + excluded.length === 0) fields.fail('it constrains nothing')
  return { permitted, excluded }
}

function readSubtrees(list: DerReader | undefined): GeneralName[] {
  const subtrees: GeneralName[] = []
  while (list?.nextTag !== undefined) {
    const subtree = list.sequence()
    const base = readGeneralName(subtree)
    subtree.end() // minimum is zero by default, maximum absent: nothing else is allowed
    if (!isUsable(base)) subtree.fail('it has a subtree that makes no sense')
    subtrees.push(base)
  }
  return subtrees
}

function isUsable(base: GeneralName): boolean {
  switch (base.kind) {
    case 'dns':
      return base.text === '' || isHostName(base.text)
    case 'email':
      return isHostName(base.text.replace(/^[^@]*@|^\./, ''))
    case 'ip':
      return (base.bytes.length === 8 || base.bytes.length === 32) && isPrefixMask(base.bytes)
    default:
      return true
  }
}

/** The mask, the second half, is ones and then zeros (RFC 4632). */
function isPrefixMask(bytes: Uint8Array): boolean {
  const bits = Array.from(bytes.subarray(bytes.length / 2), (byte) => byte.toString(2).padStart(8, '0')).join('')
  return /^1*0*$/.test(bits)
}

/**
 * True when an authority with these constraints may issue for `name`.
 *
 * @param count - called for each comparison: whoever counts may throw
 */
export function isAllowed(name: GeneralName, { permitted, excluded }: NameConstraints, count: () => void): boolean {
  for (const subtree of excluded) {
    count()
    if (isWithin(name, subtree, false)) return false
  }
  let isConstrained = false
  for (const subtree of permitted) {
    count()
    if (isWithin(name, subtree, true)) return true
    isConstrained ||= isOfOneKind(name, subtree)
  }
  return !isConstrained
}

function isOfOneKind(name: GeneralName, subtree: GeneralName): boolean {
  if (name.kind === 'other' && subtree.kind === 'other') return name.tag === subtree.tag
  return name.kind === subtree.kind
}

/** @param whole - a wildcard must be within with all that it matches; otherwise one of these is enough */
function isWithin(name: GeneralName, subtree: GeneralName, whole: boolean): boolean {
  if (name.kind === 'dns' && subtree.kind === 'dns') return isDnsWithin(name.text, subtree.text, whole)
  if (name.kind === 'email' && subtree.kind === 'email') return isEmailWithin(name.text, subtree.text, whole)
  if (name.kind === 'ip' && subtree.kind === 'ip') return isAddressWithin(name.bytes, subtree.bytes)
  if (name.kind === 'directory' && subtree.kind === 'directory') {
    return subtree.parts.every((part, index) => part === name.parts[index])
  }
  // Nothing is known of what such a name means: it is excluded where its kind is constrained, and never permitted.
  return isOfOneKind(name, subtree) && !whole
}

function isDnsWithin(host: string, base: string, whole: boolean): boolean {
  if (base === '' || host === base || host.endsWith(`.${base}`)) return true
  if (whole || !host.startsWith('*.')) return false
  // `*.example.com` matches `a.example.com`, and so touches a subtree of that name.
  return base.slice(base.indexOf('.') + 1) === host.slice(2)
}

function isEmailWithin(name: string, subtree: string, whole: boolean): boolean {
  const at = name.lastIndexOf('@')
  // What is no mailbox (RFC 5321, section 4.1.2) is excluded by any subtree, and permitted by none.
  if (!isLocalPart(name.slice(0, Math.max(at, 0))) || !isHostName(name.slice(at + 1))) return !whole
  if (subtree.includes('@')) return name === subtree
  return subtree.startsWith('.') ? name.endsWith(subtree) : name.slice(at + 1) === subtree
}

/** Only a quoted one has an `@`. */
const isLocalPart = (text: string): boolean =>
  text.includes('@') ? text.length > 2 && text.startsWith('"') && text.endsWith('"') : text !== ''

function isAddressWithin(address: Uint8Array, subtree: Uint8Array): boolean {
  const size = subtree.length / 2
  if (address.length !== size) return false
  return address.every((byte, index) => {
    const mask = subtree[size + index] as number
    return (byte & mask) === ((subtree[index] as number) & mask)
  })
}
