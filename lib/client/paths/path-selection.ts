/**
 * The choice of the three relays of a circuit: the exit first, then the guard, then the middle (path-spec 2.2). Which
 * guard it is the guards decide ({@link GuardManager}).
 *
 * Relays that are not Fast, or not Stable where that is asked for, are taken only when no others fit, as C tor does.
 * Not done here: choosing one exit for several requests, internal circuits, circuits of other lengths.
 *
 * @module
 */
import type { DirectoryRelay } from '../../directory/network-directory.ts'
import { RelayFlag } from '../../directory/relay-flags.ts'
import { TorError } from '../../base/errors.ts'
import { filterInSlices, pauseForTasks, type SliceOptions } from '../../base/waiting/slices.ts'
import type { DirectoryView } from '../relays/directory-view.ts'
import { exitConditions, exitsFor, isExit, LONG_LIVED_PORTS, type ExitRequirements } from './exit-choice.ts'
import type { GuardManager, GuardPick } from '../guards/guards.ts'
import { FamiliesAndSubnets } from './families-and-subnets.ts'
import { LearnedPolicies } from './learned-policies.ts'
import { secureRandom, type Random } from '../../base/random.ts'
import { canBeHop } from '../relays/usable-relays.ts'
import { chooseWeighted, WeightedList } from '../relays/weighted-choice.ts'
import { PositionWeights, type Position } from '../relays/weights.ts'

/** What a path is needed for. */
export interface PathRequest extends ExitRequirements {
  /** Whether the relays should be Stable. By default when one of the ports is of connections that last. */
  readonly stable?: boolean | undefined
  /**
   * Fingerprints of relays that are middle or exit only where no others fit. Which guard it is does not depend on it.
   */
  readonly avoided?: ReadonlySet<string> | undefined
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
  readonly guards: Pick<GuardManager, 'pick'>
  /** @default secureRandom */
  readonly random?: Random
  /** What exits have refused. @default nothing */
  readonly learned?: LearnedPolicies
  /** Whether relays may share a network, as they do in a testing network. @default false */
  readonly testing?: boolean | undefined
}

/** Chooses paths in one directory; a newer directory needs a new one. */
export class PathSelector {
  readonly #guards: Pick<GuardManager, 'pick'>
  readonly #random: Random
  readonly #learned: LearnedPolicies
  readonly #families: FamiliesAndSubnets
  readonly #weights: PositionWeights
  readonly #directory: DirectoryView
  #hops: readonly DirectoryRelay[] | undefined
  #exitHops: readonly DirectoryRelay[] | undefined
  /** Of all relays and of the exits those that are Fast, and those that are Stable too; made when they are needed. */
  readonly #lists = new Map<string, WeightedList<DirectoryRelay>>()

  constructor(directory: DirectoryView, options: PathSelectorOptions) {
    this.#guards = options.guards
    this.#random = options.random ?? secureRandom
    this.#learned = options.learned ?? new LearnedPolicies()
    this.#families = new FamiliesAndSubnets(directory, { testing: options.testing === true })
    this.#weights = new PositionWeights(directory)
    this.#directory = directory
  }

  /** Makes what most choices need, in slices. What is not made ahead the first choice makes. */
  async prepare(options: SliceOptions = {}): Promise<void> {
    const { pause = pauseForTasks } = options
    this.#hops ??= await filterInSlices(this.#directory.relays, canBeHop, options)
    await pause()
    this.#exitHops ??= await filterInSlices(this.#hops, isExit, options)
    for (const position of ['exit', 'middle'] as const) {
      await pause()
      this.#list(position, false)
    }
    await pause()
  }

  /**
   * Chooses a path.
   *
   * @throws TorError with code NO_PATH when no relays fit, saying which condition left none
   */
  choosePath(request: PathRequest): ChosenPath {
    const stable = request.stable ?? request.ports.some((port) => LONG_LIVED_PORTS.has(port))
    const avoided = request.avoided ?? NOBODY
    const conditions = exitConditions(request, this.#learned)
    const likely = this.#draw(
      'exit',
      stable,
      (relay) => !avoided.has(relay.fingerprint) && conditions.every(([, fits]) => fits(relay)),
    )
    if (likely !== undefined) {
      const path = this.#pathTo([likely], stable, avoided)
      if (typeof path !== 'string') return path
    }
    let problem = ''
    for (const exits of this.#exitsInPreference(stable, avoided)) {
      const { relays, reason } = exitsFor(conditions, exits)
      const path = reason === undefined ? this.#pathTo(relays, stable, avoided) : `an exit: ${reason}`
      if (typeof path !== 'string') return path
      problem = path
    }
    throw new TorError('NO_PATH', `Cannot choose ${problem}`)
  }

