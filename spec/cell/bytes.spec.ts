import { expect } from 'chai'
import { fc } from '../support/seed.ts'
import { asciiBytes, ByteReader, ByteWriter, constantTimeEqual, printableText } from '../../lib/cell/bytes.ts'
import { expectMalformed, hex } from './support/bytes.ts'

describe('ByteReader', () => {
  it('reads big-endian numbers, views and the rest in order', () => {
    const bytes = hex('01 fffe 80000001 aabb ccddee')
    const reader = new ByteReader(bytes, 'thing')
    expect(reader.u8()).to.equal(1)
    expect(reader.u16()).to.equal(0xfffe)
    expect(reader.u32()).to.equal(0x80000001)
    const taken = reader.take(2)
    expect(taken).to.deep.equal(hex('aabb'))
    expect(taken.buffer).to.equal(bytes.buffer)
    expect(reader.remaining).to.equal(3)
    expect(reader.rest()).to.deep.equal(hex('ccddee'))
    expect(reader.remaining).to.equal(0)
    reader.end()
  })

  it('refuses every read beyond the end, even where the buffer goes on', () => {
    const buffer = new Uint8Array(16)
    for (const [length, read] of [
      [0, (reader: ByteReader) => reader.u8()],
      [1, (reader: ByteReader) => reader.u16()],
      [3, (reader: ByteReader) => reader.u32()],
      [4, (reader: ByteReader) => reader.take(5)],
    ] as const) {
      expectMalformed(() => read(new ByteReader(buffer.subarray(0, length), 'thing')))
    }
  })

  it('refuses bytes after the end where there must be none', () => {
    expectMalformed(() => new ByteReader(new Uint8Array(1), 'thing').end())
  })

  it('names what is malformed', () => {
    expect(() => new ByteReader(new Uint8Array(0), 'CERTS cell').u16()).to.throw(
      'Malformed CERTS cell: it ends 2 bytes too early',
    )
  })
})

describe('ByteWriter', () => {
  it('gives back to a reader what was written', () => {
    const u8 = fc.integer({ min: 0, max: 0xff })
    const u16 = fc.integer({ min: 0, max: 0xffff })
    const u32 = fc.integer({ min: 0, max: 0xffff_ffff })
    fc.assert(
      fc.property(u8, u16, u32, fc.uint8Array({ maxLength: 300 }), (a, b, c, bytes) => {
        const written = new ByteWriter().u32(c).bytes(bytes).u16(b).u8(a).finish()
        const reader = new ByteReader(written, 'thing')
        expect(reader.u32()).to.equal(c)
        expect(reader.take(bytes.length)).to.deep.equal(bytes)
        expect(reader.u16()).to.equal(b)
        expect(reader.u8()).to.equal(a)
        reader.end()
        expect(written.buffer.byteLength).to.equal(written.length)
      }),
    )
  })

  it('refuses numbers that do not fit', () => {
    for (const write of [
      (): unknown => new ByteWriter().u8(256),
      (): unknown => new ByteWriter().u8(-1),
      (): unknown => new ByteWriter().u16(65536),
      (): unknown => new ByteWriter().u32(2 ** 32),
      (): unknown => new ByteWriter().u32(1.5),
      (): unknown => new ByteWriter().u16(Number.NaN),
    ]) {
      expect(write).to.throw(RangeError)
    }
  })

  it('copies the bytes it is given', () => {
    const bytes = hex('0102')
    const writer = new ByteWriter().bytes(bytes)
    bytes.fill(9)
    expect(writer.length).to.equal(2)
    expect(writer.finish()).to.deep.equal(hex('0102'))
  })
})

describe('text in cells', () => {
  it('is ASCII or refused when written', () => {
    expect(asciiBytes('a.b:9')).to.deep.equal(hex('61 2e 62 3a 39'))
    expect(() => asciiBytes('\u212Aelvin')).to.throw(RangeError)
    expect(() => asciiBytes('caf\u00e9')).to.throw(RangeError)
  })

  it('is printable or undefined when read', () => {
    expect(printableText(hex('612e62'))).to.equal('a.b')
    for (const bytes of ['6100', '6120', '617f', '61e9', '1b5b']) expect(printableText(hex(bytes))).to.equal(undefined)
  })
})

describe('constantTimeEqual', () => {
  it('is true for equal bytes only', () => {
    expect(constantTimeEqual(hex(''), hex(''))).to.equal(true)
    expect(constantTimeEqual(hex('010203'), hex('010203'))).to.equal(true)
    for (const other of ['010204', '000203', '0102', '01020304', '']) {
      expect(constantTimeEqual(hex('010203'), hex(other))).to.equal(false)
    }
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1 }), fc.nat(), fc.integer({ min: 1, max: 255 }), (bytes, at, change) => {
        const other = bytes.slice()
        other[at % bytes.length] = (other[at % bytes.length] as number) ^ change
        expect(constantTimeEqual(bytes, bytes.slice())).to.equal(true)
        expect(constantTimeEqual(bytes, other)).to.equal(false)
      }),
    )
  })
})
