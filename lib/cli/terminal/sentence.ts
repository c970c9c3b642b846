/**
 * What went wrong, as one plain sentence.
 *
 * @module
 */
import { SocketError, TorError } from '../../base/errors.ts'

/** What this library says, if it is behind the error; else the error, or what is behind that. */
export function ownOf(error: unknown): unknown {
  let told = error
  for (let each = error, depth = 0; each instanceof Error && depth < 8; each = each.cause, depth++) {
    told = each
    if (each instanceof SocketError || each instanceof TorError) break
  }
  return told
}

/** The code of what this library says; undefined where it says nothing. */
export function codeOf(error: unknown): string | undefined {
  const told = ownOf(error)
  return told instanceof SocketError || told instanceof TorError ? told.code : undefined
}

/** One plain sentence. */
export function sentenceOf(error: unknown): string {
  const told = ownOf(error)
  const message = (told instanceof Error ? told.message : String(told))
    .replace(/^SocketError: /, '')
    .replace(/:? ERR_[A-Z0-9_]+/, '') // a word of OpenSSL's tells nobody anything
    .split('\n')[0] as string
  const sentence = message.charAt(0).toUpperCase() + message.slice(1)
  return told instanceof SocketError || told instanceof TorError ? `${sentence} (${told.code})` : sentence
}
