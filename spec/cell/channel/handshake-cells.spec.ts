import { expect } from 'chai'
import { fc } from '../../support/seed.ts'
import { decodeCerts, encodeCerts } from '../../../lib/cell/channel/certs-cell.ts'
import {
  decodeCreate2,
  decodeCreated2,
  encodeCreate2,
  encodeCreated2,
  HandshakeType,
} from '../../../lib/cell/create2.ts'
import { decodeNetinfo, encodeNetinfo } from '../../../lib/cell/channel/netinfo.ts'
import { decodePaddingNegotiate, encodePaddingNegotiate } from '../../../lib/cell/channel/padding-negotiate.ts'
import { expectMalformed, expectTotal, hex, ipv4Text, ipv6Text, padded } from '../support/bytes.ts'

// Vectors: Arti, tor-cell/tests/testvec_chanmsg.rs, taken from cells of C tor 0.4.5 unless it says "by hand".

describe('CERTS', () => {
  it('holds certificates of any type, in order', () => {
    // Types and lengths as in Arti's test_certs; one more of a type without a meaning.
    const body = hex('03 04 0003 010400 07 0000 ff 0001 aa')
    expect(decodeCerts(body)).to.deep.equal([
      { type: 4, bytes: hex('010400') },
      { type: 7, bytes: hex('') },
      { type: 255, bytes: hex('aa') },
    ])
  })

  for (const [what, body] of [
    ['no count', ''],
    ['fewer certificates than counted', '02 04 0001 aa'],
    ['a certificate without a length', '01 04 00'],
    ['a certificate that is cut short', '01 04 0002 aa'],
    ['a certificate of 65,535 bytes that are not there', '01 04 ffff'],
  ] as const) {
    it(`is malformed with ${what}`, () => {
      expectMalformed(() => decodeCerts(hex(body)))
    })
  }

  it('may have bytes after the last certificate', () => {
    expect(decodeCerts(hex('00 ffff'))).to.deep.equal([])
  })

  it('round-trips and is total', () => {
    const cert = fc.record({ type: fc.integer({ min: 0, max: 255 }), bytes: fc.uint8Array({ maxLength: 200 }) })
    fc.assert(
      fc.property(fc.array(cert, { maxLength: 20 }), (certs) => {
        expect(decodeCerts(encodeCerts(certs))).to.deep.equal(certs)
      }),
    )
    expectTotal(decodeCerts)
    expect(() => encodeCerts([{ type: 1, bytes: new Uint8Array(65536) }])).to.throw(RangeError)
  })
})

describe('NETINFO', () => {
  it('of a client has no time and no address of its own', () => {
    const body = hex('00000000 04 04 7F000001 00')
    expect(encodeNetinfo({ timestamp: 0, otherAddress: '127.0.0.1', myAddresses: [] })).to.deep.equal(body)
    expect(decodeNetinfo(padded(body))).to.deep.equal({ timestamp: 0, otherAddress: '127.0.0.1', myAddresses: [] })
  })

  it('of a relay has both', () => {
    const netinfo = { timestamp: 0x5f6f859c, otherAddress: '::1', myAddresses: ['127.0.0.1', '::1'] }
    const body = hex(`5F6F859C 06 10 00000000000000000000000000000001 02
      04 04 7F000001 06 10 00000000000000000000000000000001`)
    expect(decodeNetinfo(padded(body))).to.deep.equal(netinfo)
    expect(encodeNetinfo(netinfo)).to.deep.equal(body)
    expect(decodeNetinfo(padded(hex('5F6F80E1 04 04 7F000001 01 04 04 7F000001')))).to.deep.equal({
      timestamp: 0x5f6f80e1,
      otherAddress: '127.0.0.1',
      myAddresses: ['127.0.0.1'],
    })
  })

  it('has its addresses of odd kinds and lengths left out (by hand)', () => {
    const body = hex(`5F6F859C 06 09 000000000000000000 03
      04 06 7F0000010000 BB 02 FFFF 06 10 00000000000000000000000000000001`)
    expect(decodeNetinfo(body)).to.deep.equal({ timestamp: 0x5f6f859c, otherAddress: undefined, myAddresses: ['::1'] })
  })

  it('takes a null address for none (by hand)', () => {
    expect(decodeNetinfo(padded(hex('00000000 04 04 00000000 00'))).otherAddress).to.equal(undefined)
    expect(encodeNetinfo({ timestamp: 0, otherAddress: undefined, myAddresses: [] })).to.deep.equal(
      hex('00000000 04 04 00000000 00'),
    )
  })

  for (const [what, body] of [
    ['nothing', ''],
    ['a time that is cut short', '000000'],
    ['an address that is cut short', '00000000 04 04 7f0000'],
    ['no count of addresses', '00000000 04 04 7f000001'],
    ['fewer addresses than counted', '00000000 04 04 7f000001 02 04 04 7f000001'],
  ] as const) {
    it(`is malformed with ${what}`, () => {
      expectMalformed(() => decodeNetinfo(hex(body)))
    })
  }

  it('is not written with something that is no address', () => {
    expect(() => encodeNetinfo({ timestamp: 0, otherAddress: 'localhost', myAddresses: [] })).to.throw(TypeError)
  })

  it('round-trips and is total', () => {
    const address = fc.oneof(ipv4Text, ipv6Text)
    fc.assert(
      fc.property(
        fc.record({
          timestamp: fc.integer({ min: 0, max: 0xffff_ffff }),
          otherAddress: fc.option(
            address.filter((text) => text !== '0.0.0.0' && text !== '::'),
            { nil: undefined },
          ),
          myAddresses: fc.array(address, { maxLength: 10 }),
        }),
        (netinfo) => {
          expect(decodeNetinfo(padded(encodeNetinfo(netinfo)))).to.deep.equal(netinfo)
        },
      ),
    )
    expectTotal(decodeNetinfo)
  })
})

