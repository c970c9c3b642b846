/**
 * The choice of the three relays of a circuit: the exit first, then the guard, then the middle (path-spec 2.2). Which guard it
 * is the guards decide ({@link GuardManager}).
 *
 * Relays that are not Fast, or not Stable where that is asked for, are taken only when no others fit, as C tor does. Not
 * done here: choosing one exit for several requests, internal circuits, circuits of other lengths.
 *
 * @module
 */
import type { DirectoryRelay } from '../directory/network-directory.ts'
import { RelayFlag } from '../directory/relay-flags.ts'
import { TorError } from '../errors.ts'
import type { DirectoryView } from './directory-view.ts'
import { exitsFor, isExit, LONG_LIVED_PORTS, type ExitWish } from './exit-choice.ts'
import type { GuardManager, GuardPick } from './guards.ts'
import { Kinship } from './kinship.ts'
import { LearnedPolicies } from './learned-policies.ts'
import { secureRandom, type Random } from './random.ts'
import { canBeHop } from './usable-relays.ts'
import { chooseWeighted } from './weighted-choice.ts'
import { PositionWeights, type Position } from './weights.ts'

/** What a path is needed for. */
export interface PathRequest extends ExitWish {
  /** Whether the relays should be Stable. By default when one of the ports is of connections that last. */
  readonly stable?: boolean | undefined
}

/** A chosen path. */
export interface ChosenPath {
  /** Guard, middle, exit. */
  readonly relays: readonly [DirectoryRelay, DirectoryRelay, DirectoryRelay]
  /** To tell the guards what became of it: one of `succeeded`, `failed` and `cancelled`. */
  readonly guard: GuardPick
}

/** What a selector needs beside a directory. */
export interface PathSelectorOptions {
  /** The guards; they must know the same directory. */
  readonly guards: Pick<GuardManager, 'pick' | 'cancelled'>
  /** @default secureRandom */
  readonly random?: Random
  /** What exits have refused. @default nothing */
  readonly learned?: LearnedPolicies
  /** Whether relays may share a network, as they do in a testing network. @default false */
  readonly testing?: boolean | undefined
}

/** Chooses paths in one directory; a newer directory needs a new one. */
export class PathSelector {
  readonly #guards: Pick<GuardManager, 'pick' | 'cancelled'>
  readonly #random: Random
  readonly #learned: LearnedPolicies
  readonly #kinship: Kinship
  readonly #weights: PositionWeights
  /** Every relay that may be a hop. */
  readonly #relays: readonly DirectoryRelay[]
  readonly #exits: readonly DirectoryRelay[]

  constructor(directory: DirectoryView, options: PathSelectorOptions) {
    this.#guards = options.guards
    this.#random = options.random ?? secureRandom
    this.#learned = options.learned ?? new LearnedPolicies()
    this.#kinship = new Kinship(directory, { testing: options.testing === true })
    this.#weights = new PositionWeights(directory)
    this.#relays = directory.relays.filter(canBeHop)
    this.#exits = this.#relays.filter(isExit)
  }

  /**
   * Chooses a path.
   *
   * @throws TorError with code NO_PATH when no relays fit, saying which condition left none
   */
  choosePath(request: PathRequest): ChosenPath {
    const wanted = flagsFor(request)
    const { relays, reason } = this.#exitCandidates(request, wanted)
    if (reason !== undefined) throw new TorError('NO_PATH', `Cannot choose an exit: ${reason}`)
    let candidates = relays
    let missing: Missing = 'guard'
    for (;;) {
      const exit = chooseWeighted(candidates, (relay) => this.#weights.weigh(relay, 'exit'), this.#random)
      if (exit === undefined) throw new TorError('NO_PATH', `Cannot choose a ${missing}: ${MISSING[missing]}`)
      const path = this.#completePath(exit, wanted)
      if (typeof path === 'object') return path
      // In a small network another exit may leave room for the others.
      missing = path
      if (path === 'guard at all') candidates = []
      else candidates = candidates.filter((relay) => relay !== exit)
    }
  }

  /**
   * Chooses one of the relays that fit beside those of the path so far; undefined when there is none. For the middle of a path
   * whose ends are settled.
   */
  chooseMiddle(others: readonly DirectoryRelay[], stable = false): DirectoryRelay | undefined {
    const wanted = flagsFor({ ports: [], stable })
    const fits = (relay: DirectoryRelay): boolean => !others.some((other) => this.#kinship.areKin(relay, other))
    const preferred = this.#relays.filter((relay) => (relay.flags & wanted) === wanted && fits(relay))
    return this.#choose(preferred.length > 0 ? preferred : this.#relays.filter(fits), 'middle')
  }

  #exitCandidates(request: PathRequest, wanted: number): ReturnType<typeof exitsFor> {
    const preferred = exitsFor(request, this.#exits.filter(({ flags }) => (flags & wanted) === wanted), this.#learned)
    return preferred.reason === undefined ? preferred : exitsFor(request, this.#exits, this.#learned)
  }
}
