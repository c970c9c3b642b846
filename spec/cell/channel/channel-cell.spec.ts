import { expect } from 'chai'
import { fc } from '../../support/seed.ts'
import {
  decodeVersions,
  encodeCell,
  encodeVersions,
  FIXED_CELL_SIZE,
  isVariableLength,
} from '../../../lib/cell/channel/channel-cell.ts'
import { CellCommand } from '../../../lib/cell/commands.ts'
import { expectMalformed, expectTotal, hex, latin1, padded } from '../support/bytes.ts'

describe('channel cells', () => {
  it('have a length of their own for VERSIONS and every command from 128 on', () => {
    for (let command = 0; command < 256; command++)
      expect(isVariableLength(command)).to.equal(command === 7 || command >= 128)
  })

  it('of fixed size are padded with zeros to 514 bytes', () => {
    const cell = encodeCell(0x80000001, CellCommand.DESTROY, hex('09'))
    expect(cell.length).to.equal(FIXED_CELL_SIZE)
    expect(cell).to.deep.equal(Uint8Array.from([0x80, 0, 0, 1, 4, ...padded(hex('09'))]))
  })

  it('of variable size have a length and no padding', () => {
    expect(encodeCell(0, CellCommand.VPADDING, hex('aabbcc'))).to.deep.equal(hex('00000000 80 0003 aabbcc'))
    expect(encodeCell(0, CellCommand.CERTS, new Uint8Array(0x1234)).subarray(0, 7)).to.deep.equal(
      hex('00000000 81 1234'),
    )
  })

  it('refuse a body that is too long', () => {
    expect(() => encodeCell(1, CellCommand.RELAY, new Uint8Array(510))).to.throw(RangeError)
    expect(() => encodeCell(0, CellCommand.CERTS, new Uint8Array(65536))).to.throw(RangeError)
    expect(encodeCell(0, CellCommand.CERTS, new Uint8Array(65535)).length).to.equal(65542)
  })

  // The hand-made bodies of Arti's tor-cell/tests/testvec_chanmsg.rs, test_unspecified and test_padding.
  it('carry commands that have no meaning yet', () => {
    const fixed = latin1("A mage's name is better hidden than a herring in the sea")
    expect(encodeCell(3, 101, fixed).subarray(5)).to.deep.equal(padded(fixed))
    const variable = latin1("better guarded than a dragon's den")
    expect(encodeCell(3, 244, variable).subarray(7)).to.deep.equal(variable)
    expect(encodeCell(0, CellCommand.PADDING, hex(''))).to.deep.equal(new Uint8Array(514))
  })
})

describe('VERSIONS', () => {
  it('opens a link with a circuit id of two bytes', () => {
    expect(encodeVersions([4, 5])).to.deep.equal(hex('0000 07 0004 0004 0005'))
  })

  // Arti, tor-cell/tests/testvec_chanmsg.rs, test_versions.
  it('decodes the published vector', () => {
    expect(decodeVersions(hex('000300040005'))).to.deep.equal([3, 4, 5])
  })

  it('refuses a body of odd length', () => {
    for (const body of ['00', '000400', '0004000500']) expectMalformed(() => decodeVersions(hex(body)))
  })

  it('round-trips and is total', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 200 }), (versions) => {
        expect(decodeVersions(encodeVersions(versions).subarray(5))).to.deep.equal(versions)
      }),
    )
    expectTotal(decodeVersions)
  })
})
