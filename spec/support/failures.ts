/**
 * What promises reject with.
 *
 * @module
 */
import { AssertionError, expect } from 'chai'
import { SocketError, TorError } from '../../lib/base/errors.ts'

/** What a promise rejects with, which must be one of this library's errors. */
export async function failureOf(promise: Promise<unknown>): Promise<TorError | SocketError> {
  let value: unknown
  try {
    value = await promise
  } catch (error) {
    if (error instanceof TorError || error instanceof SocketError) return error
    throw error
  }
  throw new AssertionError(`expected a rejection, but got ${String(value)}`)
}

/** The code that a promise rejects with. */
export const codeOf = async (promise: Promise<unknown>): Promise<string> => (await failureOf(promise)).code

/** The code that a promise rejects with, which must be of a socket's error. */
export async function socketCodeOf(promise: Promise<unknown>): Promise<string> {
  const error = await failureOf(promise)
  expect(error).to.be.instanceOf(SocketError)
  return error.code
}

/** The code that a promise rejects with, which must be of an error that is no socket's. */
export async function torCodeOf(promise: Promise<unknown>): Promise<string> {
  const error = await failureOf(promise)
  expect(error).to.be.instanceOf(TorError)
  return error.code
}

/** That a promise rejects with an error of this kind, whose message has these words. */
export async function expectRejection(promise: Promise<unknown>, kind: ErrorConstructor, words: string): Promise<void> {
  let error: unknown
  try {
    await promise
  } catch (thrown) {
    error = thrown
  }
  expect(error).to.be.instanceOf(kind)
  expect((error as Error).message).to.include(words)
}
