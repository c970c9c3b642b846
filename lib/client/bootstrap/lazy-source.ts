/**
 * Where documents come from, loaded when the first is asked for: a client whose directory was kept asks for none for hours. What could
 * not be loaded, as by a page that was offline, is loaded the next time.
 *
 * @module
 */
import { forgetFailed } from '../../base/waiting/deferred.ts'
import type { DocumentRequest, DocumentSource } from './sources/document-source.ts'

export class LazySource implements Pick<DocumentSource, 'fetch' | 'release' | 'lastFailure'> {
  readonly #load: () => Promise<DocumentSource>
  #loading: Promise<DocumentSource> | undefined
  #loaded: DocumentSource | undefined

  constructor(load: () => Promise<DocumentSource>) {
    this.#load = load
  }

  get lastFailure(): unknown {
    return this.#loaded?.lastFailure
  }

  async fetch<T>(
    request: DocumentRequest,
    accept: (text: string, outdo: () => void) => Promise<T> | T,
    signal: AbortSignal,
  ): Promise<T> {
    this.#loading ??= forgetFailed(this.#load(), () => (this.#loading = undefined))
    this.#loaded = await this.#loading
    return this.#loaded.fetch(request, accept, signal)
  }

  release(): void {
    this.#loaded?.release()
  }
}
