import { expect } from 'chai'
import { sha1 as nobleSha1 } from '@noble/hashes/legacy.js'
import { encodeHex } from '../../../lib/directory/text/encoding.ts'
import { Sha1, sha1 } from '../../../lib/base/hashes/sha1.ts'

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text)

describe('SHA-1', () => {
  it('is that of FIPS 180: the published digests', () => {
    expect(encodeHex(sha1(ascii('abc')))).to.equal('A9993E364706816ABA3E25717850C26C9CD0D89D')
    expect(encodeHex(sha1(ascii('abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq')))).to.equal(
      '84983E441C3BD26EBAAE4AA1F95129E5E54670F1',
    )
  })

  it('is that of another implementation for every length up to three blocks, in one piece and in two', () => {
    const bytes = Uint8Array.from({ length: 192 }, (_, at) => at * 7 + 1)
    for (let length = 0; length <= bytes.length; length++) {
      const message = bytes.subarray(0, length)
      const expected = nobleSha1(message)
      expect(sha1(message), `${length}`).to.deep.equal(expected)
      const cut = (length * 5) % (length + 1)
      const inTwo = new Sha1().update(message.subarray(0, cut)).update(message.subarray(cut))
      expect(inTwo.digest(), `${length} at ${cut}`).to.deep.equal(expected)
    }
  })
})
