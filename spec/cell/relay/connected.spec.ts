import { expect } from 'chai'
import { fc } from '../../support/seed.ts'
import { decodeConnected, encodeConnected } from '../../../lib/cell/relay/connected.ts'
import { expectMalformed, expectTotal, hex, ipv4Text, ipv6Text, ttl } from '../support/bytes.ts'

describe('CONNECTED', () => {
  // C tor, src/test/test_cell_formats.c, test_cfmt_connected_cells; Arti, tor-cell/tests/testvec_relaymsg.rs,
  // test_connected.
  for (const [what, body, address, seconds] of [
    ['nothing', '', undefined, undefined],
    ['an IPv4 address alone', '20304050', '32.48.64.80', undefined],
    ['an IPv4 address and a TTL that is cut short', '1112131415', '17.18.19.20', undefined],
    ['an IPv4 address and three bytes', '11121314 000e10', '17.18.19.20', undefined],
    ['an IPv4 address and a TTL', '02030405 00000e10', '2.3.4.5', 3600],
    ['a loopback address, which the stream has to judge', '7F000001 00000E10', '127.0.0.1', 3600],
    ['an IPv4 address and a TTL that is too large', '02030405 f0000000', '2.3.4.5', undefined],
    ['an IPv4 address and the largest TTL', '02030405 7fffffff', '2.3.4.5', 0x7fffffff],
    ['an IPv4 address, a TTL and more', '02030405 00000e10 0099', '2.3.4.5', 3600],
    [
      'an IPv6 address and a TTL',
      '00000000 06 2607f8b0400c0c020000000000000068 00000258',
      '2607:f8b0:400c:c02::68',
      600,
    ],
    [
      'an IPv6 address and a TTL that is too large',
      '00000000 06 2607f8b0400c0c020000000000000068 90000258',
      '2607:f8b0:400c:c02::68',
      undefined,
    ],
    ['an IPv6 address and more', '00000000 06 20010db8000000000000000000001122 00000E10 ff', '2001:db8::1122', 3600],
    ['the null IPv6 address, which the stream has to judge', `00000000 06 ${'00'.repeat(16)} 00000001`, '::', 1],
  ] as const) {
    it(`may have ${what}`, () => {
      expect(decodeConnected(hex(body))).to.deep.equal({ address, ttl: seconds })
    })
  }

  for (const [what, body] of [
    ['one byte', '00'],
    ['three bytes', '000102'],
    ['four zero bytes alone', '00000000'],
    ['the null IPv4 address with a TTL', '00000000 00000e10'],
    ['an address of type 7', '00000000 07 2607f8b0400c0c020000000000000068 90000258'],
    ['an address of type 4', '00000000 04 2607f8b0400c0c020000000000000068 90000258'],
    ['an IPv6 address that is cut short', '00000000 06 2607f8b0400c0c02'],
    ['an IPv6 address without a TTL', '00000000 06 2607f8b0400c0c020000000000000068'],
    ['an IPv6 address and three bytes of a TTL', '00000000 06 2607f8b0400c0c020000000000000068 000002'],
  ] as const) {
    it(`is malformed with ${what}`, () => {
      expectMalformed(() => decodeConnected(hex(body)))
    })
  }

  it('is written as C tor writes it', () => {
    expect(encodeConnected({ address: '30.40.50.60', ttl: 1024 })).to.deep.equal(hex('1e28323c 00000400'))
    expect(encodeConnected({ address: '2620::6b0:b:1a1a:0:26e5:480e', ttl: 3600 })).to.deep.equal(
      hex('00000000 06 2620000006b0000b1a1a000026e5480e 00000e10'),
    )
    expect(encodeConnected()).to.deep.equal(hex(''))
    expect(encodeConnected({ address: '1.2.3.4' })).to.deep.equal(hex('01020304'))
    expect(() => encodeConnected({ address: 'example.com', ttl: 1 })).to.throw(TypeError)
  })

  it('round-trips and is total', () => {
    const address = fc.oneof(
      ipv4Text.filter((text) => text !== '0.0.0.0'),
      ipv6Text,
    )
    fc.assert(
      fc.property(address, fc.option(ttl, { nil: undefined }), (text, seconds) => {
        expect(decodeConnected(encodeConnected({ address: text, ttl: seconds }))).to.deep.equal({
          address: text,
          ttl: seconds,
        })
      }),
    )
    expectTotal(
      decodeConnected,
      fc.uint8Array({ maxLength: 30 }).map((rest) => Uint8Array.from([0, 0, 0, 0, ...rest])),
    )
  })
})
