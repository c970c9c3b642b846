/**
 * What the authorities found out about a relay (dir-spec section 3.4.1, "s"; section 3.4.2), as bits of one number.
 *
 * @module
 */

/** The flags that clients look at; `relay.flags & RelayFlag.Exit`. Others in a consensus are passed over. */
export const RelayFlag = {
  /** It is a directory authority. */
  Authority: 1,
  /** It is useless as an exit, whatever its policy says. */
  BadExit: 2,
  /** It is useful as an exit. */
  Exit: 4,
  /** It is fit for circuits that carry much. */
  Fast: 8,
  /** It is fit to be an entry guard. */
  Guard: 16,
  /** It keeps descriptors of onion services. */
  HSDir: 32,
  /** It is to be used as a middle relay only. */
  MiddleOnly: 64,
  /** The authorities do not agree on its Ed25519 identity: that of its microdescriptor does not hold. */
  NoEdConsensus: 128,
  /** It can be reached. */
  Running: 256,
  /** It is fit for circuits that last long. */
  Stable: 512,
  /** It has not published a descriptor lately. */
  StaleDesc: 1024,
  /** It is one of too many at one address. */
  Sybil: 2048,
  /** It serves directory documents over its OR port. */
  V2Dir: 4096,
  /** The authorities have validated it. */
  Valid: 8192,
} as const

/** Any of the bits of {@link RelayFlag}. */
export type RelayFlags = number

const BITS: ReadonlyMap<string, number> = /* @__PURE__ */ new Map(/* @__PURE__ */ Object.entries(RelayFlag))

/** The bits of the flags that these words name. */
export function parseFlags(words: readonly string[]): RelayFlags {
  let flags = 0
  for (const word of words) flags |= BITS.get(word) ?? 0
  return flags
}

/** The names of the flags, in the order of the alphabet. */
export function flagNames(flags: RelayFlags): string[] {
  return [...BITS].filter(([, bit]) => (flags & bit) !== 0).map(([name]) => name)
}
