import { expect } from 'chai'
import { fc } from '../../support/seed.ts'
import { BeginFlag, decodeBegin, encodeBegin } from '../../../lib/cell/relay/begin.ts'
import { expectMalformed, expectTotal, hex, ipv4Text, ipv6Text, latin1, port } from '../support/bytes.ts'

describe('BEGIN', () => {
  // Arti, tor-cell/tests/testvec_relaymsg.rs, test_begin.
  it('agrees with the published vectors', () => {
    expect(encodeBegin({ host: '127.0.0.1', port: 7003, flags: 0 })).to.deep.equal(
      hex('3132372E302E302E313A3730303300'),
    )
    expect(encodeBegin({ host: 'www.xkcd.com', port: 443, flags: 3 })).to.deep.equal(
      hex('7777772e786b63642e636f6d3a34343300 00000003'),
    )
    expect(encodeBegin({ host: '2001:db8::1', port: 22, flags: 0 })).to.deep.equal(
      hex('5b323030313a6462383a3a315d3a323200'),
    )
    expectMalformed(() => decodeBegin(hex('5b3a3a5d21')))
    expectMalformed(() => decodeBegin(hex('746f7270726f6a656374e284a22e6f72673a34343300')))
  })

  // C tor, src/test/test_cell_formats.c, test_cfmt_begin_cells.
  for (const [body, host, portNumber, flags] of [
    ['a.b:9\0', 'a.b', 9, 0],
    ['here-is-a-nice-long.hostname.com:65535\0', 'here-is-a-nice-long.hostname.com', 65535, 0],
    ['18.9.22.169:80\0', '18.9.22.169', 80, 0],
    ['[2620::6b0:b:1a1a:0:26e5:480e]:80\0', '2620::6b0:b:1a1a:0:26e5:480e', 80, 0],
    ['another.example.com:80\0\x01\x02', 'another.example.com', 80, 0],
    ['another.example.com:443\0\x01\x02\x03\x04', 'another.example.com', 443, 0x1020304],
    ['a-further.example.com:22\0\xee\xaa\0\xffHi mom', 'a-further.example.com', 22, 0xeeaa00ff],
    ['a.b:80\0\x42\x43\x44', 'a.b', 80, 0],
    [':80\0', '', 80, 0],
  ] as const) {
    it(`decodes ${JSON.stringify(body)}`, () => {
      expect(decodeBegin(latin1(body))).to.deep.equal({ host, port: portNumber, flags })
    })
  }

  for (const body of [
    '',
    '\0',
    'a.b\0',
    'a.b:\0',
    'a.b:xyz\0',
    'a.b:100000\0',
    'a.b:65536\0',
    'a.b:0\0',
    'a.b:080\0',
    'a.b:-1\0',
    'a.b: 80\0',
    'a.b:80',
    'a b:80\0',
    'a\n:80\0',
    'a:b:80\0',
    '::1:80\0',
    '[::1]\0',
    '[::1]80\0',
    '[::1:80\0',
    '[1.2.3.4]:80\0',
    '[]:80\0',
    '[a.b]:80\0',
    'a]:80\0',
    '\xffa:80\0',
  ]) {
    it(`refuses ${JSON.stringify(body)}`, () => {
      expectMalformed(() => decodeBegin(latin1(body)))
    })
  }

  it('names the host in lower case, an IPv6 address in one pair of brackets', () => {
    expect(encodeBegin({ host: 'WWW.Example.COM', port: 80, flags: 0 })).to.deep.equal(latin1('www.example.com:80\0'))
    expect(encodeBegin({ host: '2001:DB8::A', port: 80, flags: 0 })).to.deep.equal(latin1('[2001:db8::a]:80\0'))
    expect(encodeBegin({ host: '[2001:DB8::A]', port: 80, flags: 0 })).to.deep.equal(latin1('[2001:db8::a]:80\0'))
  })

  it('has no host on a circuit to an onion service', () => {
    expect(encodeBegin({ host: '', port: 80, flags: 0 })).to.deep.equal(latin1(':80\0'))
  })

  it('has four bytes of flags only when one is set', () => {
    const flags = BeginFlag.IPV6_OK | BeginFlag.IPV6_PREFERRED
    expect(encodeBegin({ host: 'a.b', port: 1, flags })).to.deep.equal(latin1('a.b:1\0\0\0\0\x05'))
  })

  for (const host of [
    'a b',
    'a:b',
    'a\0b',
    'caf\u00e9.example',
    '\u212Aelvin',
    '[1.2.3.4]',
    '[::1',
    '::1]',
    'fe80::1%eth0',
    'a'.repeat(256),
    'a\r\nb',
  ]) {
    it(`does not name ${JSON.stringify(host.slice(0, 20))}`, () => {
      expect(() => encodeBegin({ host, port: 80, flags: 0 })).to.throw(TypeError, '"host"')
    })
  }

  it('refuses ports and flags out of range', () => {
    for (const bad of [0, 65536, -1, 1.5, Number.NaN])
      expect(() => encodeBegin({ host: 'a', port: bad, flags: 0 })).to.throw(RangeError, '"port"')
    for (const bad of [-1, 2 ** 32, 0.5])
      expect(() => encodeBegin({ host: 'a', port: 1, flags: bad })).to.throw(RangeError)
  })

  it('round-trips and is total', () => {
    const host = fc.oneof(ipv4Text, ipv6Text, fc.domain(), fc.constant(''))
    fc.assert(
      fc.property(host, port, fc.integer({ min: 0, max: 0xffff_ffff }), (name, number, flags) => {
        expect(decodeBegin(encodeBegin({ host: name, port: number, flags }))).to.deep.equal({
          host: name.toLowerCase(),
          port: number,
          flags,
        })
      }),
    )
    expectTotal(
      decodeBegin,
      fc.stringMatching(/^[[\]a-z0-9:.]{0,20}:\d{1,6}$/).map((text) => latin1(`${text}\0`)),
    )
  })
})
