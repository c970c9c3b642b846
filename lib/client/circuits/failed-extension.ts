/**
 * Which relay a circuit could not be extended to: the next tries for the same stream go by others.
 *
 * The directory lists a relay for hours after its death, and chance takes it again: where one of two exits is dead, one
 * stream in 256 would meet it eight times in a row, and fail. Path-spec ("Handling failure") only asks for a new
 * circuit, and C tor remembers nothing of middles and exits. To a guard that breaks circuits to all but its friends a
 * memory is of use; so ours ends with the search of one stream, which is a few tries: it never holds more relays than
 * those, and says nothing about the next stream.
 *
 * @module
 */
import { TorError } from '../../base/errors.ts'
import type { PooledCircuit } from './pooled-circuit.ts'

/**
 * The position in its path of the relay that a failed circuit was not extended to. Undefined where that is the guard,
 * which the guards look after (guard-admission.ts); where the link to it was lost; and where the circuit was built, but
 * is not to be used.
 *
 * @param hops - how many hops the circuit had got
 * @param length - how many it was to have
 */
export function failedExtension(error: unknown, hops: number, length: number): number | undefined {
  if (hops === 0 || hops >= length || !(error instanceof TorError)) return undefined
  return error.code.startsWith('LINK_') || error.code === 'CIRCUIT_CLOSED' ? undefined : hops
}

/** What the tries that follow a failed circuit learn from it: they go by others than the relay that was not reached. */
export function avoidMissed(
  avoided: Set<string>,
  { circuit, path }: Pick<PooledCircuit, 'circuit' | 'path'>,
  error: unknown,
): void {
  const missed = failedExtension(error, circuit.hops, path.length)
  const relay = missed === undefined ? undefined : path[missed]
  if (relay !== undefined) avoided.add(relay.fingerprint)
}

/** The relays to go by while these circuits are slow: those as well that they have yet to reach, guards aside. */
export function withUnreached(
  avoided: ReadonlySet<string>,
  pending: readonly Pick<PooledCircuit, 'circuit' | 'path'>[],
): ReadonlySet<string> {
  const unreached = pending.flatMap(({ circuit, path }) => path.slice(Math.max(1, circuit.hops), circuit.hops + 1))
  return new Set([...avoided, ...unreached.map(({ fingerprint }) => fingerprint)])
}
