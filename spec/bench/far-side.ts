/**
 * The relays' side of one circuit in this process, as an honest network: link handshake, ntor for each hop, one stream. It
 * checks every cell that the client sends, and its work is kept off the client's clock: a download is encrypted before the clock
 * starts, everything else is done while it stands still.
 *
 * @module
 */
import { encodeCerts } from '../../lib/cell/certs-cell.ts'
import { encodeCell, encodeVersions, FIXED_CELL_SIZE, FIXED_HEADER_SIZE, writeFixedHeader } from '../../lib/cell/channel-cell.ts'
import { CellCommand, RelayCommand, relayCommandName } from '../../lib/cell/commands.ts'
import { encodeConnected } from '../../lib/cell/connected.ts'
import { decodeCreate2, encodeCreated2 } from '../../lib/cell/create2.ts'
import { encodeEnd } from '../../lib/cell/end.ts'
import { decodeExtend2 } from '../../lib/cell/extend2.ts'
import { encodeNetinfo } from '../../lib/cell/netinfo.ts'
import { EndReason } from '../../lib/cell/reasons.ts'
import { BODY_SIZE, bodyOf, commandOf, HEADER_SIZE, lengthOf, MAX_DATA, streamIdOf, writeHeader } from '../../lib/cell/relay-cell-v0.ts'
import { decodeSendme, encodeSendme } from '../../lib/cell/sendme.ts'
import { Deframer, type LinkItem } from '../../lib/channel/deframer.ts'
import { HOP_KEY_SIZE, HopCrypto } from '../../lib/circuit/hop-crypto.ts'
import { answerNtor } from '../../lib/circuit/ntor.ts'
import { currentPlatform } from '../../lib/platform/current.ts'
import type { Link, Transport } from '../../lib/platform/platform.ts'
import type { Relay } from '../../lib/relay.ts'
import { CIRCUIT_WINDOW, STREAM_WINDOW } from '../../lib/stream/windows.ts'
import { makeCertificates, type RelayCertificate } from '../../lib/testing/certificates.ts'
import { joinBytes } from '../../lib/testing/der.ts'
import { packMessage } from '../../lib/testing/messages.ts'
import { systemRandom } from '../../lib/testing/random.ts'
import { createRelayIdentity, type RelayIdentity } from '../../lib/testing/relay-identity.ts'
import { payload } from './payload.ts'
import type { StopClock } from './stop-clock.ts'

