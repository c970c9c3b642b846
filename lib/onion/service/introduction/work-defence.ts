/**
 * What a service does when more clients come than it can meet (proposal 327, "Service verifies PoW and accepts client"):
 * it asks for proofs of work, and meets those first who have worked most. Until there are too many it asks for none.
 *
 * @module
 */
import { startBackgroundTimer, type Clock } from '../../../base/waiting/clock.ts'
import { TorError } from '../../../base/errors.ts'
import type { Random } from '../../../base/random.ts'
import { encodeBase64 } from '../../../directory/text/encoding.ts'
import { ProofJudge } from '../../pow/defence/proof-judge.ts'
import { RequestQueue } from '../../pow/defence/request-queue.ts'
import { EFFORT_PERIOD, SuggestedEffort } from '../../pow/defence/suggested-effort.ts'
import { decodeProof } from '../../pow/puzzle.ts'

/** How many clients are met at a time. */
export const MAX_MET = 64

/** What a defence needs. */
export interface WorkDefenceOptions<T> {
  readonly clock: Clock
  readonly random: Random
  /** Meets a client whose turn it is. Never rejects. */
  meet(visitor: T): Promise<void>
  /** A client is not to be met: passed over, or gone. */
  forget(visitor: T): void
  /** Descriptors are to say something else. */
  changed(): void
}

/** A client that waits. */
interface Waiting<T> {
  readonly visitor: T
  readonly effort: number
}

export class WorkDefence<T> {
  readonly #options: WorkDefenceOptions<T>
  readonly #judge: ProofJudge
  readonly #queue: RequestQueue<Waiting<T>>
  readonly #effort = new SuggestedEffort()
  /** What descriptors say of the effort: less than 15 % more or less is not worth another one. */
  #told = 0
  #met = 0
  #isClosed = false
  #stopEffort: (() => void) | undefined
  #stopSeed: (() => void) | undefined

  constructor(options: WorkDefenceOptions<T>) {
    const { clock, random, forget } = options
    const now = (): number => clock.now()
    this.#options = options
    this.#judge = new ProofJudge({ now, random })
    this.#queue = new RequestQueue(now, ({ visitor }) => forget(visitor))
    this.#weigh()
    this.#renew()
  }

  /** The line of a descriptor's second layer that asks for proofs. */
  get line(): string {
    const { seed, expires } = this.#judge.current
    return `pow-params v1 ${encodeBase64(seed)} ${this.#told} ${new Date(expires).toISOString().slice(0, 19)}\n`
  }

  /** How many clients wait. */
  get waiting(): number {
    return this.#queue.length
  }

  /**
   * A client wants to be met. One whose proof is none is passed over: he could have come without.
   *
   * @param proof - the data of the extension that brings it, if there is one
   * @param blindedKey - of the descriptor by which he came
   */
  add(visitor: T, proof: Uint8Array | undefined, blindedKey: Uint8Array): void {
    const effort = proof === undefined ? 0 : this.#effortOf(proof, blindedKey)
    if (effort === undefined || this.#isClosed) return this.#options.forget(visitor)
    this.#queue.push({ visitor, effort }, effort)
    this.#effort.queued(this.#queue)
    this.#next()
  }

  /** Nobody who waits is met any more. */
  close(): void {
    this.#isClosed = true
    this.#queue.clear()
    this.#stopEffort?.()
    this.#stopSeed?.()
  }

  #effortOf(proof: Uint8Array, blindedKey: Uint8Array): number | undefined {
    try {
      const received = decodeProof(proof)
      return received !== undefined && this.#judge.judge(blindedKey, received) === 'good' ? received.effort : undefined
    } catch (error) {
      if (error instanceof TorError) return undefined // It is malformed.
      throw error
    }
  }

  #next(): void {
    while (!this.#isClosed && this.#met < MAX_MET) {
      const next = this.#queue.take()
      if (next === undefined) return
      this.#met += 1
      this.#effort.handled(next.effort, this.#queue)
      void this.#options.meet(next.visitor).finally(() => {
        this.#met -= 1
        this.#next()
      })
    }
  }

  /** Looks every five minutes at how much work is to be asked for. */
  #weigh(): void {
    const { clock, changed } = this.#options
    this.#stopEffort = startBackgroundTimer(clock, EFFORT_PERIOD, () => {
      if (this.#effort.update(this.#queue)) {
        this.#told = this.#effort.value
        changed()
      }
      if (this.#judge.renew()) this.#changedSeed()
      this.#weigh()
    })
  }

  /** Gives out another seed when it is time. */
  #renew(): void {
    const { clock } = this.#options
    this.#stopSeed = startBackgroundTimer(clock, Math.max(1, this.#judge.current.expires - clock.now()), () => {
      if (this.#judge.renew()) this.#changedSeed()
      else this.#renew()
    })
  }

  #changedSeed(): void {
    this.#stopSeed?.()
    this.#renew()
    this.#options.changed()
  }
}
