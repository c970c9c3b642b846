/**
 * A server of TLS 1.3 that does what a spec says, right or wrong: each step makes one message, sends it in a record of its
 * own, and can be told to lie.
 *
 * @module
 */
import { x25519 } from '@noble/curves/ed25519.js'
import { joinBytes } from '../../../lib/base/bytes/join-bytes.ts'
import { asciiBytes, ByteReader, ByteWriter } from '../../../lib/cell/bytes.ts'
import { CIPHER_SUITES, type CipherSuite } from '../../../lib/tls13/keys/cipher-suites.ts'
import { readExtensions } from '../../../lib/tls13/messages/extensions.ts'
import { HandshakeReader, handshakeMessage } from '../../../lib/tls13/messages/handshake-message.ts'
import { KeySchedule, type TrafficSecrets } from '../../../lib/tls13/keys/key-schedule.ts'
import { RecordDeframer } from '../../../lib/tls13/records/record-deframer.ts'
import { recordHeader, RecordKeys } from '../../../lib/tls13/records/record-keys.ts'
import { ContentType, ExtensionType, HandshakeType, NamedGroup } from '../../../lib/tls13/protocol/registry.ts'
import { Transcript } from '../../../lib/tls13/messages/transcript.ts'
import type { Identity } from './identity.ts'

const RETRY_RANDOM = /* @__PURE__ */ Uint8Array.from(
  'cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c'.match(/../g) as string[],
  (digits) => parseInt(digits, 16),
)

/** An extension: its type and its data. */
export type Extension = readonly [type: number, data: Uint8Array]

/** What a ServerHello says instead of the truth. */
export interface HelloLies {
  readonly version?: number
  readonly random?: Uint8Array
  readonly sessionId?: Uint8Array
  readonly suite?: number
  readonly compression?: number
  /** Undefined in place of data leaves the extension out. */
  readonly extensions?: Readonly<Record<number, Uint8Array | undefined>>
}

/** What arrived from the client. */
export interface FromClient {
  readonly type: number
  readonly content: Uint8Array
}

export const u16 = (...values: readonly number[]): Uint8Array =>
  Uint8Array.from(values.flatMap((value) => [value >>> 8, value & 0xff]))

export const bytes = (...values: readonly number[]): Uint8Array<ArrayBuffer> => Uint8Array.from(values)

/** Bytes behind their length. */
export const vector16 = (data: Uint8Array): Uint8Array => joinBytes([u16(data.length), data])

/** A block of extensions. */
export function extensionBlock(extensions: readonly Extension[]): Uint8Array {
  const list = joinBytes(extensions.map(([type, data]) => joinBytes([u16(type, data.length), data])))
  return vector16(list)
}

export class ScriptedServer {
  readonly identity: Identity
  readonly suite: CipherSuite = CIPHER_SUITES[0] as CipherSuite
  readonly #give: (bytes: Uint8Array) => void
  readonly #deframer = new RecordDeframer()
  readonly #fromClient = new HandshakeReader()
  readonly #keyPair = x25519.keygen()
  #transcript: Transcript | undefined
  #sessionId: Uint8Array = new Uint8Array(0)
  #clientKey: Uint8Array = new Uint8Array(0)
  #schedule: KeySchedule | undefined
  #secrets: Promise<TrafficSecrets> | undefined
  #sending: RecordKeys | undefined
  #receiving: RecordKeys | undefined
  /** Those of the data, once the server's Finished is out. */
  #application: Promise<TrafficSecrets> | undefined
  /** Those that the last change of keys replaced. */
  #earlier: RecordKeys | undefined
  /** Records that are held back to be sent in one piece. */
  #batch: Uint8Array[] | undefined
  /** Makes what a message says from what it should say. */
  #alter: ((body: Uint8Array, index: number) => Uint8Array) | undefined
  /** How many messages there were. */
  #messages = 0
  /** Messages that are gathered to be put into records otherwise. */
  #gathered: Uint8Array[] | undefined

  constructor(identity: Identity, give: (bytes: Uint8Array) => void) {
    this.identity = identity
    this.#give = give
  }

  /** Takes what the client sent: plaintexts by their inner type. Its Finished is checked. */
  async take(chunk: Uint8Array): Promise<FromClient[]> {
    const taken: FromClient[] = []
    for (const record of this.#deframer.take(chunk)) {
      const type = record[0] as number
      if (type !== ContentType.APPLICATION_DATA) {
        const content = record.subarray(5)
        if (type === ContentType.HANDSHAKE) this.#clientHello(content)
        taken.push({ type, content })
        continue
      }
      const keys = this.#receiving as RecordKeys
      const opened = await keys.open(record, 0)
      if (opened === undefined) throw new Error('a record of the client was altered')
      keys.opened()
      let end = opened.length - 1
      while (opened[end] === 0) end -= 1
      const from = { type: opened[end] as number, content: opened.subarray(0, end) }
      taken.push(from)
      if (from.type === ContentType.HANDSHAKE) await this.#handshake(from.content)
    }
    return taken
  }

