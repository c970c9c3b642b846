import { expect } from 'chai'
import { fc } from '../../../support/seed.ts'
import { xorInto } from '../../../../lib/platform/crypto/ciphers/xor.ts'

describe('xorInto', () => {
  it('does at any length and alignment what a loop over bytes does, and touches nothing else', () => {
    const length = fc.oneof(fc.nat({ max: 40 }), fc.integer({ min: 4080, max: 4110 }), fc.nat({ max: 20_000 }))
    const lead = fc.nat({ max: 9 })
    fc.assert(
      fc.property(length, lead, lead, lead, (size, dataAt, keystreamAt, view) => {
        const data = crypto.getRandomValues(new Uint8Array(view + dataAt + size + 9)).subarray(view)
        const keystream = crypto.getRandomValues(new Uint8Array(keystreamAt + size + 9))
        const expected = new Uint8Array(data)
        for (let at = 0; at < size; at++) {
          expected[dataAt + at] = (data[dataAt + at] as number) ^ (keystream[keystreamAt + at] as number)
        }
        const before = new Uint8Array(keystream)
        xorInto(data, dataAt, keystream, keystreamAt, size)
        expect(Array.from(data)).to.deep.equal(Array.from(expected))
        expect(keystream).to.deep.equal(before)
      }),
    )
  })

  it('does nothing for a length of 0', () => {
    const data = new Uint8Array(8).fill(1)
    xorInto(data, 8, new Uint8Array(0), 0, 0)
    expect(data).to.deep.equal(new Uint8Array(8).fill(1))
  })
})
