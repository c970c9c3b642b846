/**
 * What a client has to do with onion services, loaded when circuits for them are expected, or when it is used.
 *
 * @module
 */
import type { OnionCircuitsAhead } from './circuits/prediction/circuits-ahead.ts'
import type { ClientOnions, ClientOnionsOptions } from './onion/client-onions.ts'
import type { OnionParts } from './onion/onion-parts.ts'

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

  /** Services to meet and to be; nothing where nobody ever had to do with any. */
  get used(): Promise<OnionParts> | undefined {
    return this.#parts
  }

  /** The same for who has to do with one. */
  parts(): Promise<OnionParts> {
    this.#options.predicted.usedOnions()
    return (this.#parts ??= this.#load().then((onions) => onions.parts()))
  }

  #load(): Promise<ClientOnions> {
    return (this.#loading ??= import('./onion/client-onions.ts').then(
      ({ ClientOnions: Loaded }) => (this.#loaded = new Loaded(this.#options)),
    ))
  }
}
