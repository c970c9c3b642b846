/**
 * What a client has to do with onion services, loaded when circuits for them are expected, or when it is used. What could not be
 * loaded, as by a page that was offline, is loaded the next time.
 *
 * @module
 */
import { forgetFailed } from '../base/waiting/deferred.ts'
import type { OnionCircuitsAhead } from './circuits/prediction/circuits-ahead.ts'
import type { ClientOnions, ClientOnionsOptions } from './onion/client-onions.ts'
import type { OnionParts } from './onion/onion-parts.ts'

const NEVER_USED: Promise<undefined> = Promise.resolve(undefined)

export class LazyOnions implements OnionCircuitsAhead {
  readonly #options: ClientOnionsOptions
  #loading: Promise<ClientOnions> | undefined
  #loaded: ClientOnions | undefined
  #parts: Promise<OnionParts> | undefined

  constructor(options: ClientOnionsOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#loaded?.stems.size ?? 0
  }

  get areExpected(): boolean {
    return this.#loaded ? this.#loaded.stems.areExpected : this.#options.predicted.expectsOnions
  }

  async build(): Promise<void> {
    await (await this.#load()).stems.build()
  }

  sweep(): void {
    this.#loaded?.stems.sweep()
  }

  /** Services to meet and to be; nothing where nobody ever had to do with any, or they could not be loaded. */
  get used(): Promise<OnionParts | undefined> {
    const known = this.#parts?.catch(() => undefined) // whoever asked for them is told
    return known ?? NEVER_USED
  }

  /** The same for who has to do with one. */
  parts(): Promise<OnionParts> {
    this.#options.predicted.usedOnions()
    return (this.#parts ??= forgetFailed(
      this.#load().then((onions) => onions.parts()),
      () => (this.#parts = undefined),
    ))
  }

  #load(): Promise<ClientOnions> {
    return (this.#loading ??= forgetFailed(
      import('./onion/client-onions.ts').then(({ ClientOnions: Loaded }) => (this.#loaded = new Loaded(this.#options))),
      () => (this.#loading = undefined),
    ))
  }
}
