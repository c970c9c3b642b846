/** Asking a relay's directory over a circuit of the library, and reading the answer without judging it. */
import { SocketError, type Circuit } from '../../../lib/circuit.ts'

export interface HttpAnswer {
  readonly status: number
  /** By name, in lower case. */
  readonly headers: ReadonlyMap<string, string>
  /** As it came. */
  readonly body: Uint8Array
}

/** All bytes of an answer; `limit` stops reading and gives up the stream. */
export async function getRaw(
  circuit: Circuit,
  path: string,
  headers: readonly string[] = [],
  limit = Infinity,
): Promise<Uint8Array> {
  return exchange(circuit, `GET ${path} HTTP/1.0\r\n${headers.map((header) => `${header}\r\n`).join('')}\r\n`, limit)
}

/** Sends any request. */
export async function exchange(circuit: Circuit, request: string, limit = Infinity): Promise<Uint8Array> {
  const socket = circuit.connectDirectory()
  const writer = socket.writable.getWriter()
  // The answer may come, and end the stream, before all of the request was taken.
  const sent = writer.write(new TextEncoder().encode(request)).catch((error: unknown) => {
    if (!(error instanceof SocketError && (error.code === 'ENDED' || error.code === 'CLOSED'))) throw error
  })
  const reader = socket.readable.getReader()
  const chunks: Uint8Array[] = []
  let length = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    chunks.push(value)
    length += value.length
    if (length >= limit) break
  }
  await socket.close()
  await sent
  const bytes = new Uint8Array(length)
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.length
  }
  return bytes
}

/** Takes an answer apart. */
export function parseAnswer(bytes: Uint8Array): HttpAnswer {
  const text = new TextDecoder('latin1').decode(bytes)
  const end = text.indexOf('\r\n\r\n')
  const [first = '', ...lines] = text.slice(0, end).split('\r\n')
  const status = /^HTTP\/1\.0 (\d{3}) /.exec(first)?.[1]
  if (end === -1 || status === undefined) throw new Error('This is no HTTP/1.0 answer')
  const headers = new Map(
    lines.map((line) => [line.slice(0, line.indexOf(': ')).toLowerCase(), line.slice(line.indexOf(': ') + 2)]),
  )
  return { status: Number(status), headers, body: bytes.subarray(end + 4) }
}

export const get = async (circuit: Circuit, path: string, headers: readonly string[] = []): Promise<HttpAnswer> =>
  parseAnswer(await getRaw(circuit, path, headers))

export const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

/** The text of a body that is zlib. */
export async function inflate(bytes: Uint8Array): Promise<string> {
  const stream = new Blob([new Uint8Array(bytes)]).stream().pipeThrough(new DecompressionStream('deflate'))
  return new Response(stream).text()
}
