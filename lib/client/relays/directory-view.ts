/**
 * What choosing relays needs to know of a directory.
 *
 * @module
 */
import type { NetworkDirectory } from '../../directory/network-directory.ts'

/** A directory, as far as paths and guards are concerned. */
export type DirectoryView = Pick<NetworkDirectory, 'consensus' | 'relays' | 'relay' | 'param'>