  /**
   * Chooses a middle relay that goes with `others`, one of the `avoided` only where no other does; undefined when there
   * is none.
   */
  chooseMiddle(
    others: readonly DirectoryRelay[],
    stable: boolean,
    avoided: ReadonlySet<string> = NOBODY,
  ): DirectoryRelay | undefined {
    const fits = (relay: DirectoryRelay): boolean => !this.#isKinOfAny(relay, others)
    const isAvoided = ({ fingerprint }: DirectoryRelay): boolean => avoided.has(fingerprint)
    const likely = this.#draw('middle', stable, (relay) => !isAvoided(relay) && fits(relay))
    if (likely !== undefined) return likely
    const fitting = preferring((relay) => !isAvoided(relay), this.#relays.filter(fits))
    return this.#choose(
      preferring((relay) => hasFlags(relay, stable), fitting),
      'middle',
    )
  }

  /** Every relay that may be a hop. It is not looked for as soon as there is a directory, in the turn that has made that. */
  get #relays(): readonly DirectoryRelay[] {
    return (this.#hops ??= this.#directory.relays.filter(canBeHop))
  }

  get #exits(): readonly DirectoryRelay[] {
    return (this.#exitHops ??= this.#relays.filter(isExit))
  }

  /** One of the relays that have the flags and fit, as often as it weighs among those; undefined where few fit. */
  #draw(
    position: 'exit' | 'middle',
    stable: boolean,
    fits: (relay: DirectoryRelay) => boolean,
  ): DirectoryRelay | undefined {
    return this.#list(position, stable).drawFitting(this.#random, fits)
  }

  #list(position: 'exit' | 'middle', stable: boolean): WeightedList<DirectoryRelay> {
    const key = `${position} ${stable}`
    let list = this.#lists.get(key)
    if (list === undefined) {
      const relays = position === 'exit' ? this.#exits : this.#relays
      list = new WeightedList(
        relays.filter((relay) => hasFlags(relay, stable)),
        (relay) => this.#weights.weigh(relay, position),
      )
      this.#lists.set(key, list)
    }
    return list
  }

  /** The exits to choose from; where none of them will do, those that come next. */
  *#exitsInPreference(stable: boolean, avoided: ReadonlySet<string>): Iterable<readonly DirectoryRelay[]> {
    const others = this.#exits.filter(({ fingerprint }) => !avoided.has(fingerprint))
    for (const exits of others.length < this.#exits.length ? [others, this.#exits] : [this.#exits]) {
      yield exits.filter((relay) => hasFlags(relay, stable))
      yield exits
    }
  }

  /** A path to one of these exits; or, when there is none, what could not be chosen. */
  #pathTo(exits: readonly DirectoryRelay[], stable: boolean, avoided: ReadonlySet<string>): ChosenPath | string {
    let hasGuard = false
    for (let left = exits; ;) {
      const exit = this.#choose(left, 'exit')
      if (exit === undefined) return hasGuard ? NO_MIDDLE : NO_GUARD
      const guard = this.#guards.pick({
        allows: (relay) => {
          if (this.#families.areRelated(relay, exit)) return false
          hasGuard = true
          return this.#relays.some((middle) => !this.#isKinOfAny(middle, [relay, exit]))
        },
      })
      const middle = guard === undefined ? undefined : this.chooseMiddle([guard.relay, exit], stable, avoided)
      if (guard !== undefined && middle !== undefined) return { relays: [guard.relay, middle, exit], guard }
      // In a small network another exit may leave room for the others.
      left = left.filter((relay) => relay !== exit)
    }
  }

  #isKinOfAny(relay: DirectoryRelay, others: readonly DirectoryRelay[]): boolean {
    return others.some((other) => this.#families.areRelated(relay, other))
  }

  #choose(relays: readonly DirectoryRelay[], position: Position): DirectoryRelay | undefined {
    return chooseWeighted(relays, (relay) => this.#weights.weigh(relay, position), this.#random)
  }
}

const NO_GUARD = 'a guard: none is there that is neither the exit nor its kin'
const NO_MIDDLE = 'a middle relay: none is there that is neither one of the others nor their kin'

const NOBODY: ReadonlySet<string> = /* @__PURE__ */ new Set<string>()

/** Those that meet a condition; all of them, where none does. */
function preferring(
  condition: (relay: DirectoryRelay) => boolean,
  relays: readonly DirectoryRelay[],
): readonly DirectoryRelay[] {
  const preferred = relays.filter(condition)
  return preferred.length > 0 ? preferred : relays
}

/** True for a relay that is Fast, and Stable if it is to be. */
function hasFlags({ flags }: DirectoryRelay, stable: boolean): boolean {
  const wanted = stable ? RelayFlag.Fast | RelayFlag.Stable : RelayFlag.Fast
  return (flags & wanted) === wanted
}
