import { expect } from 'chai'
import { fc } from '../support/seed.ts'
import {
  formatIPAddress,
  formatIPv4,
  formatIPv6,
  isInternalAddress,
  isIPv4,
  parseIPAddress,
  parseIPv4,
  parseIPv6,
} from '../../lib/cell/ip-address.ts'
import { hex, ipv4Text, ipv6Text } from './support/bytes.ts'

describe('IPv4 addresses', () => {
  it('are four decimal numbers', () => {
    expect(parseIPv4('127.0.0.1')).to.deep.equal(hex('7f000001'))
    expect(parseIPv4('255.255.255.255')).to.deep.equal(hex('ffffffff'))
    expect(formatIPv4(hex('12091600'))).to.equal('18.9.22.0')
  })

  const refused = [
    '',
    '1',
    '1.2.3',
    '1.2.3.4.5',
    '256.1.1.1',
    '01.2.3.4',
    '1.2.3.04',
    '1.2.3.',
    '.1.2.3',
    '1..2.3',
    ' 1.2.3.4',
    '1.2.3.4 ',
    '0x7f.1.1.1',
    '+1.2.3.4',
    '1.2.3.-4',
    '1e1.2.3.4',
    '1.2.3.4\n',
    '\u0661.2.3.4',
    '2130706433',
  ]
  for (const text of refused) {
    it(`are not ${JSON.stringify(text)}`, () => {
      expect(parseIPv4(text)).to.equal(undefined)
    })
  }
})

describe('IPv6 addresses', () => {
  // The examples of RFC 4291 section 2.2, and edges of them.
  const forms: readonly [text: string, bytes: string, canonical: string][] = [
    [
      'ABCD:EF01:2345:6789:ABCD:EF01:2345:6789',
      'abcdef0123456789abcdef0123456789',
      'abcd:ef01:2345:6789:abcd:ef01:2345:6789',
    ],
    ['2001:DB8:0:0:8:800:200C:417A', '20010db80000000000080800200c417a', '2001:db8::8:800:200c:417a'],
    ['2001:DB8::8:800:200C:417A', '20010db80000000000080800200c417a', '2001:db8::8:800:200c:417a'],
    ['FF01::101', 'ff010000000000000000000000000101', 'ff01::101'],
    ['::1', '00000000000000000000000000000001', '::1'],
    ['::', '00000000000000000000000000000000', '::'],
    ['1::', '00010000000000000000000000000000', '1::'],
    ['0:0:0:0:0:0:13.1.68.3', '0000000000000000000000000d014403', '::d01:4403'],
    ['::13.1.68.3', '0000000000000000000000000d014403', '::d01:4403'],
    ['::FFFF:129.144.52.38', '00000000000000000000ffff81903426', '::ffff:129.144.52.38'],
    ['1:2:3:4:5:6:1.2.3.4', '00010002000300040005000601020304', '1:2:3:4:5:6:102:304'],
    ['1:2:3:4:5:6:7::', '00010002000300040005000600070000', '1:2:3:4:5:6:7:0'],
    ['::2:3:4:5:6:7:8', '00000002000300040005000600070008', '0:2:3:4:5:6:7:8'],
    ['1::3:4:5:6:7:8', '00010000000300040005000600070008', '1:0:3:4:5:6:7:8'],
    // RFC 5952 section 4.2: the longest run, the first of equal ones, and never a single group.
    ['2001:0db8:0:0:1:0:0:1', '20010db8000000000001000000000001', '2001:db8::1:0:0:1'],
    ['2001:db8:0:1:0:0:0:1', '20010db8000000010000000000000001', '2001:db8:0:1::1'],
    // C tor, src/test/test_cell_formats.c.
    ['2620::6b0:b:1a1a:0:26e5:480e', '2620000006b0000b1a1a000026e5480e', '2620:0:6b0:b:1a1a:0:26e5:480e'],
  ]
  for (const [text, bytes, canonical] of forms) {
    it(`are read from ${text} and written as ${canonical}`, () => {
      expect(parseIPv6(text)).to.deep.equal(hex(bytes))
      expect(formatIPv6(hex(bytes))).to.equal(canonical)
    })
  }

  const refused = [
    '',
    ':',
    ':::',
    '1',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7:8::',
    '::1:2:3:4:5:6:7:8',
    '1::2::3',
    '12345::',
    'g::',
    ':1::',
    '::1:',
    '[::1]',
    '::1%eth0',
    '1.2.3.4',
    '1.2.3.4::',
    '::1.2.3.4:5',
    '1:2:3:4:5:6:7:1.2.3.4',
    '::1.2.3',
    '::01.2.3.4',
    '::1.2.3.256',
    ' ::1',
    '::1\n',
    '0x1::',
    '::-1',
    '0000:0000:0000:0000:0000:0000:0000:0000:0000:0000',
  ]
  for (const text of refused) {
    it(`are not ${JSON.stringify(text)}`, () => {
      expect(parseIPv6(text)).to.equal(undefined)
    })
  }

  it('are written in a form that reads back as the same bytes', () => {
    fc.assert(
      fc.property(fc.oneof(ipv4Text, ipv6Text), (text) => {
        const bytes = parseIPAddress(text) as Uint8Array
        expect(formatIPAddress(bytes)).to.equal(text)
        expect(parseIPAddress(text.toUpperCase())).to.deep.equal(bytes)
      }),
    )
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (bytes) => {
        expect(parseIPv6(formatIPv6(bytes))).to.deep.equal(bytes)
      }),
    )
  })

  it('are told from other texts just as they are read', () => {
    const text = fc.string({ unit: fc.constantFrom(...'0125.:f '), maxLength: 16 })
    fc.assert(
      fc.property(fc.oneof(text, fc.ipV4()), (some) => {
        expect(isIPv4(some), some).to.equal(parseIPv4(some) !== undefined)
      }),
    )
  })

  it('never throw for any text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[0-9a-f:.]{0,45}$/)), (text) => {
        const bytes = parseIPAddress(text)
        if (bytes !== undefined) expect(parseIPAddress(formatIPAddress(bytes))).to.deep.equal(bytes)
      }),
    )
  })

  it('have 16 bytes, and IPv4 addresses 4', () => {
    expect(() => formatIPv6(new Uint8Array(4))).to.throw(RangeError)
    expect(() => formatIPv4(new Uint8Array(16))).to.throw(RangeError)
  })
})

