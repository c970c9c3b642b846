/**
 * The answers that are no WebSocket: a status, and a sentence that names nobody.
 *
 * @module
 */
/// <reference types="node" preserve="true" />
import type { ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'

const ANSWERS = {
  400: ['Bad Request', 'This is no request for a link: GET /address:port of a relay, as a WebSocket.'],
  403: ['Forbidden', 'This is no relay of the network, or this page is not served here.'],
  404: ['Not Found', 'There is nothing here.'],
  405: ['Method Not Allowed', 'Only GET is served.'],
  408: ['Request Timeout', 'The request took too long.'],
  426: ['Upgrade Required', 'A link is a WebSocket.'],
  429: ['Too Many Requests', 'There are too many links.'],
  431: ['Request Header Fields Too Large', 'The request is too long.'],
  502: ['Bad Gateway', 'The relay cannot be reached.'],
  503: ['Service Unavailable', 'The directory is out of date.'],
  504: ['Gateway Timeout', 'The relay does not answer.'],
} as const

/** The statuses of answers. */
export type AnswerStatus = keyof typeof ANSWERS

const FIELDS = {
  'Connection': 'close',
  'Content-Type': 'text/plain',
  'X-Content-Type-Options': 'nosniff',
} as const

/** Fields that some statuses have beside the others. */
const OTHER_FIELDS: Partial<Record<AnswerStatus, Readonly<Record<string, string>>>> = {
  405: { Allow: 'GET' },
  426: { Upgrade: 'websocket' },
  429: { 'Retry-After': '60' },
  503: { 'Retry-After': '60' },
}

/** Answers by a connection whose request Node does not answer any more, and ends it. */
export function refuseConnection(socket: Duplex, status: AnswerStatus): void {
  const [reason, sentence] = ANSWERS[status]
  const fields = Object.entries({ ...FIELDS, ...OTHER_FIELDS[status], 'Content-Length': String(sentence.length) })
  const head = [`HTTP/1.1 ${status} ${reason}`, ...fields.map(([name, value]) => `${name}: ${value}`)]
  if (socket.writable) socket.end(`${head.join('\r\n')}\r\n\r\n${sentence}`, () => socket.destroy())
  else socket.destroy()
}

/** Answers a request. */
export function refuseRequest(response: ServerResponse, status: AnswerStatus): void {
  const [reason, sentence] = ANSWERS[status]
  response.writeHead(status, reason, { ...FIELDS, ...OTHER_FIELDS[status], 'Content-Length': sentence.length })
  response.end(sentence)
}
