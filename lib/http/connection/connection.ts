/**
 * One connection of HTTP: reads and writes that can be cut through at any time, and a watch while it is idle.
 *
 * @module
 */
import { markHandled } from '../../base/waiting/deferred.ts'
import { bytePortOf, type BytePort } from '../../base/streams/byte-port.ts'
import type { ByteCursor } from '../message/byte-cursor.ts'
import { HttpError } from '../message/http-error.ts'
import type { HttpSocket } from './http-socket.ts'

type Read = Promise<Uint8Array | undefined>

/** A connection. One exchange at a time uses it. */
export class Connection {
  /** What arrived and was not taken yet. */
  readonly input: ByteCursor = { bytes: new Uint8Array(0), at: 0 }
  /** How many exchanges have begun on it. */
  exchanges = 0
  /** Something arrived since this exchange began. */
  heard = false

  readonly #socket: HttpSocket
  readonly #port: BytePort
  /** The read that watches while the connection is idle: the first one of the next exchange. */
  #watch: Read | undefined
  /** Why it is closed, boxed as it may be any value; undefined when nobody has said why. */
  #closed: { readonly reason: unknown } | undefined
  /** Rejects the read or write that waits. */
  #interruptRead: ((reason: unknown) => void) | undefined
  #interruptWrite: ((reason: unknown) => void) | undefined

  constructor(socket: HttpSocket) {
    this.#socket = socket
    this.#port = bytePortOf(socket)
    markHandled(socket.closed)
    socket.opened.then(
      (info) => this.#checkProtocol(info),
      (error: unknown) => this.close(error),
    )
  }

  /** True when no exchange may use it any more. */
  get isClosed(): boolean {
    return this.#closed !== undefined
  }

  /** True when it belongs to what its maker has left behind: no further exchange should use it. */
  get isOutdated(): boolean {
    return this.#socket.outdated === true
  }

  /** An exchange begins. */
  begin(): void {
    this.exchanges++
    this.heard = false
  }

  /**
   * Waits for bytes and puts them into `input`, which must be empty; false at the end. Rejects with what befell the
   * connection.
   */
  async fill(): Promise<boolean> {
    if (this.#closed) throw this.#whyClosed
    const bytes = await this.#read()
    if (bytes === undefined) return false
    this.heard = true
    this.input.bytes = bytes
    this.input.at = 0
    return true
  }

  /** Writes; resolves when the connection took the bytes. Rejects with what befell it. */
  write(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#closed) return reject(this.#whyClosed)
      this.#interruptWrite = reject
      this.#port.write(bytes).then(() => {
        this.#interruptWrite = undefined
        resolve()
      }, reject)
    })
  }

  /**
   * Watches until the next exchange begins: whatever comes then, or the end, closes the connection and calls `onGone`.
   */
  idle(onGone: () => void): void {
    const watch = this.#port.read()
    const gone = (): void => {
      if (this.#watch !== watch) return
      this.close()
      onGone()
    }
    this.#watch = watch
    watch.then(gone, gone)
  }

  /**
   * Closes both sides; whatever waits rejects with `reason`. With one it is a failure, and the far end can tell. Only the
   * first call counts.
   */
  close(reason?: unknown): void {
    if (this.#closed) return
    this.#closed = { reason }
    for (const interrupt of [this.#interruptRead, this.#interruptWrite]) interrupt?.(this.#whyClosed)
    giveUp(this.#socket, reason)
  }

  /** Made when somebody is told: most connections close without anybody who waits. */
  get #whyClosed(): unknown {
    return this.#closed?.reason ?? new HttpError('HTTP_NO_RESPONSE', 'the connection was closed')
  }

  #read(): Read {
    const read = this.#watch ?? this.#port.read()
    this.#watch = undefined
    return new Promise((resolve, reject) => {
      this.#interruptRead = reject
      read.then((bytes) => {
        this.#interruptRead = undefined
        resolve(bytes)
      }, reject)
    })
  }

  /** Nothing but HTTP/1.1 was offered in the TLS handshake (RFC 7301, section 3.2). */
  #checkProtocol(info: unknown): void {
    const alpn = (info as { alpn?: unknown } | null | undefined)?.alpn
    if (typeof alpn !== 'string' || alpn === '' || alpn === 'http/1.1') return
    this.close(new HttpError('HTTP_PROTOCOL', 'the far end chose a protocol that was not offered'))
  }
}

/** Closes a socket, which is given up however that goes. */
export function giveUp(socket: HttpSocket, reason: unknown): void {
  try {
    socket.close(reason).catch(() => undefined) // see above
  } catch {
    // A socket of the caller's that cannot even be closed is given up all the same.
  }
}
