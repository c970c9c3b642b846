import { expect } from 'chai'
import { fc } from '../support/seed.ts'
import {
  decodeCongestionControlResponse,
  decodeHandshakeExtensions,
  encodeCongestionControlResponse,
  encodeHandshakeExtensions,
  HandshakeExtensionType,
} from '../../lib/cell/handshake-extensions.ts'
import { TorError } from '../../lib/base/errors.ts'

const EMPTY = new Uint8Array(0)

function expectMalformed(decode: () => unknown): void {
  expect(decode).to.throw(TorError).with.property('code', 'CELL_MALFORMED')
}

describe('Handshake extensions', () => {
  it('have the types of the specification', () => {
    expect(HandshakeExtensionType).to.deep.equal({ CONGESTION_CONTROL_REQUEST: 1, CONGESTION_CONTROL_RESPONSE: 2 })
  })

  it('are a count, and of each its type, its length and its body', () => {
    expect([...encodeHandshakeExtensions(new Map())]).to.deep.equal([0])
    expect([...encodeHandshakeExtensions(new Map([[1, EMPTY]]))]).to.deep.equal([1, 1, 0])
    expect([...encodeHandshakeExtensions(new Map([[2, encodeCongestionControlResponse(31)]]))]).to.deep.equal([
      1, 2, 1, 31,
    ])
  })

  it('are written in the order of their types', () => {
    const extensions = new Map([
      [3, Uint8Array.of(2, 6)],
      [1, EMPTY],
    ])
    expect([...encodeHandshakeExtensions(extensions)]).to.deep.equal([2, 1, 0, 3, 2, 2, 6])
  })

  it('are read as they were written, whatever they say', () => {
    const any = fc.array(fc.tuple(fc.nat(255), fc.uint8Array({ maxLength: 255 })), { maxLength: 20 })
    fc.assert(
      fc.property(any, (entries) => {
        const extensions = new Map(entries)
        expect(decodeHandshakeExtensions(encodeHandshakeExtensions(extensions))).to.deep.equal(extensions)
      }),
    )
  })

  it('are read in any order, and of two of one type the first counts', () => {
    const extensions = decodeHandshakeExtensions(Uint8Array.of(4, 9, 1, 7, 2, 1, 31, 2, 1, 99, 0, 0))
    expect(extensions).to.deep.equal(
      new Map([
        [9, Uint8Array.of(7)],
        [2, Uint8Array.of(31)],
        [0, EMPTY],
      ]),
    )
  })

  for (const [what, bytes] of [
    ['an empty message', []],
    ['a count without extensions', [1]],
    ['a type without a length', [1, 2]],
    ['a body that is too short', [1, 2, 2, 31]],
    ['a count that is too high', [2, 2, 1, 31]],
    ['a count that is too low', [0, 2, 1, 31]],
    ['bytes behind the last extension', [1, 2, 1, 31, 0]],
  ] as const) {
    it(`are refused with ${what}`, () => expectMalformed(() => decodeHandshakeExtensions(Uint8Array.from(bytes))))
  }

  it('never throw anything but CELL_MALFORMED', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        try {
          decodeHandshakeExtensions(bytes)
        } catch (error) {
          expect(error).to.be.instanceOf(TorError).with.property('code', 'CELL_MALFORMED')
        }
      }),
    )
  })

  it('refuse more bytes in a body, or more extensions, than can be said', () => {
    expect(() => encodeHandshakeExtensions(new Map([[1, new Uint8Array(256)]]))).to.throw(RangeError)
    expect(() => encodeHandshakeExtensions(new Map([[256, EMPTY]]))).to.throw(RangeError)
    const all = new Map(Array.from({ length: 256 }, (_, type) => [type, EMPTY]))
    expect(() => encodeHandshakeExtensions(all)).to.throw(RangeError)
  })
})

describe('The response about congestion control', () => {
  it('is one byte', () => {
    expect([...encodeCongestionControlResponse(31)]).to.deep.equal([31])
    expect(decodeCongestionControlResponse(Uint8Array.of(31))).to.equal(31)
    expect(decodeCongestionControlResponse(Uint8Array.of(0))).to.equal(0)
  })

  for (const length of [0, 2, 255]) {
    it(`is malformed with ${length} bytes`, () =>
      expectMalformed(() => decodeCongestionControlResponse(new Uint8Array(length))))
  }
})
