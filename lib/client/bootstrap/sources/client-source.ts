/**
 * Where a client with guards gets its directory documents from. It is loaded with the first that is asked for.
 *
 * @module
 */
import type { Random } from '../../../base/random.ts'
import type { NetworkConfig } from '../../../directory/network/network-config.ts'
import type { GuardManager } from '../../guards/guards.ts'
import { directoryServers } from './directory-servers.ts'
import { DocumentSource, type DocumentSourceOptions } from './document-source.ts'

/** What it needs. */
export interface ClientSourceOptions extends Omit<DocumentSourceOptions, 'servers'> {
  readonly network: NetworkConfig
  /** Those of now. */
  guards(): GuardManager
  readonly random: Random
}

/** Makes it. */
export function clientSource(options: ClientSourceOptions): DocumentSource {
  const { network, random } = options
  const source: DocumentSource = new DocumentSource({
    ...options,
    servers: (onlyAuthorities = false) => {
      const guards = options.guards()
      const { hasDirectory } = guards
      const isOutdone = (fingerprint: string): boolean => source.isOutdone(fingerprint)
      return directoryServers({ network, guards, hasDirectory, onlyAuthorities, isOutdone, random })
    },
  })
  return source
}
