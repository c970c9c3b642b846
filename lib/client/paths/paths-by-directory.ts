/**
 * The choice of paths in each directory, made ready before the directory is the one in use.
 *
 * @module
 */
import type { NetworkDirectory } from '../../directory/network-directory.ts'
import { findPossibleGuards } from '../relays/possible-guards.ts'
import { PathSelector, type PathSelectorOptions } from './path-selection.ts'

export class PathsByDirectory {
  readonly #options: () => PathSelectorOptions
  readonly #selectors = new WeakMap<NetworkDirectory, PathSelector>()

  /** @param options - of each choice */
  constructor(options: () => PathSelectorOptions) {
    this.#options = options
  }

  /** The choice in this directory: the same one each time. */
  in(directory: NetworkDirectory): PathSelector {
    let selector = this.#selectors.get(directory)
    if (selector === undefined)
      this.#selectors.set(directory, (selector = new PathSelector(directory, this.#options())))
    return selector
  }

  /** Makes what guards and paths need of the directory, in slices. */
  async prepare(directory: NetworkDirectory): Promise<void> {
    await findPossibleGuards(directory)
    await this.in(directory).prepare()
  }
}
