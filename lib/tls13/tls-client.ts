/**
 * A TLS 1.3 connection as a client, without I/O (RFC 8446): bytes of the server in, plaintext out; plaintext in, bytes for
 * the server out. What it holds back is one record that is not complete.
 *
 * WebCrypto opens and seals records, so each step is a promise. Records are opened many at once, and delivered in order.
 *
 * @module
 */
import { joinBytes } from '../base/bytes/join-bytes.ts'
import { markHandled } from '../base/waiting/deferred.ts'
import { recordHeader, MAX_CONTENT, RECORD_HEADER_SIZE, type RecordKeys } from './records/record-keys.ts'
import type { ClientHello } from './messages/client-hello.ts'
import { Handshake, type Authenticate, type HandshakeRecords, type HandshakeState } from './handshake.ts'
import type { Opened } from './keys/cipher-suites.ts'
import { HandshakeReader, handshakeMessage } from './messages/handshake-message.ts'
import { RecordDeframer, type TlsRecord } from './records/record-deframer.ts'
import { Alert, alertName, ContentType, HandshakeType } from './protocol/registry.ts'
import { TlsFault, faultOf } from './protocol/tls-fault.ts'

/** How many records are opened at once. */
const AT_ONCE = 16

/**
 * How many records in a row may bring nothing: empty ones, tickets, key updates. Each costs us something, and a server could
 * send them without end.
 */
const MAX_IDLE_RECORDS = 32

/** One turn's plaintexts. */
export interface Received {
  /** What the server sent, in order: arrays of their own, one a record. */
  readonly data: readonly Uint8Array<ArrayBuffer>[]
  /** The server has said that nothing follows (close_notify). */
  readonly ended: boolean
  /** What ended the connection behind this data: from now on {@link TlsClient.receive} throws it. */
  readonly fault?: { readonly error: unknown }
}

export class TlsClient implements HandshakeRecords {
  readonly #handshake: Handshake
  readonly #deframer = new RecordDeframer()
  readonly #messages = new HandshakeReader()
  /** Our answer to a KeyUpdate is among the output: another request needs no other one (4.6.3). */
  #hasAnswered = false
  /** Records for the server, in the order in which they leave. */
  #output: Promise<Uint8Array<ArrayBuffer>>[] = []
  #receiving: RecordKeys | undefined
  #sending: RecordKeys | undefined
  #changeCipherSpecSent: boolean
  /** The server's one was seen: a second is too many (D.4 has it send one). */
  #changeCipherSpecs = 0
  #idleRecords = 0
  #hasEnded = false
  #fault: TlsFault | undefined

  /** @param hello - what to offer; it is the first output */
  constructor(hello: ClientHello, authenticate: Authenticate) {
    this.#handshake = new Handshake(hello, authenticate, this)
    this.#changeCipherSpecSent = hello.sessionId.length === 0 // there is no middlebox compatibility then
    this.#output.push(plainRecord(ContentType.HANDSHAKE, hello.message, 0x0301)) // for old servers' sake (5.1)
  }

  /** What the handshake waits for. */
  get state(): HandshakeState {
    return this.#handshake.state
  }

  /** True once the server is proven, and data may be written. */
  get isOpen(): boolean {
    return this.#handshake.state === 'open'
  }

  /** The protocol that the server chose by ALPN; once open. */
  get alpn(): string | undefined {
    return this.#handshake.alpn
  }

  /** The server's certificates as DER, its own first; once open. */
  get chain(): readonly Uint8Array<ArrayBuffer>[] {
    return this.#handshake.chain
  }

  /** True when the end of the bytes below would cut nothing off but the end of TLS itself. */
  get isAtBoundary(): boolean {
    return this.#deframer.isEmpty
  }

