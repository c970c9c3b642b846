/**
 * `tor-streams fetch URL`.
 *
 * @module
 */
import type * as fs from 'node:fs/promises'
import type * as path from 'node:path'
import type { CircuitChoice } from '../../client/connect-options.ts'
import type { TorClient } from '../../client/tor-client.ts'
import { createFetch, type Fetch } from '../../fetch/create-fetch.ts'
import { encodeLatin1 } from '../../http/message/latin1.ts'
import { rawHeadOf } from '../../fetch/response.ts'
import { builtinModule } from '../../platform/runtime/builtin.ts'
import { progressLine } from '../terminal/progress-bar.ts'
import { StatusLine, tell, write, type Terminal } from '../terminal/terminal.ts'
import { shown, UsageError } from '../usage/usage-error.ts'
import { isFileAlone, type FetchCommand } from '../usage/usage.ts'
import { continuationOf, forgetPart, notePart, partOf, validatorOf, type Part } from './partial-download.ts'

/** How often the progress bar changes, in ms. */
const REDRAW = 100

const files = (): typeof fs => builtinModule<typeof fs>('node:fs/promises')

/**
 * Reads the files that a fetch needs, before anything is opened or sent. What it gives fetches, and writes the body as it
 * comes; its result is the exit code: 0, or 3 when the server's answer is an error. It rejects as fetch does, or with what
 * writing files fails with.
 *
 * @param choice - which exits
 * @throws UsageError when there are no such files, or none can be where the output is to go
 */
export async function preparedFetch(
  command: FetchCommand,
  choice: Pick<CircuitChoice, 'exit'>,
  terminal: Terminal,
): Promise<(tor: TorClient) => Promise<number>> {
  const { cacert, data, output } = command
  const tls = cacert === undefined ? {} : { ca: new TextDecoder().decode(await contentOf('cacert', cacert)) }
  const body = data?.startsWith('@') === true ? await contentOf('data', data.slice(1)) : data
  if (output !== undefined) await checkOutput(output)
  return async (tor) => {
    const fetch = createFetch({ connect: (address, options) => tor.connect(address, { ...options, ...choice, tls }) })
    try {
      return await fetchWith(fetch, command, body, terminal)
    } finally {
      fetch.close()
    }
  }
}

/** @throws UsageError when it cannot be read */
async function contentOf(option: string, file: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return new Uint8Array(await files().readFile(file))
  } catch {
    throw new UsageError(`--${option} needs a file that can be read, unlike ${shown(file)}`) // whatever is in the way
  }
}

/** @throws UsageError when no file can be there */
async function checkOutput(file: string): Promise<void> {
  const isFolder = async (path: string): Promise<boolean> => {
    const found = await files()
      .stat(path)
      .catch(() => undefined) // what cannot be seen is none
    return found?.isDirectory() === true
  }
  if (await isFolder(file)) throw new UsageError(`--output needs a file, unlike the folder ${shown(file)}`)
  const { dirname } = builtinModule<typeof path>('node:path')
  if (!(await isFolder(dirname(file)))) throw new UsageError(`--output needs a folder that is there: ${shown(file)}`)
}

async function fetchWith(
  fetch: Fetch,
  command: FetchCommand,
  body: string | Uint8Array<ArrayBuffer> | undefined,
  terminal: Terminal,
): Promise<number> {
  const { url, output, isContinued } = command
  const headers = new Headers(command.headers.map(([name, value]): [string, string] => [name, value]))
  const part = isContinued && output !== undefined ? await partOf(output, url) : undefined
  if (part !== undefined) {
    headers.set('range', `bytes=${part.size}-`)
    headers.set('if-range', part.validator)
  }
  const response = await fetch(url, {
    method: command.method ?? (body === undefined ? 'GET' : 'POST'),
    headers,
    signal: terminal.signal,
    ...(body === undefined ? {} : { body }),
  })
  if (output === undefined) await toOutput(response, command, terminal)
  else if (part === undefined) await toFile(response, output, command, terminal)
  else return await toPart(response, part, output, command, terminal)
  return codeOf(response)
}

/** 0, or 3 when the server's answer is an error. */
const codeOf = ({ status }: Response): number => (status >= 400 ? 3 : 0)

