import { ed25519, x25519 } from '@noble/curves/ed25519.js'
import { hexToBytes } from '@noble/hashes/utils.js'
import { expect } from 'chai'
import { openDescriptor, type OnionDescriptor } from '../../../lib/onion/descriptor/descriptor.ts'
import { OnionClientKeyPair } from '../../../lib/onion/identity/client-key-pair.ts'
import { blindExpanded, signExpanded } from '../../../lib/onion/identity/expanded-key.ts'
import { blindedIdentity } from '../../../lib/onion/identity/key-blinding.ts'
import { OnionKey } from '../../../lib/onion/identity/onion-key.ts'
import { descriptorText, type DescriptorContent } from '../../../lib/onion/service/descriptor/descriptor-writer.ts'
import { revisionAt } from '../../../lib/onion/service/descriptor/revision-counter.ts'
import { currentPlatform } from '../../../lib/platform/current.ts'
import { codeOf } from '../../support/failures.ts'

const platform = currentPlatform()
const PERIOD = { number: 20_000, minutes: 1440 }
const NOW = Date.parse('2026-01-01T00:00:00Z')

describe('Descriptors as they are written', () => {
  const key = OnionKey.generate()
  const identity = blindedIdentity(key.publicKey, PERIOD)
  const secret = blindExpanded(key.secret, key.publicKey, PERIOD)
  const seed = ed25519.utils.randomSecretKey()
  const signers = {
    blinded: { publicKey: identity.key, sign: (message: Uint8Array) => signExpanded(secret, message) },
    signing: { publicKey: ed25519.getPublicKey(seed), sign: (message: Uint8Array) => ed25519.sign(message, seed) },
  }
  const introPoints = [1, 2, 3].map((port) => ({
    target: {
      // Two specifiers: an IPv4 address, and the RSA identity.
      linkSpecifiers: Uint8Array.from([2, 0, 6, 9, 9, 9, 9, 0, port, 2, 20, ...new Uint8Array(20).fill(port)]),
      rsaIdentity: new Uint8Array(20).fill(port),
      ntorOnionKey: x25519.getPublicKey(x25519.utils.randomSecretKey()),
    },
    authKey: ed25519.getPublicKey(ed25519.utils.randomSecretKey()),
    encryptionKey: x25519.getPublicKey(x25519.utils.randomSecretKey()),
  }))

  const write = (changed: Partial<DescriptorContent> = {}): Promise<string> =>
    descriptorText(
      {
        introPoints,
        sendmeIncrement: 31,
        expires: NOW + 54 * 3_600_000,
        subcredential: identity.subcredential,
        revision: 12_345n,
        readers: undefined,
        ...changed,
      },
      signers,
      platform,
    )

  const read = (text: string, clientSecret?: Uint8Array): Promise<OnionDescriptor> =>
    openDescriptor(text, { identity, clientSecret, now: NOW, sendmeIncrement: 31, testing: false, platform })

  it('say what went into them', async () => {
    const descriptor = await read(await write())
    expect(descriptor.introPoints).to.deep.equal(introPoints)
    expect(descriptor).to.include({ revision: 12_345n, sendmeIncrement: 31, listed: 3, lifetime: 10_800_000 })
    expect((await read(await write({ sendmeIncrement: undefined }))).sendmeIncrement).to.equal(undefined)
  })

  it('look alike whoever may read them: sixteen lines, and a size in steps', async () => {
    const clients = Array.from({ length: 16 }, () => OnionClientKeyPair.generate().publicKey)
    const readers = { clients, cookie: crypto.getRandomValues(new Uint8Array(16)) }
    expect((await write()).length).to.equal((await write({ readers })).length)
    const more = { ...readers, clients: [...clients, OnionClientKeyPair.generate().publicKey] }
    expect((await write({ readers: more })).length).to.be.at.least((await write()).length)
  })

  it('open for those clients alone that are named', async () => {
    const pairs = Array.from({ length: 20 }, () => OnionClientKeyPair.generate())
    const cookie = crypto.getRandomValues(new Uint8Array(16))
    const text = await write({ readers: { clients: pairs.map(({ publicKey }) => publicKey), cookie } })
    for (const pair of [pairs[0], pairs[19]])
      expect((await read(text, pair?.secret)).introPoints).to.deep.equal(introPoints)
    expect(await codeOf(read(text))).to.equal('ONION_AUTHORIZATION_MISSING')
    expect(await codeOf(read(text, OnionClientKeyPair.generate().secret))).to.equal('ONION_AUTHORIZATION_WRONG')
  })

  it('are not written when directories would not keep them', async () => {
    const clients = Array.from({ length: 700 }, () => new Uint8Array(32).fill(9))
    const cookie = new Uint8Array(16)
    const failure = await write({ readers: { clients, cookie } }).catch((error: unknown) => error)
    expect(failure).to.be.instanceOf(RangeError)
  })
})

describe('The revision of a descriptor', () => {
  // C tor src/test/ope_ref.py and test_crypto_ope.c; Arti crates/tor-hsservice/src/ope.rs.
  const key = hexToBytes('19e05891d55232c08c2cad91d612fdb9cbd6691949a0742434a76c80bc6992fe')
  for (const [seconds, revision] of [
    [82_283, 2_695_743_564n],
    [12_154, 402_067_100n],
    [123_569, 4_051_780_471n],
    [7110, 234_966_492n],
  ] as const) {
    it(`is the published one after ${seconds} seconds`, async () => {
      expect(await revisionAt(key, seconds)).to.equal(revision)
    })
  }

  it('grows with every second, and has bounds', async () => {
    const early = await Promise.all([1, 2, 3].map((seconds) => revisionAt(key, seconds)))
    expect(early).to.deep.equal([...early].sort((a, b) => Number(a - b)))
    expect(await revisionAt(key, -5)).to.equal(early[0])
    expect(await revisionAt(key, 1e12)).to.equal(await revisionAt(key, 1 << 18))
  })
})
