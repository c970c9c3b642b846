/** What the specs of lib/directory share. */
import { expect } from 'chai'
import { type Consensus, parseConsensus } from '../../../lib/directory/consensus.ts'
import type { Microdescriptor, MicrodescriptorEntry } from '../../../lib/directory/microdescriptor.ts'
import { parseMicrodescriptors } from '../../../lib/directory/microdescriptor.ts'
import type { SliceOptions } from '../../../lib/base/waiting/slices.ts'
import { type ErrorCode, TorError } from '../../../lib/base/errors.ts'
import { rsaPublic } from '../../../lib/platform/crypto/rsa/rsa.ts'
import { thrownBy } from '../../cell/support/bytes.ts'

/** A platform that can do no more than the directory needs. */
export const platform: { rsaPublic: typeof rsaPublic } = { rsaPublic }

/** Reads in one go. */
export const atOnce: SliceOptions = { pause: () => Promise.resolve() }

/** Counts the pauses of a reader. */
export function countedPauses(): { pauses(): number; pause(): Promise<void> } {
  let count = 0
  return {
    pauses: () => count,
    pause: () => {
      count++
      return Promise.resolve()
    },
  }
}

/** A consensus, read in one go from its bytes. */
export const consensusOf = (text: string): Promise<Consensus> => parseConsensus(new TextEncoder().encode(text), atOnce)

/** Microdescriptors, read in one go. */
export const entriesOf = (text: string): Promise<MicrodescriptorEntry[]> => parseMicrodescriptors(text, atOnce)

/** The one well-formed microdescriptor of a text. */
export async function microdescriptorOf(text: string): Promise<Microdescriptor> {
  const entries = await entriesOf(text)
  expect(entries.map(({ error }) => error)).to.deep.equal([undefined])
  return entries[0]?.microdescriptor as Microdescriptor
}

/** Checks that `call` throws a TorError with this code. */
export function expectRefused(call: () => unknown, code: ErrorCode = 'DIRECTORY_MALFORMED'): TorError {
  return checked(thrownBy(call), code)
}

/** Checks that `promise` rejects with a TorError with this code. */
export async function expectRejected(
  promise: Promise<unknown>,
  code: ErrorCode = 'DIRECTORY_MALFORMED',
): Promise<TorError> {
  const outcome = await promise.then(
    () => 'it was not refused',
    (error: unknown) => error,
  )
  return checked(outcome, code)
}

function checked(error: unknown, code: ErrorCode): TorError {
  expect(error).to.be.instanceOf(TorError)
  expect((error as TorError).code, (error as TorError).message).to.equal(code)
  return error as TorError
}

/** `text` with one occurrence of `from` replaced; fails when there is none. */
export function replaced(text: string, from: string, to: string): string {
  expect(text).to.include(from)
  return text.replace(from, () => to)
}
