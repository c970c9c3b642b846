import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js'
import { expect } from 'chai'
import { fc } from '../../support/seed.ts'
import { kdfRfc5869 } from '../../../lib/circuit/handshake/kdf.ts'
import {
  NTOR_HANDSHAKE,
  NTOR_ONION_SKIN_SIZE,
  NTOR_REPLY_SIZE,
  answerNtor,
  startNtor,
} from '../../../lib/circuit/handshake/ntor.ts'
import { TorError } from '../../../lib/base/errors.ts'
import { currentPlatform } from '../../../lib/platform/current.ts'
import type { X25519SecretKey } from '../../../lib/platform/crypto/curves/x25519.ts'
import { watchSecrets } from './support/watched-secrets.ts'
import { degenerateKeys } from './vectors/degenerate-keys.ts'
import { kdfVectors, ntorVector } from './vectors/ntor.ts'

const { x25519: curve } = currentPlatform()
const ascii = (text: string): Uint8Array => new TextEncoder().encode(text)

/** A relay with keys of its own. */
function relay(): { rsaIdentity: Uint8Array; onionSecretKey: X25519SecretKey; ntorOnionKey: Uint8Array } {
  const { secretKey: onionSecretKey, publicKey: ntorOnionKey } = curve.generateKeyPair()
  return {
    rsaIdentity: crypto.getRandomValues(new Uint8Array(20)),
    onionSecretKey,
    ntorOnionKey,
  }
}

function expectHandshakeError(action: () => unknown): void {
  let error: unknown
  try {
    action()
  } catch (thrown) {
    error = thrown
  }
  expect(error).to.be.instanceOf(TorError)
  expect((error as TorError).code).to.equal('CIRCUIT_HANDSHAKE')
}

describe('kdfRfc5869', () => {
  for (const [secret, expected] of kdfVectors) {
    it(`derives the published bytes from "${secret.slice(0, 12)}"`, () => {
      const keys = kdfRfc5869(
        ascii(secret),
        ascii('ntor-curve25519-sha256-1:key_extract'),
        ascii('ntor-curve25519-sha256-1:key_expand'),
        100,
      )
      expect(bytesToHex(keys)).to.equal(expected)
    })
  }
})

