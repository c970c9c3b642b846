import { expect } from 'chai'
import { DIGEST, looksRecognized, writeHeader } from '../../../lib/cell/relay/relay-cell-v0.ts'
import { BODY_SIZE } from '../../../lib/cell/body-size.ts'
import { HOP_KEY_SIZE, HopCrypto } from '../../../lib/circuit/onion/hop-crypto.ts'
import { currentPlatform } from '../../../lib/platform/current.ts'

const platform = currentPlatform()

describe('HopCrypto', () => {
  it('refuses key material of another length', () => {
    for (const length of [0, HOP_KEY_SIZE - 1, HOP_KEY_SIZE + 1]) {
      expect(() => new HopCrypto(new Uint8Array(length), platform)).to.throw(RangeError, '"keys"')
    }
  })

  it('takes Df, Db, Kf and Kb from the key material in this order', () => {
    const taken: Record<string, number[]> = { digest: [], keystream: [] }
    const keys = Uint8Array.from({ length: HOP_KEY_SIZE }, (_, index) => index)
    const hop = new HopCrypto(keys, {
      ...platform,
      runningDigest: (seed) => {
        taken['digest']?.push(seed[0] as number, seed.length)
        return platform.runningDigest(seed)
      },
      keystream: (key) => {
        taken['keystream']?.push(key[0] as number, key.length)
        return platform.keystream(key)
      },
    })
    expect(taken).to.deep.equal({ digest: [0, 20, 20, 20], keystream: [40, 16, 56, 16] })
    expect(hop.forward.digest).to.not.equal(hop.backward.digest)
  })

  it('serves the relay as well as the client: what one seals and encrypts the other decrypts and verifies', async () => {
    const keys = crypto.getRandomValues(new Uint8Array(HOP_KEY_SIZE))
    const given = new Uint8Array(keys)
    const client = new HopCrypto(given, platform)
    given.fill(0)
    const relay = new HopCrypto(keys, platform)
    for (const direction of ['forward', 'backward'] as const) {
      const [from, to] = direction === 'forward' ? [client, relay] : [relay, client]
      for (let round = 0; round < 20; round++) {
        const cell = crypto.getRandomValues(new Uint8Array(BODY_SIZE))
        writeHeader(cell, 0, 2, 7, 498)
        from[direction].digest.seal(cell, 0)
        const plain = new Uint8Array(cell)
        await Promise.all([from, to].map((side) => side[direction].keystream.refill(BODY_SIZE)))
        const sent = from[direction].keystream.apply(cell)
        expect(new Uint8Array(sent)).to.not.deep.equal(plain)
        const got = to[direction].keystream.apply(new Uint8Array(sent))
        expect(looksRecognized(got, 0)).to.equal(true)
        expect(to[direction].digest.verify(got, 0)).to.equal(true)
        expect(new Uint8Array(got)).to.deep.equal(plain)
        expect(to[direction].digest.tag()).to.deep.equal(from[direction].digest.tag())
        expect(to[direction].digest.tag().subarray(0, 4)).to.deep.equal(plain.slice(DIGEST, DIGEST + 4))
      }
    }
  })
})
