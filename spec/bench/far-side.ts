/**
 * The relays' side of one circuit in this process, as an honest network: link handshake, ntor for each hop, one stream.
 * It checks every cell that the client sends, and its work is kept off the client's clock: a download is encrypted
 * before the clock starts, everything else is done while it stands still.
 *
 * @module
 */
import { encodeCerts } from '../../lib/cell/channel/certs-cell.ts'
import { encodeCell, encodeVersions } from '../../lib/cell/channel/channel-cell.ts'
import { CellCommand, RelayCommand, relayCommandName } from '../../lib/cell/commands.ts'
import { encodeConnected } from '../../lib/cell/relay/connected.ts'
import { decodeCreate2, encodeCreated2 } from '../../lib/cell/create2.ts'
import { decodeExtend2 } from '../../lib/cell/relay/extend2-reader.ts'
import { encodeNetinfo } from '../../lib/cell/channel/netinfo.ts'
import { bodyOf, commandOf, lengthOf, streamIdOf } from '../../lib/cell/relay/relay-cell-v0.ts'
import { BODY_SIZE } from '../../lib/cell/body-size.ts'
import { encodeSendme } from '../../lib/cell/relay/sendme.ts'
import { Deframer, type LinkItem } from '../../lib/channel/deframer.ts'
import { HOP_KEY_SIZE, HopCrypto } from '../../lib/circuit/onion/hop-crypto.ts'
import { answerNtor } from '../../lib/circuit/handshake/ntor.ts'
import { currentPlatform } from '../../lib/platform/current.ts'
import type { Transport, Link } from '../../lib/platform/links/transport.ts'
import type { Relay } from '../../lib/relay.ts'
import { CIRCUIT_WINDOW, STREAM_WINDOW } from '../../lib/stream/flow/windows.ts'
import { makeCertificates, type RelayCertificate } from '../../lib/testing/relay/certificates.ts'
import { joinBytes } from '../../lib/base/bytes/join-bytes.ts'
import { packMessage } from '../../lib/testing/relay/circuit/messages.ts'
import { systemRandom } from '../../lib/testing/identity/random.ts'
import { createRelayIdentity, type RelayIdentity } from '../../lib/testing/identity/relay-identity.ts'
import { encryptDownload, type Download } from './download.ts'
import { payload } from './payload.ts'
import type { StopClock } from './stop-clock.ts'

const HOPS = 3

/** What both ends of a circuit know once it is built. */
export interface CircuitKeys {
  readonly circuitId: number
  readonly streamId: number
  /** For each hop, the guard first: Df, Db, Kf and Kb (tor-spec, "Setting circuit keys"). */
  readonly hops: readonly Uint8Array[]
}

/** Keys for a client that builds no circuit. */
export function randomKeys(): CircuitKeys {
  return { circuitId: 0x8000_0001, streamId: 1, hops: Array.from({ length: HOPS }, () => systemRandom(HOP_KEY_SIZE)) }
}

/** Three relays that circuits can be built through. */
export class FarSide {
  readonly #identities: readonly RelayIdentity[]
  readonly #certificates: readonly RelayCertificate[]

  static async make(): Promise<FarSide> {
    const identities = await Promise.all(Array.from({ length: HOPS }, () => createRelayIdentity()))
    const certificates = await makeCertificates(identities[0] as RelayIdentity, { now: Date.now() })
    return new FarSide(identities, certificates)
  }

  private constructor(identities: readonly RelayIdentity[], certificates: readonly RelayCertificate[]) {
    this.#identities = identities
    this.#certificates = certificates
  }

  /** What a client needs to know of them, the guard first. */
  get path(): Relay[] {
    return this.#identities.map(({ rsa, ed25519, onion }, index) => ({
      addresses: [{ hostname: `192.0.2.${index + 1}`, port: 9001 }],
      rsaIdentity: rsa.fingerprint,
      ed25519Identity: ed25519.publicKey,
      ntorOnionKey: onion.publicKey,
    }))
  }

  /** A link to the guard. With `keys` a circuit and its stream are there already, and no handshake is awaited. */
  dial(clock: StopClock, keys?: CircuitKeys): FarLink {
    return new FarLink(clock, this.#identities, this.#certificates, keys)
  }
}

