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

const TAB = 9
const SPACE = 32
const DOLLAR = 36
const EQUALS = 61
const TILDE = 126

/** How much a small letter's code is above that of the capital. */
const CASE = 32

/** Whom a `family` line may name. */
export interface FamilyMember {
  /** 40 hex digits in upper case. */
  readonly fingerprint: string
  readonly nickname: string
}

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

/**
 * True when the arguments of a `family` line name the relay, as {@link parseFamily} reads them: without a copy, as families
 * have hundreds of members who all name each other.
 */
export function namesInFamily(line: Uint8Array, { fingerprint, nickname }: FamilyMember): boolean {
  const separator = line.includes(TAB) ? TAB : SPACE
  for (let at = 0, words = 0; at < line.length && words < MAX_MEMBERS;) {
    let end = line.indexOf(SPACE, at)
    if (end === -1) end = line.length
    if (separator === TAB) end = Math.min(end, tabFrom(line, at))
    if (end > at) words++
    if (line[at] === DOLLAR ? isFingerprint(line, at + 1, end, fingerprint) : isText(line, at, end, nickname))
      return true
    at = end + 1
  }
  return false
}

/** Where the next tab is; behind the line without one. */
function tabFrom(line: Uint8Array, from: number): number {
  const tab = line.indexOf(TAB, from)
  return tab === -1 ? line.length : tab
}

/** True when a word is this fingerprint, with or without a name behind it. */
function isFingerprint(line: Uint8Array, start: number, end: number, fingerprint: string): boolean {
  const rest = start + fingerprint.length
  const isWhole = end === rest || (end > rest && (line[rest] === EQUALS || line[rest] === TILDE))
  return isWhole && isText(line, start, rest, fingerprint)
}

/** True when a word is this text of letters and digits, whichever is written in capitals. */
function isText(line: Uint8Array, start: number, end: number, text: string): boolean {
  if (end - start !== text.length) return false
  for (let at = 0; at < text.length; at++)
    if (folded(line[start + at] as number) !== folded(text.charCodeAt(at))) return false
  return true
}

/** The code of the small letter; other codes as they are. */
const folded = (code: number): number => (code >= 65 && code <= 90 ? code + CASE : code)
