/**
 * A WebSocket that does what the spec says.
 *
 * @module
 */
import type { WebSocketConstructor, WebSocketLike } from '../../../../lib/transports/websocket/socket-events.ts'

/** One socket, and what was done with it. */
export class ScriptedSocket implements WebSocketLike {
  binaryType = 'blob'
  bufferedAmount = 0
  onopen: (() => void) | null = null
  onmessage: ((event: { data: unknown }) => void) | null = null
  onerror: (() => void) | null = null
  onclose: ((event: { code: number; reason: string }) => void) | null = null
  readonly sent: Uint8Array[] = []
  /** How many times it was closed from this side. */
  closes = 0
  readonly url: string
  readonly protocols: readonly string[]

  constructor(url: string, protocols: readonly string[]) {
    this.url = url
    this.protocols = protocols
  }

  send(data: Uint8Array<ArrayBuffer>): void {
    this.sent.push(data)
  }

  close(): void {
    this.closes += 1
  }

  /** The gateway has connected. */
  open(): void {
    this.onopen?.()
  }

  /** A message arrives, of this length, or with this content. */
  message(data: number | string | Uint8Array<ArrayBuffer>): void {
    const content = typeof data === 'number' ? new Uint8Array(data) : data
    this.onmessage?.({ data: typeof content === 'string' ? content : content.slice().buffer })
  }

  /** The connection is over: as browsers do, with an error before where it was not in good order. */
  end(code: number, reason = ''): void {
    if (code === 1006) this.onerror?.()
    this.onclose?.({ code, reason })
  }
}

/** A constructor of them, and those that were made. */
export function scriptedSockets(): { readonly made: ScriptedSocket[]; readonly WebSocket: WebSocketConstructor } {
  const made: ScriptedSocket[] = []
  class WebSocket extends ScriptedSocket {
    constructor(url: string, protocols: readonly string[]) {
      super(url, protocols)
      made.push(this)
    }
  }
  return { made, WebSocket: WebSocket }
}
