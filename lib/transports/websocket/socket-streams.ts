/**
 * A WebSocket that is a pair of streams already, with backpressure in both directions (the WebSocketStream proposal;
 * Chromium has it).
 *
 * @module
 */
import type { BufferSource } from '../../base/streams/buffer-source.ts'
import { markHandled } from '../../base/waiting/deferred.ts'
import { TorError } from '../../base/errors.ts'
import { makeWritable } from '../../base/streams/writable.ts'
import { withheld } from '../../base/withheld.ts'
import type { LinkBytes } from '../../platform/links/transport.ts'
import { closedByGateway, endsInGoodOrder, MAX_MESSAGE, sentText } from './gateway-ends.ts'

/** The part of a WebSocketStream that is used. */
export interface WebSocketStreamLike {
  readonly opened: Promise<OpenedStreams>
  /** Resolves when the connection ended with a close, of whatever code; rejects when it ended without. */
  readonly closed: Promise<{ readonly closeCode?: number; readonly reason?: string }>
  close(): void
}

interface OpenedStreams {
  readonly readable: ReadableStream<ArrayBuffer | Uint8Array | string>
  readonly writable: WritableStream<BufferSource>
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

/** Resolves when the gateway has connected. Rejects when it has not, or `signal` aborts; then nothing stays open. */
export async function openByStream(
  WebSocketStream: WebSocketStreamConstructor,
  url: URL,
  protocols: readonly string[],
  signal: AbortSignal,
): Promise<LinkBytes> {
  const socket = new WebSocketStream(url.href, { protocols: [...protocols], signal })
  markHandled(socket.closed) // the streams fail with it
  const streams = await socket.opened
  if (signal.aborted) {
    socket.close() // it aborted in the very turn in which the socket opened
    throw signal.reason
  }
  return linkOf(socket, streams)
}

function linkOf(socket: WebSocketStreamLike, streams: OpenedStreams): LinkBytes {
  const reader = streams.readable.getReader()
  const writer = streams.writable.getWriter()
  for (const promise of [reader.closed, writer.closed, writer.ready]) markHandled(promise)
  let reading: ReadableStreamDefaultController<Uint8Array> | undefined

  /** Both sides are over, for this reason: a side that has ended takes no notice. */
  const shut = (reason: unknown): void => {
    reading?.error(reason)
    failWritable(reason)
    markHandled(reader.cancel(reason))
    markHandled(writer.abort(reason))
    socket.close()
  }
  /** How the end of the connection is told, which the streams do not say. */
  const ending = async (): Promise<{ readonly isGood: boolean; readonly failure: TorError }> => {
    try {
      const { closeCode, reason } = await socket.closed
      return {
        isGood: closeCode === undefined || endsInGoodOrder(closeCode),
        failure: closedByGateway(closeCode, reason),
      }
    } catch (cause) {
      const failure = new TorError('LINK_CLOSED', 'The gateway closed the connection', { cause: withheld(cause) })
      return { isGood: false, failure }
    }
  }

  const readable = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        reading = controller
      },
      async pull(controller) {
        for (;;) {
          const result = await reader.read().catch(() => undefined) // `closed` tells why
          if (result === undefined || result.done) {
            const { isGood, failure } = await ending()
            if (result === undefined || !isGood) return shut(failure)
            controller.close()
            return failWritable(failure)
          }
          const { value } = result
          if (typeof value === 'string') return shut(sentText())
          if (value.byteLength === 0) continue
          return controller.enqueue(value instanceof Uint8Array ? value : new Uint8Array(value))
        }
      },
      cancel: () => shut(new TorError('LINK_CLOSED', 'The connection to the gateway was given up')),
    },
    { highWaterMark: 0 },
  )
  const { writable, fail: failWritable } = makeWritable<Uint8Array>({
    aborted: shut,
    async write(chunk) {
      try {
        for (let at = 0; at < chunk.length; at += MAX_MESSAGE) {
          await writer.ready
          await writer.write(new Uint8Array(chunk.subarray(at, at + MAX_MESSAGE)))
        }
      } catch {
        throw (await ending()).failure // which says more than the writer does
      }
    },
    close: () => writer.close(),
  })
  return { readable, writable }
}
