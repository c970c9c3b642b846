import { expect } from 'chai'
import { joinBytes } from '../../../lib/base/bytes/join-bytes.ts'

describe('joinBytes', () => {
  it('puts the parts one after the other', () => {
    expect([...joinBytes([Uint8Array.of(1, 2), new Uint8Array(0), Uint8Array.of(3)])]).to.deep.equal([1, 2, 3])
    expect(joinBytes([]).length).to.equal(0)
  })

  it('gives a buffer of its own and of exact size, which may be transferred away', () => {
    const part = Uint8Array.of(1, 2, 3, 4).subarray(1, 3)
    const whole = joinBytes([part])
    expect(whole.buffer.byteLength).to.equal(2)
    whole[0] = 9
    expect([...part]).to.deep.equal([2, 3])
  })
})
