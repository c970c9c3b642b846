/**
 * What a client has to do with onion services: the circuits that are ready for them, which it has as C tor's has whether or not
 * it uses them; and services to meet and to be, which are loaded when somebody does. It is loaded with the first of either.
 *
 * @module
 */
import { idleTimeOf } from '../circuits/prediction/circuit-choice.ts'
import type { OnionParts, OnionPartsOptions } from './onion-parts.ts'
import { StemBuilder, type StemBuilderOptions } from './stem-builder.ts'
import { Stems, type StemsOptions } from './stems.ts'

/** What it takes. */
export interface ClientOnionsOptions
  extends
    Omit<StemBuilderOptions, 'watcher'>,
    Omit<OnionPartsOptions, 'builder' | 'stems' | 'times' | 'watcher'>,
    Pick<StemsOptions, 'changed' | 'failed'> {
  readonly predicted: StemsOptions['predicted'] & Parameters<typeof idleTimeOf>[1]
  readonly watcher: StemBuilderOptions['watcher'] & OnionPartsOptions['watcher']
}

export class ClientOnions {
  /** Circuits that are ready. */
  readonly stems: Stems
  readonly #options: ClientOnionsOptions
  readonly #builder: StemBuilder

  constructor(options: ClientOnionsOptions) {
    const { times, predicted, random } = options
    this.#options = options
    this.#builder = new StemBuilder(options)
    this.stems = new Stems({
      ...options,
      begin: (signal) => this.#builder.begin({ isRendezvous: true }, signal),
      idleTime: () => idleTimeOf(times, predicted, random),
    })
  }

  /** Services to meet and to be. */
  async parts(): Promise<OnionParts> {
    const { OnionParts: Parts } = await import('./onion-parts.ts')
    return new Parts({ ...this.#options, builder: this.#builder, stems: this.stems })
  }
}
