/**
 * What a page offers as onion services: HTTP by a handler of Requests, and an echo on the pair of streams.
 *
 * @module
 */
import type { TorClient } from '../../../lib/index.ts'
import type { TorStream } from '../../../lib/stream.ts'
import { serveFetch } from '../../../lib/onion.ts'

/** Where they are. */
export interface Served {
  /** Port 80: `GET /N` gives N bytes of the sequence in test-bytes.ts, at most a million; a PUT is told what came. */
  readonly web: string
  /** Port 7: what comes goes back. */
  readonly echo: string
}

/** Resolves when both are published. */
export async function serveBoth(tor: TorClient): Promise<Served> {
  const [web, echo] = await Promise.all([tor.serve({ ports: [80] }), tor.serve({ ports: [7] })])
  serveFetch(web, answer)
  void echoAll(echo.incoming)
  await Promise.all([web.published, echo.published])
  return { web: web.hostname, echo: echo.hostname }
}

async function answer(request: Request): Promise<Response> {
  if (request.method === 'PUT') {
    const body = await request.arrayBuffer()
    return Response.json({ bytes: body.byteLength, sha256: await sha256(body) })
  }
  const length = Number(new URL(request.url).pathname.slice(1))
  return new Response(length > 0 ? await testBytes(length) : 'ok\n')
}

async function echoAll(incoming: ReadableStream<TorStream>): Promise<void> {
  const reader = incoming.getReader()
  for (let { value } = await reader.read(); value !== undefined; { value } = await reader.read())
    void value.readable.pipeTo(value.writable as WritableStream<Uint8Array>).catch(() => undefined) // the visitor knows
}

/** As in test-bytes.ts, up to its period: the keystream of AES-128-CTR under a zero key. */
async function testBytes(length: number): Promise<ArrayBuffer> {
  const key = await crypto.subtle.importKey('raw', new Uint8Array(16), 'AES-CTR', false, ['encrypt'])
  const algorithm = { name: 'AES-CTR', counter: new Uint8Array(16), length: 128 }
  return await crypto.subtle.encrypt(algorithm, key, new Uint8Array(length))
}

/** In hexadecimal. */
export async function sha256(bytes: BufferSource): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
