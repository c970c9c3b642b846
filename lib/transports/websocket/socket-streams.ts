/**
 * A WebSocket that is a pair of streams already, with backpressure in both directions (the WebSocketStream proposal;
 * Chromium has it).
 *
 * @module
 */
import { TorError } from '../../base/errors.ts'
import type { LinkBytes } from '../../platform/links/transport.ts'

/** The part of a WebSocketStream that is used. */
interface WebSocketStreamLike {
  readonly opened: Promise<{
    readonly readable: ReadableStream<ArrayBuffer | Uint8Array | string>
    readonly writable: WritableStream<BufferSource>
  }>
  readonly closed: Promise<unknown>
}

/** Makes one. */
export type WebSocketStreamConstructor = new (
  url: string,
  options: { readonly protocols: string[]; readonly signal: AbortSignal },
) => WebSocketStreamLike

/** This runtime's constructor, if it has one. */
export function webSocketStreams(): WebSocketStreamConstructor | undefined {
  const { WebSocketStream } = globalThis as { WebSocketStream?: WebSocketStreamConstructor }
  return typeof WebSocketStream === 'function' ? WebSocketStream : undefined
}

/** The most bytes of one message: gateways have limits. */
const MAX_MESSAGE = 32_768

/** Resolves when the gateway has connected. Rejects when it has not, or `signal` aborts. */
export async function openByStream(
  WebSocketStream: WebSocketStreamConstructor,
  url: URL,
  protocols: readonly string[],
  signal: AbortSignal,
): Promise<LinkBytes> {
  const socket = new WebSocketStream(url.href, { protocols: [...protocols], signal })
  socket.closed.catch(() => undefined) // the streams fail with it
  const { readable, writable } = await socket.opened
  const reader = readable.getReader()
  const writer = writable.getWriter()
  for (const promise of [reader.closed, writer.closed, writer.ready]) promise.catch(() => undefined)
  return {
    readable: new ReadableStream<Uint8Array>(
      {
        async pull(controller) {
          const { done, value } = await reader.read().catch((cause: unknown) => {
            throw new TorError('LINK_CLOSED', 'The gateway closed the connection', { cause })
          })
          if (done) return controller.close()
          if (typeof value === 'string') throw new TorError('LINK_PROTOCOL', 'The gateway sent a text message')
          controller.enqueue(value instanceof Uint8Array ? value : new Uint8Array(value))
        },
        cancel: (reason) => reader.cancel(reason),
      },
      { highWaterMark: 0 },
    ),
    writable: new WritableStream<Uint8Array>({
      start({ signal: aborted }) {
        aborted.addEventListener('abort', () => void writer.abort(aborted.reason).catch(() => undefined)) // it is the end
      },
      async write(chunk) {
        for (let at = 0; at < chunk.length; at += MAX_MESSAGE) {
          await writer.ready
          await writer.write(new Uint8Array(chunk.subarray(at, at + MAX_MESSAGE)))
        }
      },
      close: () => writer.close(),
    }),
  }
}
