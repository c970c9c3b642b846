/**
 * One introduction: a message that an introduction point passes on to its service, and what it says of that
 * (rend-spec-v3, "The introduction protocol").
 *
 * @module
 */
import type { Clock } from '../../base/waiting/clock.ts'
import { markHandled } from '../../base/waiting/deferred.ts'
import { TorError } from '../../base/errors.ts'
import { RelayCommand } from '../../cell/commands.ts'
import { decodeIntroduceAck, IntroduceStatus } from '../../cell/onion/introduce-ack.ts'
import { introduceHeader } from '../../cell/onion/introduce.ts'
import { encodeIntroducePlain, IntroduceExtension } from '../../cell/onion/introduce-plain.ts'
import { introductionOf } from '../../circuit/build/extend-to.ts'
import type { Circuit } from '../../circuit/circuit.ts'
import type { NegotiatedCongestionControl } from '../../circuit/congestion/negotiated.ts'
import { startHsNtor } from '../../circuit/handshake/hs-ntor.ts'
import type { OnionDescriptor } from '../descriptor/descriptor.ts'
import type { IntroPoint } from '../descriptor/intro-point.ts'
import { closeQuietly, expectMessage, inTime, lastHop } from '../network/expected-message.ts'
import type { OnionNetwork } from '../network/onion-network.ts'
import type { Rendezvous } from './rendezvous.ts'

/** How long the introduction point may take to say what it did, in ms. */
const ACK_TIMEOUT = 10_000

/** How long the service may take to come once it was told, in ms: it builds a circuit meanwhile. */
const JOIN_TIMEOUT = 30_000

/**
 * What an introduction failed with:
 * - `unreachable`: no circuit led to the introduction point
 * - `refused`: it said no, or what is not its turn to say
 * - `timeout`: it said nothing
 * - `unanswered`: the service did not come, or somebody else came in its place
 * - `lost`: the rendezvous was over before anybody was told of it, which is not the introduction point's doing
 */
export type IntroductionFault = 'unreachable' | 'refused' | 'timeout' | 'unanswered' | 'lost'

/** An introduction that came to nothing. */
export class IntroductionFailure extends Error {
  readonly fault: IntroductionFault

  constructor(fault: IntroductionFault, cause: unknown) {
    super(`the introduction came to nothing: ${fault}`, { cause })
    this.fault = fault
  }
}

/** How a service is told. */
export interface IntroductionPlan {
  readonly descriptor: OnionDescriptor
  readonly point: IntroPoint
  /** The proof of work, if the service asks for one. */
  prove(signal: AbortSignal): Promise<Uint8Array | undefined>
}

/**
 * Tells the service, by one of its introduction points, where the client waits, and waits for it there.
 *
 * @throws IntroductionFailure; or TorError `ABORTED`, `CIRCUIT_CLOSED`
 */
export async function introduce(
  network: OnionNetwork,
  { descriptor, point, prove }: IntroductionPlan,
  rendezvous: Rendezvous,
  signal: AbortSignal,
): Promise<void> {
  const { clock, platform } = network
  const end = new AbortController()
  // The circuit is built while the work is done.
  const proof = prove(AbortSignal.any([signal, end.signal]))
  markHandled(proof)
  const opened = await failingAs('unreachable', signal, network.toRelay(point.target, signal)).catch(
    (error: unknown) => {
      end.abort()
      throw error
    },
  )
  const { circuit } = opened
  try {
    const proofOfWork = await whileOpen(circuit, proof, clock, signal)
    const { authKey, encryptionKey } = point
    const { subcredential } = descriptor.identity
    const handshake = await startHsNtor({ authKey, encryptionKey, subcredential }, platform)
    const congestionControl = negotiatedWith(network, descriptor)
    const relay = introductionOf(rendezvous.point)
    const plain = encodeIntroducePlain({
      cookie: rendezvous.cookie,
      extensions: extensionsWith(congestionControl !== undefined, proofOfWork),
      ntorOnionKey: relay.ntorOnionKey,
      linkSpecifiers: relay.linkSpecifiers,
    })
    // A key of small order in the descriptor: this introduction point is of no use to anybody.
    const body = await failingAs('refused', signal, handshake.introduce(introduceHeader(authKey), plain))
    if (rendezvous.isOver) throw new IntroductionFailure('lost', undefined)
    const acknowledged = expectMessage(circuit, RelayCommand.INTRODUCE_ACK)
    rendezvous.expect(handshake, congestionControl)
    circuit.controller.sendMessage(lastHop(circuit), RelayCommand.INTRODUCE1, body)
    // The service may be there before the introduction point has said so.
    const joined = failingAs('unanswered', signal, rendezvous.joined)
    const answer = Promise.race([acknowledged, joined.then(() => undefined)])
    const ack = await failingAs(faultOfSilence, signal, inTime(circuit, answer, ACK_TIMEOUT, clock, signal))
    if (ack !== undefined) {
      const status = await failingAs('refused', signal, statusOf(ack))
      if (status !== IntroduceStatus.SUCCESS)
        throw new IntroductionFailure('refused', new TorError('ONION_INTRODUCTION_FAILED', `status ${status}`))
    }
  } finally {
    end.abort()
    void closeQuietly(circuit)
  }
  const joined = inTime(rendezvous.circuit, rendezvous.joined, JOIN_TIMEOUT, clock, signal)
  await failingAs('unanswered', signal, joined)
}

function extensionsWith(congestionControl: boolean, proofOfWork: Uint8Array | undefined): Map<number, Uint8Array> {
  const extensions = new Map<number, Uint8Array>()
  if (congestionControl) extensions.set(IntroduceExtension.CONGESTION_CONTROL, new Uint8Array(0))
  if (proofOfWork !== undefined) extensions.set(IntroduceExtension.PROOF_OF_WORK, proofOfWork)
  return extensions
}

/** The proof, which takes as long as it takes: what fails meanwhile is the circuit, or the proof itself. */
async function whileOpen<T>(circuit: Circuit, proof: Promise<T>, clock: Clock, signal: AbortSignal): Promise<T> {
  let isProved = false
  const settled = proof.finally(() => {
    isProved = true
  })
  try {
    return await inTime(circuit, settled, Infinity, clock, signal)
  } catch (error) {
    if (isProved || signal.aborted) throw error
    throw new IntroductionFailure('unreachable', error)
  }
}

/** Congestion control with the service, if it offers it and the network has it. */
function negotiatedWith(
  network: OnionNetwork,
  { sendmeIncrement, isSingleOnion }: OnionDescriptor,
): NegotiatedCongestionControl | undefined {
  const setup = sendmeIncrement === undefined ? undefined : network.congestionControl(isSingleOnion ? 'exit' : 'onion')
  return setup && sendmeIncrement !== undefined ? { ...setup, increment: sendmeIncrement } : undefined
}

async function statusOf(body: Uint8Array): Promise<number> {
  return decodeIntroduceAck(body)
}

/** An introduction point that breaks the protocol, or its circuit, has not been silent. */
const faultOfSilence = (error: unknown): IntroductionFault =>
  error instanceof TorError && error.code === 'TIMEOUT' ? 'timeout' : 'refused'

/** What goes wrong is the introduction's failure, unless it was given up. */
async function failingAs<T>(
  fault: IntroductionFault | ((error: unknown) => IntroductionFault),
  signal: AbortSignal,
  step: Promise<T>,
): Promise<T> {
  try {
    return await step
  } catch (error) {
    if (signal.aborted || error instanceof IntroductionFailure) throw error
    throw new IntroductionFailure(typeof fault === 'string' ? fault : fault(error), error)
  }
}
