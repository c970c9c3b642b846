/**
 * The lies that a directory server of a test network can tell, by name. What none of them does, `TestRelay.serve` can.
 *
 * @module
 */
import type { DirectoryAnswer, HttpRequest } from './directory-http.ts'
import type { LinkAddress } from '../../platform/links/transport.ts'
import type { Clock } from '../../base/waiting/clock.ts'
import type { Relay } from '../../relay.ts'
import type { RandomSource } from '../identity/random.ts'
import type { RelayIdentity } from '../identity/relay-identity.ts'
import type { RelayListing } from './relay-listing.ts'

/**
 * Documents that are not what they should be. They come well-formed and whole.
 *
 * Consensus:
 *
 * - `expired`: of the past, signed well; it ceased to be valid 25 hours ago or a little more
 * - `future`: of a time to come, signed well; it becomes valid in 25 hours or a little more
 * - `altered`: changed after it was signed: its first relay has another bandwidth
 * - `forged-signatures`: one bit of each signature is wrong
 * - `minority`: signed well, by half of the authorities or fewer
 * - `repeated-signature`: signed well by one authority, as many times as there are authorities
 * - `unknown-authorities`: signed well by others, whose certificates are to be had
 * - `impostors`: signed in the authorities' names with others' keys; the certificates too are in the authorities'
 *   names, and signed with the others' identity keys
 * - `other-certificates`: the same, but that the certificates asked for turn out to be the others' own, and true as
 *   such
 *
 * Certificates; the consensus is true:
 *
 * - `expired-certificates`: signed well, over since two days
 * - `forged-certificates`: one bit of the identity key's signature is wrong
 * - `uncrossed-certificates`: one bit of the signing key's signature over the identity key is wrong
 *
 * Microdescriptors; the consensus is true:
 *
 * - `altered-microdescriptors`: with another ntor onion key in each
 * - `swapped-microdescriptors`: that of another relay for each
 */
export type DocumentLie =
  | 'expired'
  | 'future'
  | 'altered'
  | 'forged-signatures'
  | 'minority'
  | 'repeated-signature'
  | 'unknown-authorities'
  | 'impostors'
  | 'other-certificates'
  | 'expired-certificates'
  | 'forged-certificates'
  | 'uncrossed-certificates'
  | 'altered-microdescriptors'
  | 'swapped-microdescriptors'

/**
 * True documents that do not arrive as they should:
 *
 * - `hang`: nothing is ever answered
 * - `stall`: half of the body comes, then nothing and no end
 * - `reset`: half of the body comes, then the stream ends with CONNRESET
 * - `truncated`: half of the body comes, then the stream ends in good order; `Content-Length` tells
 * - `empty`: 200, and no body
 * - `oversized`: the document, uncompressed, then lines without end
 * - `bomb`: zlib that inflates to 128 MiB
 * - `garbage`: a body of random bytes
 * - `not-http`: random bytes from the start
 * - `endless-header`: header lines without end
 * - `busy`: 503
 * - `not-found`: 404
 */
export type TransferLie =
  | 'hang'
  | 'stall'
  | 'reset'
  | 'truncated'
  | 'empty'
  | 'oversized'
  | 'bomb'
  | 'garbage'
  | 'not-http'
  | 'endless-header'
  | 'busy'
  | 'not-found'

/** The consensus of another time, signed well. */
export interface TimeLie {
  /** That time, in ms since the epoch. */
  readonly consensusAt: number
}

/** The answer comes little by little: 498 bytes, one cell, at a time. */
export interface SlowLie {
  /** How long each piece takes, in ms. */
  readonly slow: number
}

/** One lie. */
export type DirectoryLie = DocumentLie | TransferLie | TimeLie | SlowLie

/** A lie for every request, or one that depends on the request. Undefined is the truth. */
export type DirectoryLieChoice = DirectoryLie | ((request: DirectoryRequest) => DirectoryLie | undefined) | undefined

/** A request to a relay's directory. */
export interface DirectoryRequest extends HttpRequest {
  /** What it asks for, by its path. */
  readonly kind: 'consensus' | 'certificates' | 'microdescriptors' | 'other'
  /** Who is asked. */
  readonly relay: DirectoryRelay
}

/** A relay as the directory sees it: what it tells of it, and what is served by it. A `TestRelay` is one. */
export interface DirectoryRelay {
  /** `test1` and so on, for people. */
  readonly nickname: string
  /** Where it listens. */
  readonly address: LinkAddress
  /** Where it listens as well, if anywhere. */
  readonly ipv6Address: LinkAddress | undefined
  /** What clients need to dial it and to extend to it. */
  readonly description: Relay
  /** What the directory says of it beside keys and addresses. */
  readonly listing: RelayListing
  /** Whether the directory has it at all. */
  listed: boolean
  /** How far its clock is ahead of the true time, in ms. */
  clockSkew: number
  /** What its directory lies about, in place of what every relay lies about. */
  lie: DirectoryLieChoice
  /** Answers requests to its directory; `usual` makes the answer that it would give otherwise, its lies included. */
  serve:
    | ((request: DirectoryRequest, usual: () => Promise<DirectoryAnswer>) => DirectoryAnswer | Promise<DirectoryAnswer>)
    | undefined
  /** The identity of the authority that it is, if it is one. @internal */
  readonly v3Identity: string | undefined
  /** The keys that the directory tells: those it began with. @internal */
  readonly published: RelayIdentity
  /** Whether it says of itself that it answers BEGIN_DIR. @internal */
  readonly isDirectory: boolean
  /** @internal */
  readonly clock: Clock
  /** @internal */
  readonly random: RandomSource
  /** @internal */
  readonly observer: { notify(): void }
}

const TRANSFER_LIES: ReadonlySet<unknown> = new Set<TransferLie>([
  'hang',
  'stall',
  'reset',
  'truncated',
  'empty',
  'oversized',
  'bomb',
  'garbage',
  'not-http',
  'endless-header',
  'busy',
  'not-found',
])

/** Whether it is about the transfer, the documents being true. @internal */
export const isTransferLie = (lie: DirectoryLie): lie is TransferLie | SlowLie =>
  typeof lie === 'object' ? 'slow' in lie : TRANSFER_LIES.has(lie)
