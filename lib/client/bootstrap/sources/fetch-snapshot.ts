/**
 * The request for a snapshot of the directory, which goes out beside Tor to the URL that the user gave.
 *
 * @module
 */
import { startTimer, type Clock } from '../../../base/waiting/clock.ts'
import { TorError } from '../../../base/errors.ts'
import { decodeSnapshot, MAX_SNAPSHOT, type DirectorySnapshot } from '../../../directory/snapshot.ts'
import type { SliceOptions } from '../../../base/waiting/slices.ts'
import { AnswerBody, COMPRESSED_PIECE, readAnswerText } from './answer-body.ts'

/** How long the head of the answer may take, and all of it, in ms. After that relays are asked. */
const HEAD_TIMEOUT = 10_000
const TIMEOUT = 40_000

/** How gzip begins (RFC 1952, section 2.3.1). */
const GZIP = [0x1f, 0x8b]

/** Where a snapshot is to be had. */
export interface SnapshotPlace {
  readonly url: URL
  /** How long it may take at most, in ms. */
  readonly patience: number
  /** In place of the runtime's own. */
  readonly fetch?: typeof globalThis.fetch | undefined
}

/**
 * Asks for the snapshot.
 *
 * @throws whatever came between, as it came, or TorError `DIRECTORY_UNAVAILABLE`, `DIRECTORY_TOO_LARGE`,
 * `DIRECTORY_MALFORMED`
 */
export async function fetchSnapshot(
  { url, patience, fetch = globalThis.fetch }: SnapshotPlace,
  clock: Clock,
  signal: AbortSignal,
  options: SliceOptions,
): Promise<DirectorySnapshot> {
  const tooLate = new AbortController()
  const giveUp = (): void => tooLate.abort(new TorError('DIRECTORY_UNAVAILABLE', 'there is no answer in time'))
  const stopTimer = startTimer(clock, Math.min(TIMEOUT, patience), giveUp)
  const stopHead = startTimer(clock, HEAD_TIMEOUT, giveUp)
  try {
    // Nothing goes with it that tells one client from another, not even what a cache holds; and it goes nowhere else.
    const response = await fetch(url, {
      cache: 'no-store',
      credentials: 'omit',
      redirect: 'error',
      referrerPolicy: 'no-referrer',
      signal: AbortSignal.any([signal, tooLate.signal]),
    })
    stopHead()
    return decodeSnapshot(await textOf(response, options))
  } catch (error) {
    throw tooLate.signal.aborted ? tooLate.signal.reason : error
  } finally {
    stopHead()
    stopTimer()
  }
}

async function textOf(response: Response, options: SliceOptions): Promise<string> {
  const { ok, status, body } = response
  if (!ok || body === null) {
    await body?.cancel().catch(() => undefined) // it is not read in any case
    throw new TorError('DIRECTORY_UNAVAILABLE', `the answer has the status ${status}`)
  }
  const reader = body.getReader()
  const first = new Uint8Array(GZIP.length)
  let rest: Uint8Array<ArrayBuffer> = new Uint8Array(0)
  for (let size = 0; size < GZIP.length;) {
    const { value, done } = await reader.read()
    if (done) throw new TorError('DIRECTORY_UNAVAILABLE', 'the answer is empty')
    const taken = Math.min(value.length, GZIP.length - size)
    first.set(value.subarray(0, taken), size)
    size += taken
    rest = value.subarray(taken)
  }
  // A server in between may have taken the compression off, and said so: then the runtime has not shown it.
  const isCompressed = GZIP.every((byte, index) => first[index] === byte)
  const whole = new Uint8Array(first.length + rest.length)
  whole.set(first)
  whole.set(rest, first.length)
  const answer = new AnswerBody(reader, whole, Infinity, isCompressed ? COMPRESSED_PIECE : Infinity)
  const decoded = isCompressed ? answer.stream.pipeThrough(new DecompressionStream('gzip')) : answer.stream
  return await readAnswerText(decoded, answer, MAX_SNAPSHOT, options)
}
