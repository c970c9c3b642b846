import { expect } from 'chai'
import { expand as nobleExpand } from '@noble/hashes/hkdf.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { encodeHex } from '../../lib/directory/text/encoding.ts'
import { expand, extract } from '../../lib/crypto/hkdf.ts'

describe('HKDF', () => {
  it('gives what RFC 5869 says (appendix A.1)', () => {
    const salt = Uint8Array.from({ length: 13 }, (_, at) => at)
    const info = Uint8Array.from({ length: 10 }, (_, at) => 0xf0 + at)
    const key = extract(new Uint8Array(22).fill(0x0b), salt)
    expect(encodeHex(key)).to.equal('077709362C2E32DF0DDC3F0DC47BBA6390B6C73BB50F9C3122EC844AD7C2B3E5')
    expect(encodeHex(expand(key, info, 42))).to.equal(
      '3CB25F25FAACD57A90434F64D0362F2A2D2D0A90CF1A5A4C5DB02D56ECC4C5BF34007208D5B887185865',
    )
  })

  it('gives what another implementation does, of any length up to the last, and no more', () => {
    const key = new Uint8Array(48).fill(7)
    const info = new Uint8Array(100).fill(8)
    const most = 255 * sha256.outputLen
    for (const length of [0, 1, 31, 32, 33, 500, most])
      expect(expand(key, info, length), `${length}`).to.deep.equal(nobleExpand(sha256, key, info, length))
    expect(() => expand(key, info, most + 1)).to.throw(RangeError)
  })
})
