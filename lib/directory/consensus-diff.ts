/**
 * Consensus diffs (dir-spec, "Consensus diffs"): what a newer consensus has otherwise than one that is there, as commands of ed.
 * A diff proves nothing. It is held against the digests that it names, and what comes of it is a consensus like any other, to be
 * verified as such.
 *
 * @module
 */
import { TorError } from '../base/errors.ts'
import { encodeHex } from './text/encoding.ts'
import { hashText, type TextHash } from './text/hash-text.ts'
import { READ_A_SLICE, type SliceOptions, Slices } from './text/slices.ts'

/** A consensus that a diff is from. */
export interface DiffBase {
  readonly text: string
  /** See {@link digestAsSigned}. */
  readonly digest: string
}

/** How a diff is applied. */
export interface DiffOptions extends SliceOptions {
  /** Makes a hash by SHA3-256. */
  readonly newHash: () => TextHash
  /** The most characters of the result. */
  readonly limit: number
}

const BEGINNING = 'network-status-diff-version'
const HEAD = /^network-status-diff-version 1\nhash ([0-9A-Fa-f]{64}) ([0-9A-Fa-f]{64})\n/
const COMMAND = /^(\d{1,9})(?:,(\d{1,9}|\$))?([acd])$/
const END_OF_LINES = '.'

/** Several times as many as there are lines in the public network's consensus. */
const MAX_COMMANDS = 200_000

/** What is signed ends here (dir-spec, "directory-signature"), the space included. */
const SIGNATURES = '\ndirectory-signature '

/** True for an answer that is a diff, good or not. */
export const isConsensusDiff = (text: string): boolean => text.startsWith(BEGINNING)

/** The SHA3-256 of what is signed of a consensus, in hex: by that it is named as a base. Undefined when nothing is signed. */
export async function digestAsSigned(
  text: string,
  newHash: () => TextHash,
  options: SliceOptions = {},
): Promise<string | undefined> {
  const end = text.indexOf(SIGNATURES)
  return end < 0 ? undefined : encodeHex(await hashText(newHash(), text, end + SIGNATURES.length, options))
}

/**
 * The consensus that comes of a diff.
 *
 * @throws TorError `DIRECTORY_MALFORMED`, as rejection, when it is not one, not from this base, or does not come to what it promises
 */
export async function applyConsensusDiff(diff: string, base: DiffBase, options: DiffOptions): Promise<string> {
  const [head, from, to] = HEAD.exec(diff) ?? []
  if (head === undefined || from === undefined || to === undefined) throw malformed('it begins with something else')
  if (from.toUpperCase() !== base.digest) throw malformed('it is from another consensus')
  const slices = new Slices(READ_A_SLICE, options)
  const commands = await readCommands(diff, head.length, slices)
  const text = await edited(base.text, commands, options.limit, slices)
  const digest = encodeHex(await hashText(options.newHash(), text, text.length, options))
  if (digest !== to.toUpperCase()) throw malformed('what comes of it is not what it promises')
  return text
}

/** Lines of the base, from 1, that go, and what comes in their place. */
interface Command {
  /** The first line that goes; of an addition the line that it follows, and one more. */
  readonly from: number
  /** The first line that stays after them; `Infinity` for none. */
  readonly to: number
  readonly added: string
}

/** Reads the commands, and gives them in the order of the base's lines: they come in the reverse. */
async function readCommands(diff: string, start: number, slices: Slices): Promise<Command[]> {
  const commands: Command[] = []
  /** Lines from here on have been dealt with. */
  let bound = Infinity
  for (let at = start; at < diff.length;) {
    const line = lineAt(diff, at)
    const [, first, second, action] = COMMAND.exec(line) ?? []
    if (first === undefined) throw malformed('a command of it is none')
    at += line.length + 1
    const from = Number(first)
    const last = second === '$' ? Infinity : Number(second ?? first)
    const isAddition = action === 'a'
    const isRange = second !== undefined
    if (isRange && (isAddition || last <= from || (second === '$' && action === 'c')))
      throw malformed('a command of it has a range that makes no sense')
    if (!isAddition && from === 0) throw malformed('it edits ahead of the first line')
    const command = isAddition ? { from: from + 1, to: from + 1 } : { from, to: last + 1 }
    if (command.to > bound) throw malformed('its commands are not in reverse order')
    bound = command.from
    let added = ''
    if (action !== 'd') {
      const end = endOfLines(diff, at)
      if (end === at) throw malformed('a command of it adds nothing')
      added = diff.slice(at, end)
      at = end + END_OF_LINES.length + 1
    }
    if (commands.length === MAX_COMMANDS) throw malformed('it has too many commands')
    commands.push({ ...command, added })
    if (slices.isFull(line.length + added.length + COMMAND_COST)) await slices.pause()
  }
  return commands.reverse()
}

/** What a command costs beside its characters. */
const COMMAND_COST = 64

/** How many characters may be passed over for the price of one that is read. */
const PASSED = 8

/** Where the line with nothing but a dot begins that ends what is added from `start`. */
function endOfLines(diff: string, start: number): number {
  if (diff.startsWith('.\n', start)) return start
  const end = diff.indexOf('\n.\n', start)
  if (end < 0) throw malformed('what it adds does not end')
  return end + 1
}

function lineAt(text: string, start: number): string {
  const end = text.indexOf('\n', start)
  if (end < 0) throw malformed('its last line does not end')
  return text.slice(start, end)
}

/** The base with these commands, which are in its order. */
async function edited(base: string, commands: readonly Command[], limit: number, slices: Slices): Promise<string> {
  const pieces: string[] = []
  let size = 0
  let line = 1
  let at = 0
  const add = (piece: string): void => {
    size += piece.length
    if (size > limit) throw malformed(`what comes of it has more than ${limit} characters`)
    if (piece !== '') pieces.push(piece)
  }
  /** Goes to where a line begins. */
  const seek = async (target: number): Promise<void> => {
    for (; line < target; line++) {
      const end = base.indexOf('\n', at)
      if (end < 0) throw malformed('it edits lines that are not there')
      if (slices.isFull((end + 1 - at) / PASSED)) await slices.pause()
      at = end + 1
    }
  }
  for (const { from, to, added } of commands) {
    const start = at
    await seek(from)
    add(base.slice(start, at))
    add(added)
    if (to !== Infinity) await seek(to)
    else if (at === base.length) throw malformed('it edits lines that are not there')
    else at = base.length
  }
  add(base.slice(at))
  return pieces.join('')
}

const malformed = (why: string): TorError =>
  new TorError('DIRECTORY_MALFORMED', `the consensus diff is no good: ${why}`)
