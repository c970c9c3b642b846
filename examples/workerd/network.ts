import { parseDirAuthorityLines, type NetworkConfig } from '../../lib/index.ts'

/** The bindings of this Worker. */
export interface Variables {
  /** `DirAuthority` lines of a network of your own; the public one without. */
  readonly DIR_AUTHORITIES?: string
}

/** Which Tor network to use. */
export const networkOf = ({ DIR_AUTHORITIES }: Variables): 'public' | NetworkConfig =>
  DIR_AUTHORITIES === undefined
    ? 'public'
    : { authorities: parseDirAuthorityLines(DIR_AUTHORITIES), fallbacks: [], testing: true }
