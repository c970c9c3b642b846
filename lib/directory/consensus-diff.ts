/**
 * Consensus diffs (dir-spec, "Consensus diffs"): what a newer consensus has otherwise than one that is there, as commands of ed.
 * A diff proves nothing. It is held against the digests that it names, and what comes of it is a consensus like any other, to be
 * verified as such.
 *
 * All of it is done on bytes: what stays is copied as it stands, many lines at once, and nothing is decoded.
 *
 * @module
 */
import { EditScript, malformed } from './edit-script.ts'
import { encodeHex } from './text/encoding.ts'
import { HASHED_A_SLICE, hashText, type TextHash } from './text/hash-text.ts'
import { READ_A_SLICE, type SliceOptions, Slices } from '../base/waiting/slices.ts'

/** A consensus that a diff is from. */
export interface DiffBase {
  readonly bytes: Uint8Array
  /** See {@link digestAsSigned}. */
  readonly digest: string
}

/** How a diff is applied. */
export interface DiffOptions extends SliceOptions {
  /** Makes a hash by SHA3-256. */
  readonly newHash: () => TextHash
  /** The most bytes of the result. */
  readonly limit: number
}

const BEGINNING = 'network-status-diff-version'
const HEAD = /^network-status-diff-version 1\nhash ([0-9A-Fa-f]{64}) ([0-9A-Fa-f]{64})\n/

/** What is signed ends behind the first of these (dir-spec, "directory-signature"), the space included; they follow this. */
const SIGNATURE = 'directory-signature '
const FOOTER = 'directory-footer'

const NEWLINE = 10

/** True for an answer that is a diff, good or not. */
export const isConsensusDiff = (text: string): boolean => text.startsWith(BEGINNING)

/** The SHA3-256 of what is signed of a consensus, in hex: by that it is named as a base. Undefined when nothing is signed. */
export async function digestAsSigned(
  consensus: Uint8Array,
  newHash: () => TextHash,
  options: SliceOptions = {},
): Promise<string | undefined> {
  const slices = new Slices(READ_A_SLICE, options)
  let signed: number | undefined
  // From the end: nothing else follows the first signature of a consensus that can be read.
  for (let end = consensus.length; end > 0;) {
    const start = end > 1 ? consensus.lastIndexOf(NEWLINE, end - 2) + 1 : 0
    if (beginsWith(consensus, start, SIGNATURE)) signed = start + SIGNATURE.length
    else if (beginsWith(consensus, start, FOOTER)) break
    if (slices.isFull(end - start)) await slices.pause()
    end = start
  }
  return signed === undefined ? undefined : encodeHex(await hashText(newHash(), consensus, signed, options))
}

function beginsWith(bytes: Uint8Array, at: number, line: string): boolean {
  for (let index = 0; index < line.length; index++) if (bytes[at + index] !== line.charCodeAt(index)) return false
  return true
}

/**
 * The consensus that comes of a diff.
 *
 * @throws TorError `DIRECTORY_MALFORMED`, as rejection, when it is not one, not from this base, or does not come to what it promises
 */
export async function applyConsensusDiff(
  diff: string,
  base: DiffBase,
  options: DiffOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  const [head, before, after] = HEAD.exec(diff) ?? []
  if (head === undefined || before === undefined || after === undefined)
    throw malformed('it begins with something else')
  if (before.toUpperCase() !== base.digest) throw malformed('it is from another consensus')
  const script = new EditScript(diff.slice(head.length), base.bytes)
  const slices = new Slices(1, options)
  while (!script.read()) await slices.pause()
  while (!script.locate()) await slices.pause()
  if (script.size > options.limit) throw malformed(`what comes of it has more than ${options.limit} bytes`)
  const hash = options.newHash()
  const result = new Uint8Array(script.size)
  for (let at = 0; at < result.length; at += HASHED_A_SLICE) {
    await slices.pause()
    const most = Math.min(at + HASHED_A_SLICE, result.length)
    script.write(result, at, most)
    hash.update(result.subarray(at, most))
  }
  if (encodeHex(hash.digest()) !== after.toUpperCase()) throw malformed('what comes of it is not what it promises')
  return result
}
