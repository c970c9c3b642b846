import { expect } from 'chai'
import { fc } from '../../support/seed.ts'
import { decodeEnd, encodeEnd } from '../../../lib/cell/relay/end.ts'
import { EndReason } from '../../../lib/cell/reasons.ts'
import { hex, ipv4Text, ipv6Text, ttl } from '../support/bytes.ts'

describe('END', () => {
  const ipv6 = '20010db800000000000000000000f00b'
  // Arti, tor-cell/tests/testvec_relaymsg.rs, test_end; the lengths of an EXITPOLICY that C tor knows; and odd ones.
  for (const [what, body, reason, address, seconds] of [
    ['nothing, which means MISC', '', EndReason.MISC, undefined, undefined],
    ['MISC', '01', EndReason.MISC, undefined, undefined],
    ['DONE', '06', EndReason.DONE, undefined, undefined],
    ['a reason without a name', '0f', 15, undefined, undefined],
    ['reason 0', '00', 0, undefined, undefined],
    ['reason 255 and more', 'ff 01020304', 255, undefined, undefined],
    [
      'another reason and what looks like an address',
      '03 7f000007 00000100',
      EndReason.CONNECTREFUSED,
      undefined,
      undefined,
    ],
    ['EXITPOLICY alone', '04', EndReason.EXITPOLICY, undefined, undefined],
    ['EXITPOLICY and an IPv4 address', '04 7f000007', EndReason.EXITPOLICY, '127.0.0.7', undefined],
    ['EXITPOLICY, an IPv4 address and a TTL', '04 7f000007 00000100', EndReason.EXITPOLICY, '127.0.0.7', 256],
    [
      'EXITPOLICY, an IPv4 address and no real TTL',
      '04 7f000007 ffffffff',
      EndReason.EXITPOLICY,
      '127.0.0.7',
      undefined,
    ],
    ['EXITPOLICY and an IPv6 address', `04 ${ipv6}`, EndReason.EXITPOLICY, '2001:db8::f00b', undefined],
    ['EXITPOLICY, an IPv6 address and a TTL', `04 ${ipv6} 00000200`, EndReason.EXITPOLICY, '2001:db8::f00b', 512],
    ['EXITPOLICY and 2 bytes', '04 7f00', EndReason.EXITPOLICY, undefined, undefined],
    ['EXITPOLICY and 6 bytes', '04 7f0000070000', EndReason.EXITPOLICY, undefined, undefined],
    ['EXITPOLICY and 21 bytes', `04 ${ipv6} 0000020000`, EndReason.EXITPOLICY, undefined, undefined],
  ] as const) {
    it(`may have ${what}`, () => {
      expect(decodeEnd(hex(body))).to.deep.equal({ reason, address, ttl: seconds })
    })
  }

  it('is written without an address unless there is one', () => {
    expect(encodeEnd(EndReason.MISC)).to.deep.equal(hex('01'))
    expect(encodeEnd(EndReason.EXITPOLICY, { address: '127.0.0.7', ttl: 256 })).to.deep.equal(
      hex('04 7f000007 00000100'),
    )
    expect(encodeEnd(EndReason.EXITPOLICY, { address: '2001:db8::f00b', ttl: 512 })).to.deep.equal(
      hex(`04 ${ipv6} 00000200`),
    )
    expect(encodeEnd(EndReason.EXITPOLICY, { ttl: 512 })).to.deep.equal(hex('04'))
    expect(() => encodeEnd(256)).to.throw(RangeError)
    expect(() => encodeEnd(4, { address: 'a.b' })).to.throw(TypeError)
  })

  it('round-trips', () => {
    fc.assert(
      fc.property(fc.oneof(ipv4Text, ipv6Text), fc.option(ttl, { nil: undefined }), (address, seconds) => {
        const end = { address, ttl: seconds }
        expect(decodeEnd(encodeEnd(EndReason.EXITPOLICY, end))).to.deep.equal({ reason: EndReason.EXITPOLICY, ...end })
      }),
    )
  })

  it('never throws, whatever it has', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 498 }), fc.boolean(), (body, exitPolicy) => {
        if (exitPolicy && body.length > 0) body[0] = EndReason.EXITPOLICY
        expect(decodeEnd(body).reason).to.equal(body[0] ?? EndReason.MISC)
      }),
    )
  })
})