/** One link, with one circuit and one stream on it. */
export class FarLink {
  /** The client's end. */
  readonly link: Link
  /** Gives {@link link} to whoever dials. */
  readonly transport: Transport
  readonly #clock: StopClock
  readonly #identities: readonly RelayIdentity[]
  readonly #certificates: readonly RelayCertificate[]
  readonly #hops: HopCrypto[]
  readonly #deframer = new Deframer()
  #source!: ReadableStreamDefaultController<Uint8Array>
  #wanted = false
  /** What the client wrote in this turn of the event loop. */
  #arrived: Uint8Array[] = []
  #circuitId: number
  #streamId: number
  /** Answers that the client has not read. */
  readonly #answers: Uint8Array[] = []
  #download: Download | undefined
  #upload: Upload | undefined

  constructor(
    clock: StopClock,
    identities: readonly RelayIdentity[],
    certificates: readonly RelayCertificate[],
    keys: CircuitKeys | undefined,
  ) {
    this.#clock = clock
    this.#identities = identities
    this.#certificates = certificates
    this.#circuitId = keys?.circuitId ?? 0
    this.#streamId = keys?.streamId ?? 0
    this.#hops = (keys?.hops ?? []).map((hop) => new HopCrypto(hop, currentPlatform()))
    const readable = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#source = controller
        },
        pull: () => {
          this.#wanted = true
          this.#deliver()
        },
      },
      { highWaterMark: 0 },
    )
    const writable = new WritableStream<Uint8Array>({
      write: (bytes) => this.#arrive(bytes),
    })
    this.link = { readable, writable, peerCertificate: (identities[0] as RelayIdentity).leaf }
    this.transport = { connect: () => Promise.resolve(this.link) }
    if (keys !== undefined) this.#deframer.push(encodeVersions([5]))
  }

  /** Encrypts `length` bytes of the payload and an END, which leave as the client's windows allow. */
  prepareDownload(length: number): void {
    this.#download = encryptDownload(this.#hops, this.#circuitId, this.#streamId, length)
    this.#deliver()
  }

  /** Resolves when `length` bytes of the payload have come. */
  expectUpload(length: number): Promise<void> {
    return new Promise((resolve) => {
      this.#upload = { length, received: 0, cells: 0, complete: resolve }
    })
  }

  #deliver(): void {
    if (!this.#wanted) return
    const bytes = this.#clock.pause(() => {
      if (this.#answers.length > 0) return joinBytes(this.#answers.splice(0))
      // A copy, as a socket makes one: the reader's own, and not long out of the processor's cache.
      return this.#download?.next()?.slice()
    })
    if (bytes === undefined) return
    this.#wanted = false
    this.#source.enqueue(bytes)
  }

  #answer(bytes: Uint8Array): void {
    this.#answers.push(bytes)
    this.#deliver()
  }

  /** The relays look at what came at the end of the turn, all at once, as if it had been under way until then. */
  #arrive(bytes: Uint8Array): void {
    this.#arrived.push(bytes)
    if (this.#arrived.length === 1) setImmediate(() => this.#clock.pause(() => this.#receive()))
  }

  #receive(): void {
    try {
      for (const bytes of this.#arrived) for (const item of this.#deframer.push(bytes)) this.#item(item)
      this.#arrived = []
    } catch (error) {
      this.#source.error(error)
    }
  }

  #item(item: LinkItem): void {
    if (item.kind === 'run') {
      this.#relayCells(item.bodies)
    } else if (item.command === CellCommand.RELAY_EARLY) {
      this.#relayCells(item.body)
    } else if (item.command === CellCommand.VERSIONS) {
      this.#answer(encodeVersions([4, 5]))
      this.#answer(encodeCell(0, CellCommand.CERTS, encodeCerts(this.#certificates)))
      this.#answer(encodeCell(0, CellCommand.AUTH_CHALLENGE, joinBytes([systemRandom(32), Uint8Array.of(0, 1, 0, 3)])))
      this.#answer(
        encodeCell(0, CellCommand.NETINFO, encodeNetinfo({ timestamp: 0, otherAddress: undefined, myAddresses: [] })),
      )
    } else if (item.command === CellCommand.CREATE2) {
      this.#circuitId = item.circuitId
      this.#addHop(decodeCreate2(item.body).data, (reply) =>
        this.#answer(encodeCell(item.circuitId, CellCommand.CREATED2, reply)),
      )
    }
  }

  /** Cells from the client, all of them for the last hop there is. */
  #relayCells(encrypted: Uint8Array): void {
    let bodies = encrypted
    for (const { forward } of this.#hops) bodies = forward.keystream.apply(bodies)
    for (let offset = 0; offset < bodies.length; offset += BODY_SIZE) {
      const recognised = this.#hops.at(-1)?.forward.digest.verify(bodies, offset) === true
      if (!recognised) throw new Error('the client sent a cell that no relay recognises')
      this.#message(
        commandOf(bodies, offset),
        streamIdOf(bodies, offset),
        bodyOf(bodies, offset, lengthOf(bodies, offset)),
      )
    }
  }

  #message(command: number, streamId: number, body: Uint8Array): void {
    switch (command) {
      case RelayCommand.EXTEND2: {
        const crypto = [...this.#hops]
        this.#addHop(decodeExtend2(body).data, (reply) => this.#send(RelayCommand.EXTENDED2, 0, reply, crypto))
        break
      }
      case RelayCommand.BEGIN:
        this.#streamId = streamId
        this.#send(RelayCommand.CONNECTED, streamId, encodeConnected({ address: '192.0.2.80', ttl: 60 }))
        break
      case RelayCommand.DATA:
        this.#data(body)
        break
      case RelayCommand.SENDME:
        this.#download?.acknowledge(streamId, body)
        this.#deliver()
        break
      case RelayCommand.END:
        break
      default:
        throw new Error(`the client sent ${relayCommandName(command)}`)
    }
  }

  #data(body: Uint8Array): void {
    const upload = this.#upload
    if (upload === undefined) throw new Error('the client sent DATA that nobody expects')
    const right = Buffer.compare(body, payload(upload.received, body.length)) === 0
    if (!right) throw new Error('the client sent other bytes than it should')
    upload.received += body.length
    upload.cells += 1
    if (upload.cells % CIRCUIT_WINDOW.step === 0) {
      this.#send(RelayCommand.SENDME, 0, encodeSendme((this.#hops.at(-1) as HopCrypto).forward.digest.tag()))
    }
    if (upload.cells % STREAM_WINDOW.step === 0) this.#send(RelayCommand.SENDME, this.#streamId, new Uint8Array(0))
    if (upload.received === upload.length) upload.complete()
  }

  /** The client waits for the reply, and sends nothing meanwhile. */
  #addHop(onionSkin: Uint8Array, answer: (reply: Uint8Array) => void): void {
    this.#handshake(onionSkin).then(answer, (error: unknown) => this.#source.error(error))
  }

  async #handshake(onionSkin: Uint8Array): Promise<Uint8Array> {
    const { rsa, onion } = this.#identities[this.#hops.length] as RelayIdentity
    const { reply, keys } = await answerNtor({
      onionSkin,
      rsaIdentity: rsa.fingerprint,
      onionSecretKey: await currentPlatform().x25519.secretKey(onion.secretKey),
      keyLength: HOP_KEY_SIZE,
    })
    this.#hops.push(new HopCrypto(keys, currentPlatform()))
    return encodeCreated2(reply)
  }

  #send(command: number, streamId: number, body: Uint8Array, hops: readonly HopCrypto[] = this.#hops): void {
    let cell: Uint8Array = packMessage({ command, streamId, body }, systemRandom)
    hops.at(-1)?.backward.digest.seal(cell, 0)
    for (const { backward } of hops.toReversed()) cell = backward.keystream.apply(cell)
    this.#answer(encodeCell(this.#circuitId, CellCommand.RELAY, cell))
  }
}

interface Upload {
  readonly length: number
  received: number
  cells: number
  readonly complete: () => void
}
