/**
 * The least of a Tor client that can use test relays: one link, one circuit, messages in and out, no rules. It shares
 * codecs and cryptography with the library and nothing above them.
 */
import { encodeBegin } from '../../../lib/cell/relay/begin.ts'
import { encodeCell } from '../../../lib/cell/channel/channel-cell.ts'
import { CellCommand, RelayCommand } from '../../../lib/cell/commands.ts'
import { decodeCreated2, encodeCreate2, HandshakeType } from '../../../lib/cell/create2.ts'
import { encodeExtend2 } from '../../../lib/cell/relay/extend2.ts'
import { bodyOf, commandOf, lengthOf, looksRecognized, streamIdOf } from '../../../lib/cell/relay/relay-cell-v0.ts'
import { BODY_SIZE } from '../../../lib/cell/body-size.ts'
import { Deframer } from '../../../lib/channel/deframer.ts'
import { LinkHandshake } from '../../../lib/channel/link-handshake.ts'
import { startCreateFast } from '../../../lib/circuit/handshake/create-fast.ts'
import { HOP_KEY_SIZE, HopCrypto } from '../../../lib/circuit/onion/hop-crypto.ts'
import { startNtorV3 } from '../../../lib/circuit/handshake/ntor-v3.ts'
import { startNtor } from '../../../lib/circuit/handshake/ntor.ts'
import { systemClock } from '../../../lib/base/waiting/clock.ts'
import type { Clock } from '../../../lib/base/waiting/clock.ts'
import { currentPlatform } from '../../../lib/platform/current.ts'
import type { Link } from '../../../lib/platform/links/transport.ts'
import type { Relay } from '../../../lib/relay.ts'
import { packMessage } from '../../../lib/testing/relay/circuit/messages.ts'
import type { OutgoingMessage } from '../../../lib/testing/relay/circuit/messages.ts'
import { Observer } from '../../../lib/testing/relay/observer.ts'
import type { TestNetwork } from '../../../lib/testing/test-network.ts'

/** A message that came, from which hop (0 is the guard), with that hop's digest after it. */
export interface ClientMessage {
  readonly hop: number
  readonly early: boolean
  readonly command: number
  readonly streamId: number
  readonly body: Uint8Array
  readonly tag: Uint8Array
}

/** A cell that came and is no relay cell. */
export interface ClientCell {
  readonly circuitId: number
  readonly command: number
  readonly body: Uint8Array
}

export const CIRCUIT_ID = 0x8000_0007

export class MinimalClient {
  readonly link: Link
  readonly hops: HopCrypto[] = []
  readonly cells: ClientCell[] = []
  readonly messages: ClientMessage[] = []
  /** Relay cells that no hop has made. */
  unrecognized = 0
  /** Set when the link has ended: with what, or `undefined` for a clean end. */
  ended: { readonly error: unknown } | undefined
  readonly observer = new Observer()
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>
  #sending: Promise<unknown> = Promise.resolve()

  constructor(link: Link) {
    this.link = link
    this.#writer = link.writable.getWriter()
  }

  /** Dials a relay and shakes hands. Rejects with what the handshake objects to. */
  static async connect(
    network: TestNetwork,
    relay: Relay = network.path(1)[0] as Relay,
    clock: Clock = systemClock,
  ): Promise<MinimalClient> {
    const address = relay.addresses[0] as Relay['addresses'][0]
    const link = await network.transport.connect(address, { signal: new AbortController().signal })
    const client = new MinimalClient(link)
    const { peerCertificate } = link
    const handshake = new LinkHandshake({
      expected: relay,
      address,
      peerCertificate,
      platform: currentPlatform(),
      clock,
      linkPadding: 'off',
    })
    client.send(handshake.start())
    await client.#read(handshake)
    return client
  }

  /** Dials, and builds a circuit through these relays. */
  static async build(network: TestNetwork, path: readonly Relay[] = network.path()): Promise<MinimalClient> {
    const client = await MinimalClient.connect(network, path[0])
    await client.create(path[0] as Relay)
    for (const relay of path.slice(1)) await client.extend(relay)
    return client
  }

