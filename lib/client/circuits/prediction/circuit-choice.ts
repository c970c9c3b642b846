/**
 * Which of several circuits a stream takes, and how long one is kept that no stream has taken (C tor, circuit_is_better
 * and origin_circuit_new).
 *
 * @module
 */
import type { Random } from '../../../base/random.ts'
import type { BuildTimes } from '../build-times/build-times.ts'
import type { PredictedPorts } from './predicted-ports.ts'

/** A circuit, as far as it matters here. */
export interface ReadyCircuit {
  /** True until its first stream: it fits anybody. */
  readonly clean: boolean
  /** True when it may be used at once. */
  readonly isOpen: boolean
  /** When it got its first stream; see PooledCircuit. */
  readonly dirtySince: number | undefined
  readonly begunAt: number
  /** True when a stream of anybody's to this port finds it of use, now or when it is built. */
  isReadyFor(port: number, now: number): boolean
  /** True when nothing more is to come of it. */
  isDone(now: number): boolean
}

/**
 * Those that are open first; of those the ones that have streams already, which were first used last; then what was
 * begun last.
 */
export function bestFirst(a: ReadyCircuit, b: ReadyCircuit): number {
  if (a.isOpen !== b.isOpen) return a.isOpen ? -1 : 1
  if (a.clean !== b.clean) return a.clean ? 1 : -1
  return (b.dirtySince ?? b.begunAt) - (a.dirtySince ?? a.begunAt)
}

/**
 * How long a circuit that is begun now is kept without a stream, in ms. While build times are learned it is not long: the
 * next tells more. Else it is somewhat longer than anything is expected for, so that none is begun in its place; by how
 * much differs, so that not all go at once.
 */
export function idleTimeOf(
  { isLearning, parameters }: Pick<BuildTimes, 'isLearning' | 'parameters'>,
  { remaining }: Pick<PredictedPorts, 'remaining'>,
  random: Random,
): number {
  if (isLearning) return parameters.learningIdleTime
  const seconds = Math.floor(remaining / 1000)
  return 1000 * (seconds + 1 + random(1 + Math.floor(seconds / 20)))
}
