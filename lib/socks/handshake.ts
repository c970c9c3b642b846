/**
 * The server's side of a SOCKS handshake, without any I/O: SOCKS 4, 4a and 5, told apart by the first byte.
 *
 * A message that cannot be complete at the greatest length of its kind is refused, so no more than 520 bytes are held
 * between chunks.
 *
 * @module
 */
import { joinBytes } from '../base/bytes/join-bytes.ts'
import { ByteCollector } from '../base/bytes/byte-collector.ts'
import { NO_BYTES, type HandshakeStep, type ProxyHandshake } from '../proxy/handshake.ts'
import { beginsHttp } from '../proxy/text.ts'
import { NOT_AN_HTTP_PROXY } from './replies.ts'
import { refused, type SocksHandshakeOptions, type SocksStep } from './stage.ts'
import { socks4Step } from './socks4.ts'
import { socks5Greeting } from './socks5.ts'

/** One SOCKS handshake. */
export class SocksHandshake implements ProxyHandshake {
  #stage: SocksStep
  /** The beginning of a message whose end is not here. */
  #pending = new ByteCollector()

  constructor(options: SocksHandshakeOptions) {
    const socks4 = socks4Step(options)
    this.#stage = (bytes) => {
      if (bytes[0] === 4) return socks4(bytes)
      if (bytes[0] === 5) return socks5Greeting(bytes, options)
      return beginsHttp(bytes[0] as number) ? refused(NOT_AN_HTTP_PROXY, HTTP) : refused(NO_BYTES, UNKNOWN)
    }
  }

  take(bytes: Uint8Array): HandshakeStep {
    this.#pending.add(bytes)
    const replies: Uint8Array[] = []
    for (;;) {
      const move = this.#pending.length === 0 ? undefined : this.#stage(this.#pending.bytes)
      if (move === undefined) return { type: 'more', reply: joinBytes(replies) }
      const reply = joinBytes([...replies, move.reply])
      if (move.type === 'refused') {
        this.#pending = new ByteCollector()
        return { type: 'refused', reply, warning: move.warning }
      }
      this.#pending.drop(move.used)
      if (move.type === 'request') {
        const rest = this.#pending.bytes
        this.#pending = new ByteCollector()
        return { type: 'request', reply, request: move.request, rest, warning: move.warning }
      }
      replies.push(move.reply)
      this.#stage = move.next
    }
  }
}

const HTTP = { kind: 'http-on-socks', message: 'A program uses the SOCKS port as an HTTP proxy' } as const
const UNKNOWN = {
  kind: 'unknown-protocol',
  message: 'A program speaks neither SOCKS 4 nor SOCKS 5 to the proxy',
} as const
