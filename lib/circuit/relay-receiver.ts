/**
 * The receiving half of a circuit: runs of relay cells in, all layers off, each message checked and handed to whom it
 * is for (tor-spec, "Relay cells").
 *
 * @module
 */
import { RelayCommand, relayCommandName } from '../cell/commands.ts'
import { destroyReasonName } from '../cell/reasons.ts'
import {
  HEADER_SIZE,
  MAX_DATA,
  bodyOf,
  commandOf,
  lengthOf,
  looksRecognized,
  streamIdOf,
} from '../cell/relay/relay-cell-v0.ts'
import { BODY_SIZE } from '../cell/body-size.ts'
import { TorError } from '../base/errors.ts'
import type { StreamEndpoint } from '../stream/contract/carrier.ts'
import { isLegal } from '../stream/contract/legality.ts'
import type { HopCrypto } from './onion/hop-crypto.ts'
import type { Hop } from './hop.ts'
import { backwardRoom, peel, refillBackward, type Peeled } from './onion/onion.ts'

/** How many cells without use (DROP, unknown commands) a circuit bears beyond as many as it got with use. */
const MAX_IDLE_CELLS = 1000

/** What the receiving half tells its circuit. */
export interface RelayReceiverOwner {
  /** Nothing is received any more. */
  readonly isClosed: boolean
  /** The hop is owed a SENDME of the circuit for the cell with this tag. */
  sendmeDue(hop: Hop, tag: Uint8Array): void
  /**
   * An EXTENDED2 came from this hop.
   *
   * @throws TorError `CIRCUIT_PROTOCOL` when nothing was asked of it
   */
  extended(hop: Hop, body: Uint8Array): void
  /** A relay lost the hops behind it (TRUNCATED). */
  truncated(failure: TorError): void
  /** A relay broke the protocol. */
  violated(error: unknown): void
}

export class RelayReceiver {
  readonly #owner: RelayReceiverOwner
  readonly #hops: readonly Hop[]
  readonly #cryptos: readonly HopCrypto[]
  /** Whom messages came for since the last {@link readProcessed}. */
  readonly #touched = new Set<StreamEndpoint>()
  /** How many cells may come in all. */
  #mostCells = Infinity
  #usefulCells = 0
  #idleCells = 0

  /** @param hops - the circuit's, with their `cryptos`; both grow as the circuit is extended */
  constructor(owner: RelayReceiverOwner, hops: readonly Hop[], cryptos: readonly HopCrypto[]) {
    this.#owner = owner
    this.#hops = hops
    this.#cryptos = cryptos
  }

  /** Relay cells that came so far. */
  get cells(): number {
    return this.#usefulCells + this.#idleCells
  }

  /** So many more cells may come, and no others. */
  bound(cells: number): void {
    this.#mostCells = this.cells + cells
  }

