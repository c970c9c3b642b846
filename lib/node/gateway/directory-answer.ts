/**
 * `GET /directory`: all that a client needs to know of the network, compressed once for each directory.
 *
 * @module
 */
/// <reference types="node" preserve="true" />
import type * as crypto from 'node:crypto'
import type * as zlib from 'node:zlib'
import { encodeSnapshot, type DirectorySnapshot } from '../../directory/snapshot.ts'
import { builtinModule } from '../../platform/runtime/builtin.ts'

/** What is sent. */
export interface DirectoryAnswer {
  /** The snapshot, compressed by gzip, whatever the client says of encodings: it is a file, not an encoding of one. */
  readonly bytes: Uint8Array
  /** The tag of exactly these bytes, in quotes. */
  readonly etag: string
}

/** Makes the answer when it is first asked for. */
export class DirectoryAnswers {
  #snapshot: DirectorySnapshot | undefined
  #answer: Promise<DirectoryAnswer> | undefined

  /** The answer for this directory. */
  of(snapshot: DirectorySnapshot): Promise<DirectoryAnswer> {
    if (this.#answer === undefined || this.#snapshot !== snapshot) {
      this.#snapshot = snapshot
      this.#answer = answerOf(snapshot)
      this.#answer.catch(() => (this.#answer = undefined)) // the next one may have more luck
    }
    return this.#answer
  }
}

async function answerOf(snapshot: DirectorySnapshot): Promise<DirectoryAnswer> {
  const { gzip } = builtinModule<typeof zlib>('node:zlib')
  const { createHash } = builtinModule<typeof crypto>('node:crypto')
  const bytes = await new Promise<Uint8Array>((resolve, reject) =>
    gzip(encodeSnapshot(snapshot), { level: 9 }, (error, result) => (error ? reject(error) : resolve(result))),
  )
  return { bytes, etag: `"${createHash('sha256').update(bytes).digest('hex').slice(0, 32)}"` }
}
