/**
 * The seeds of a service that asks for proofs of work, and which of the proofs that come are taken (proposal 327, "Service
 * verifies PoW and accepts client"): for a seed that holds, once, and solved.
 *
 * @module
 */
import { encodeHex } from '../../../directory/text/encoding.ts'
import { SEED_HEAD_SIZE, SEED_SIZE, type ReceivedProof } from '../puzzle.ts'
import { proofFault, type ProofFault } from '../verify.ts'

/** How long a seed is given out, in ms, drawn anew for each: nobody shall know when the next one comes. */
const LEAST_LIFE = 6_300_000
const MOST_LIFE = 7_200_000

/** How many proofs are remembered of a seed. A seed that has had more makes room for the next one. */
const MAX_PROOFS = 200_000

/** What becomes of a proof: it is taken, or why not. */
export type Judgement = 'good' | 'seed' | 'replay' | ProofFault

/** What a judge needs. */
export interface ProofJudgeOptions {
  /** The time, in ms since the epoch. */
  readonly now: () => number
  /** A whole number from 0 up to but not including `limit`. */
  readonly random: (limit: number) => number
  /** Random bytes. @defaultValue those of `crypto` */
  readonly randomBytes?: ((length: number) => Uint8Array) | undefined
}

/** A seed, as descriptors tell it. */
export interface PuzzleSeed {
  /** 32 bytes. */
  readonly seed: Uint8Array
  /** When the next one comes, in ms since the epoch. It is taken for as long again. */
  readonly expires: number
}

interface Remembered extends PuzzleSeed {
  readonly head: string
  readonly nonces: Set<string>
}

const systemBytes = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length))

export class ProofJudge {
  readonly #options: ProofJudgeOptions
  #current: Remembered
  #previous: Remembered | undefined

  constructor(options: ProofJudgeOptions) {
    this.#options = options
    this.#current = this.#fresh()
  }

  /** The seed of now. */
  get current(): PuzzleSeed {
    return this.#current
  }

  /** Goes on to the next seed when it is time. True if so: descriptors are to be published anew. */
  renew(): boolean {
    const { expires, nonces } = this.#current
    const now = this.#options.now()
    // A clock that was set back far does not keep a seed for ever.
    if (now < expires && expires - now <= MOST_LIFE && nonces.size < MAX_PROOFS) return false
    this.#previous = now - expires < MOST_LIFE ? this.#current : undefined
    this.#current = this.#fresh()
    return true
  }

  /** Judges a proof that came by the descriptor of this blinded key. A good one is taken this once. */
  judge(blindedKey: Uint8Array, proof: ReceivedProof): Judgement {
    const head = encodeHex(proof.seedHead)
    const known = [this.#current, this.#previous].find((seed) => seed?.head === head)
    if (known === undefined) return 'seed'
    const nonce = encodeHex(proof.nonce)
    if (known.nonces.has(nonce)) return 'replay'
    if (known.nonces.size >= 2 * MAX_PROOFS) return 'seed'
    const fault = proofFault({ blindedKey, seed: known.seed }, proof)
    if (fault !== undefined) return fault
    known.nonces.add(nonce)
    return 'good'
  }

  #fresh(): Remembered {
    const { now, random, randomBytes = systemBytes } = this.#options
    for (;;) {
      const seed = new Uint8Array(randomBytes(SEED_SIZE))
      const head = encodeHex(seed.subarray(0, SEED_HEAD_SIZE))
      // Or a proof would not tell which of the two it is for.
      if (head === (this.#current as Remembered | undefined)?.head) continue
      const life = LEAST_LIFE + random(MOST_LIFE - LEAST_LIFE + 1)
      return { seed, head, expires: now() + life, nonces: new Set() }
    }
  }
}
