import { expect } from 'chai'
import { fc } from '../../support/seed.ts'
import { ByteReader } from '../../../lib/cell/bytes.ts'
import { encodeExtend2 } from '../../../lib/cell/relay/extend2.ts'
import { decodeExtend2 } from '../../../lib/cell/relay/extend2-reader.ts'
import { encodeLinkSpecifiers, type LinkSpecifier } from '../../../lib/cell/link-specifier.ts'
import { decodeLinkSpecifiers } from '../../../lib/cell/link-specifier-reader.ts'
import { expectMalformed, expectTotal, hex, ipv4Text, ipv6Text, port } from '../support/bytes.ts'

const linkSpecifier: fc.Arbitrary<LinkSpecifier> = fc.oneof(
  fc.record({ type: fc.constant('ipv4' as const), address: ipv4Text, port }),
  fc.record({ type: fc.constant('ipv6' as const), address: ipv6Text, port }),
  fc.record({ type: fc.constant('rsa' as const), identity: fc.uint8Array({ minLength: 20, maxLength: 20 }) }),
  fc.record({ type: fc.constant('ed25519' as const), identity: fc.uint8Array({ minLength: 32, maxLength: 32 }) }),
  fc.record({
    type: fc.constant('unknown' as const),
    code: fc.integer({ min: 4, max: 255 }),
    bytes: fc.uint8Array({ maxLength: 255 }),
  }),
)

describe('link specifiers', () => {
  const decode = (body: Uint8Array): LinkSpecifier[] => decodeLinkSpecifiers(new ByteReader(body, 'EXTEND2 message'))

  it('of the four known types and of others are read', () => {
    expect(
      decode(
        hex(`05 00 06 7f000001 1388 01 12 20010db8000000000000000000000001 01bb
        02 14 ${'0a'.repeat(20)} 03 20 ${'0b'.repeat(32)} 99 01 ff`),
      ),
    ).to.deep.equal([
      { type: 'ipv4', address: '127.0.0.1', port: 5000 },
      { type: 'ipv6', address: '2001:db8::1', port: 443 },
      { type: 'rsa', identity: new Uint8Array(20).fill(10) },
      { type: 'ed25519', identity: new Uint8Array(32).fill(11) },
      { type: 'unknown', code: 0x99, bytes: hex('ff') },
    ])
  })

  for (const [what, body] of [
    ['a count without specifiers', '01'],
    ['no length', '01 00'],
    ['an IPv4 specifier of 5 bytes', '01 00 05 7f00000113'],
    ['an IPv4 specifier of 18 bytes', `01 00 12 ${'00'.repeat(18)}`],
    ['an IPv6 specifier of 6 bytes', '01 01 06 7f0000011388'],
    ['an RSA identity of 32 bytes', `01 02 20 ${'00'.repeat(32)}`],
    ['an Ed25519 identity of 20 bytes', `01 03 14 ${'00'.repeat(20)}`],
    ['an empty identity', '01 03 00'],
    ['bytes that are not there', '01 99 05 aabb'],
  ] as const) {
    it(`are malformed with ${what}`, () => {
      expectMalformed(() => decode(hex(body)))
    })
  }

  it('are not written with an address or identity that is none', () => {
    const bad: LinkSpecifier[] = [
      { type: 'ipv4', address: '::1', port: 1 },
      { type: 'ipv6', address: '127.0.0.1', port: 1 },
      { type: 'ipv4', address: '1.2.3.4', port: 65536 },
      { type: 'rsa', identity: new Uint8Array(32) },
      { type: 'ed25519', identity: new Uint8Array(20) },
    ]
    for (const specifier of bad) expect(() => encodeLinkSpecifiers([specifier])).to.throw(/^Cannot /)
  })
})

describe('EXTEND2', () => {
  // Arti, tor-cell/tests/testvec_relaymsg.rs, test_extend2, taken from C tor 0.4.5.
  const skin =
    hex(`03479E93EBF3FF2C58C1C9DBF2DE9DE9C2801B3E36A3E0BDB1F1A10579820243DD2E228B902940EB49EF842646E3926768C28410074BEE50A535
    116D657C6BFB7E5114119DC69F05DF907EF62002EA782B0A357F`)
  const body = Uint8Array.from([
    ...hex('02 00 06 7F0000011388 02 14 03479E93EBF3FF2C58C1C9DBF2DE9DE9C2801B3E 0002 0054'),
    ...skin,
  ])
  const linkSpecifiers: LinkSpecifier[] = [
    { type: 'ipv4', address: '127.0.0.1', port: 5000 },
    { type: 'rsa', identity: hex('03479E93EBF3FF2C58C1C9DBF2DE9DE9C2801B3E') },
  ]

  it('agrees with the published vector', () => {
    expect(encodeExtend2(linkSpecifiers, 2, skin)).to.deep.equal(body)
    expect(decodeExtend2(body)).to.deep.equal({ linkSpecifiers, handshakeType: 2, data: skin })
  })

  it('is malformed wherever it is cut short', () => {
    for (let length = 0; length < body.length; length++) expectMalformed(() => decodeExtend2(body.subarray(0, length)))
  })

  it('round-trips and is total', () => {
    fc.assert(
      fc.property(
        fc.array(linkSpecifier, { maxLength: 6 }),
        fc.integer({ min: 0, max: 0xffff }),
        fc.uint8Array({ maxLength: 200 }),
        (list, handshakeType, data) => {
          expect(decodeExtend2(encodeExtend2(list, handshakeType, data))).to.deep.equal({
            linkSpecifiers: list,
            handshakeType,
            data,
          })
        },
      ),
    )
    expectTotal(decodeExtend2)
  })
})
