import { ed25519 } from '@noble/curves/ed25519.js'
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js'
import { expect } from 'chai'
import { formatOnionAddress, parseOnionAddress } from '../../../lib/onion/identity/address.ts'
import { encodeBase32 } from '../../../lib/onion/identity/base32.ts'
import { sha3 } from '../../../lib/onion/hashing.ts'
import { anyText, fc } from '../../support/seed.ts'

// rend-spec-v3, section 6 (the first three); C tor src/test/test_hs_common.c, test_validate_address and
// test_build_address; Arti crates/tor-hscrypto/src/pk.rs, hsid_strings.
const VALID = [
  'pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd',
  'sp3k262uwy4r2k3ycr5awluarykdpag6a7y33jxop4cs2lu5uz5sseqd',
  'xa4r2iadxm55fbnqgwwi5mymqdcofiu3w6rpbtqn7b2dyn7mgwj64jyd',
]
const KEY = 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a'
const OF_KEY = '25njqamcweflpvkl73j4szahhihoc4xt3ktcgjnpaingr5yhkenl5sid'

/** An address with the right checksum for whatever bytes. */
const forged = (key: Uint8Array, version = 3): string => {
  const checksum = sha3('.onion checksum', key, Uint8Array.of(version)).subarray(0, 2)
  return `${encodeBase32(Uint8Array.of(...key, ...checksum, version))}.onion`
}

describe('Onion addresses', () => {
  for (const address of VALID) {
    it(`takes the published address ${address.slice(0, 8)}`, () => {
      const key = parseOnionAddress(`${address}.onion`)
      expect(key).to.be.instanceOf(Uint8Array)
      expect(formatOnionAddress(key as Uint8Array)).to.equal(`${address}.onion`)
    })
  }

  it('gives the published key of an address, in either case and behind subdomains', () => {
    for (const name of [`${OF_KEY}.onion`, `${OF_KEY.toUpperCase()}.ONION`, `www.foo.bar.${OF_KEY}.onion`])
      expect(bytesToHex(parseOnionAddress(name) as Uint8Array)).to.equal(KEY)
  })

  it('refuses what the published cases refuse', () => {
    const cases: readonly (readonly [string, string])[] = [
      ['blah', 'form'],
      ['p3xnclpu4mu22dwaurjtsybyqk4xfjmcfz6z62yl24uwmhjatiwnlnadb', 'form'],
      ['l5satjgud6gucryazcyvyvhuxhr74u6ygigiuyixe3a6ysis67ororad', 'checksum'],
      ['btojiu7nu5y5iwut64eufevogqdw4wmqzugnoluw232r4t3ecsfv37ad', 'checksum'],
      // C tor took this one when it did not look at keys.
      ['p3xnclpu4mu22dwaurjtsybyqk4xfjmcfz6z62yl24uwmhjatiwnlnad', 'key'],
      ['?'.repeat(56), 'form'],
      ['@', 'form'],
      ['aaaaaaaa', 'form'],
      ['expyuzz4wqqyqhjn', 'form'], // of version 2
      [`${OF_KEY.slice(0, 55)}e`, 'version'],
      [`${OF_KEY.slice(0, 53)}x${OF_KEY.slice(54)}`, 'checksum'],
    ]
    for (const [label, fault] of cases) expect(parseOnionAddress(`${label}.onion`), label).to.equal(fault)
  })

  it('refuses an empty label, and what only looks like an address', () => {
    for (const name of [`.${OF_KEY}.onion`, `a..${OF_KEY}.onion`, OF_KEY, `${OF_KEY}.onion.com`, `${OF_KEY}onion`])
      expect(parseOnionAddress(name), name).to.equal('form')
  })

  it('refuses keys of small order, with a part of small order, that are no point, or not in their one encoding', () => {
    const { BASE, fromBytes } = ed25519.Point
    const ofOrder8 = fromBytes(hexToBytes('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a'))
    const cases = [
      hexToBytes(`01${'00'.repeat(31)}`),
      ofOrder8.toBytes(),
      BASE.add(ofOrder8).toBytes(),
      hexToBytes(`02${'00'.repeat(31)}`),
      hexToBytes(`ee${'ff'.repeat(30)}7f`),
    ]
    for (const key of cases) expect(parseOnionAddress(forged(key)), bytesToHex(key)).to.equal('key')
    expect(parseOnionAddress(forged(hexToBytes(KEY)))).to.be.instanceOf(Uint8Array)
  })

  it('takes a version that checks for none but 3', () => {
    expect(parseOnionAddress(forged(hexToBytes(KEY), 4))).to.equal('version')
  })

  it('throws at no text at all', () => {
    fc.assert(
      fc.property(anyText(80), (text) => {
        expect(parseOnionAddress(text)).to.be.a('string')
        expect(parseOnionAddress(`${text}.onion`)).to.be.a('string')
      }),
    )
  })
})
