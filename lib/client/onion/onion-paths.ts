/**
 * The paths of circuits for onion services (proposal 333; C tor's `hs_vanguards` circuits): guard, vanguard and one relay
 * more, behind which another may follow that somebody else has chosen. They are internal: no exit, no exit policy, and
 * between guard and vanguard neither families nor networks count.
 *
 * @module
 */
import { TorError } from '../../base/errors.ts'
import type { DirectoryRelay } from '../../directory/network-directory.ts'
import { RelayFlag } from '../../directory/relay-flags.ts'
import type { GuardedPath } from '../circuits/circuit-builder.ts'
import type { GuardManager } from '../guards/guards.ts'
import type { DirectoryView } from '../relays/directory-view.ts'
import type { Random } from '../../base/random.ts'
import { canBeHop } from '../relays/usable-relays.ts'
import { chooseWeighted, WeightedList } from '../relays/weighted-choice.ts'
import { PositionWeights } from '../relays/weights.ts'
import type { Vanguards } from './vanguards.ts'

/** What paths need beside a directory. */
export interface OnionPathsOptions {
  readonly guards: Pick<GuardManager, 'pick' | 'cancelled'>
  readonly vanguards: Vanguards
  readonly random: Random
}

/** What the third relay is for. */
export interface OnionPathRequest {
  /** Client and service shall meet there; otherwise it only passes on. */
  readonly isRendezvous: boolean
  /** The fingerprint of the relay that is to follow, if it is known. */
  readonly end?: string | undefined
  /** Fingerprints of relays that are not to be third, where others fit. */
  readonly avoided: ReadonlySet<string>
}

/** Chooses paths in one directory; a newer directory needs a new one. */
export class OnionPaths {
  readonly #directory: DirectoryView
  readonly #options: OnionPathsOptions
  readonly #weights: PositionWeights
  readonly #fast: readonly DirectoryRelay[]
  readonly #stable: ReadonlyMap<string, DirectoryRelay>
  readonly #stableList: WeightedList<DirectoryRelay>
  /** Those that only pass on, and those that can be met at. */
  readonly #lists: Readonly<
    Record<'middle' | 'rendezvous', { all: DirectoryRelay[]; list: WeightedList<DirectoryRelay> }>
  >

  constructor(directory: DirectoryView, options: OnionPathsOptions) {
    this.#directory = directory
    this.#options = options
    this.#weights = new PositionWeights(directory)
    const hops = directory.relays.filter(canBeHop)
    const fast = hops.filter(({ flags }) => (flags & RelayFlag.Fast) !== 0)
    this.#fast = fast.length > 0 ? fast : hops
    const stable = this.#fast.filter(({ flags }) => (flags & RelayFlag.Stable) !== 0)
    this.#stable = new Map((stable.length > 0 ? stable : this.#fast).map((relay) => [relay.fingerprint, relay]))
    this.#stableList = this.#listOf([...this.#stable.values()])
    const meeting = this.#fast.filter(
      ({ flags, protocols }) => (flags & RelayFlag.MiddleOnly) === 0 && protocols.supports('HSRend', 2),
    )
    this.#lists = {
      middle: { all: [...this.#fast], list: this.#listOf(this.#fast) },
      rendezvous: { all: meeting, list: this.#listOf(meeting) },
    }
  }

  /**
   * Chooses a path of three relays.
   *
   * @throws TorError `NO_PATH`
   */
  choose({ isRendezvous, end, avoided }: OnionPathRequest): GuardedPath {
    const { guards, random } = this.#options
    const guard = guards.pick()
    if (guard === undefined) throw new TorError('NO_PATH', 'Cannot choose a guard for an onion service: none fits')
    const first = guard.relay.fingerprint
    const seconds = this.#seconds().filter(({ fingerprint }) => fingerprint !== first)
    const others = seconds.filter(({ fingerprint }) => fingerprint !== end)
    const choice = others.length > 0 ? others : seconds
    const second = choice.length > 0 ? choice[random(choice.length)] : undefined
    const third = second && this.#third(isRendezvous, [first, second.fingerprint, ...(end ? [end] : [])], avoided)
    if (second === undefined || third === undefined) {
      guards.cancelled(guard)
      const what = second === undefined ? 'a second relay' : isRendezvous ? 'a rendezvous point' : 'a middle relay'
      throw new TorError('NO_PATH', `Cannot choose ${what} for an onion service: none fits`)
    }
    return { relays: [guard.relay, second, third], guard }
  }

  /** A relay to be introduced at: as one that passes on, and one that stays. Undefined when all that fit are avoided. */
  introduction(avoided: ReadonlySet<string>): DirectoryRelay | undefined {
    const fitting = [...this.#stable.values()].filter(
      ({ fingerprint, flags, protocols }) =>
        (flags & RelayFlag.MiddleOnly) === 0 && protocols.supports('HSIntro', 4) && !avoided.has(fingerprint),
    )
    return this.#listOf(fitting).draw(this.#options.random)
  }

  /** The vanguards; where the network does not want them, or none is left beside the guard, every relay that is fit. */
  #seconds(): readonly DirectoryRelay[] {
    const all = [...this.#stable.values()]
    if (this.#directory.param('vanguards-lite-enabled', 1, 0, 1) === 0) return this.#drawn(all)
    const { vanguards, random } = this.#options
    const set = vanguards.relays(this.#directory, this.#stable, () => this.#stableList.draw(random))
    return set.length > 1 ? set : this.#drawn(all)
  }

  /** A few of them, drawn by weight. */
  #drawn(relays: readonly DirectoryRelay[]): readonly DirectoryRelay[] {
    const chosen = new Set<DirectoryRelay>()
    const weigh = (relay: DirectoryRelay): number => this.#weights.weigh(relay, 'middle')
    for (let left = 3; left > 0; left--) {
      const relay = chooseWeighted(
        relays.filter((each) => !chosen.has(each)),
        weigh,
        this.#options.random,
      )
      if (relay !== undefined) chosen.add(relay)
    }
    return [...chosen]
  }

  #third(isRendezvous: boolean, others: readonly string[], avoided: ReadonlySet<string>): DirectoryRelay | undefined {
    const { random } = this.#options
    const { all, list } = this.#lists[isRendezvous ? 'rendezvous' : 'middle']
    const fits = ({ fingerprint }: DirectoryRelay): boolean => !others.includes(fingerprint)
    const likely = list.drawFitting(random, (relay) => fits(relay) && !avoided.has(relay.fingerprint))
    if (likely !== undefined) return likely
    const fitting = all.filter(fits)
    const preferred = fitting.filter(({ fingerprint }) => !avoided.has(fingerprint))
    return this.#listOf(preferred.length > 0 ? preferred : fitting).draw(random)
  }

  #listOf(relays: readonly DirectoryRelay[]): WeightedList<DirectoryRelay> {
    return new WeightedList(relays, (relay) => this.#weights.weigh(relay, 'middle'))
  }
}
