import { expect } from 'chai'
import { fc } from '../../support/seed.ts'
import {
  decodeResolve,
  decodeResolved,
  encodeResolve,
  encodeResolved,
  reverseName,
  type ResolvedAnswer,
} from '../../../lib/cell/relay/resolve.ts'
import { expectMalformed, expectTotal, hex, ipv4Text, ipv6Text, latin1, ttl } from '../support/bytes.ts'

// Vectors: Arti, tor-cell/tests/testvec_relaymsg.rs, test_resolve and test_resolved (made by hand there).

describe('RESOLVE', () => {
  it('is a name and a NUL, in lower case', () => {
    expect(encodeResolve('www.torproject.org')).to.deep.equal(latin1('www.torproject.org\0'))
    expect(encodeResolve('WWW.TorProject.ORG')).to.deep.equal(latin1('www.torproject.org\0'))
    expect(decodeResolve(latin1('www.torproject.org\0'))).to.equal('www.torproject.org')
    expect(decodeResolve(latin1('a.b\0junk'))).to.equal('a.b')
  })

  it('refuses what can be no name', () => {
    for (const name of ['', 'a b', 'a\0', 'caf\u00e9', 'a'.repeat(256)])
      expect(() => encodeResolve(name)).to.throw(TypeError, '"name"')
    for (const body of ['', '\0', 'a.b', 'a b\0', 'a\x7f\0', '\xe9\0'])
      expectMalformed(() => decodeResolve(latin1(body)))
  })

  it('round-trips and is total', () => {
    fc.assert(
      fc.property(fc.domain(), (name) => {
        expect(decodeResolve(encodeResolve(name))).to.equal(name.toLowerCase())
      }),
    )
    expectTotal(decodeResolve)
  })

  it('asks for an address by its reverse name', () => {
    expect(reverseName('127.0.0.1')).to.equal('1.0.0.127.in-addr.arpa')
    expect(reverseName('2001::')).to.equal('0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.1.0.0.2.ip6.arpa')
    // RFC 3596 section 2.5.
    expect(reverseName('4321:0:1:2:3:4:567:89ab')).to.equal(
      'b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.0.0.0.0.1.2.3.4.ip6.arpa',
    )
    for (const text of ['', 'example.com', '[::1]', '1.2.3']) expect(reverseName(text)).to.equal(undefined)
  })
})

describe('RESOLVED', () => {
  const vectors: readonly [what: string, body: string, answers: ResolvedAnswer[]][] = [
    ['nothing', '', []],
    ['a transient error', 'F0 00 00000E10', [{ type: 'error', transient: true, ttl: 3600 }]],
    ['a lasting error', 'F1 00 00000E10', [{ type: 'error', transient: false, ttl: 3600 }]],
    [
      'two IPv4 addresses',
      '04 04 7f000001 00000E10 04 04 7f000002 00001c20',
      [
        { type: 'ipv4', address: '127.0.0.1', ttl: 3600 },
        { type: 'ipv4', address: '127.0.0.2', ttl: 7200 },
      ],
    ],
    [
      'an IPv6 address',
      '06 10 12340000000000000000000000005678 00000080',
      [{ type: 'ipv6', address: '1234::5678', ttl: 128 }],
    ],
    [
      'a hostname',
      '00 12 7777772e746f7270726f6a6563742e6f7267 00000258',
      [{ type: 'hostname', hostname: 'www.torproject.org', ttl: 600 }],
    ],
  ]
  for (const [what, body, answers] of vectors) {
    it(`may have ${what}`, () => {
      expect(decodeResolved(hex(body))).to.deep.equal(answers)
      expect(encodeResolved(answers)).to.deep.equal(hex(body))
    })
  }

  it('has answers of unknown types left out, and keeps those around them', () => {
    expect(decodeResolved(hex('63 12 7777772e746f7270726f6a6563742e6f7267 00000258'))).to.deep.equal([])
    expect(decodeResolved(hex('63 01 ff 00000258 04 04 01020304 00000001 64 00 00000000'))).to.deep.equal([
      { type: 'ipv4', address: '1.2.3.4', ttl: 1 },
    ])
  })

  it('has what an error says ignored', () => {
    expect(decodeResolved(hex('F1 04 00ff0a1b 00000E10'))).to.deep.equal([
      { type: 'error', transient: false, ttl: 3600 },
    ])
  })

  it('takes a TTL above 2^31 - 1 for 0', () => {
    expect(decodeResolved(hex('04 04 01020304 80000000'))).to.deep.equal([{ type: 'ipv4', address: '1.2.3.4', ttl: 0 }])
  })

  // C tor, src/test/test_relaycell.c, test_relaycell_resolved, and beyond.
  for (const [what, body] of [
    ['a type alone', '04'],
    ['a length and no value', '04 04'],
    ['an address that is cut short', '04 04 010203'],
    ['no TTL', '04 04 01020304'],
    ['a TTL that is cut short', '04 04 01020304 000000'],
    ['an IPv4 address of 3 bytes', '04 03 010203 00000000'],
    ['an IPv4 address of 16 bytes', `04 10 ${'01'.repeat(16)} 00000000`],
    ['an IPv6 address of 4 bytes', '06 04 01020304 00000000'],
    ['an empty hostname', '00 00 00000000'],
    ['a hostname with a NUL', '00 03 610062 00000000'],
    ['a hostname with an escape', '00 03 611b62 00000000'],
    ['a second answer that is cut short', '04 04 01020304 00000000 04'],
    ['an unknown type that is cut short', '63 20 00'],
  ] as const) {
    it(`is malformed with ${what}`, () => {
      expectMalformed(() => decodeResolved(hex(body)))
    })
  }

  it('is not written with what is no answer', () => {
    expect(() => encodeResolved([{ type: 'ipv4', address: '::1', ttl: 0 }])).to.throw(TypeError)
    expect(() => encodeResolved([{ type: 'ipv6', address: '1.2.3.4', ttl: 0 }])).to.throw(TypeError)
    expect(() => encodeResolved([{ type: 'error', transient: true, ttl: -1 }])).to.throw(RangeError)
  })

  it('round-trips and is total', () => {
    const answer: fc.Arbitrary<ResolvedAnswer> = fc.oneof(
      fc.record({ type: fc.constant('ipv4' as const), address: ipv4Text, ttl }),
      fc.record({ type: fc.constant('ipv6' as const), address: ipv6Text, ttl }),
      fc.record({ type: fc.constant('hostname' as const), hostname: fc.domain(), ttl }),
      fc.record({ type: fc.constant('error' as const), transient: fc.boolean(), ttl }),
    )
    fc.assert(
      fc.property(fc.array(answer, { maxLength: 8 }), (answers) => {
        expect(decodeResolved(encodeResolved(answers))).to.deep.equal(answers)
      }),
    )
    const type = fc.constantFrom(0, 4, 6, 0xf0, 0xf1, 99)
    expectTotal(
      decodeResolved,
      fc
        .tuple(type, fc.constantFrom(0, 4, 16), fc.uint8Array({ maxLength: 24 }))
        .map(([t, length, rest]) => Uint8Array.from([t, length, ...rest])),
    )
  })
})
