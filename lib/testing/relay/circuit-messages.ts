/**
 * What a relay does about each message of the client that is for it (tor-spec, "Relay cells"). What a client does not
 * send to a relay is dropped, as C tor drops it; only the flow control of {@link TestCircuit} closes circuits.
 *
 * @module
 */
import { decodeBegin } from '../../cell/relay/begin.ts'
import { RelayCommand } from '../../cell/commands.ts'
import { decodeEnd, encodeEnd } from '../../cell/relay/end.ts'
import { decodeExtend2 } from '../../cell/relay/extend2-reader.ts'
import type { Extend2 } from '../../cell/relay/extend2.ts'
import { DestroyReason, EndReason } from '../../cell/reasons.ts'
import { decodeResolve, encodeResolved } from '../../cell/relay/resolve.ts'
import { decodeSendme } from '../../cell/relay/sendme.ts'
import type { Sendme } from '../../cell/relay/sendme.ts'
import { ExitRefusal } from '../exit/exit.ts'
import { TestStream } from '../exit/exit-stream.ts'
import type { ReceivedMessage } from './circuit/messages.ts'
import { ExtendFailure, OnwardLink } from './onward-link.ts'
import { allowsPort } from '../directory/relay-listing.ts'
import type { TestCircuit } from './test-circuit.ts'

/** What decoding gave, or undefined for a body that is malformed. */
function attempt<T>(decode: () => T): T | undefined {
  try {
    return decode()
  } catch {
    // Codecs throw CELL_MALFORMED only; every caller answers that in its own way.
    return undefined
  }
}

/** Handles one message. Its bytes hold until this returns. */
export function handleMessage(circuit: TestCircuit, message: ReceivedMessage): void {
  const { command, streamId, body } = message
  if (command === RelayCommand.DATA && !circuit.countData(streamId)) return
  if (circuit.relay.onMessage?.(circuit, message) === 'ignore') return
  if (dispatch(circuit, message)) return
  switch (command) {
    case RelayCommand.BEGIN:
    case RelayCommand.BEGIN_DIR:
      return begin(circuit, command, streamId, body)
    case RelayCommand.RESOLVE:
      return void resolve(
        circuit,
        streamId,
        attempt(() => decodeResolve(body)),
      )
    case RelayCommand.EXTEND2: {
      // Outside RELAY_EARLY it is dropped (tor-spec, "Handling relay_early cells").
      if (!message.early && circuit.strict) return undefined
      const request = attempt(() => decodeExtend2(new Uint8Array(body)))
      if (request === undefined) return circuit.fail('a malformed EXTEND2')
      if (circuit.onward !== undefined) return circuit.fail('an EXTEND2 of a circuit that goes on already')
      return extend(circuit, request)
    }
    case RelayCommand.TRUNCATE:
      return circuit.truncate(DestroyReason.REQUESTED)
    default:
      circuit.relay.onion?.(circuit, message)
  }
}

/**
 * Handles what concerns the flow of the circuit or a stream that there is, at any kind of hop. False when it is something
 * else.
 */
export function handleFlow(circuit: TestCircuit, message: ReceivedMessage): boolean {
  if (message.command === RelayCommand.DATA && !circuit.countData(message.streamId)) return true
  return dispatch(circuit, message)
}

function dispatch(circuit: TestCircuit, { command, streamId, body }: ReceivedMessage): boolean {
  switch (command) {
    case RelayCommand.DATA:
      receiveData(circuit, streamId, body)
      return true
    case RelayCommand.SENDME:
      if (streamId === 0) receiveSendme(circuit, body)
      else receiveFlow(circuit, command, streamId, body)
      return true
    case RelayCommand.XOFF:
    case RelayCommand.XON:
      receiveFlow(circuit, command, streamId, body)
      return true
    case RelayCommand.END:
      liveStream(circuit, streamId)?.receiveEnd(decodeEnd(body).reason)
      return true
    default:
      return false
  }
}

/** The stream of this id unless it has ended. */
function liveStream(circuit: TestCircuit, streamId: number): TestStream | undefined {
  const stream = circuit.streams.get(streamId)
  return stream?.state === 'ended' ? undefined : stream
}

function receiveData(circuit: TestCircuit, streamId: number, body: Uint8Array): void {
  const violation = liveStream(circuit, streamId)?.receiveData(body)
  if (violation !== undefined) circuit.fail(violation)
}

function receiveFlow(circuit: TestCircuit, command: number, streamId: number, body: Uint8Array): void {
  const violation = liveStream(circuit, streamId)?.receiveFlow(command, body)
  if (violation !== undefined) circuit.fail(violation)
}

function receiveSendme(circuit: TestCircuit, body: Uint8Array): void {
  // Version 0 has no tag, and no relay accepts it any more (`sendme_accept_min_version`).
  const sendme: Sendme | undefined = attempt(() => decodeSendme(body))
  const violation = circuit.flow.acknowledged(sendme?.tag, circuit.strict)
  if (violation !== undefined) circuit.fail(violation)
  else circuit.windowOpened()
}

function begin(circuit: TestCircuit, command: number, streamId: number, body: Uint8Array): void {
  if (streamId === 0 || liveStream(circuit, streamId) !== undefined) return
  const { relay } = circuit
  if (command === RelayCommand.BEGIN_DIR) {
    const stream = new TestStream(streamId, undefined, circuit)
    circuit.streams.set(streamId, stream)
    void stream.open((signal) => relay.directory({ host: '', port: 0, flags: 0, signal }))
    return
  }
  const target = attempt(() => decodeBegin(body))
  if (target === undefined) {
    circuit.sendMessage(RelayCommand.END, streamId, encodeEnd(EndReason.TORPROTOCOL))
    return
  }
  const stream = new TestStream(streamId, target, circuit)
  circuit.streams.set(streamId, stream)
  void stream.open((signal) => {
    if (!allowsPort(relay.listing, target.port)) throw new ExitRefusal(EndReason.EXITPOLICY)
    return relay.exit({ ...target, signal })
  })
}

async function resolve(circuit: TestCircuit, streamId: number, name: string | undefined): Promise<void> {
  let body = encodeResolved([{ type: 'error', transient: false, ttl: 60 }])
  if (name !== undefined) {
    try {
      body = encodeResolved(await circuit.relay.resolve(name))
    } catch {
      // The resolver's way of saying that there is no such name.
    }
  }
  circuit.sendMessage(RelayCommand.RESOLVED, streamId, body)
}

function extend(circuit: TestCircuit, request: Extend2): void {
  try {
    circuit.extend(new OnwardLink<TestCircuit>(circuit, circuit.relay.network, request))
  } catch (error) {
    if (!(error instanceof ExtendFailure)) throw error
    circuit.fail(error.message, error.reason)
  }
}