describe('ntor', () => {
  it('is handshake type 2', () => {
    expect(NTOR_HANDSHAKE).to.equal(2)
  })

  it('gives the published onion skin, reply and keys on both sides', () => {
    const rsaIdentity = hexToBytes(ntorVector.rsaIdentity)
    const client = startNtor({
      rsaIdentity,
      ntorOnionKey: hexToBytes(ntorVector.onionKey),
      secret: hexToBytes(ntorVector.clientSecret),
    })
    expect(bytesToHex(client.onionSkin)).to.equal(ntorVector.onionSkin)
    const keyLength = ntorVector.keys.length / 2
    const { reply, keys } = answerNtor({
      onionSkin: client.onionSkin,
      rsaIdentity,
      keyLength,
      onionSecretKey: curve.secretKey(hexToBytes(ntorVector.onionSecretKey)),
      secret: hexToBytes(ntorVector.relaySecret),
    })
    expect(bytesToHex(reply)).to.equal(ntorVector.reply)
    expect(bytesToHex(keys)).to.equal(ntorVector.keys)
    expect(bytesToHex(client.finish(reply, keyLength))).to.equal(ntorVector.keys)
  })

  it('agrees on any number of bytes with fresh keys, different ones each time', () => {
    const seen = new Set<string>()
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), (keyLength) => {
        const host = relay()
        const client = startNtor(host)
        expect(client.onionSkin).to.have.length(NTOR_ONION_SKIN_SIZE)
        const { reply, keys } = answerNtor({ ...host, onionSkin: client.onionSkin, keyLength })
        expect(reply).to.have.length(NTOR_REPLY_SIZE)
        expect(keys).to.have.length(keyLength)
        expect(client.finish(reply, keyLength)).to.deep.equal(keys)
        seen.add(bytesToHex(client.onionSkin))
      }),
      { numRuns: 10 },
    )
    expect(seen.size).to.equal(10)
  })

  it('forgets the ephemeral secrets when the handshake ends, well or badly', () => {
    const host = relay()
    const platform = watchSecrets()
    const { kept } = platform
    const client = startNtor({ ...host, platform })
    expect(kept.size).to.equal(1)
    const { reply } = answerNtor({ ...host, platform, onionSkin: client.onionSkin, keyLength: 72 })
    expect(kept.size).to.equal(1)
    client.finish(reply, 72)
    expect(kept.size).to.equal(0)

    const betrayed = startNtor({ ...host, platform })
    expectHandshakeError(() => betrayed.finish(new Uint8Array(64), 72))
    expect(kept.size).to.equal(0)
    const onionSkin = new Uint8Array(84)
    onionSkin.set(host.rsaIdentity)
    onionSkin.set(host.ntorOnionKey, 20)
    expectHandshakeError(() => answerNtor({ ...host, platform, onionSkin, keyLength: 72 }))
    expect(kept.size).to.equal(0)
    expect(host.onionSecretKey).to.satisfy(curve.publicKey)
  })

  it('finishes once only', () => {
    const host = relay()
    const client = startNtor(host)
    const { reply } = answerNtor({ ...host, onionSkin: client.onionSkin, keyLength: 72 })
    client.finish(reply, 72)
    expect(() => client.finish(reply, 72)).to.throw(TypeError, 'twice')
  })

  it('is not disturbed when the caller reuses its buffers', () => {
    const host = relay()
    const rsaIdentity = new Uint8Array(host.rsaIdentity)
    const ntorOnionKey = new Uint8Array(host.ntorOnionKey)
    const client = startNtor({ rsaIdentity, ntorOnionKey })
    const { reply, keys } = answerNtor({ ...host, onionSkin: client.onionSkin, keyLength: 72 })
    for (const bytes of [rsaIdentity, ntorOnionKey, client.onionSkin]) bytes.fill(7)
    expect(client.finish(reply, 72)).to.deep.equal(keys)
  })

  it('refuses a reply with any single bit changed', () => {
    const host = relay()
    const clientSecret = crypto.getRandomValues(new Uint8Array(32))
    const { onionSkin } = startNtor({ ...host, secret: new Uint8Array(clientSecret) })
    const { reply } = answerNtor({ ...host, onionSkin, keyLength: 72 })
    // The highest bit of a Curve25519 key means nothing to the curve, but the transcript still covers it.
    fc.assert(
      fc.property(fc.nat({ max: 64 * 8 - 1 }), (bit) => {
        const bad = new Uint8Array(reply)
        bad[bit >> 3] = (bad[bit >> 3] as number) ^ (1 << (bit & 7))
        expectHandshakeError(() => startNtor({ ...host, secret: new Uint8Array(clientSecret) }).finish(bad, 72))
      }),
      { numRuns: 20, examples: [[255], [256], [511]] },
    )
  })

  for (const length of [0, 63, 65, 509]) {
    it(`refuses a reply of ${length} bytes`, () => {
      expectHandshakeError(() => startNtor(relay()).finish(new Uint8Array(length), 72))
    })
  }

  it('refuses the reply of a relay with another onion key or another identity', () => {
    const asked = relay()
    const other = relay()
    for (const answering of [
      { ...asked, onionSecretKey: other.onionSecretKey },
      { ...asked, rsaIdentity: other.rsaIdentity },
    ]) {
      const client = startNtor(asked)
      const onionSkin = new Uint8Array(client.onionSkin)
      onionSkin.set(answering.rsaIdentity)
      onionSkin.set(curve.publicKey(answering.onionSecretKey), 20)
      const { reply } = answerNtor({ ...answering, onionSkin, keyLength: 72 })
      expectHandshakeError(() => client.finish(reply, 72))
    }
  })

  it('refuses a reply to another handshake with the same relay', () => {
    const host = relay()
    const { reply } = answerNtor({ ...host, onionSkin: startNtor(host).onionSkin, keyLength: 72 })
    expectHandshakeError(() => startNtor(host).finish(reply, 72))
  })

  for (const key of degenerateKeys) {
    it(`refuses the degenerate public key ${key.slice(0, 8)} from either side`, () => {
      const host = relay()
      const reply = new Uint8Array(64)
      reply.set(hexToBytes(key))
      expectHandshakeError(() => startNtor(host).finish(reply, 72))
      expectHandshakeError(() =>
        startNtor({ ...host, ntorOnionKey: hexToBytes(key) }).finish(new Uint8Array(64).fill(9), 72),
      )
      const onionSkin = startNtor(host).onionSkin
      onionSkin.set(hexToBytes(key), 52)
      expectHandshakeError(() => answerNtor({ ...host, onionSkin, keyLength: 72 }))
    })
  }

  it('as a relay refuses an onion skin for another relay, for another onion key, or of another length', () => {
    const host = relay()
    const { onionSkin } = startNtor(host)
    for (const at of [0, 19, 20, 51]) {
      const bad = new Uint8Array(onionSkin)
      bad[at] = (bad[at] as number) ^ 0x10
      expectHandshakeError(() => answerNtor({ ...host, onionSkin: bad, keyLength: 72 }))
    }
    for (const bad of [new Uint8Array(0), onionSkin.subarray(1), new Uint8Array(85)]) {
      expectHandshakeError(() => answerNtor({ ...host, onionSkin: bad, keyLength: 72 }))
    }
  })

  it('names the argument that has a wrong length', () => {
    const host = relay()
    expect(() => startNtor({ ...host, rsaIdentity: new Uint8Array(19) })).to.throw(RangeError, '"rsaIdentity"')
    expect(() => startNtor({ ...host, ntorOnionKey: new Uint8Array(33) })).to.throw(RangeError, '"ntorOnionKey"')
  })
})