/** How many bytes a read of the link yields: it is a busy one, whose bytes come faster than they are worked off. */
const READ_SIZE = 65_536

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

  constructor(clock: StopClock, identities: readonly RelayIdentity[], certificates: readonly RelayCertificate[], keys?: CircuitKeys) {
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
    // A copy, as a socket makes one: the reader's own, and not long out of the processor's cache.
    const bytes = this.#clock.pause(() => (this.#answers.length > 0 ? joinBytes(this.#answers.splice(0)) : this.#download?.next()?.slice()))
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
      this.#answer(encodeCell(0, CellCommand.NETINFO, encodeNetinfo({ timestamp: 0, otherAddress: undefined, myAddresses: [] })))
    } else if (item.command === CellCommand.CREATE2) {
      this.#circuitId = item.circuitId
      this.#answer(encodeCell(item.circuitId, CellCommand.CREATED2, this.#addHop(decodeCreate2(item.body).data)))
    }
  }

  /** Cells from the client, all of them for the last hop there is. */
  #relayCells(encrypted: Uint8Array): void {
    let bodies = encrypted
    for (const { forward } of this.#hops) bodies = forward.keystream.apply(bodies)
    for (let offset = 0; offset < bodies.length; offset += BODY_SIZE) {
      if (this.#hops.at(-1)?.forward.digest.verify(bodies, offset) !== true) throw new Error('the client sent a cell that no relay recognises')
      this.#message(commandOf(bodies, offset), streamIdOf(bodies, offset), bodyOf(bodies, offset, lengthOf(bodies, offset)))
    }
  }

  #message(command: number, streamId: number, body: Uint8Array): void {
    switch (command) {
      case RelayCommand.EXTEND2: {
        const crypto = [...this.#hops]
        const reply = this.#addHop(decodeExtend2(body).data)
        this.#send(RelayCommand.EXTENDED2, 0, reply, crypto)
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
    if (Buffer.compare(body, payload(upload.received, body.length)) !== 0) throw new Error('the client sent other bytes than it should')
    upload.received += body.length
    upload.cells += 1
    if (upload.cells % CIRCUIT_WINDOW.step === 0) {
      this.#send(RelayCommand.SENDME, 0, encodeSendme((this.#hops.at(-1) as HopCrypto).forward.digest.tag()))
    }
    if (upload.cells % STREAM_WINDOW.step === 0) this.#send(RelayCommand.SENDME, this.#streamId, new Uint8Array(0))
    if (upload.received === upload.length) upload.complete()
  }

  #addHop(onionSkin: Uint8Array): Uint8Array {
    const { rsa, onion } = this.#identities[this.#hops.length] as RelayIdentity
    const { reply, keys } = answerNtor({
      onionSkin,
      rsaIdentity: rsa.fingerprint,
      onionSecretKey: onion.secretKey,
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

/** Encrypted cells that wait for the client's credit. */
class Download {
  readonly #wire: Uint8Array
  readonly #dataCells: number
  /** The tags of the circuit SENDMEs that will come, in their order. */
  readonly #tags: readonly Uint8Array[]
  #circuitSendmes = 0
  #streamSendmes = 0
  #sent = 0

  constructor(wire: Uint8Array, dataCells: number, tags: readonly Uint8Array[]) {
    this.#wire = wire
    this.#dataCells = dataCells
    this.#tags = tags
  }

  /** What the next read of the link yields; undefined while the client has not given credit for as much. */
  next(): Uint8Array | undefined {
    const credit = Math.min(
      CIRCUIT_WINDOW.cells + this.#circuitSendmes * CIRCUIT_WINDOW.step,
      STREAM_WINDOW.cells + this.#streamSendmes * STREAM_WINDOW.step,
    )
    // END needs no credit.
    const end = credit >= this.#dataCells ? this.#wire.length : credit * FIXED_CELL_SIZE
    const next = Math.min(this.#sent + READ_SIZE, this.#wire.length)
    if (next > end || next === this.#sent) return undefined
    const bytes = this.#wire.subarray(this.#sent, next)
    this.#sent = next
    return bytes
  }

  acknowledge(streamId: number, body: Uint8Array): void {
    if (streamId !== 0) {
      this.#streamSendmes += 1
      return
    }
    const { tag } = decodeSendme(body)
    const expected = this.#tags[this.#circuitSendmes]
    if (tag === undefined || expected === undefined || Buffer.compare(tag, expected) !== 0) throw new Error('the client sent a wrong SENDME')
    this.#circuitSendmes += 1
  }
}

/** Cells that are encrypted in one go. */
const BATCH = 128

/** What downloads are encrypted into, one after the other: a fresh buffer for each would be garbage to be collected on the clock. */
let memory = new Uint8Array(0)

function encryptDownload(hops: readonly HopCrypto[], circuitId: number, streamId: number, length: number): Download {
  const dataCells = Math.ceil(length / MAX_DATA)
  const { digest } = (hops.at(-1) as HopCrypto).backward
  const size = (dataCells + 1) * FIXED_CELL_SIZE
  if (memory.length < size) memory = new Uint8Array(size)
  const wire = memory.subarray(0, size)
  const tags: Uint8Array[] = []
  const plain = new Uint8Array(BATCH * BODY_SIZE)
  for (let first = 0; first <= dataCells; first += BATCH) {
    const end = Math.min(first + BATCH, dataCells + 1)
    for (let cell = first, offset = 0; cell < end; cell++, offset += BODY_SIZE) {
      if (cell === dataCells) {
        plain.set(packMessage({ command: RelayCommand.END, streamId, body: encodeEnd(EndReason.DONE) }, systemRandom), offset)
      } else {
        const bytes = payload(cell * MAX_DATA, Math.min(MAX_DATA, length - cell * MAX_DATA))
        writeHeader(plain, offset, RelayCommand.DATA, streamId, bytes.length)
        plain.set(bytes, offset + HEADER_SIZE)
      }
      digest.seal(plain, offset)
      if (cell < dataCells && (cell + 1) % CIRCUIT_WINDOW.step === 0) tags.push(digest.tag())
    }
    let bodies: Uint8Array = plain.subarray(0, (end - first) * BODY_SIZE)
    for (const { backward } of hops.toReversed()) bodies = backward.keystream.apply(bodies)
    for (let cell = first; cell < end; cell++) {
      const at = cell * FIXED_CELL_SIZE
      const offset = (cell - first) * BODY_SIZE
      writeFixedHeader(wire, at, circuitId, CellCommand.RELAY)
      wire.set(bodies.subarray(offset, offset + BODY_SIZE), at + FIXED_HEADER_SIZE)
    }
  }
  return new Download(wire, dataCells, tags)
}
