/**
 * One message that the last relay of a circuit is to send, and by when.
 *
 * @module
 */
import { onAbort } from '../../base/waiting/abort.ts'
import { startTimer, type Clock } from '../../base/waiting/clock.ts'
import { deferred } from '../../base/waiting/deferred.ts'
import { TorError } from '../../base/errors.ts'
import { relayCommandName } from '../../cell/commands.ts'
import type { Circuit } from '../../circuit/circuit.ts'
import type { Hop } from '../../circuit/hop.ts'

/** The last hop of an open circuit. */
export const lastHop = ({ controller }: Circuit): Hop => controller.hops.at(-1) as Hop

/**
 * What is in place of an answer when it does not come in time.
 *
 * @throws TorError `TIMEOUT`, what befell the circuit, or `ABORTED`
 */
export async function inTime<T>(
  circuit: Circuit,
  answer: Promise<T>,
  limit: number,
  clock: Clock,
  signal: AbortSignal,
): Promise<T> {
  const given = deferred<never>()
  const stopTimer = startTimer(clock, limit, () =>
    given.reject(new TorError('TIMEOUT', `no answer came within ${limit} ms`)),
  )
  const forget = onAbort(signal, () =>
    given.reject(new TorError('ABORTED', 'the onion service is not wanted any more', { cause: signal.reason })),
  )
  circuit.closed.then(
    () => given.reject(new TorError('CIRCUIT_CLOSED', 'the circuit was closed from this side')),
    given.reject,
  )
  try {
    return await Promise.race([answer, given.promise])
  } finally {
    stopTimer()
    forget()
  }
}

/**
 * The next message of the last hop about introductions and rendezvous, which has to be this one. From then on it may
 * send none, until somebody waits for one again.
 */
export function expectMessage(circuit: Circuit, command: number): Promise<Uint8Array<ArrayBuffer>> {
  const hop = lastHop(circuit)
  const message = deferred<Uint8Array<ArrayBuffer>>()
  hop.conversation = (came, body) => {
    if (came !== command) throw new TorError('CIRCUIT_PROTOCOL', `${relayCommandName(came)} out of turn`)
    hop.conversation = undefined
    message.resolve(new Uint8Array(body))
  }
  return message.promise
}

/** Closes a circuit that may be broken already: whoever used it has been told. */
export async function closeQuietly(circuit: Circuit): Promise<void> {
  await circuit.close().catch(() => undefined) // see above
}