  /** The read of the link is worked off: each stream it brought messages for may hand on what it has. */
  readProcessed(): void {
    for (const endpoint of this.#touched) endpoint.readProcessed()
    this.#touched.clear()
  }

  /**
   * One run of cells: all layers off, then one cell after the other in the order in which they came. A promise is
   * returned while whoever got one of them is not done with it, and while keystream is made for a hop that was added by one;
   * it rejects when there can be none.
   */
  receive(bodies: Uint8Array, count: number): Promise<void> | undefined {
    if (this.#owner.isClosed) return undefined
    return this.#guard(() => {
      if (this.cells + count > this.#mostCells) throw new TorError('CIRCUIT_PROTOCOL', 'too many relay cells')
      return this.#deliver(peel(this.#cryptos, bodies, count), 0, count)
    })
  }

  /** The cells of a batch from `start` on, of which `peeled` is what is left. */
  #deliver(peeled: Peeled, start: number, count: number): Promise<void> | undefined {
    const layers = this.#hops.length
    const last = this.#hops[layers - 1] as Hop
    let early = 0
    for (let index = start, offset = 0; index < count && this.#mayReceive(); index++) {
      const fromEarlier = peeled.early?.[early]
      let done: Promise<void> | undefined
      if (fromEarlier?.index === index) {
        early += 1
        done = this.#message(this.#hops[fromEarlier.hop] as Hop, fromEarlier.body, 0, () => fromEarlier.tag)
      } else {
        if (!looksRecognized(peeled.bodies, offset) || !last.crypto.backward.digest.verify(peeled.bodies, offset)) {
          throw new TorError('CIRCUIT_PROTOCOL', 'unrecognized relay cell')
        }
        done = this.#message(last, peeled.bodies, offset, last.tag)
        offset += BODY_SIZE
      }
      if (done !== undefined) return this.#deliverAfter(done, peeled, early, offset, index + 1, count, layers)
      // The cell made the path longer: what follows it in this batch is from the new hop already.
      if (this.#hops.length > layers) return this.#deliverRest(peeled, early, offset, index + 1, count, layers)
    }
    return undefined
  }

  /** Goes on with what is left of a batch once somebody is done with what they got of it. */
  async #deliverAfter(
    done: Promise<void>,
    peeled: Peeled,
    early: number,
    offset: number,
    start: number,
    count: number,
    layers: number,
  ): Promise<void> {
    try {
      await done
    } catch (error) {
      this.#owner.violated(error)
    }
    const rest = { ...peeled, bodies: peeled.bodies.subarray(offset), early: peeled.early?.slice(early) }
    await this.#guard(() =>
      this.#hops.length > layers
        ? this.#deliverRest(peeled, early, offset, start, count, layers)
        : this.#deliver(rest, start, count),
    )
  }

  /** Takes the layers of added hops off what is left of a batch, and goes on. */
  #deliverRest(
    peeled: Peeled,
    early: number,
    offset: number,
    start: number,
    count: number,
    layers: number,
  ): Promise<void> | undefined {
    const known = peeled.early?.slice(early) ?? []
    const taken = new Set(known.map(({ index }) => index))
    const positions = Array.from({ length: count - start }, (_, at) => start + at).filter((at) => !taken.has(at))
    const goOn = (): Promise<void> | undefined => {
      if (this.#owner.isClosed) return undefined
      const bodies = peeled.bodies.subarray(offset)
      const rest = peel(this.#cryptos, bodies, positions.length, { removed: layers - 1, positions })
      const merged = [...known, ...(rest.early ?? [])].sort((a, b) => a.index - b.index)
      return this.#deliver({ ...rest, early: merged }, start, count)
    }
    if (backwardRoom(this.#cryptos, layers) >= positions.length) return goOn()
    return refillBackward(this.#cryptos, positions.length, layers).then(() => this.#guard(goOn))
  }

  /** What goes wrong is the relay's doing. */
  #guard(receive: () => Promise<void> | undefined): Promise<void> | undefined {
    try {
      return receive()
    } catch (error) {
      this.#owner.violated(error)
      return undefined
    }
  }

  /** Re-read before each cell: a message may close the circuit. */
  #mayReceive(): boolean {
    return !this.#owner.isClosed
  }

  /**
   * One relay message: windows first, then whom it is for, who may have to be waited for. `tag` is the hop's digest after this
   * cell.
   */
  #message(hop: Hop, bodies: Uint8Array, offset: number, tag: () => Uint8Array): Promise<void> | undefined {
    const command = commandOf(bodies, offset)
    const streamId = streamIdOf(bodies, offset)
    const length = lengthOf(bodies, offset)
    if (length > MAX_DATA) throw new TorError('CIRCUIT_PROTOCOL', `relay message of ${length} bytes`)
    this.#usefulCells += 1
    switch (command) {
      case RelayCommand.DATA: {
        // Circuit SENDMEs follow receipt, whatever becomes of the stream: the relay counts the same cells.
        hop.flow.receiveWindow.take()
        if (hop.flow.receiveWindow.consumed(1) > 0) this.#owner.sendmeDue(hop, tag())
        const endpoint = this.#endpointFor(hop, streamId, command)
        endpoint.dataArrived(bodies, offset + HEADER_SIZE, length)
        this.#touched.add(endpoint)
        break
      }
      case RelayCommand.SENDME:
        if (streamId === 0) {
          hop.flow.sendWindow.acknowledge(bodyOf(bodies, offset, length))
          hop.line.serve()
          break
        }
        this.#streamMessage(hop, streamId, command, bodyOf(bodies, offset, length))
        break
      case RelayCommand.BEGIN:
        if (hop.acceptor === undefined) throw new TorError('CIRCUIT_PROTOCOL', 'BEGIN sent to a client')
        if (streamId === 0) throw new TorError('CIRCUIT_PROTOCOL', 'BEGIN without a stream id')
        hop.acceptor(streamId, bodyOf(bodies, offset, length))
        break
      case RelayCommand.BEGIN_DIR:
      case RelayCommand.CONNECTED:
      case RelayCommand.END:
      case RelayCommand.RESOLVE:
      case RelayCommand.RESOLVED:
      case RelayCommand.XOFF:
      case RelayCommand.XON:
        this.#streamMessage(hop, streamId, command, bodyOf(bodies, offset, length))
        break
      case RelayCommand.EXTENDED2:
        expectNoStream(command, streamId)
        this.#owner.extended(hop, bodyOf(bodies, offset, length))
        break
      case RelayCommand.TRUNCATED: {
        expectNoStream(command, streamId)
        const reason = length > 0 ? (bodies[offset + HEADER_SIZE] as number) : 0
        const message = `hop ${hop.index + 1} lost the rest of the circuit (${destroyReasonName(reason)})`
        this.#owner.truncated(new TorError('CIRCUIT_TRUNCATED', message, { reason }))
        break
      }
      case RelayCommand.INTRODUCE2:
      case RelayCommand.RENDEZVOUS2:
      case RelayCommand.INTRO_ESTABLISHED:
      case RelayCommand.RENDEZVOUS_ESTABLISHED:
      case RelayCommand.INTRODUCE_ACK:
        expectNoStream(command, streamId)
        if (hop.conversation === undefined)
          throw new TorError('CIRCUIT_PROTOCOL', `${relayCommandName(command)} that nobody asked for`)
        return hop.conversation(command, bodyOf(bodies, offset, length)) ?? undefined
      case RelayCommand.EXTEND:
      case RelayCommand.EXTENDED:
      case RelayCommand.TRUNCATE:
      case RelayCommand.EXTEND2:
      case RelayCommand.ESTABLISH_INTRO:
      case RelayCommand.ESTABLISH_RENDEZVOUS:
      case RelayCommand.INTRODUCE1:
      case RelayCommand.RENDEZVOUS1:
        throw new TorError('CIRCUIT_PROTOCOL', `${relayCommandName(command)} sent to a client`)
      default:
        // DROP, and what a later protocol may add: ignored, but not without end.
        if (command === RelayCommand.DROP) expectNoStream(command, streamId)
        this.#usefulCells -= 1
        this.#idleCells += 1
        if (this.#idleCells > this.#usefulCells + MAX_IDLE_CELLS)
          throw new TorError('CIRCUIT_PROTOCOL', 'too many cells without use')
    }
    return undefined
  }

  #streamMessage(hop: Hop, streamId: number, command: number, body: Uint8Array): void {
    const endpoint = this.#endpointFor(hop, streamId, command)
    this.#touched.add(endpoint)
    endpoint.messageArrived(command, body)
    if (command === RelayCommand.END || command === RelayCommand.RESOLVED) hop.streams.free(streamId, endpoint)
  }

  /** The endpoint that this hop may send `command` to now. */
  #endpointFor(hop: Hop, streamId: number, command: number): StreamEndpoint {
    const endpoint = hop.streams.get(streamId)
    if (endpoint === undefined) {
      throw new TorError(
        'CIRCUIT_PROTOCOL',
        `${relayCommandName(command)} from hop ${hop.index + 1} for a stream that it does not have`,
      )
    }
    if (!isLegal(endpoint.state, command)) {
      throw new TorError('CIRCUIT_PROTOCOL', `${relayCommandName(command)} for a stream that is ${endpoint.state}`)
    }
    return endpoint
  }
}

/** A message to the circuit bears no stream id (tor-spec, "Relay cells"). */
function expectNoStream(command: number, streamId: number): void {
  if (streamId !== 0) throw new TorError('CIRCUIT_PROTOCOL', `${relayCommandName(command)} with a stream id`)
}
