/**
 * The service's end of a joined circuit: one hop more, behind the relay where client and service have met, to which streams
 * come. What it sends goes out as that relay's own cells do.
 *
 * @module
 */
import { CellCommand, RelayCommand } from '../../cell/commands.ts'
import { decodeBegin } from '../../cell/relay/begin.ts'
import { BODY_SIZE } from '../../cell/body-size.ts'
import { DestroyReason } from '../../cell/reasons.ts'
import type { HopCrypto } from '../../circuit/onion/hop-crypto.ts'
import type { ExitHandler } from '../exit/exit.ts'
import { TestStream } from '../exit/exit-stream.ts'
import type { CircuitFlowRules } from '../relay/circuit/circuit-flow.ts'
import type { ReceivedMessage } from '../relay/circuit/messages.ts'
import { handleFlow } from '../relay/circuit-messages.ts'
import { TestCircuit } from '../relay/test-circuit.ts'

/** What a service's end needs. */
export interface ServiceEndOptions {
  /** The circuit at the relay where they have met. */
  readonly rendezvous: TestCircuit
  readonly crypto: HopCrypto
  readonly flow: CircuitFlowRules
  /** What streams are connected to; asked for each. */
  readonly exit: () => ExitHandler
}

/** Makes it, and joins it to the circuit. */
export function serviceEnd({ rendezvous, crypto, flow, exit }: ServiceEndOptions): TestCircuit {
  const { relay, link, id } = rendezvous
  const end = new TestCircuit({
    relay,
    link,
    id,
    crypto,
    flow,
    handleMessage: (circuit, message) => {
      if (!handleFlow(circuit, message)) begin(circuit, message, exit)
    },
    wire: {
      sendRun(_id, command, bodies) {
        if (command === CellCommand.DESTROY) rendezvous.destroy(bodies[0] ?? DestroyReason.NONE)
        else void rendezvous.passBackward(command, bodies)
      },
      get hasRoom() {
        return link.cells.hasRoom
      },
      whenRoom: () => link.cells.whenRoom(),
      forget: () => undefined,
    },
  })
  /** Keystream may have to be made first; what comes meanwhile waits for its turn. */
  let turn: Promise<void> | undefined
  const receive = (command: number, bodies: Uint8Array): Promise<void> | undefined =>
    end.receiveRelay(command, bodies, bodies.length / BODY_SIZE)
  rendezvous.join({
    get open() {
      return !end.closed
    },
    send(command, bodies) {
      const copy = new Uint8Array(bodies)
      turn = turn === undefined ? receive(command, copy) : turn.then(() => receive(command, copy))
      const mine = turn
      void mine?.then(() => {
        if (turn === mine) turn = undefined
      })
    },
    destroy: (reason) => end.receiveDestroy(reason),
    roomAvailable: () => end.roomAvailable(),
  })
  return end
}

/** A stream for a port: services know no hosts. */
function begin(circuit: TestCircuit, { command, streamId, body }: ReceivedMessage, exit: () => ExitHandler): void {
  if (command !== RelayCommand.BEGIN || streamId === 0) return circuit.fail('a message that is not for a service')
  let target
  try {
    target = decodeBegin(body)
  } catch {
    return circuit.fail('a malformed BEGIN')
  }
  const stream = new TestStream(streamId, target, circuit)
  circuit.streams.set(streamId, stream)
  // CONNECTED of a service tells no address.
  void stream.open(async (signal) => ({ ...(await exit()({ ...target, signal })), address: undefined }))
}
