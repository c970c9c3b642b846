/**
 * Handshakes of proxy protocols without I/O, as specs feed and read them.
 *
 * @module
 */
import type { HandshakeStep, ProxyHandshake } from '../../../lib/proxy/handshake.ts'
import { latin1Text } from '../../../lib/proxy/text.ts'

/** What became of a handshake, to compare as a whole. */
export interface Outcome {
  /** All the server said before it acted on the request. One character for each byte. */
  readonly reply: string
  readonly type: HandshakeStep['type']
  /** For what was granted: the command and where to, as `connect example.com:80`. */
  readonly request?: string
  readonly isolation?: string | undefined
  readonly rest?: string
  readonly warning?: string | undefined
}

/** Bytes of a text that has one character for each byte. */
export const bytes = (text: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(text, (character) => character.charCodeAt(0))

/** Bytes that are written as hexadecimal digits, with any spaces. */
export const hex = (digits: string): string =>
  digits.replaceAll(' ', '').replaceAll(/../g, (pair) => String.fromCharCode(Number.parseInt(pair, 16)))

/** Feeds `chunks` until the handshake is over or nothing is left; what is left then belongs to `rest`. */
export function shake(handshake: ProxyHandshake, chunks: readonly string[]): Outcome {
  let reply = ''
  for (const [index, chunk] of chunks.entries()) {
    const step = handshake.take(bytes(chunk))
    reply += latin1Text(step.reply)
    if (step.type === 'refused') return { reply, type: 'refused', warning: step.warning?.kind }
    if (step.type === 'request') {
      const { request, rest, warning } = step
      const where =
        request.command === 'connect' ? `${request.address.hostname}:${request.address.port}` : request.hostname
      return {
        reply,
        type: 'request',
        request: `${request.command} ${where}`,
        isolation: request.isolation,
        rest: latin1Text(rest) + chunks.slice(index + 1).join(''),
        warning: warning?.kind,
      }
    }
  }
  return { reply, type: 'more' }
}

/** Every way of cutting `text` in two, and the one into single bytes. */
export function cuts(text: string): string[][] {
  const inTwo = Array.from({ length: Math.max(0, text.length - 1) }, (_, at) => [
    text.slice(0, at + 1),
    text.slice(at + 1),
  ])
  return [...inTwo, [...text]]
}
