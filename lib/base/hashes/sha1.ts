/**
 * SHA-1 (FIPS 180-4), for what Tor's older formats name by it: fingerprints of RSA keys, some signatures. It shares its block
 * function with the running digest of relay cells.
 *
 * @module
 */
import { BlockHash } from './block-hash.ts'
import { compress } from './sha1-block.ts'

/** The state of nothing (section 5.3.1). */
const INITIAL = /* @__PURE__ */ Int32Array.of(0x67452301, -0x10325477, -0x67452302, 0x10325476, -0x3c2d1e10)

/** A SHA-1 that is fed in pieces; its digest has 20 bytes. */
export class Sha1 extends BlockHash {
  constructor() {
    super(INITIAL, compress)
  }
}

/** SHA-1 of `bytes`, 20 bytes. */
export const sha1 = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => new Sha1().update(bytes).digest()
