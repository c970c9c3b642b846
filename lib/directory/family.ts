/**
 * Which relays a relay says it shares an operator with (dir-spec section 2.1.1, "family"; section 3.3; proposal 321 for
 * "family-ids"). A family by fingerprints holds only where both relays name each other: that is for whoever chooses
 * paths.
 *
 * @module
 */
import { ownText } from './text/encoding.ts'
import { parseFingerprint } from './text/fields.ts'

/** The most members that are read. A relay's whole descriptor has room for half as many fingerprints. */
const MAX_MEMBERS = 1000

/**
 * The members that a `family` line names: fingerprints of 40 hex digits in upper case, without `$` and without a name
 * behind them, and nicknames in lower case. Other members say nothing to this version and are passed over. The result
 * keeps nothing of `text`.
 */
export function parseFamily(text: string): string[] {
  const members = new Set<string>()
  for (const word of text.split(/[ \t]+/, MAX_MEMBERS)) {
    const member = word.startsWith('$') ? parseFingerprint(/^\$([^=~]*)/.exec(word)?.[1]) : parseNickname(word)
    if (member !== undefined) members.add(member)
  }
  return [...members]
}

const parseNickname = (word: string): string | undefined =>
  /^[A-Za-z0-9]{1,19}$/.test(word) ? ownText(word.toLowerCase()) : undefined

/** Whom a `family` line may name. */
export interface FamilyMember {
  /** 40 hex digits in upper case. */
  readonly fingerprint: string
  /** 1 to 19 letters and digits, in any case. */
  readonly nickname: string
}

/**
 * True when the relay is among the members that a `family` line names. Families have hundreds of members who all name each
 * other: a line is read only where the relay may be in it.
 */
export function namesInFamily(text: string, { fingerprint, nickname }: FamilyMember): boolean {
  const upper = text.toUpperCase()
  if (!upper.includes(fingerprint) && !upper.includes(nickname.toUpperCase())) return false
  const members = parseFamily(text)
  return members.includes(fingerprint) || members.includes(nickname.toLowerCase())
}