  /** Sends any bytes on the link. */
  send(bytes: Uint8Array): void {
    this.#sending = this.#writer.write(bytes).catch(() => undefined)
  }

  sendCell(command: number, body: Uint8Array = new Uint8Array(0), circuitId: number = CIRCUIT_ID): void {
    this.send(encodeCell(circuitId, command, body))
  }

  async create(relay: Relay): Promise<void> {
    const { rsaIdentity, ntorOnionKey } = relay
    const ntor = await startNtor({ rsaIdentity, ntorOnionKey })
    this.sendCell(CellCommand.CREATE2, encodeCreate2(HandshakeType.NTOR, ntor.onionSkin))
    const created = await this.cell(CellCommand.CREATED2)
    this.hops.push(new HopCrypto(await ntor.finish(decodeCreated2(created.body), HOP_KEY_SIZE), currentPlatform()))
  }

  /** Extends by ntor-v3, with a message within the handshake. Returns the relay's. */
  async extendV3(relay: Relay, message: Uint8Array): Promise<Uint8Array> {
    const { onionSkin, finish } = await startNtorV3({ ...relay, message, platform: currentPlatform() })
    const outcome = await finish(await this.#askToExtend(relay, HandshakeType.NTOR_V3, onionSkin, true), HOP_KEY_SIZE)
    this.hops.push(new HopCrypto(outcome.keys, currentPlatform()))
    return outcome.message
  }

  async createFast(): Promise<void> {
    const handshake = startCreateFast()
    this.sendCell(CellCommand.CREATE_FAST, handshake.material)
    const created = await this.cell(CellCommand.CREATED_FAST)
    this.hops.push(new HopCrypto(handshake.finish(created.body, HOP_KEY_SIZE), currentPlatform()))
  }

  async extend(relay: Relay, early = true): Promise<void> {
    const { rsaIdentity, ntorOnionKey } = relay
    const ntor = await startNtor({ rsaIdentity, ntorOnionKey })
    const reply = await this.#askToExtend(relay, HandshakeType.NTOR, ntor.onionSkin, early)
    this.hops.push(new HopCrypto(await ntor.finish(reply, HOP_KEY_SIZE), currentPlatform()))
  }

  async #askToExtend(relay: Relay, type: number, onionSkin: Uint8Array, early: boolean): Promise<Uint8Array> {
    const { rsaIdentity, ed25519Identity, addresses } = relay
    const { hostname, port } = addresses[0] as Relay['addresses'][0]
    const specifiers = [
      { type: 'ipv4', address: hostname, port },
      { type: 'rsa', identity: rsaIdentity },
      { type: 'ed25519', identity: ed25519Identity },
    ] as const
    const before = this.messages.length
    await this.message({ command: RelayCommand.EXTEND2, body: encodeExtend2(specifiers, type, onionSkin), early })
    await this.until(() => this.messages.slice(before).some(({ command }) => command === RelayCommand.EXTENDED2))
    const extended = this.messages.findLast(({ command }) => command === RelayCommand.EXTENDED2) as ClientMessage
    return decodeCreated2(extended.body)
  }

  /** Sends a message to a hop, the last one by default. */
  async message(message: OutgoingMessage, target: number = this.hops.length - 1): Promise<void> {
    let cell: Uint8Array = packMessage(message, (length) => new Uint8Array(length))
    if (message.digest === undefined) (this.hops[target] as HopCrypto).forward.digest.seal(cell, 0)
    for (let hop = target; hop >= 0; hop -= 1) {
      const { keystream } = (this.hops[hop] as HopCrypto).forward
      if (keystream.available < BODY_SIZE) await keystream.refill(BODY_SIZE)
      cell = keystream.apply(cell)
    }
    this.sendCell(message.early === true ? CellCommand.RELAY_EARLY : CellCommand.RELAY, cell)
  }

  /** Resolves when the predicate is true; asked after every cell. */
  until(predicate: () => boolean): Promise<void> {
    return this.observer.when(predicate)
  }

