/**
 * The commands of ed that a consensus diff has (dir-spec, "Consensus diffs"), and what they make of a document.
 *
 * The work is done in slices, of plain loops over bytes and numbers: a diff of the public network has thousands of commands,
 * each for a line or two, and comes once an hour, to code that nothing has compiled yet.
 *
 * @module
 */
import { TorError } from '../base/errors.ts'

/** How many bytes of the script are read in a slice, how many lines of the document passed over: a ms or two each. */
const READ = 16_384
const PASSED = 8192

/** Several times as many as there are lines in the public network's consensus. */
const MAX_COMMANDS = 200_000

/** Digits of the number of a line at most. */
const MAX_DIGITS = 9

/** What is copied byte by byte: less than that takes longer to begin in another way. */
const SHORT = 64

const [NEWLINE, DOLLAR, COMMA, DOT, ZERO] = [10, 36, 44, 46, 48] as const
const [APPEND, CHANGE, DELETE] = [97, 99, 100] as const

/** An edit of a document: {@link read}, {@link locate} and {@link write} go on slice by slice, one after the other. */
export class EditScript {
  readonly #script: Uint8Array
  readonly #document: Uint8Array
  /**
   * Of each command, the last lines first: the first line that stays after those that go (`Infinity` for none), and the first
   * that goes. Read from its end it ascends. {@link locate} puts the places where these lines begin.
   */
  readonly #lines: number[] = []
  /** Of each command: where what it adds ends in the script, and where it begins. */
  readonly #added: number[] = []
  /** Which of {@link #lines}, or of {@link #added}, is next. */
  #next = 0
  /** Where the slice begins: in the script, then in the document. */
  #at = 0
  /** Where what the last command adds begins, until its end is read. */
  #open: number | undefined
  /** The line of the document that begins there. */
  #line = 1
  #size: number

  /** @param script - the commands, the last lines first */
  constructor(script: string, document: Uint8Array) {
    this.#script = new TextEncoder().encode(script)
    this.#document = document
    this.#size = document.length
  }

  /** How many bytes come of it, once all is located. */
  get size(): number {
    return this.#size
  }

  /**
   * Reads commands. True when there are no more.
   *
   * @throws TorError `DIRECTORY_MALFORMED`
   */
  read(): boolean {
    const script = this.#script
    const most = Math.min(this.#at + READ, script.length)
    let at = this.#at
    while (at < most) {
      if (this.#open !== undefined) {
        if (script[at] === DOT && script[at + 1] === NEWLINE) {
          this.#close(at, this.#open)
          at += 2
        } else if ((at = script.indexOf(NEWLINE, at) + 1) === 0) throw malformed('what it adds does not end')
        continue
      }
      let digits = at
      let first = 0
      for (; isDigit(script[at]) && at - digits <= MAX_DIGITS; at++) first = 10 * first + (script[at] as number) - ZERO
      let isNumber = at > digits && at - digits <= MAX_DIGITS
      let last = first
      const isRange = script[at] === COMMA
      if (isRange && script[at + 1] === DOLLAR) {
        last = Infinity
        at += 2
      } else if (isRange) {
        digits = at += 1
        last = 0
        for (; isDigit(script[at]) && at - digits <= MAX_DIGITS; at++) last = 10 * last + (script[at] as number) - ZERO
        isNumber &&= at > digits && at - digits <= MAX_DIGITS
      }
      const action = script[at]
      if (!isNumber || script[at + 1] !== NEWLINE || (action !== APPEND && action !== CHANGE && action !== DELETE))
        throw malformed(script.indexOf(NEWLINE, at) < 0 ? 'its last line does not end' : 'a command of it is none')
      at += 2
      this.#begin(action, first, last, isRange)
      if (action === DELETE) this.#added.push(at, at)
      else this.#open = at
    }
    this.#at = at
    if (at < script.length) return false
    if (this.#open !== undefined) throw malformed('what it adds does not end')
    this.#at = 0
    this.#next = this.#lines.length
    return true
  }

  #begin(action: number, first: number, last: number, isRange: boolean): void {
    const isAddition = action === APPEND
    if (isRange && (isAddition || last <= first || (last === Infinity && action === CHANGE)))
      throw malformed('a command of it has a range that makes no sense')
    if (!isAddition && first === 0) throw malformed('it edits ahead of the first line')
    const lines = this.#lines
    const bound = lines.length === 0 ? Infinity : (lines[lines.length - 1] as number)
    if (last + 1 > bound) throw malformed('its commands are not in reverse order')
    if (lines.length === 2 * MAX_COMMANDS) throw malformed('it has too many commands')
    lines.push(last + 1, isAddition ? first + 1 : first)
  }

  #close(end: number, start: number): void {
    if (end === start) throw malformed('a command of it adds nothing')
    this.#added.push(end, start)
    this.#size += end - start
    this.#open = undefined
  }

  /**
   * Finds the lines of the commands. True when all are found.
   *
   * @throws TorError `DIRECTORY_MALFORMED`
   */
  locate(): boolean {
    const [document, lines] = [this.#document, this.#lines]
    const most = this.#line + PASSED
    let [at, line, next] = [this.#at, this.#line, this.#next]
    for (; next > 0; next--) {
      const target = lines[next - 1] as number
      if (target === Infinity) {
        if (at === document.length) throw malformed('it edits lines that are not there')
        at = document.length
      } else {
        while (line < target && line < most) {
          at = document.indexOf(NEWLINE, at) + 1
          if (at === 0) throw malformed('it edits lines that are not there')
          line++
        }
        if (line < target) break
      }
      lines[next - 1] = at
      // The first of a command's places is that of the first line that goes.
      this.#size += next % 2 === 0 ? at : -at
    }
    this.#at = next > 0 ? at : 0
    this.#line = line
    this.#next = next > 0 ? next : lines.length
    return next === 0
  }

  /** Writes what comes next to `result`, from `at` up to `most`. */
  write(result: Uint8Array, at: number, most: number): void {
    const [document, script, lines, added] = [this.#document, this.#script, this.#lines, this.#added]
    let [from, next] = [this.#at, this.#next]
    while (at < most) {
      const isLast = next === 0
      const stays = isLast ? document.length : (lines[next - 1] as number)
      const kept = Math.min(stays - from, most - at)
      copy(document, from, kept, result, at)
      from += kept
      at += kept
      if (isLast || from < stays) break
      const start = added[next - 1] as number
      const count = Math.min((added[next - 2] as number) - start, most - at)
      copy(script, start, count, result, at)
      at += count
      added[next - 1] = start + count
      if (start + count < (added[next - 2] as number)) break
      from = lines[next - 2] as number
      next -= 2
    }
    this.#at = from
    this.#next = next
  }
}

const isDigit = (byte: number | undefined): boolean => byte !== undefined && byte >= ZERO && byte < ZERO + 10

function copy(source: Uint8Array, from: number, count: number, target: Uint8Array, at: number): void {
  if (count > SHORT) target.set(source.subarray(from, from + count), at)
  else for (let index = 0; index < count; index++) target[at + index] = source[from + index] as number
}

/** Why a diff is refused. */
export const malformed = (why: string): TorError =>
  new TorError('DIRECTORY_MALFORMED', `the consensus diff is no good: ${why}`)
