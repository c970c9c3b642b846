import { expect } from 'chai'
import { fc } from '../support/seed.ts'
import { isCrossSignedBy, parseRsaCrossCert } from '../../lib/channel/rsa-cross-cert.ts'
import { expectMalformed, expectTotal, hex } from '../cell/support/bytes.ts'
import { platform } from './support/relay-side.ts'

// Arti, tor-cert/tests/testvec_certs.rs, taken there from a CERTS cell of C tor.
const MODULUS = hex(`
  d38b1e6ceb946e0db0751f4cbace3dcb9688b6c25304227b4710c35afb73627e50500f5913e158b621802612d1c75827003703338375237552eb3cd3
  c12f6ab3604e60c1a2d26bb1fbad206ff023969a90909d6a65a5458a5312c26ebd3a3dad30302d4515cdcd264146ac18e6fc60a04bd3ec327f04294d
  96ba5aa25b464c3f`)
const KEY = { modulus: MODULUS, exponent: hex('010001'), der: hex('') }
const CERT = hex(`
  DCB604DB2034B00FD16986D4ADB9D16B21CB4E4457A33DEC0F538903683E96E9 0006DA3A 80
  5CF6006F9179066534DE6B45AD47A5C469063EE462762723396DC9F25452A0A52DA3F5087DD239F2A311F6B0D4DFEFF4ABD089DC3D0237A0ABAB19EB
  2045B91CDCAF04BE0A72D548A27BF2E77BD876ECFE5E1BE622350DA6BF31F6E306ED896488DD5B39409B23FC3EB7B2C9F7328EB18DA36D54D8057589
  9EA6507CCBFCDF1F`)

describe('the RSA to Ed25519 cross-certificate', () => {
  it('agrees with the published vector', () => {
    const cert = parseRsaCrossCert(CERT)
    expect(cert.ed25519Identity).to.deep.equal(hex('DCB604DB2034B00FD16986D4ADB9D16B21CB4E4457A33DEC0F538903683E96E9'))
    expect(cert.expires).to.equal(0x0006da3a * 3_600_000)
    expect(isCrossSignedBy(cert, KEY, platform)).to.equal(true)
  })

  it('is not signed with another key', () => {
    const other = Uint8Array.from(MODULUS, (byte, at) => (at === 88 ? byte ^ 1 : byte))
    expect(isCrossSignedBy(parseRsaCrossCert(CERT), { ...KEY, modulus: other }, platform)).to.equal(false)
    expect(isCrossSignedBy(parseRsaCrossCert(CERT), { ...KEY, exponent: hex('03') }, platform)).to.equal(false)
  })

  it('is not signed with a key that is none', () => {
    for (const modulus of [new Uint8Array(128), new Uint8Array(128).fill(0xfe), hex('')]) {
      expect(isCrossSignedBy(parseRsaCrossCert(CERT), { ...KEY, modulus }, platform)).to.equal(false)
    }
  })

  it('is not taken from a block with other padding', () => {
    const cert = parseRsaCrossCert(CERT)
    const block = platform.rsaPublic(cert.signature, KEY.modulus, KEY.exponent)
    const given = (bytes: Uint8Array): boolean => isCrossSignedBy(cert, KEY, { rsaPublic: () => bytes })
    expect(given(block)).to.equal(true)
    for (let at = 0; at < block.length; at++) {
      expect(given(Uint8Array.from(block, (byte, index) => (index === at ? byte ^ 0x80 : byte)))).to.equal(false)
    }
    // A shorter padding with the digest further ahead, and bytes behind it.
    expect(given(Uint8Array.of(...block.subarray(0, 2), ...block.subarray(10), ...new Uint8Array(8)))).to.equal(false)
    expect(given(block.subarray(1))).to.equal(false)
    expect(given(hex(''))).to.equal(false)
  })

  it('is malformed with bytes missing or left over', () => {
    for (let length = 0; length < CERT.length; length++)
      expectMalformed(() => parseRsaCrossCert(CERT.subarray(0, length)))
    expectMalformed(() => parseRsaCrossCert(Uint8Array.of(...CERT, 0)))
  })

  it('proves nothing when any bit of it is changed', () => {
    fc.assert(
      fc.property(fc.nat(CERT.length - 1), fc.nat(7), (at, bit) => {
        const bytes = CERT.slice()
        bytes[at] = (bytes[at] as number) ^ (1 << bit)
        if (at === 36) expectMalformed(() => parseRsaCrossCert(bytes))
        else expect(isCrossSignedBy(parseRsaCrossCert(bytes), KEY, platform)).to.equal(false)
      }),
    )
  })

  it('is read totally', () => {
    expectTotal(parseRsaCrossCert)
  })
})
