/**
 * The client's handshake as a state machine without I/O (RFC 8446, appendix A.1): messages of the server in, messages,
 * keys and a verdict out.
 *
 * @module
 */
import { constantTimeEqual } from '../cell/bytes.ts'
import { checkCertificateVerify } from './messages/certificate-verify.ts'
import { CIPHER_SUITES, type CipherSuite } from './keys/cipher-suites.ts'
import type { ClientHello } from './messages/client-hello.ts'
import { handshakeMessage, type HandshakeMessage } from './messages/handshake-message.ts'
import type { KeyShare } from './keys/key-share.ts'
import { KeySchedule, type TrafficSecrets } from './keys/key-schedule.ts'
import { RecordKeys } from './records/record-keys.ts'
import { Alert, HandshakeType } from './protocol/registry.ts'
import { readServerHello, type ServerHello } from './messages/server-hello.ts'
import {
  readCertificateRequest,
  readCertificates,
  readCertificateVerify,
  readEncryptedExtensions,
  readKeyUpdate,
} from './messages/server-messages.ts'
import { TlsFault, illegal } from './protocol/tls-fault.ts'
import { Transcript } from './messages/transcript.ts'

/** What the handshake waits for. */
export type HandshakeState =
  | 'server-hello'
  | 'second-server-hello'
  | 'encrypted-extensions'
  | 'certificate-or-request'
  | 'certificate'
  | 'certificate-verify'
  | 'finished'
  | 'open'

/** Which message is legal in which state. Any other one ends the connection. */
const LEGAL: Readonly<Record<HandshakeState, readonly number[]>> = {
  'server-hello': [HandshakeType.SERVER_HELLO],
  'second-server-hello': [HandshakeType.SERVER_HELLO],
  'encrypted-extensions': [HandshakeType.ENCRYPTED_EXTENSIONS],
  'certificate-or-request': [HandshakeType.CERTIFICATE_REQUEST, HandshakeType.CERTIFICATE],
  'certificate': [HandshakeType.CERTIFICATE],
  'certificate-verify': [HandshakeType.CERTIFICATE_VERIFY],
  'finished': [HandshakeType.FINISHED],
  'open': [HandshakeType.NEW_SESSION_TICKET, HandshakeType.KEY_UPDATE],
}

/** What a handshake acts on: the records below it. */
export interface HandshakeRecords {
  /** Sends a message, under the keys that hold now. */
  send(message: Uint8Array): void
  /** Sends what old middleboxes want to see before anything is encrypted (D.4). Once. */
  sendChangeCipherSpec(): void
  /** What is sent from now on has these keys. */
  sendWith(keys: RecordKeys): void
  /** What comes from now on has these keys. */
  receiveWith(keys: RecordKeys): void
  /** The server changes its key. If `answer`, so do we, with a KeyUpdate of our own. */
  updateKeys(answer: boolean): void
}

/**
 * Says whether the server may be who it should be, by the chain that it showed: DER, its own first. What it throws, and what
 * it rejects with, ends the connection. It is called once the server has proved that it holds the first one's key.
 */
export type Authenticate = (chain: readonly Uint8Array<ArrayBuffer>[]) => Promise<void> | void

export class Handshake {
  readonly #records: HandshakeRecords
  readonly #authenticate: Authenticate
  readonly #transcript: Transcript
  #state: HandshakeState = 'server-hello'
  #hello: ClientHello
  #suite: CipherSuite | undefined
  #schedule: KeySchedule | undefined
  #secrets: TrafficSecrets | undefined
  #chain: readonly Uint8Array<ArrayBuffer>[] = []
  #alpn: string | undefined
  #certificateRequested = false

  constructor(hello: ClientHello, authenticate: Authenticate, records: HandshakeRecords) {
    this.#hello = hello
    this.#authenticate = authenticate
    this.#records = records
    this.#transcript = new Transcript(hello.message)
  }

  get state(): HandshakeState {
    return this.#state
  }

  /** The protocol that the server chose by ALPN. */
  get alpn(): string | undefined {
    return this.#alpn
  }

  /** The chain that the server showed, its own certificate first. */
  get chain(): readonly Uint8Array<ArrayBuffer>[] {
    return this.#chain
  }