describe('isInternalAddress', () => {
  const internal = [
    '0.0.0.0',
    '0.1.2.3',
    '10.0.0.0',
    '10.255.255.255',
    '127.0.0.1',
    '100.64.0.0',
    '100.127.255.255',
    '169.254.1.1',
    '172.16.0.0',
    '172.31.255.255',
    '192.168.0.0',
    '192.168.255.255',
    '::',
    '::1',
    'fc00::1',
    'fdff::',
    'fe80::1',
    'febf::',
    'fec0::',
    'feff::1',
    '::ffff:10.0.0.1',
    '::ffff:0.0.0.0',
  ]
  const external = [
    '1.0.0.0',
    '9.255.255.255',
    '11.0.0.0',
    '100.63.255.255',
    '100.128.0.0',
    '126.255.255.255',
    '128.0.0.1',
    '169.253.255.255',
    '172.15.255.255',
    '172.32.0.0',
    '192.167.255.255',
    '192.169.0.0',
    '8.8.8.8',
    '::2',
    '2001:db8::1',
    'fbff::',
    'fe7f::',
    'ff02::1',
    '::ffff:8.8.8.8',
    '::10.0.0.1',
  ]
  for (const text of internal) {
    it(`is true for ${text}`, () => {
      expect(isInternalAddress(parseIPAddress(text) as Uint8Array)).to.equal(true)
    })
  }
  for (const text of external) {
    it(`is false for ${text}`, () => {
      expect(isInternalAddress(parseIPAddress(text) as Uint8Array)).to.equal(false)
    })
  }

  it('is true for what is no address', () => {
    expect(isInternalAddress(new Uint8Array(0))).to.equal(true)
    expect(isInternalAddress(new Uint8Array(5).fill(8))).to.equal(true)
  })
})
