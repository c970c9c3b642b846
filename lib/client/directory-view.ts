/**
 * What choosing relays needs to know of a directory.
 *
 * @module
 */
import type { NetworkDirectory } from '../directory/network-directory.ts'
import type { ConsensusRelay } from '../directory/relay-entry.ts'

/** A directory, as far as paths and guards are concerned. */
export type DirectoryView = Pick<NetworkDirectory, 'consensus' | 'relays' | 'param'>

/** A relay that the consensus lists, whether its microdescriptor is there or not. */
export type ListedRelay = ConsensusRelay
