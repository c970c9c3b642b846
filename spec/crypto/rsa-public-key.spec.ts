import { expect } from 'chai'
import { parseRsaPublicKey } from '../../lib/crypto/rsa-public-key.ts'
import { expectMalformed, expectTotal, hex } from '../cell/support/bytes.ts'

const KEY = hex('30 0a 02 03 00 c0ff 02 03 010001')

describe('an RSA public key', () => {
  it('is read without the zeros that show its sign', () => {
    const key = parseRsaPublicKey(KEY)
    expect(key).to.deep.equal({ modulus: hex('c0ff'), exponent: hex('010001'), der: KEY })
  })

  it('is malformed with bytes missing or left over', () => {
    for (let length = 0; length < KEY.length; length++)
      expectMalformed(() => parseRsaPublicKey(KEY.subarray(0, length)))
    expectMalformed(() => parseRsaPublicKey(Uint8Array.of(...KEY, 0)))
    expectMalformed(() => parseRsaPublicKey(hex('30 0d 02 03 00 c0ff 02 03 010001 02 01 01')))
  })

  it('is malformed with numbers that are not positive', () => {
    for (const numbers of ['02 02 c0ff 02 03 010001', '02 03 00 c0ff 02 01 00', '02 00 02 01 03']) {
      const bytes = hex(numbers)
      expectMalformed(() => parseRsaPublicKey(Uint8Array.of(0x30, bytes.length, ...bytes)))
    }
  })

  it('is read totally', () => {
    expectTotal(parseRsaPublicKey, undefined)
  })
})
