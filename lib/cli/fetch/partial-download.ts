/**
 * A download that was broken off, and how it goes on (RFC 9110, "Range Requests"). Beside a file that is not whole
 * stands what the server said of it by which it can tell whether it is still the same: a strong ETag, or a time that is
 * as good as one. Without that nothing is put together: the halves could be of two files.
 *
 * @module
 */
import type * as crypto from 'node:crypto'
import type * as fs from 'node:fs/promises'
import { builtinModule } from '../../platform/runtime/builtin.ts'

const files = (): typeof fs => builtinModule<typeof fs>('node:fs/promises')

/** A time says for sure that nothing has changed only if it lies so long before the answer, in ms (RFC 9110, 8.8.2.2). */
const SURE_AFTER = 60_000

/** What there is of a file. */
export interface Part {
  /** How many bytes. */
  readonly size: number
  /** What goes into If-Range. */
  readonly validator: string
}

/** Where it stands what a part is a part of. */
const noteBeside = (file: string): string => `${file}.tor-streams`

/** By what a server can tell later whether this is still the same; undefined when there is nothing. */
export function validatorOf({ status, headers }: Pick<Response, 'status' | 'headers'>): string | undefined {
  // What was decoded on its way has other bytes than those that a range would count.
  if (status !== 200 || headers.has('content-encoding')) return undefined
  const etag = headers.get('etag')
  if (etag !== null) return /^"[\x21\x23-\x7e\x80-\xff]*"$/.test(etag) ? etag : undefined
  const [modified, date] = [headers.get('last-modified'), headers.get('date')]
  if (modified === null || date === null) return undefined
  return Date.parse(date) - Date.parse(modified) >= SURE_AFTER ? modified : undefined
}

/** Notes down what the file will be a part of, until it is whole; or that nothing is known. */
export async function notePart(file: string, url: URL, validator: string | undefined): Promise<void> {
  if (validator === undefined) return await forgetPart(file)
  // Which file it is can be compared, and not read: a note left behind does not tell where somebody was.
  await files().writeFile(noteBeside(file), JSON.stringify({ url: digest(url), validator }), { mode: 0o600 })
}

/** The file is whole. */
export async function forgetPart(file: string): Promise<void> {
  await files().rm(noteBeside(file), { force: true })
}

/**
 * What there is to go on with; undefined when there is nothing yet.
 *
 * @throws Error in a sentence when there is a file, and nothing says that it is a part of this one
 */
export async function partOf(file: string, url: URL): Promise<Part | undefined> {
  const size = await sizeOf(file)
  if (size === undefined || size === 0) return undefined
  const note = await readNote(file)
  if (note === undefined)
    throw new Error(
      'there is such a file, and nothing beside it that says what it is a part of: it is left as it is. Without --continue it is fetched anew',
    )
  if (note.url !== digest(url))
    throw new Error(
      'what is in the file is a part of another URL: it is left as it is. Without --continue it is fetched anew',
    )
  return { size, validator: note.validator }
}

/** What an answer to a request for the rest means. */
export type Continuation =
  /** The rest comes, of so many bytes in all if that is known. */
  | { readonly kind: 'rest'; readonly total: number | undefined }
  /** There is no rest. */
  | { readonly kind: 'whole' }
  /** All of it comes. */
  | { readonly kind: 'anew' }
  /** The server's answer is an error. */
  | { readonly kind: 'error' }

/**
 * Reads an answer to a request with Range and If-Range.
 *
 * @throws Error in a sentence for one that fits no such request
 */
export function continuationOf({ status, headers }: Pick<Response, 'status' | 'headers'>, part: Part): Continuation {
  const range = headers.get('content-range') ?? ''
  if (status === 206) {
    const [, first, last, all] = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(range) ?? []
    const etag = headers.get('etag')
    const isOther = etag !== null && part.validator.startsWith('"') && etag !== part.validator
    const total = all === undefined || all === '*' ? undefined : Number(all)
    if (
      Number(first) !== part.size ||
      isOther ||
      headers.has('content-encoding') ||
      Number(last) + 1 > (total ?? Infinity)
    )
      throw new Error('the server sends another part than the one that is missing: the file is left as it is')
    return { kind: 'rest', total }
  }
  if (status === 416) {
    // If-Range held, or it would be 200: so this is about the same file.
    if (range === `bytes */${part.size}`) return { kind: 'whole' }
    throw new Error(
      'the server has no such part: what is in the file is longer than what is there. Without --continue it is fetched anew',
    )
  }
  return status >= 200 && status < 300 ? { kind: 'anew' } : { kind: 'error' }
}

async function sizeOf(file: string): Promise<number | undefined> {
  try {
    return (await files().stat(file)).size
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ENOENT') return undefined
    throw error
  }
}

async function readNote(file: string): Promise<{ readonly url: string; readonly validator: string } | undefined> {
  let note: unknown
  try {
    note = JSON.parse(await files().readFile(noteBeside(file), 'utf8'))
  } catch {
    return undefined // there is none, or it is none of ours
  }
  const { url, validator } = (note ?? {}) as Record<string, unknown>
  return typeof url === 'string' && typeof validator === 'string' && !/[\r\n\0]/.test(validator)
    ? { url, validator }
    : undefined
}

function digest(url: URL): string {
  const { createHash } = builtinModule<typeof crypto>('node:crypto')
  return createHash('sha256').update(url.href.replace(/#.*$/, '')).digest('hex')
}
