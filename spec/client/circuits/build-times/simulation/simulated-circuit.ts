/**
 * A circuit that is built by a script: what hop answers when.
 *
 * @module
 */
import type { Clock } from '../../../../../lib/base/waiting/clock.ts'
import { deferred } from '../../../../../lib/base/waiting/deferred.ts'
import type { TorError } from '../../../../../lib/base/errors.ts'
import type { BuildProgress } from '../../../../../lib/circuit/build/build-progress.ts'
import type { Circuit } from '../../../../../lib/circuit/circuit.ts'
import type { DirectoryRelay } from '../../../../../lib/directory/network-directory.ts'

export class SimulatedCircuit {
  readonly path: readonly DirectoryRelay[]
  readonly controller: { progress: BuildProgress | undefined; abandon: (failure: TorError) => void }
  hops = 0
  isOver = false
  readonly #opened = deferred<void>()
  readonly #closed = deferred<void>()

  constructor(path: readonly DirectoryRelay[]) {
    this.path = path
    this.controller = { progress: undefined, abandon: (failure) => this.fail(failure) }
  }

  /** As the circuit that it stands for. */
  get asCircuit(): Circuit {
    return this as unknown as Circuit
  }

  get opened(): Promise<void> {
    return this.#opened.promise
  }

  get closed(): Promise<void> {
    return this.#closed.promise
  }

  get flowControl(): 'windows' | undefined {
    return this.hops === this.path.length ? 'windows' : undefined
  }

  /** Sends its first cell. Each hop answers so many ms after the one before, unless it is never. */
  begin(clock: Clock, answers: readonly number[], heard: () => void = () => undefined): void {
    this.controller.progress?.created()
    this.#next(clock, answers, heard)
  }

  /** A hop is there. */
  extend(): void {
    if (this.isOver) return
    this.hops += 1
    this.controller.progress?.extended(this.hops)
    if (this.hops === this.path.length) this.#opened.resolve()
  }

  fail(failure: TorError): void {
    this.isOver = true
    this.#opened.reject(failure)
    this.#closed.reject(failure)
  }

  close(): Promise<void> {
    this.isOver = true
    this.#opened.reject(new Error('closed'))
    this.#closed.resolve()
    return this.closed
  }

  #next(clock: Clock, [delay, ...later]: readonly number[], heard: () => void): void {
    if (delay === undefined || delay === Infinity) return
    const stop = clock.after(delay, () => {
      if (this.isOver) return
      heard()
      this.extend()
      this.#next(clock, later, heard)
    })
    this.closed.then(stop, stop)
  }
}
