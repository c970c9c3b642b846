/**
 * Calls of JSON-RPC that the target answers.
 *
 * @module
 */
import { createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { testBytes } from './test-bytes.ts'

/** The call whose answer is as many bytes of the sequence in test-bytes.ts as the path says, in hexadecimal behind 0x. */
export const BYTES = 'specs_bytes'

/** The call that is answered with what its one parameter, such bytes, is to an HttpTarget. */
export const RECEIVED = 'specs_received'

/** Whether a request is a call. */
export const isCall = ({ method, headers }: IncomingMessage): boolean =>
  method === 'POST' && (headers['content-type'] ?? '').startsWith('application/json')

/** Answers a call. */
export async function answerCall(request: IncomingMessage, response: ServerResponse): Promise<void> {
  let text = ''
  for await (const piece of request.setEncoding('utf8')) text += piece as string
  const { id, method, params } = JSON.parse(text) as { id: number; method: string; params?: readonly string[] }
  const result =
    method === BYTES
      ? `0x${Buffer.from(testBytes(Number((request.url ?? '').slice(1)))).toString('hex')}`
      : receivedOf(Buffer.from(params?.[0]?.slice(2) ?? '', 'hex'))
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify({ jsonrpc: '2.0', id, result }))
}

function receivedOf(content: Uint8Array): object {
  return { bytes: content.length, sha256: createHash('sha256').update(content).digest('hex') }
}
