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
