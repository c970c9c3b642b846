import { expect } from 'chai'
import { fc } from '../../support/seed.ts'
import { decodeSendme, encodeSendme } from '../../../lib/cell/relay/sendme.ts'
import { expectMalformed, expectTotal, hex } from '../support/bytes.ts'

describe('SENDME', () => {
  const tag = Uint8Array.from({ length: 20 }, (_, index) => index + 1)

  it('of version 1 bears a tag', () => {
    const body = Uint8Array.from([...hex('01 0014'), ...tag])
    expect(encodeSendme(tag)).to.deep.equal(body)
    expect(decodeSendme(body)).to.deep.equal({ version: 1, tag })
  })

  it('without a body has version 0', () => {
    expect(decodeSendme(hex(''))).to.deep.equal({ version: 0, tag: undefined })
  })

  it('of another version has that version and no tag', () => {
    for (const [body, version] of [
      ['00', 0],
      ['02', 2],
      ['ff 0014', 255],
    ] as const) {
      expect(decodeSendme(hex(body))).to.deep.equal({ version, tag: undefined })
    }
  })

  it('has a tag that is too long cut to size', () => {
    expect(decodeSendme(Uint8Array.from([...hex('01 0016'), ...tag, 0xaa, 0xbb]))).to.deep.equal({ version: 1, tag })
    expect(decodeSendme(Uint8Array.from([...hex('01 0014'), ...tag]), 16)).to.deep.equal({
      version: 1,
      tag: tag.subarray(0, 16),
    })
  })

  it('may have bytes after its tag', () => {
    expect(decodeSendme(Uint8Array.from([...hex('01 0014'), ...tag, 9, 9]))).to.deep.equal({ version: 1, tag })
  })

  it('is malformed when its tag is too short or is not there', () => {
    for (const body of [
      '01',
      '01 00',
      '01 0014',
      '01 0000',
      `01 0013 ${'01'.repeat(20)}`,
      `01 0014 ${'01'.repeat(19)}`,
      `01 ffff ${'01'.repeat(20)}`,
    ]) {
      expectMalformed(() => decodeSendme(hex(body)))
    }
  })

  it('is total', () => {
    expectTotal(
      (body) => decodeSendme(body),
      fc.uint8Array({ maxLength: 24 }).map((rest) => Uint8Array.from([1, 0, ...rest])),
    )
  })
})
