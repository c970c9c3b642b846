/**
 * All documents of a directory in one: what a gateway hands to a client that has none yet. It proves nothing: whoever reads it
 * verifies each document as if it had come by itself.
 *
 * ```text
 * tor-streams-directory 1 LF
 * consensus BYTES LF
 * certificates BYTES LF
 * microdescriptors BYTES LF
 * LF
 * the three documents, one behind the other, in UTF-8
 * ```
 *
 * @module
 */
import { TorError } from '../base/errors.ts'

/** The documents, as text. */
export interface DirectorySnapshot {
  /** A consensus of the flavour `microdesc`. */
  readonly consensus: string
  /** The certificates of those who signed it. */
  readonly certificates: string
  /** The microdescriptors of its relays. */
  readonly microdescriptors: string
}

const FIRST_LINE = 'tor-streams-directory 1'
const NAMES = ['consensus', 'certificates', 'microdescriptors'] as const

/** The most bytes of a whole snapshot: about three times what the public network has. */
export const MAX_SNAPSHOT = 33_554_432

/** Lengths are of at most nine digits. */
const HEADER = new RegExp(`^${FIRST_LINE}\n${NAMES.map((name) => `${name} (0|[1-9]\\d{0,8})\n`).join('')}\n`)

/** The bytes of a snapshot. */
export function encodeSnapshot(snapshot: DirectorySnapshot): Uint8Array<ArrayBuffer> {
  const encoder = new TextEncoder()
  const documents = NAMES.map((name) => encoder.encode(snapshot[name]))
  const lines = NAMES.map((name, index) => `${name} ${documents[index]?.length}\n`)
  const header = encoder.encode(`${FIRST_LINE}\n${lines.join('')}\n`)
  const bytes = new Uint8Array(documents.reduce((total, { length }) => total + length, header.length))
  let at = 0
  for (const part of [header, ...documents]) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}

/**
 * Reads a snapshot.
 *
 * @param text - its bytes as UTF-8
 * @throws TorError `DIRECTORY_MALFORMED` when it is none, or not whole
 */
export function decodeSnapshot(text: string): DirectorySnapshot {
  const header = HEADER.exec(text)
  if (header === null) throw new TorError('DIRECTORY_MALFORMED', 'the snapshot of the directory does not begin as one')
  const [consensus = 0, certificates = 0, microdescriptors = 0] = header.slice(1).map(Number)
  // The lengths are of bytes: they are looked for in bytes, and each document is a whole number of characters.
  const body = new TextEncoder().encode(text.slice(header[0].length))
  if (body.length !== consensus + certificates + microdescriptors)
    throw new TorError('DIRECTORY_MALFORMED', 'the snapshot of the directory is not whole')
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  const part = (from: number, length: number): string => {
    try {
      return decoder.decode(body.subarray(from, from + length))
    } catch (cause) {
      throw new TorError('DIRECTORY_MALFORMED', 'the snapshot of the directory is not whole', { cause })
    }
  }
  return {
    consensus: part(0, consensus),
    certificates: part(consensus, certificates),
    microdescriptors: part(consensus + certificates, microdescriptors),
  }
}
