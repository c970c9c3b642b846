/**
 * Going to where a client waits (rend-spec-v3, "Rendezvous protocol"): the service's half of the handshake, a circuit to
 * that relay, and from then on the client is one more hop.
 *
 * @module
 */
import { startTimer } from '../../../base/waiting/clock.ts'
import { firstOf } from '../../../base/waiting/abort.ts'
import { TorError } from '../../../base/errors.ts'
import { RelayCommand } from '../../../cell/commands.ts'
import { encodeRendezvous1 } from '../../../cell/onion/rendezvous.ts'
import type { Circuit } from '../../../circuit/circuit.ts'
import type { NegotiatedCongestionControl } from '../../../circuit/congestion/negotiated.ts'
import { answerHsNtor } from '../../../circuit/handshake/hs-ntor.ts'
import type { StreamAcceptor } from '../../../circuit/hop.ts'
import { serviceHop } from '../../../circuit/onion/service-hop.ts'
import type { Platform } from '../../../platform/platform.ts'
import { closeQuietly, lastHop } from '../../network/expected-message.ts'
import type { ServiceNetwork } from '../../network/service-network.ts'
import type { Visitor } from '../introduction/introduction.ts'

/** How long the way to the relay may take, in ms: the client waits as long, or less. */
const MEET_TIMEOUT = 30_000

/** The service's half of the handshake with one client. */
export interface ServiceHalf {
  /** What the client is sent. */
  readonly reply: Uint8Array
  /** What both have from then on. {@link meet} overwrites them. */
  readonly keys: Uint8Array
}

/**
 * Answers a client, before there is a way to it (C tor's `launch_rendezvous_point_circuit`): on the way the introduction
 * point that the client came by may go, and its keys with it.
 *
 * @throws TorError `CIRCUIT_HANDSHAKE`
 */
export function answer({ clientKey, keys, encryptionSecret }: Visitor, platform: Platform): Promise<ServiceHalf> {
  return answerHsNtor(clientKey, keys, encryptionSecret, platform)
}

/**
 * A circuit whose last hop is the client.
 *
 * @param acceptorOf - takes the streams that the client begins; it is made before the client can begin any
 * @throws TorError what befell the circuit, or `TIMEOUT`, `ABORTED`, `CIRCUIT_CLOSED`
 */
export async function meet(
  network: ServiceNetwork,
  { cookie, meetingPoint }: Visitor,
  { reply, keys }: ServiceHalf,
  congestionControl: NegotiatedCongestionControl | undefined,
  acceptorOf: (circuit: Circuit, seen: object) => StreamAcceptor,
  signal: AbortSignal,
): Promise<Circuit> {
  const { platform, clock } = network
  const deadline = new AbortController()
  const stopTimer = startTimer(clock, MEET_TIMEOUT, () =>
    deadline.abort(new TorError('TIMEOUT', `the meeting point was not reached within ${MEET_TIMEOUT} ms`)),
  )
  const { signal: either, end } = firstOf(signal, deadline.signal)
  try {
    const { circuit, seen } = await network.toRelay(meetingPoint, either)
    try {
      // Without an await from here on: who is not to be met any more is sent nothing.
      either.throwIfAborted()
      const relay = lastHop(circuit)
      circuit.controller.addHop(serviceHop(keys, platform, 'service'), congestionControl)
      lastHop(circuit).acceptor = acceptorOf(circuit, seen)
      circuit.controller.sendMessage(relay, RelayCommand.RENDEZVOUS1, encodeRendezvous1(cookie, reply, random))
      return circuit
    } catch (error) {
      await closeQuietly(circuit)
      throw error
    }
  } finally {
    keys.fill(0)
    stopTimer()
    end()
  }
}

const random = (size: number): Uint8Array => crypto.getRandomValues(new Uint8Array(size))
