import { hmac as nobleHmac } from '@noble/hashes/hmac.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { expect } from 'chai'
import { hmac } from '../../lib/crypto/hmac.ts'
import { encodeHex } from '../../lib/directory/text/encoding.ts'

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text)

describe('HMAC', () => {
  it('gives what RFC 4231 says (test cases 2 and 6): with a short key, and with one longer than a block', () => {
    expect(encodeHex(hmac(ascii('Jefe'), ascii('what do ya want '), ascii('for nothing?')))).to.equal(
      '5BDCC146BF60754E6A042426089575C75A003F089D2739839DEC58B964EC3843',
    )
    const message = ascii('Test Using Larger Than Block-Size Key - Hash Key First')
    expect(encodeHex(hmac(new Uint8Array(131).fill(0xaa), message))).to.equal(
      '60E431591EE0B67F0D8A26AACBF5B77F8E0BC6213728C5140546040F0EE37F54',
    )
  })

  it('gives what another implementation does with keys around the edge of a block, and leaves them as they were', () => {
    const message = Uint8Array.from({ length: 100 }, (_, at) => at * 3)
    for (const size of [0, 1, 32, 63, 64, 65, 200]) {
      const key = Uint8Array.from({ length: size }, (_, at) => at + 1)
      const expected = nobleHmac(sha256, key, message)
      expect(hmac(key, message), `${size}`).to.deep.equal(expected)
      expect(key).to.deep.equal(Uint8Array.from({ length: size }, (_, at) => at + 1))
    }
  })
})
