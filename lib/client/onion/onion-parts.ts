/**
 * The onion services of one client, those that it meets and those that it is: what a Tor client loads when it has to do
 * with its first one. All of them share the circuits' vanguards.
 *
 * @module
 */
import { TorError } from '../../base/errors.ts'
import type { NetworkDirectory } from '../../directory/network-directory.ts'
import type { WorkOptions } from '../../onion/client/client-work.ts'
import { OnionClient } from '../../onion/client/onion-client.ts'
import type { OnionService } from '../../onion/service/onion-service.ts'
import type { OnionServiceOptions } from '../../onion/service/service-options.ts'
import type { StreamOptions } from '../../stream/options.ts'
import type { Stems } from './stems.ts'
import { OnionCircuits, type OnionCircuitsOptions } from './onion-circuits.ts'

/** What they need. */
export interface OnionPartsOptions extends Omit<OnionCircuitsOptions, 'onDirectory'> {
  /** How proofs of work are made; undefined for none. */
  readonly work: WorkOptions | undefined
}

export class OnionParts {
  /** What meets onion services. */
  readonly client: OnionClient
  readonly #circuits: OnionCircuits
  readonly #stems: Stems
  readonly #listeners = new Set<(directory: NetworkDirectory) => void>()
  readonly #services = new Set<OnionService>()
  #isClosed = false

  constructor(options: OnionPartsOptions) {
    this.#stems = options.stems
    this.#circuits = new OnionCircuits({
      ...options,
      onDirectory: (changed) => {
        this.#listeners.add(changed)
        return () => void this.#listeners.delete(changed)
      },
    })
    this.client = new OnionClient(this.#circuits, options.work)
  }

  /**
   * Begins a service.
   *
   * @throws TypeError or RangeError naming the option
   * @throws TorError `CIRCUIT_CLOSED` when the client is closed, `ABORTED`
   */
  async serve(options: OnionServiceOptions, streamDefaults: StreamOptions): Promise<OnionService> {
    const { startService } = await import('../../onion/service/start-service.ts')
    this.#expectOpen()
    const service = await startService(this.#circuits, options, streamDefaults)
    this.#services.add(service)
    void service.closed.then(() => this.#services.delete(service))
    this.#stems.serving(service.closed)
    if (this.#isClosed) await service.close()
    this.#expectOpen()
    return service
  }

  /** Another directory is there. */
  directoryChanged(directory: NetworkDirectory): void {
    for (const listener of this.#listeners) listener(directory)
  }

  /** What begins from now on has nothing to do with what was before. Services stay what they are. */
  renew(): void {
    this.client.renew()
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await Promise.all([this.client.close(), ...[...this.#services].map((service) => service.close())])
  }

  #expectOpen(): void {
    if (this.#isClosed) throw new TorError('CIRCUIT_CLOSED', 'the client is closed')
  }
}
