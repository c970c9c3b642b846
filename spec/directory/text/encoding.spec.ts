import { expect } from 'chai'
import { fc } from '../../support/seed.ts'
import {
  decodeBase64,
  decodeHex,
  encodeBase64,
  encodeHex,
  is32Bytes,
  ownText,
} from '../../../lib/directory/text/encoding.ts'

const bytes = fc.uint8Array({ maxLength: 64 })

describe('base64 of the directory', () => {
  it("agrees with the runtime's own, with padding and without", () => {
    fc.assert(
      fc.property(bytes, (value) => {
        const padded = btoa(String.fromCharCode(...value))
        expect(decodeBase64(padded)).to.deep.equal(Uint8Array.from(value))
        expect(decodeBase64(padded.replaceAll('=', ''))).to.deep.equal(Uint8Array.from(value))
        expect(encodeBase64(value)).to.equal(padded.replaceAll('=', ''))
      }),
    )
  })

  it('is refused when another text stands for the same bytes', () => {
    for (const text of ['QR', 'QQ=', 'QQ===', 'QQA=QQ==', 'QUJ=', '=', '==', 'Q', 'QQ==QQ=='])
      expect(decodeBase64(text), text).to.equal(undefined)
  })

  it('is refused with any other character in it', () => {
    for (const text of ['QU I', 'QUI\n', 'QU-I', 'QU_I', 'QUé=', 'QU\u{1f9c5}'])
      expect(decodeBase64(text), text).to.equal(undefined)
  })

  it('tells what 32 bytes are as it reads them, and nothing else from them', () => {
    const changed = fc.tuple(
      fc.uint8Array({ minLength: 31, maxLength: 33 }),
      fc.boolean(),
      fc.option(fc.tuple(fc.nat({ max: 44 }), fc.constantFrom(...'AB/=+w0-_ \né'))),
    )
    let is = 0
    fc.assert(
      fc.property(changed, ([value, isPadded, change]) => {
        let text = btoa(String.fromCharCode(...value)).replace(isPadded ? '' : /=*$/, '')
        if (change !== null) text = text.slice(0, change[0]) + change[1] + text.slice(change[0] + 1)
        expect(is32Bytes(text), text).to.equal(decodeBase64(text)?.length === 32)
        if (is32Bytes(text)) is += 1
      }),
      { numRuns: 1000 },
    )
    expect(is).to.be.greaterThan(50)
    for (const text of [
      '',
      'A'.repeat(42),
      'A'.repeat(44),
      `${'A'.repeat(43)}==`,
      `${'A'.repeat(42)}B`,
      `${'A'.repeat(43)}\n`,
    ])
      expect(is32Bytes(text), text).to.equal(false)
  })

  it('has one text for each value', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'ABQgw0/9+='), maxLength: 9 }), (text) => {
        const value = decodeBase64(text)
        if (value !== undefined) expect(encodeBase64(value)).to.equal(text.replace(/=*$/, ''))
      }),
    )
  })
})

describe('hex digits of the directory', () => {
  it('go there and back', () => {
    fc.assert(
      fc.property(bytes, (value) => {
        expect(decodeHex(encodeHex(value))).to.deep.equal(Uint8Array.from(value))
      }),
    )
    expect(encodeHex(Uint8Array.of(0, 0xab, 0x0c))).to.equal('00AB0C')
    expect(decodeHex('00aB')).to.deep.equal(Uint8Array.of(0, 0xab))
  })

  it('are refused when they are none', () => {
    for (const text of ['0', '0g', ' 0', '0x11', '+1', '00 ']) expect(decodeHex(text), text).to.equal(undefined)
  })
})

describe('ownText', () => {
  it('gives the same text, however long', () => {
    for (const length of [0, 1, 4095, 4096, 4097, 300_000]) {
      const text = 'onion \u{1f9c5}'.repeat(Math.ceil(length / 8)).slice(0, length)
      expect(ownText(text) === text).to.equal(true)
    }
  })
})