  /** The first cell of this command that came or comes. */
  async cell(command: number): Promise<ClientCell> {
    await this.until(() => this.ended !== undefined || this.cells.some((cell) => cell.command === command))
    const found = this.cells.find((cell) => cell.command === command)
    if (found === undefined) throw new Error(`The link ended before a cell with command ${command} came`)
    return found
  }

  /** The first message of this command on this stream that came or comes. */
  async answer(command: number, streamId: number): Promise<ClientMessage> {
    const find = (): ClientMessage | undefined =>
      this.messages.find((message) => message.command === command && message.streamId === streamId)
    await this.until(() => find() !== undefined)
    return find() as ClientMessage
  }

  /** All bytes of DATA that a stream has brought. */
  dataOf(streamId: number): Uint8Array {
    const bodies = this.messages.filter(
      (message) => message.command === RelayCommand.DATA && message.streamId === streamId,
    )
    const bytes = new Uint8Array(bodies.reduce((sum, { body }) => sum + body.length, 0))
    let at = 0
    for (const { body } of bodies) {
      bytes.set(body, at)
      at += body.length
    }
    return bytes
  }

  async end(): Promise<void> {
    await this.#sending
    await this.#writer.close().catch(() => undefined)
  }

  /** Reads until the handshake is done, then goes on in the background. */
  async #read(handshake: LinkHandshake): Promise<void> {
    const reader = this.link.readable.getReader()
    const deframer = new Deframer()
    while (handshake.result === undefined) {
      const { done, value } = await reader.read()
      if (done) throw new Error('The relay closed the link in the handshake')
      for (const item of deframer.push(value)) {
        if (item.kind === 'cell') this.cells.push(item)
        const answer = await handshake.receive(item)
        if (answer !== undefined) this.send(answer)
      }
    }
    void this.#readOn(reader, deframer)
  }

  async #readOn(reader: ReadableStreamDefaultReader<Uint8Array>, deframer: Deframer): Promise<void> {
    try {
      for (;;) {
        const { done, value } = await reader.read()
        if (done) break
        for (const item of deframer.push(value)) {
          if (item.kind === 'run') await this.#relayCells(item.bodies, item.count, false)
          else if (item.command === CellCommand.RELAY_EARLY) await this.#relayCells(item.body, 1, true)
          else this.cells.push(item)
          this.observer.notify()
        }
      }
      this.ended = { error: undefined }
    } catch (error) {
      this.ended = { error }
    }
    this.observer.notify()
  }

  async #relayCells(bodies: Uint8Array, count: number, early: boolean): Promise<void> {
    for (let index = 0; index < count; index += 1) {
      let cell = bodies.slice(index * BODY_SIZE, (index + 1) * BODY_SIZE)
      let found = false
      for (const [hop, { backward }] of this.hops.entries()) {
        if (backward.keystream.available < BODY_SIZE) await backward.keystream.refill(BODY_SIZE)
        cell = new Uint8Array(backward.keystream.apply(cell))
        if (!looksRecognized(cell, 0) || !backward.digest.verify(cell, 0)) continue
        const body = bodyOf(cell, 0, Math.min(lengthOf(cell, 0), 498))
        this.messages.push({
          hop,
          early,
          command: commandOf(cell, 0),
          streamId: streamIdOf(cell, 0),
          body,
          tag: backward.digest.tag(),
        })
        found = true
        break
      }
      if (!found) this.unrecognized += 1
    }
  }
}

/** Sends a BEGIN, without waiting for an answer. */
export function begin(client: MinimalClient, streamId: number, host = 'destination.test', port = 80): Promise<void> {
  return client.message({ command: RelayCommand.BEGIN, streamId, body: encodeBegin({ host, port, flags: 0 }) })
}

/** Sends `cells` DATA cells of one byte each. */
export async function sendData(client: MinimalClient, streamId: number, cells: number): Promise<void> {
  for (let cell = 0; cell < cells; cell += 1)
    await client.message({ command: RelayCommand.DATA, streamId, body: Uint8Array.of(cell) })
}
