/**
 * Writes microdescriptors (dir-spec, "Computing microdescriptors"), in the order of items of consensus method 35.
 *
 * @module
 */
import { sha256 } from '@noble/hashes/sha2.js'
import { base64Unpadded, pemObject, textBytes } from './document-text.ts'

/** The policy of a relay that is no exit: its line is left out. */
export const REJECT_ALL = 'reject 1-65535'

/** What a microdescriptor says. */
export interface MicrodescriptorContent {
  /** The relay's ntor onion key, 32 bytes. */
  readonly ntorOnionKey: Uint8Array
  /** The relay's Ed25519 identity, 32 bytes; the line is left out without one. */
  readonly ed25519Identity?: Uint8Array | undefined
  /** An RSA key as DER in the place of the old TAP onion key; without one `onion-key` stands alone. */
  readonly tapKey?: Uint8Array | undefined
  /** The entries of the `family` line, `$` and a fingerprint each, or a nickname. */
  readonly family?: readonly string[] | undefined
  /** The entries of the `family-ids` line, `ed25519:` and base64 each. */
  readonly familyIds?: readonly string[] | undefined
  /** The summary of the exit policy, as `accept 80,443`; {@link REJECT_ALL} by default. */
  readonly exitPolicy?: string | undefined
  /** The same for IPv6; the line is left out by default. */
  readonly exitPolicyIPv6?: string | undefined
}

/** A microdescriptor and the name that a consensus has for it. */
export interface WrittenMicrodescriptor {
  /** Its text, the last newline included. */
  readonly text: string
  /** The SHA-256 of the text as base64 without padding: what the `m` line says. */
  readonly digest: string
}

/** Writes one. */
export function writeMicrodescriptor(content: MicrodescriptorContent): WrittenMicrodescriptor {
  const {
    ntorOnionKey,
    ed25519Identity,
    tapKey,
    family = [],
    familyIds = [],
    exitPolicy = REJECT_ALL,
    exitPolicyIPv6,
  } = content
  const text = [
    'onion-key\n',
    tapKey === undefined ? '' : pemObject('RSA PUBLIC KEY', tapKey),
    `ntor-onion-key ${base64Unpadded(ntorOnionKey)}\n`,
    family.length === 0 ? '' : `family ${family.join(' ')}\n`,
    familyIds.length === 0 ? '' : `family-ids ${familyIds.join(' ')}\n`,
    exitPolicy === REJECT_ALL ? '' : `p ${exitPolicy}\n`,
    exitPolicyIPv6 === undefined || exitPolicyIPv6 === REJECT_ALL ? '' : `p6 ${exitPolicyIPv6}\n`,
    ed25519Identity === undefined ? '' : `id ed25519 ${base64Unpadded(ed25519Identity)}\n`,
  ].join('')
  return { text, digest: base64Unpadded(sha256(textBytes(text))) }
}