  /** Holds back what follows. */
  hold(): void {
    this.#batch = []
  }

  /** What was held back, which is sent in one piece or not at all. */
  held(): Uint8Array {
    const batch = this.#batch as Uint8Array[]
    this.#batch = undefined
    return joinBytes(batch)
  }

  /** Puts no messages into records for now. */
  gather(): void {
    this.#gathered = []
  }

  /** The messages that were made meanwhile. */
  gathered(): Uint8Array {
    const messages = this.#gathered as Uint8Array[]
    this.#gathered = undefined
    return joinBytes(messages)
  }

  /** Bytes as they are. */
  raw(bytes: Uint8Array): void {
    if (this.#batch === undefined) this.#give(bytes)
    else this.#batch.push(bytes)
  }

  /** A record: sealed once there are keys, unless it is to be plain; `early` is under those that were just replaced. */
  async record(type: number, content: Uint8Array, { plain = false, early = false, padding = 0 } = {}): Promise<void> {
    const keys = plain ? undefined : early ? this.#earlier : this.#sending
    if (keys === undefined) return this.raw(joinBytes([recordHeader(type, content.length), content]))
    if (padding === 0) return this.raw(await keys.seal(type, content))
    // What is sealed ends with its type; behind the real one that is another zero of the padding.
    return this.raw(await keys.seal(0, joinBytes([content, Uint8Array.of(type), new Uint8Array(padding - 1)])))
  }

  /** From now on messages are what `alter` makes of them; it is told how many came before. */
  alter(alter: (body: Uint8Array, index: number) => Uint8Array): void {
    this.#alter = alter
  }

  /** A handshake message: into the transcript, and into a record. */
  async message(type: number, right: Uint8Array): Promise<void> {
    const body = this.#alter?.(right, this.#messages) ?? right
    this.#messages += 1
    const message = handshakeMessage(type, body)
    this.#transcript?.add(message)
    if (this.#gathered !== undefined) this.#gathered.push(message)
    else await this.record(ContentType.HANDSHAKE, message)
  }

  /** HelloRetryRequest for P-256 unless told otherwise. The client's answer must be taken before the next step. */
  async retry(lies: HelloLies = {}): Promise<void> {
    await this.#transcript?.start(this.suite.hash, true)
    const extensions = { [ExtensionType.KEY_SHARE]: u16(NamedGroup.SECP256R1), ...lies.extensions }
    await this.message(HandshakeType.SERVER_HELLO, this.#helloBody({ random: RETRY_RANDOM, ...lies, extensions }))
  }

  /** ServerHello; keys hold from here. */
  async hello(lies: HelloLies = {}): Promise<void> {
    const transcript = this.#transcript as Transcript
    await transcript.start(this.suite.hash, false)
    // It is in the transcript at once. The client may answer before this side has keys.
    const sent = this.message(HandshakeType.SERVER_HELLO, this.#helloBody(lies))
    const schedule = new KeySchedule(this.suite.hash)
    const shared = x25519.getSharedSecret(this.#keyPair.secretKey, this.#clientKey)
    const secrets = transcript.digest().then((digest) => schedule.handshakeSecrets(shared, digest))
    this.#schedule = schedule
    this.#secrets = secrets
    this.#sending = this.#keysOf(secrets, 'server')
    this.#receiving = this.#keysOf(secrets, 'client')
    await sent
  }

  encryptedExtensions(extensions: readonly Extension[] = []): Promise<void> {
    return this.message(HandshakeType.ENCRYPTED_EXTENSIONS, extensionBlock(extensions))
  }

  certificateRequest(
    extensions: readonly Extension[] = [[ExtensionType.SIGNATURE_ALGORITHMS, u16(2, 0x0403)]],
  ): Promise<void> {
    return this.message(HandshakeType.CERTIFICATE_REQUEST, joinBytes([Uint8Array.of(0), extensionBlock(extensions)]))
  }

  certificate(chain: readonly Uint8Array[] = [this.identity.certificate]): Promise<void> {
    return this.message(HandshakeType.CERTIFICATE, certificateBody(chain))
  }

  /** @param signature - in place of the right one, made from it */
  async certificateVerify({
    scheme = { 'rsa': 0x0804, 'P-256': 0x0403, 'P-384': 0x0503 }[this.identity.kind],
    context = 'TLS 1.3, server CertificateVerify',
    signature = (right: Uint8Array): Uint8Array => right,
  } = {}): Promise<void> {
    const digest = await (this.#transcript as Transcript).digest()
    const signed = joinBytes([new Uint8Array(64).fill(0x20), asciiBytes(context), Uint8Array.of(0), digest])
    const given = signature(await this.identity.sign(signed))
    await this.message(HandshakeType.CERTIFICATE_VERIFY, joinBytes([u16(scheme, given.length), given]))
  }

  /** @param lie - makes what is sent from what is right */
  async finished(lie: (right: Uint8Array) => Uint8Array = (right) => right): Promise<void> {
    const schedule = this.#schedule as KeySchedule
    const transcript = this.#transcript as Transcript
    const { server } = await (this.#secrets as Promise<TrafficSecrets>)
    const right = await schedule.finished(server, await transcript.digest())
    const sent = this.message(HandshakeType.FINISHED, lie(right)) // as above
    this.#application = transcript.digest().then((digest) => schedule.applicationSecrets(digest))
    this.#earlier = this.#sending
    this.#sending = this.#keysOf(this.#application, 'server')
    await sent
  }

  /** All from the ServerHello on. */
  async handshake(): Promise<void> {
    await this.hello()
    await this.encryptedExtensions()
    await this.certificate()
    await this.certificateVerify()
    await this.finished()
  }

  data(content: Uint8Array, padding = 0): Promise<void> {
    return this.record(ContentType.APPLICATION_DATA, content, { padding })
  }

  alert(number: number, level = 2): Promise<void> {
    return this.record(ContentType.ALERT, Uint8Array.of(level, number))
  }

  /** KeyUpdate, and new keys of this side. */
  async keyUpdate(request: number): Promise<void> {
    await this.record(ContentType.HANDSHAKE, handshakeMessage(HandshakeType.KEY_UPDATE, Uint8Array.of(request)))
    this.#sending = this.#sending?.next()
  }

  #keysOf(secrets: Promise<TrafficSecrets>, side: keyof TrafficSecrets): RecordKeys {
    return new RecordKeys(
      this.suite,
      secrets.then((both) => both[side]),
    )
  }

  #helloBody(lies: HelloLies): Uint8Array {
    const { version = 0x0303, random = crypto.getRandomValues(new Uint8Array(32)), sessionId = this.#sessionId } = lies
    const extensions: Record<number, Uint8Array | undefined> = {
      [ExtensionType.SUPPORTED_VERSIONS]: u16(0x0304),
      [ExtensionType.KEY_SHARE]: joinBytes([u16(NamedGroup.X25519, 32), this.#keyPair.publicKey]),
      ...lies.extensions,
    }
    const present = Object.entries(extensions).flatMap(([type, data]) =>
      data === undefined ? [] : [[Number(type), data] as const],
    )
    return new ByteWriter()
      .u16(version)
      .bytes(random)
      .u8(sessionId.length)
      .bytes(sessionId)
      .u16(lies.suite ?? this.suite.id)
      .u8(lies.compression ?? 0)
      .bytes(extensionBlock(present))
      .finish()
  }

  #clientHello(message: Uint8Array): void {
    const reader = new ByteReader(message, 'ClientHello')
    reader.take(4 + 2 + 32)
    this.#sessionId = reader.take(reader.u8()).slice()
    reader.take(reader.u16())
    reader.take(reader.u8())
    const share = new ByteReader(readExtensions(reader).get(ExtensionType.KEY_SHARE) as Uint8Array, 'key share')
    share.u16()
    if (share.u16() === (NamedGroup.X25519 as number)) this.#clientKey = share.take(share.u16()).slice()
    if (this.#transcript === undefined) this.#transcript = new Transcript(message.slice())
    else this.#transcript.add(message)
  }

  /** The client's messages behind its hello: Finished, perhaps after a Certificate; then KeyUpdates. */
  async #handshake(content: Uint8Array): Promise<void> {
    this.#fromClient.add(content)
    const transcript = this.#transcript as Transcript
    for (let message = this.#fromClient.next(); message !== undefined; message = this.#fromClient.next()) {
      if (message.type === HandshakeType.FINISHED) {
        const { client } = await (this.#secrets as Promise<TrafficSecrets>)
        const right = await (this.#schedule as KeySchedule).finished(client, await transcript.digest())
        if (right.some((byte, at) => byte !== message.body[at])) throw new Error("the client's Finished is wrong")
        this.#receiving = this.#keysOf(this.#application as Promise<TrafficSecrets>, 'client')
      } else if (message.type === HandshakeType.KEY_UPDATE) {
        this.#receiving = this.#receiving?.next()
      } else {
        transcript.add(message.whole)
      }
    }
  }
}

/** A Certificate message's body. */
export function certificateBody(chain: readonly Uint8Array[], extensions: readonly Extension[] = []): Uint8Array {
  const u24 = (value: number): Uint8Array => Uint8Array.of(value >>> 16, (value >>> 8) & 0xff, value & 0xff)
  const entries = joinBytes(chain.map((each) => joinBytes([u24(each.length), each, extensionBlock(extensions)])))
  return joinBytes([Uint8Array.of(0), u24(entries.length), entries])
}
