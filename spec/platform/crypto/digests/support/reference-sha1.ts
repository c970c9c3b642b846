/** The SHA-1 that specs compare with. */
import { sha1 } from '@noble/hashes/legacy.js'

/** SHA-1 that can be read between updates. */
export interface ReferenceSha1 {
  update(bytes: Uint8Array): ReferenceSha1
  clone(): ReferenceSha1
  digest(): Uint8Array
}

/** One that has taken in nothing. */
export const referenceSha1 = (): ReferenceSha1 => sha1.create() as ReferenceSha1
