import { expect } from 'chai'
import { fc } from '../support/seed.ts'
import { DerReader } from '../../lib/crypto/der.ts'
import { expectMalformed, expectTotal, hex, latin1 } from '../cell/support/bytes.ts'
import { joined } from '../channel/support/relay-side.ts'

const read = (bytes: string): DerReader => new DerReader(hex(bytes), 'thing')

describe('DerReader', () => {
  it('reads elements in order', () => {
    const reader = read('30 06 02 01 05 06 01 2a  03 02 00 ff')
    expect(reader.nextTag).to.equal(0x30)
    const sequence = reader.sequence()
    expect(sequence.positiveInteger()).to.deep.equal(hex('05'))
    expect(sequence.objectIdentifier()).to.equal('2a')
    sequence.end()
    expect(reader.bitString()).to.deep.equal(hex('ff'))
    expect(reader.nextTag).to.equal(undefined)
    reader.end()
  })

  it('gives an element whole', () => {
    expect(read('02 01 05 30 00').whole(2)).to.deep.equal(hex('020105'))
  })

  it('reads lengths of one, two and three bytes', () => {
    for (const length of [0, 0x7f, 0x80, 0xff, 0x100, 0xffff, 0x10000]) {
      const header =
        length < 0x80
          ? [length]
          : length < 0x100
            ? [0x81, length]
            : length < 0x10000
              ? [0x82, length >> 8, length & 255]
              : [0x83, length >> 16, (length >> 8) & 255, length & 255]
      const bytes = joined(Uint8Array.of(0x30, ...header), new Uint8Array(length))
      expect(new DerReader(bytes, 'thing').contents(0x30).length).to.equal(length)
    }
  })

  for (const [what, bytes] of [
    ['nothing', ''],
    ['a tag alone', '30'],
    ['a tag of several bytes', '3f 81 00 00'],
    ['an indefinite length', '30 80 00 00'],
    ['a length of four bytes', '30 84 00000001 00'],
    ['a length of two bytes where one will do', '30 81 7f' + '00'.repeat(127)],
    ['a length of three bytes where two will do', '30 82 00ff' + '00'.repeat(255)],
    ['a length that is cut short', '30 82 01'],
    ['fewer bytes than it promises', '30 05 00000000'],
  ] as const) {
    it(`does not read an element with ${what}`, () => {
      expectMalformed(() => read(bytes).skip())
      expectMalformed(() => read(bytes).contents(0x30))
    })
  }

  it('does not read one kind of element for another', () => {
    expectMalformed(() => read('02 01 05').sequence())
    expectMalformed(() => read('02 01 05 00').end())
  })

  it('reads positive integers in their shortest form only', () => {
    expect(read('02 02 00 80').positiveInteger()).to.deep.equal(hex('80'))
    expect(read('02 01 7f').positiveInteger()).to.deep.equal(hex('7f'))
    for (const bytes of ['02 00', '02 01 00', '02 01 80', '02 02 00 7f', '02 02 ff ff', '02 03 00 00 80']) {
      expectMalformed(() => read(bytes).positiveInteger())
    }
  })

  it('reads bit strings of whole bytes only', () => {
    expect(read('03 01 00').bitString()).to.deep.equal(hex(''))
    for (const bytes of ['03 00', '03 02 01 80', '03 02 08 00']) expectMalformed(() => read(bytes).bitString())
  })

  const time = (tag: number, text: string): DerReader =>
    new DerReader(joined(Uint8Array.of(tag, text.length), latin1(text)), 'thing')

  it('reads times of both kinds', () => {
    expect(time(0x17, '260813000000Z').time()).to.equal(Date.UTC(2026, 7, 13))
    expect(time(0x17, '491231235959Z').time()).to.equal(Date.UTC(2049, 11, 31, 23, 59, 59))
    expect(time(0x17, '500101000000Z').time()).to.equal(Date.UTC(1950, 0, 1))
    expect(time(0x18, '20500229000000Z'.replace('0229', '0228')).time()).to.equal(Date.UTC(2050, 1, 28))
    expect(time(0x18, '20240229120000Z').time()).to.equal(Date.UTC(2024, 1, 29, 12))
  })

  for (const [tag, text] of [
    [0x17, '2608130000Z'],
    [0x17, '260813000000'],
    [0x17, '260813000000+0100'],
    [0x17, '20260813000000Z'],
    [0x17, '261313000000Z'],
    [0x17, '260431000000Z'],
    [0x17, '260813240000Z'],
    [0x17, '260813006000Z'],
    [0x17, '260813000060Z'],
    [0x17, '26081300000aZ'],
    [0x18, '260813000000Z'],
    [0x18, '20230229000000Z'],
    [0x18, '20260813000000.5Z'],
    [0x16, '260813000000Z'],
  ] as const) {
    it(`does not take ${text} with tag ${tag} for a time`, () => {
      expectMalformed(() => time(tag, text).time())
    })
  }

  it('is total', () => {
    const element = fc
      .tuple(fc.constantFrom(0x02, 0x03, 0x17, 0x18, 0x30), fc.uint8Array({ maxLength: 20 }))
      .map(([tag, rest]) => Uint8Array.of(tag, ...rest))
    for (const call of [
      'skip',
      'sequence',
      'positiveInteger',
      'bitString',
      'time',
      'objectIdentifier',
      'end',
    ] as const) {
      expectTotal((body) => {
        const result = new DerReader(body, 'thing')[call]()
        return result instanceof DerReader ? undefined : result
      }, element)
    }
  })
})
