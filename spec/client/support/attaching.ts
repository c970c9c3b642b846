/**
 * A stream that is attached to fake circuits, one after the other, as a client's is.
 *
 * @module
 */
import { expect } from 'chai'
import type { AttachableCircuit, AttachmentOptions } from '../../../lib/client/attach/attachable-circuit.ts'
import { Attachment } from '../../../lib/client/attach/attachment.ts'
import type { AttemptFault } from '../../../lib/client/attach/attempt-outcome.ts'
import type { ExitRequirements } from '../../../lib/client/paths/exit-choice.ts'
import type { Clock } from '../../../lib/base/waiting/clock.ts'
import { deferred, type Deferred } from '../../../lib/base/waiting/deferred.ts'
import { DEFAULT_XON_XOFF } from '../../../lib/stream/contract/flow-parameters.ts'
import type { StreamOptions } from '../../../lib/stream/options.ts'
import { TorStream } from '../../../lib/stream/tor-stream.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { FakeCircuit } from '../../stream/support/fake-circuit.ts'

/** How a circuit is. */
export interface CircuitKind {
  readonly credit?: number
  readonly open?: boolean
  readonly congestionControl?: boolean
}

/** A fake circuit, and what was said of it. */
export class FakeAttachable extends FakeCircuit implements AttachableCircuit {
  readonly fingerprints: readonly string[]
  readonly blamed: AttemptFault[] = []
  /** How many times a stream was said to be here no more. */
  releases = 0
  /** What the pool does when no stream is left. */
  onReleased: (() => void) | undefined

  constructor(index: number, options: CircuitKind, clock: Clock) {
    const { congestionControl = false, ...others } = options
    super({ ...others, flow: congestionControl ? { parameters: DEFAULT_XON_XOFF, clock } : undefined })
    this.fingerprints = [`GUARD${index}`, `MIDDLE${index}`, `EXIT${index}`]
  }

  get carrier(): this {
    return this
  }

  failed(fault: AttemptFault, requirements: ExitRequirements): void {
    expect(requirements.ports).to.deep.equal([80])
    this.blamed.push(fault)
  }

  released(): void {
    this.releases += 1
    this.onReleased?.()
  }

  /** True when nothing of a stream is left, but perhaps an entry that counts what may still come. */
  get isClear(): boolean {
    const before = this.sent.length
    this.grant(1000) // whoever stands in line still would send now
    const waits = [...this.endpoints.values()].some((endpoint) => endpoint instanceof Attachment)
    return (
      !waits &&
      this.pending === 0 &&
      this.reserved === 0 &&
      this.releases === 1 &&
      this.sent.length === before &&
      this.faults.length === 0
    )
  }
}

/** How an attaching begins. */
export interface AttachingOptions extends Partial<Omit<AttachmentOptions, 'nextCircuit' | 'clock'>> {
  /** How each circuit is; a thousand cells of credit, open and with windows, unless told. */
  readonly circuit?: (index: number) => CircuitKind
  /** Whether the spec gives circuits by hand: {@link Attaching.give}. */
  readonly byHand?: boolean
  readonly stream?: StreamOptions
}

/** What a spec plays with. */
export class Attaching {
  readonly clock = new FakeClock()
  /** Those that were given, in order. */
  readonly circuits: FakeAttachable[] = []
  readonly attachment: Attachment
  /** How many circuits were asked for. */
  asked = 0
  /** The signal that came with a question that is not answered. */
  search: AbortSignal | undefined
  readonly #options: AttachingOptions
  #waiting: Deferred<AttachableCircuit> | undefined

  constructor(options: AttachingOptions = {}) {
    this.#options = options
    const {
      requirements = { ports: [80] },
      timeout = 120_000,
      attemptTimeout = (n) => (n < 2 ? 10_000 : 15_000),
      refuses,
    } = options
    this.attachment = new Attachment({
      requirements,
      timeout,
      attemptTimeout,
      clock: this.clock,
      ...(refuses ? { refuses } : {}),
      nextCircuit: (signal) => {
        this.asked += 1
        this.search = signal
        this.#waiting = deferred()
        if (options.byHand !== true) this.give()
        return this.#waiting.promise
      },
    })
  }

  /** A stream through it. */
  connect(): TorStream {
    return new TorStream(this.attachment, 'example.com:80', {
      clock: this.clock,
      timeout: Infinity,
      ...this.#options.stream,
    })
  }

  /** Answers the last question for a circuit. */
  give(circuit: FakeAttachable = this.make()): FakeAttachable {
    if (!this.circuits.includes(circuit)) this.circuits.push(circuit)
    this.search = undefined
    this.#waiting?.resolve(circuit)
    return circuit
  }

  /** There is no circuit. */
  refuse(error: unknown): void {
    this.search = undefined
    this.#waiting?.reject(error)
  }

  make(): FakeAttachable {
    return new FakeAttachable(this.circuits.length, this.#options.circuit?.(this.circuits.length) ?? {}, this.clock)
  }

  /** The circuit that the stream is on, or was last. */
  get last(): FakeAttachable {
    const circuit = this.circuits.at(-1)
    if (circuit === undefined) throw new Error('no circuit was given')
    return circuit
  }

  /** Fails unless everything that was taken has been given back. */
  expectNothingLeft(): void {
    expect(this.clock.timers, 'timers').to.equal(0)
    for (const [index, circuit] of this.circuits.entries())
      expect(circuit.isClear, `circuit ${index} is clear`).to.equal(true)
    expect(this.search?.aborted ?? true, 'the search was given up').to.equal(true)
  }
}
