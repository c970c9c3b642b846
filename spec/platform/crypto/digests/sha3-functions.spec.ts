import { expect } from 'chai'
import { sha3_256, shake256 as nobleShake256 } from '@noble/hashes/sha3.js'
import { encodeHex } from '../../../../lib/directory/text/encoding.ts'
import { currentPlatform } from '../../../../lib/platform/current.ts'
import { webPlatform } from '../../../../lib/platform/web.ts'

/** Bytes that say where they are. */
const upTo = (length: number): Uint8Array<ArrayBuffer> => Uint8Array.from({ length }, (_, at) => at * 7 + 1)
const ascii = (text: string): Uint8Array => new TextEncoder().encode(text)

for (const [name, platform] of [
  ['this runtime', currentPlatform()],
  ['the web', webPlatform()],
] as const) {
  describe(`SHA3-256 and SHAKE256 of handshakes, of ${name}`, () => {
    const { sha3, shake256 } = platform.sha3

    it('are those of FIPS 202: the published digests of nothing, and of abc', () => {
      expect(encodeHex(sha3()).toLowerCase()).to.equal(
        'a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a',
      )
      expect(encodeHex(sha3(ascii('abc'))).toLowerCase()).to.equal(
        '3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532',
      )
      expect(encodeHex(shake256(32)).toLowerCase()).to.equal(
        '46b9dd2b0ba88d13233b3feb743eeb243fcd52ea62b81b82b50c27646ed5762f',
      )
    })

    it('are those of another implementation, around each edge of a block and in any parts', () => {
      for (const length of [0, 1, 134, 135, 136, 137, 271, 272, 273, 1000]) {
        const bytes = upTo(length)
        for (const cut of [0, length >> 1, length]) {
          const parts = [bytes.subarray(0, cut), bytes.subarray(cut)]
          expect(sha3(...parts)).to.deep.equal(sha3_256(bytes))
          for (const dkLen of [1, 135, 136, 137, 500])
            expect(shake256(dkLen, ...parts)).to.deep.equal(nobleShake256(bytes, { dkLen }))
        }
      }
    })

    it('give arrays of their own, which share memory with nothing', () => {
      for (const digest of [sha3(), shake256(40)]) expect(digest.buffer.byteLength).to.equal(digest.length)
    })
  })
}
