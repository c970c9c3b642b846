import { expect } from 'chai'
import { fc } from '../../support/seed.ts'
import { MAX_XON_RATE, decodeXoff, decodeXon, encodeXoff, encodeXon } from '../../../lib/cell/relay/xon-xoff.ts'
import { TorError } from '../../../lib/base/errors.ts'
import { hex, thrownBy } from '../support/bytes.ts'

const malformed = (call: () => unknown): void => {
  const error = thrownBy(call)
  expect(error).to.be.instanceOf(TorError)
  expect((error as TorError).code).to.equal('CELL_MALFORMED')
}

describe('XOFF', () => {
  it('is a version and nothing else', () => {
    expect(encodeXoff()).to.deep.equal(hex('00'))
    decodeXoff(hex('00'))
  })

  for (const body of ['', '01', 'ff', '0000', '0000000000']) {
    it(`is malformed as [${body}]`, () => malformed(() => decodeXoff(hex(body))))
  }
})

describe('XON', () => {
  const forms: readonly (readonly [body: string, rate: number])[] = [
    ['00 00000001', 1],
    ['00 000003e8', 1000],
    ['00 0020c49b', MAX_XON_RATE],
  ]
  for (const [body, rate] of forms) {
    it(`names the rate of ${rate} kB/s as [${body}]`, () => {
      expect(decodeXon(hex(body))).to.equal(rate)
      expect(encodeXon(rate)).to.deep.equal(hex(body))
    })
  }

  it('names no rate by 0, nor by one that no 31 bits can hold in bytes', () => {
    expect(encodeXon(Infinity)).to.deep.equal(hex('00 00000000'))
    for (const body of ['00 00000000', '00 0020c49c', '00 7fffffff', '00 ffffffff'])
      expect(decodeXon(hex(body)), body).to.equal(Infinity)
  })

  it('has no rate of 0, and none that is no whole number', () => {
    for (const rate of [0, -1, 0.5, NaN, -Infinity, MAX_XON_RATE + 1])
      expect(() => encodeXon(rate), String(rate)).to.throw(RangeError)
  })

  for (const body of ['', '00', '00 000000', '01 00000001', 'ff 00000000', '00 00000001 00']) {
    it(`is malformed as [${body}]`, () => malformed(() => decodeXon(hex(body))))
  }

  it('comes back as it was, and throws nothing but a typed error for any bytes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: MAX_XON_RATE }), (rate) => {
        expect(decodeXon(encodeXon(rate))).to.equal(rate)
      }),
    )
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 12 }), (body) => {
        if (body.length === 5 && body[0] === 0) expect(decodeXon(body)).to.be.greaterThan(0)
        else malformed(() => decodeXon(body))
      }),
    )
  })
})
