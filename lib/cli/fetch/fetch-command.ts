/**
 * `tor-streams fetch URL`.
 *
 * @module
 */
import type * as fs from 'node:fs/promises'
import type { CircuitChoice } from '../../client/connect-options.ts'
import type { TorClient } from '../../client/tor-client.ts'
import { createFetch, type Fetch } from '../../fetch/create-fetch.ts'
import { encodeLatin1 } from '../../fetch/message/latin1.ts'
import { rawHeadOf } from '../../fetch/response.ts'
import { builtinModule } from '../../platform/runtime/builtin.ts'
import { progressLine } from '../terminal/progress-bar.ts'
import { StatusLine, write, type Terminal } from '../terminal/terminal.ts'
import type { FetchCommand } from '../usage/usage.ts'

/** How often the progress bar changes, in ms. */
const REDRAW = 100

const files = (): typeof fs => builtinModule<typeof fs>('node:fs/promises')

/**
 * Fetches, and writes the body as it comes.
 *
 * @param choice - which exits
 * @returns the exit code: 0, or 3 when the server's answer is an error
 * @throws TypeError as fetch does; what reading and writing files fails with
 */
export async function fetchCommand(
  tor: TorClient,
  command: FetchCommand,
  choice: Pick<CircuitChoice, 'exit'>,
  terminal: Terminal,
): Promise<number> {
  const tls = command.cacert === undefined ? {} : { ca: await files().readFile(command.cacert, 'utf8') }
  const fetch = createFetch({ connect: (address, options) => tor.connect(address, { ...options, ...choice, tls }) })
  try {
    return await fetchWith(fetch, command, terminal)
  } finally {
    fetch.close()
  }
}

async function fetchWith(fetch: Fetch, command: FetchCommand, { stdout, stderr, signal }: Terminal): Promise<number> {
  const body = command.data?.startsWith('@') === true ? await files().readFile(command.data.slice(1)) : command.data
  const headers = new Headers(command.headers.map(([name, value]): [string, string] => [name, value]))
  const response = await fetch(command.url, {
    method: command.method ?? (body === undefined ? 'GET' : 'POST'),
    headers,
    signal,
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : new Uint8Array(body) }),
  })

  const file = command.output === undefined ? undefined : await files().open(command.output, 'w')
  // A bar among the bytes of a page would be in its way.
  const bar = new StatusLine(stderr, command.quiet || (file === undefined && stdout.isTTY === true))
  try {
    const put = async (data: Uint8Array): Promise<void> =>
      file === undefined ? await write(stdout, data) : await writeAll(file, data)
    if (command.include) await put(encodeLatin1(rawHeadOf(response) ?? ''))
    if (response.body !== null) await copy(response.body, put, bar, totalOf(response))
  } catch (error) {
    bar.clear()
    if (file !== undefined) await write(stderr, 'tor-streams: The file is incomplete\n')
    throw error
  } finally {
    bar.clear()
    await file?.close()
  }
  return response.status >= 400 ? 3 : 0
}

async function copy(
  body: ReadableStream<Uint8Array>,
  put: (data: Uint8Array) => Promise<void>,
  bar: StatusLine,
  total: number | undefined,
): Promise<void> {
  const reader = body.getReader()
  const started = performance.now()
  let shown = -Infinity
  let done = 0
  try {
    for (;;) {
      const { value } = await reader.read()
      if (value === undefined) return
      await put(value)
      done += value.length
      const now = performance.now()
      if (now - shown >= REDRAW) {
        shown = now
        bar.show(progressLine(done, total, now - started))
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