async function toOutput(response: Response, command: FetchCommand, { stdout, stderr }: Terminal): Promise<void> {
  // A bar among the bytes of a page would be in its way.
  const bar = new StatusLine(stderr, command.quiet || stdout.isTTY === true)
  const put = (data: Uint8Array): Promise<void> => write(stdout, data)
  try {
    if (command.include) await put(encodeLatin1(rawHeadOf(response) ?? ''))
    if (response.body !== null) await copy(response.body, put, bar, 0, totalOf(response))
  } finally {
    bar.clear()
  }
}

/** All of the answer into the file, in place of what was there. */
async function toFile(response: Response, output: string, command: FetchCommand, terminal: Terminal): Promise<void> {
  // Nothing is noted of what --continue does not go on with: it would take the head, or the answer to a POST, for the file.
  const validator = isFileAlone(command) ? validatorOf(response) : undefined
  const file = await files().open(output, 'w')
  try {
    await notePart(output, command.url, validator)
    if (command.include) await writeAll(file, encodeLatin1(rawHeadOf(response) ?? ''))
    await fill(file, response, command, terminal, { done: 0, total: totalOf(response) })
  } catch (error) {
    const way = validator === undefined ? '' : ': the same command with --continue goes on with it'
    await tell(terminal.stderr, `tor-streams: The file is incomplete${way}`)
    throw error
  } finally {
    await file.close()
  }
  await forgetPart(output)
}

/** What is missing behind what is there; or what the answer is in place of that. */
async function toPart(
  response: Response,
  part: Part,
  output: string,
  command: FetchCommand,
  terminal: Terminal,
): Promise<number> {
  const say = async (text: string): Promise<void> => {
    if (!command.quiet) await tell(terminal.stderr, `tor-streams: ${text}`)
  }
  const continuation = continuationOf(response, part)
  switch (continuation.kind) {
    case 'whole':
      await response.body?.cancel()
      await forgetPart(output)
      await say('The file is whole already')
      return 0
    case 'error':
      await response.body?.cancel()
      await say(`The server answers with status ${response.status}: the file is left as it is`)
      return codeOf(response)
    case 'anew':
      await say('The file is another one by now, or the server sends no parts of it: it is fetched from the beginning')
      await toFile(response, output, command, terminal)
      return 0
    case 'rest': {
      const { total } = continuation
      const file = await files().open(output, 'a')
      try {
        const done = await fill(file, response, command, terminal, { done: part.size, total })
        if (total !== undefined && done !== total) throw new Error('the server sent less than what is missing')
      } catch (error) {
        await tell(terminal.stderr, 'tor-streams: The file is incomplete: the same command goes on with it')
        throw error
      } finally {
        await file.close()
      }
      await forgetPart(output)
      return 0
    }
  }
}

/** Writes the body. Returns how many bytes there are then. */
async function fill(
  file: fs.FileHandle,
  { body }: Response,
  { quiet }: FetchCommand,
  { stderr }: Terminal,
  { done, total }: { readonly done: number; readonly total: number | undefined },
): Promise<number> {
  const bar = new StatusLine(stderr, quiet)
  try {
    return body === null ? done : await copy(body, (data) => writeAll(file, data), bar, done, total)
  } finally {
    bar.clear()
  }
}

/** Returns `before` and what came. */
async function copy(
  body: ReadableStream<Uint8Array>,
  put: (data: Uint8Array) => Promise<void>,
  bar: StatusLine,
  before: number,
  total: number | undefined,
): Promise<number> {
  const reader = body.getReader()
  const started = performance.now()
  let shown = -Infinity
  let done = before
  try {
    for (;;) {
      const { value } = await reader.read()
      if (value === undefined) return done
      await put(value)
      done += value.length
      const now = performance.now()
      if (now - shown >= REDRAW) {
        shown = now
        bar.show(progressLine(done, total, now - started, before))
      }
    }
  } finally {
    await reader.cancel().catch(() => undefined) // without effect unless writing has failed, which is what is told
  }
}

/** A write to a file may take less than all. */
async function writeAll(file: fs.FileHandle, data: Uint8Array): Promise<void> {
  for (let at = 0; at < data.length;) at += (await file.write(data, at)).bytesWritten
}

/** How long the body will be, when it arrives as it was sent. */
function totalOf({ headers }: Response): number | undefined {
  const length = headers.get('content-length')
  return length === null || headers.has('content-encoding') ? undefined : Number(length)
}