  /**
   * Takes bytes of the server, which must stay as they are until it is done. One call at a time.
   *
   * @throws SocketError (as a rejection) `TLS_FAILED` or `TLS_CERTIFICATE`, always the same from then on; or what
   * `authenticate` threw. {@link takeOutput} then has the alert. Data that came before it is given first, with the fault.
   */
  async receive(...bytes: readonly Uint8Array[]): Promise<Received> {
    if (this.#fault) throw this.#fault.error
    const data: Uint8Array<ArrayBuffer>[] = []
    try {
      const records = bytes.flatMap((each) => this.#deframer.take(each))
      for (let at = 0; at < records.length && !this.#hasEnded;) {
        at += await this.#take(records, at, data)
      }
    } catch (cause) {
      const error = this.#fail(cause)
      if (data.length === 0) throw error
      return { data, ended: false, fault: { error } }
    }
    return { data, ended: this.#hasEnded }
  }

  /**
   * Seals data for the server, as many records as it takes.
   *
   * @throws RangeError before the connection is open
   */
  write(bytes: Uint8Array): void {
    if (!this.isOpen) throw new RangeError('Cannot write before the handshake is over')
    for (let at = 0; at < bytes.length; at += MAX_CONTENT) {
      if (this.#sending?.isWorn) this.#updateOwnKeys()
      this.#send(ContentType.APPLICATION_DATA, bytes.subarray(at, at + MAX_CONTENT))
    }
  }

  /** Tells the server that nothing follows (6.1). Nothing may be written after it. */
  end(): void {
    this.#sendAlert(Alert.CLOSE_NOTIFY)
  }

  /** Something for the server is waiting. */
  get hasOutput(): boolean {
    return this.#output.length > 0
  }

  /** Whole records for the server that are waiting; nothing when there are none. */
  async takeOutput(): Promise<Uint8Array<ArrayBuffer>> {
    const output = this.#output
    this.#output = []
    this.#hasAnswered = false
    const records = await Promise.all(output)
    const [first] = records
    if (records.length === 1 && first !== undefined) return first
    return joinBytes(records)
  }

  // What the handshake calls.

  send(message: Uint8Array): void {
    for (let at = 0; at < message.length; at += MAX_CONTENT) {
      this.#send(ContentType.HANDSHAKE, message.subarray(at, at + MAX_CONTENT))
    }
  }

  sendChangeCipherSpec(): void {
    if (!this.#changeCipherSpecSent) this.#output.push(plainRecord(ContentType.CHANGE_CIPHER_SPEC, Uint8Array.of(1)))
    this.#changeCipherSpecSent = true
  }

  sendWith(keys: RecordKeys): void {
    this.#sending = keys
  }

  receiveWith(keys: RecordKeys): void {
    this.#receiving = keys
  }

  updateKeys(answer: boolean): void {
    this.#receiving = this.#receiving?.next()
    if (answer && !this.#hasAnswered) this.#updateOwnKeys()
    if (answer) this.#hasAnswered = true
  }

  /** Takes the records from `at` on that can be taken together; returns how many. */
  async #take(records: readonly TlsRecord[], at: number, data: Uint8Array<ArrayBuffer>[]): Promise<number> {
    const first = records[at] as TlsRecord
    const keys = this.#receiving
    if (keys === undefined || first[0] !== ContentType.APPLICATION_DATA) {
      await this.#takePlain(first)
      return 1
    }
    const limit = this.isOpen ? AT_ONCE : 1
    const opening: Opened[] = []
    for (let next = at; next < records.length && opening.length < limit; next++) {
      const each = records[next] as TlsRecord
      if (each[0] !== ContentType.APPLICATION_DATA) break
      opening.push(keys.open(each, opening.length))
    }
    let taken = 0
    for (const each of opening) {
      const opened = await each
      // After a KeyUpdate the rest is opened again, with the new keys.
      if (this.#receiving !== keys || this.#hasEnded) break
      if (opened === undefined) throw new TlsFault(Alert.BAD_RECORD_MAC, 'a record from the server was altered')
      keys.opened()
      taken += 1
      const handling = this.#takeOpened(opened, data)
      if (handling !== undefined) await handling
    }
    return taken
  }

  /** A record outside encryption: before there are keys, and change_cipher_spec for a while after (5). */
  async #takePlain(record: TlsRecord): Promise<void> {
    const body = record.subarray(RECORD_HEADER_SIZE)
    switch (record[0]) {
      case ContentType.CHANGE_CIPHER_SPEC:
        this.#changeCipherSpecs += 1
        if (this.isOpen || body.length !== 1 || body[0] !== 1 || this.#changeCipherSpecs > 2) break
        if (!this.#messages.isAtBoundary) break // nothing may come between the parts of a message (5.1)
        return
      case ContentType.ALERT:
        if (this.#receiving === undefined) return this.#takeAlert(body)
        break
      case ContentType.HANDSHAKE:
        if (this.#receiving === undefined) return this.#takeHandshake(body)
        break
      default:
    }
    throw new TlsFault(Alert.UNEXPECTED_MESSAGE, `the server sent an unexpected record (type ${record[0]})`)
  }

  /** What was inside a record: content, its type, zeros (5.2). Data, which most of them have, takes no promise. */
  #takeOpened(opened: Uint8Array<ArrayBuffer>, data: Uint8Array<ArrayBuffer>[]): Promise<void> | undefined {
    if (opened.length > MAX_CONTENT + 1) {
      throw new TlsFault(Alert.RECORD_OVERFLOW, 'the server sent a record that is too long')
    }
    let end = opened.length - 1
    while (end >= 0 && opened[end] === 0) end -= 1
    const content = opened.subarray(0, Math.max(end, 0))
    const type = opened[end]
    if (type === ContentType.APPLICATION_DATA && this.isOpen) {
      if (!this.#messages.isAtBoundary) {
        throw new TlsFault(Alert.UNEXPECTED_MESSAGE, 'the server sent data in the middle of a handshake message')
      }
      this.#countIdle(content.length === 0)
      if (content.length > 0) data.push(content)
    } else if (type === ContentType.HANDSHAKE) {
      if (this.isOpen) this.#countIdle(true)
      return this.#takeHandshake(content)
    } else if (type === ContentType.ALERT) {
      this.#takeAlert(content)
    } else {
      throw new TlsFault(Alert.UNEXPECTED_MESSAGE, `the server sent an unexpected record (inner type ${type})`)
    }
    return undefined
  }

  async #takeHandshake(content: Uint8Array): Promise<void> {
    const messages = this.#messages
    messages.add(content)
    for (let message = messages.next(); message !== undefined; message = messages.next()) {
      await this.#handshake.take(message, messages.isAtBoundary)
    }
  }

  #takeAlert(content: Uint8Array): void {
    if (content.length !== 2) throw new TlsFault(Alert.DECODE_ERROR, 'the server sent a malformed alert')
    const alert = content[1] as number
    if (alert === Alert.CLOSE_NOTIFY && this.isOpen && this.#messages.isAtBoundary) {
      this.#hasEnded = true
    } else if (alert !== Alert.USER_CANCELED) {
      // Whatever its level says, an alert ends the connection (6.2). user_canceled is followed by close_notify (6.1).
      throw new TlsFault(undefined, `the server ended the connection (${alertName(alert)})`)
    } else {
      this.#countIdle(true)
    }
  }

  #countIdle(isIdle: boolean): void {
    this.#idleRecords = isIdle ? this.#idleRecords + 1 : 0
    if (this.#idleRecords > MAX_IDLE_RECORDS) {
      throw new TlsFault(Alert.UNEXPECTED_MESSAGE, 'the server sends records without any data')
    }
  }

  #updateOwnKeys(): void {
    this.#send(ContentType.HANDSHAKE, handshakeMessage(HandshakeType.KEY_UPDATE, Uint8Array.of(0)))
    this.#sending = this.#sending?.next()
  }

  #send(type: number, content: Uint8Array): void {
    const sealed = this.#sending?.seal(type, content) ?? plainRecord(type, content)
    markHandled(sealed) // takeOutput rejects with it
    this.#output.push(sealed)
  }

  #sendAlert(alert: number): void {
    this.#send(ContentType.ALERT, Uint8Array.of(alert === Alert.CLOSE_NOTIFY ? 1 : 2, alert))
  }

  #fail(error: unknown): unknown {
    const fault = faultOf(error)
    this.#fault = fault
    if (fault.alert !== undefined) this.#sendAlert(fault.alert)
    return fault.error
  }
}

/** A record as it is, without encryption. */
async function plainRecord(type: number, content: Uint8Array, version?: number): Promise<Uint8Array<ArrayBuffer>> {
  const header = recordHeader(type, content.length, version)
  const whole = new Uint8Array(header.length + content.length)
  whole.set(header)
  whole.set(content, header.length)
  return whole
}