describe('CREATE2 and CREATED2', () => {
  const onionSkin =
    hex(`09164430E84D3BC56EC7E1D22734742345E2DECE0DE535B66B8E8A0EBBDAE3263C53E02EC2215685CD3A977DC7946FF47F84CD7025F75D
    252D1B35DEA28F32FA912513889A207E5049992DBC9BC541194C13624A`)
  const reply = hex(
    `0108907A701030ADB6CA9C6AF097DC4855614655659B6A7BF21C1097DCE7C66EE0E4EF287DE7CED40BEECA8B90140C05DB6138AEB551CE0C037068C315E307A0`,
  )

  it('agree with the published vectors', () => {
    const create2 = Uint8Array.from([...hex('0002 0054'), ...onionSkin])
    expect(encodeCreate2(HandshakeType.NTOR, onionSkin)).to.deep.equal(create2)
    expect(decodeCreate2(padded(create2))).to.deep.equal({ handshakeType: HandshakeType.NTOR, data: onionSkin })
    const created2 = Uint8Array.from([...hex('0040'), ...reply])
    expect(encodeCreated2(reply)).to.deep.equal(created2)
    expect(decodeCreated2(padded(created2))).to.deep.equal(reply)
  })

  // TROVE-2026-003: a CREATED2 that claims more than its cell holds.
  it('are malformed when they claim more than is there', () => {
    for (const body of ['', '00', '0001', '0040 01']) expectMalformed(() => decodeCreated2(hex(body)))
    expectMalformed(() => decodeCreated2(padded(hex('01fc'))))
    expect(decodeCreated2(padded(hex('01fb'))).length).to.equal(507)
    for (const body of ['', '0002', '0002 00', '0002 0001', '0002 ffff 00'])
      expectMalformed(() => decodeCreate2(hex(body)))
  })

  it('round-trip and are total', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffff }), fc.uint8Array({ maxLength: 505 }), (handshakeType, data) => {
        expect(decodeCreate2(padded(encodeCreate2(handshakeType, data)))).to.deep.equal({ handshakeType, data })
        expect(decodeCreated2(padded(encodeCreated2(data)))).to.deep.equal(data)
      }),
    )
    expectTotal(decodeCreate2)
    expectTotal(decodeCreated2)
  })
})

describe('PADDING_NEGOTIATE', () => {
  it('agrees with the vectors (by hand)', () => {
    expect(encodePaddingNegotiate({ command: 'start', low: 256, high: 512 })).to.deep.equal(hex('00 02 0100 0200'))
    expect(decodePaddingNegotiate(padded(hex('00 02 0100 0200')))).to.deep.equal({
      command: 'start',
      low: 256,
      high: 512,
    })
    expect(encodePaddingNegotiate({ command: 'stop' })).to.deep.equal(hex('00 01 0000 0000'))
    expect(decodePaddingNegotiate(padded(hex('00 01 0000 0000')))).to.deep.equal({ command: 'stop' })
  })

  it('is malformed with an unknown version or command, or cut short', () => {
    for (const body of ['90 0303 00000000', '00 00 0000 0000', '00 03 0000 0000', '', '00 01 0000 00']) {
      expectMalformed(() => decodePaddingNegotiate(hex(body)))
    }
  })

  it('is total', () => {
    expectTotal(decodePaddingNegotiate)
  })
})
