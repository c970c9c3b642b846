import { ed25519 } from '@noble/curves/ed25519.js'
import { bytesToHex, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import { expect } from 'chai'
import { blindExpanded, expandSeed, publicKeyOf, signExpanded } from '../../../lib/onion/identity/expanded-key.ts'
import { blindedIdentity } from '../../../lib/onion/identity/key-blinding.ts'
import { OnionKey } from '../../../lib/onion/identity/onion-key.ts'
import { parseOnionAddress } from '../../../lib/onion/identity/address.ts'

// C tor src/test/test_hs_common.c, test_blinding_basics; Arti crates/tor-hscrypto/src/pk.rs, key_blinding_testvec.
const IDENTITY = hexToBytes('833990b085c1a688c1d4c8b1f6b56afaf5a2eca674449e1d704f83765ccb7bc6')
const EXPANDED = hexToBytes(
  'd8c7ff0e31295b66540d789af3e3df992038a9592eea01d8b7cba06d6e66d1594d6167696320576f7264733a20737065697373636f62616c742062697669756d',
)
const BLINDED =
  'a958dc83ac885f6814c67035de817a2c604d5d2f715282079448f789b656350b4540fe1f80aa3f7e91306b7bf7a8e367293352b14a29fdcc8c19f3558075524b'
const PERIOD = { number: 1234, minutes: 1440 }

describe('An expanded Ed25519 secret', () => {
  it('has the published public key', () => {
    expect(publicKeyOf(EXPANDED)).to.deep.equal(IDENTITY)
  })

  it('is blinded as published', () => {
    expect(bytesToHex(blindExpanded(EXPANDED, IDENTITY, PERIOD))).to.equal(BLINDED)
  })

  it('signs for its public key, and blinded for the blinded one', () => {
    const message = utf8ToBytes('a descriptor')
    expect(ed25519.verify(signExpanded(EXPANDED, message), message, IDENTITY)).to.equal(true)
    const signature = signExpanded(blindExpanded(EXPANDED, IDENTITY, PERIOD), message)
    expect(ed25519.verify(signature, message, blindedIdentity(IDENTITY, PERIOD).key)).to.equal(true)
    expect(ed25519.verify(signature, message, IDENTITY)).to.equal(false)
  })

  it('of a seed signs as the seed does', () => {
    const seed = ed25519.utils.randomSecretKey()
    const message = utf8ToBytes('the same')
    expect(signExpanded(expandSeed(seed), message)).to.deep.equal(new Uint8Array(ed25519.sign(message, seed)))
  })
})

describe('OnionKey', () => {
  const header = (text: string): Uint8Array => Uint8Array.from({ length: 32 }, (_, at) => text.charCodeAt(at) || 0)

  it("is written to C tor's files, and read from them", () => {
    const key = OnionKey.generate()
    const files = key.toTor()
    const secret = files.hs_ed25519_secret_key
    expect([secret.length, files.hs_ed25519_public_key.length]).to.deep.equal([96, 64])
    expect(secret.subarray(0, 32)).to.deep.equal(header('== ed25519v1-secret: type0 =='))
    expect(files.hs_ed25519_public_key.subarray(0, 32)).to.deep.equal(header('== ed25519v1-public: type0 =='))
    expect(files.hs_ed25519_public_key.subarray(32)).to.deep.equal(key.publicKey)
    expect(files.hostname).to.equal(`${key.hostname}\n`)
    expect(parseOnionAddress(key.hostname)).to.deep.equal(key.publicKey)
    expect(OnionKey.fromTor(secret).hostname).to.equal(key.hostname)
  })

  it('is read from an expanded secret, from a seed, and from what the control port has', () => {
    const key = OnionKey.fromTor(EXPANDED)
    expect(key.publicKey).to.deep.equal(IDENTITY)
    expect(key.secret).to.deep.equal(EXPANDED)
    expect(key.toControlPort()).to.match(/^ED25519-V3:[A-Za-z0-9+/]{86}==$/)
    expect(OnionKey.fromTor(` ${key.toControlPort()}\n`).hostname).to.equal(key.hostname)
    const seed = ed25519.utils.randomSecretKey()
    expect(OnionKey.fromTor(seed).publicKey).to.deep.equal(new Uint8Array(ed25519.getPublicKey(seed)))
  })

  it('shows its address where a log would show it', () => {
    const key = OnionKey.fromTor(EXPANDED)
    expect([String(key), JSON.stringify({ key })]).to.deep.equal([key.hostname, `{"key":"${key.hostname}"}`])
  })

  const bad: Record<string, Uint8Array | string> = {
    'nothing': new Uint8Array(0),
    'too few bytes': new Uint8Array(63),
    'zeros in place of a secret': new Uint8Array(64),
    'a public key': OnionKey.fromTor(EXPANDED).toTor().hs_ed25519_public_key,
    'a file with another header': new Uint8Array(96).fill(1),
    'a scalar that is not clamped': Uint8Array.from(EXPANDED, (byte, at) => (at === 0 ? byte | 1 : byte)),
    'a text of another kind': 'RSA1024:abcd',
    'too short a text': 'ED25519-V3:abcd',
  }
  for (const [what, key] of Object.entries(bad)) {
    it(`is not made of ${what}`, () => {
      expect(() => OnionKey.fromTor(key)).to.throw(TypeError, 'has no known form')
    })
  }
})