  /**
   * Takes the server's next message.
   *
   * @param isLast - no other message, and no part of one, is in the same record: only then may keys change
   * @throws TlsFault, or what `authenticate` throws (as a rejection)
   */
  async take(message: HandshakeMessage, isLast: boolean): Promise<void> {
    const { type, body, whole } = message
    if (!LEGAL[this.#state].includes(type)) {
      throw new TlsFault(Alert.UNEXPECTED_MESSAGE, `the server sent handshake message ${type} out of turn`)
    }
    if (CHANGES_KEYS.has(type) && !isLast) {
      throw new TlsFault(Alert.UNEXPECTED_MESSAGE, 'the server goes on in a record in which its keys change')
    }
    switch (type) {
      case HandshakeType.SERVER_HELLO:
        return this.#serverHello(readServerHello(body, this.#hello), whole)
      case HandshakeType.ENCRYPTED_EXTENSIONS:
        this.#alpn = readEncryptedExtensions(body, this.#hello)
        this.#state = 'certificate-or-request'
        break
      case HandshakeType.CERTIFICATE_REQUEST:
        readCertificateRequest(body)
        this.#certificateRequested = true
        this.#state = 'certificate'
        break
      case HandshakeType.CERTIFICATE:
        this.#chain = readCertificates(body)
        this.#state = 'certificate-verify'
        break
      case HandshakeType.CERTIFICATE_VERIFY: {
        const [own] = this.#chain as readonly [Uint8Array<ArrayBuffer>]
        await checkCertificateVerify(own, readCertificateVerify(body), await this.#transcript.digest())
        await this.#checkServer()
        this.#state = 'finished'
        break
      }
      case HandshakeType.FINISHED:
        return this.#finished(body, whole)
      case HandshakeType.KEY_UPDATE:
        this.#records.updateKeys(readKeyUpdate(body))
        return
      default:
        return // a ticket: nothing is resumed
    }
    this.#transcript.add(whole)
  }

  async #serverHello(answer: ServerHello, whole: Uint8Array): Promise<void> {
    const suite = CIPHER_SUITES.find(({ id }) => id === answer.suite) as CipherSuite // one that was offered
    if (this.#suite !== undefined && this.#suite !== suite) throw illegal('the server changed its cipher suite')
    this.#suite = suite
    await this.#transcript.start(suite.hash, answer.kind === 'retry')
    this.#transcript.add(whole)
    if (answer.kind === 'retry') {
      const { retry } = this.#hello
      if (retry === undefined || this.#state === 'second-server-hello') {
        throw new TlsFault(Alert.UNEXPECTED_MESSAGE, 'the server asked for another hello')
      }
      this.#hello = await retry(answer.request)
      this.#transcript.add(this.#hello.message)
      this.#records.sendChangeCipherSpec()
      this.#records.send(this.#hello.message)
      this.#state = 'second-server-hello'
      return
    }
    const share = this.#hello.shares.find(({ group }) => group === answer.group) as KeyShare // readServerHello looked
    this.#schedule = new KeySchedule(suite.hash)
    const [sharedSecret, helloHash] = await Promise.all([
      share.sharedSecret(answer.serverKey),
      this.#transcript.digest(),
    ])
    this.#secrets = await this.#schedule.handshakeSecrets(sharedSecret, helloHash)
    this.#records.receiveWith(new RecordKeys(suite, this.#secrets.server))
    this.#records.sendChangeCipherSpec()
    this.#records.sendWith(new RecordKeys(suite, this.#secrets.client))
    this.#state = 'encrypted-extensions'
  }

  async #checkServer(): Promise<void> {
    try {
      await this.#authenticate(this.#chain)
    } catch (error) {
      if (error instanceof TlsFault) throw error
      throw new TlsFault(Alert.CERTIFICATE_UNKNOWN, "the server's certificate was refused", error)
    }
  }

  async #finished(body: Uint8Array, whole: Uint8Array): Promise<void> {
    const schedule = this.#schedule as KeySchedule
    const secrets = this.#secrets as TrafficSecrets
    const suite = this.#suite as CipherSuite
    const transcript = this.#transcript
    if (!constantTimeEqual(body, await schedule.finished(secrets.server, await transcript.digest()))) {
      throw new TlsFault(Alert.DECRYPT_ERROR, 'the server did not prove that the handshake is its own')
    }
    transcript.add(whole)
    const upToServer = transcript.digest()
    if (this.#certificateRequested) this.#sendOwn(HandshakeType.CERTIFICATE, NO_CERTIFICATE)
    const [application, own] = await Promise.all([
      upToServer.then((hash) => schedule.applicationSecrets(hash)),
      transcript.digest().then((hash) => schedule.finished(secrets.client, hash)),
    ])
    this.#sendOwn(HandshakeType.FINISHED, own)
    this.#records.receiveWith(new RecordKeys(suite, application.server))
    this.#records.sendWith(new RecordKeys(suite, application.client))
    transcript.forget()
    this.#schedule = undefined
    this.#secrets = undefined
    this.#state = 'open'
  }

  #sendOwn(type: number, body: Uint8Array): void {
    const message = handshakeMessage(type, body)
    this.#transcript.add(message)
    this.#records.send(message)
  }
}

/** After these the server's next record has other keys (5.1). */
const CHANGES_KEYS: ReadonlySet<number> = new Set([
  HandshakeType.SERVER_HELLO,
  HandshakeType.FINISHED,
  HandshakeType.KEY_UPDATE,
])

/** A Certificate message without any (4.4.2). */
const NO_CERTIFICATE = new Uint8Array(4)
