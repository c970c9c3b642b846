/**
 * The relays of a directory that keep descriptors (rend-spec-v3, "Where to publish a hidden service descriptor").
 *
 * @module
 */
import type { DirectoryRelay } from '../../directory/network-directory.ts'
import { RelayFlag } from '../../directory/relay-flags.ts'

/** True for a relay that stands on the ring. */
export const keepsDescriptors = ({ flags, protocols }: DirectoryRelay): boolean =>
  (flags & RelayFlag.HSDir) !== 0 && protocols.supports('HSDir', 2)
