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
import { currentPlatform } from '../../../lib/platform/current.ts'
import type { X25519SecretKey } from '../../../lib/platform/crypto/curves/x25519.ts'
import { codeOf, expectRejection } from '../../support/failures.ts'
import { watchSecrets } from './support/watched-secrets.ts'
import { degenerateKeys } from './vectors/degenerate-keys.ts'
import { kdfVectors, ntorVector } from './vectors/ntor.ts'

const { x25519: curve } = currentPlatform()
const ascii = (text: string): Uint8Array => new TextEncoder().encode(text)

/** A relay with keys of its own. */
async function relay(): Promise<{
  rsaIdentity: Uint8Array
  onionSecretKey: X25519SecretKey
  ntorOnionKey: Uint8Array
}> {
  const { secretKey: onionSecretKey, publicKey: ntorOnionKey } = await curve.generateKeyPair()
  return {
    rsaIdentity: crypto.getRandomValues(new Uint8Array(20)),
    onionSecretKey,
    ntorOnionKey,
  }
}

async function expectHandshakeError(handshake: Promise<unknown>): Promise<void> {
  expect(await codeOf(handshake)).to.equal('CIRCUIT_HANDSHAKE')
}

/** What a new handshake with this relay makes of a reply. */
const finishOf = async (options: Parameters<typeof startNtor>[0], reply: Uint8Array): Promise<Uint8Array> =>
  (await startNtor(options)).finish(reply, 72)

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
  it('is handshake type 2', async () => {
    expect(NTOR_HANDSHAKE).to.equal(2)
  })

  it('gives the published onion skin, reply and keys on both sides', async () => {
    const rsaIdentity = hexToBytes(ntorVector.rsaIdentity)
    const client = await startNtor({
      rsaIdentity,
      ntorOnionKey: hexToBytes(ntorVector.onionKey),
      secret: hexToBytes(ntorVector.clientSecret),
    })
    expect(bytesToHex(client.onionSkin)).to.equal(ntorVector.onionSkin)
    const keyLength = ntorVector.keys.length / 2
    const { reply, keys } = await answerNtor({
      onionSkin: client.onionSkin,
      rsaIdentity,
      keyLength,
      onionSecretKey: await curve.secretKey(hexToBytes(ntorVector.onionSecretKey)),
      secret: hexToBytes(ntorVector.relaySecret),
    })
    expect(bytesToHex(reply)).to.equal(ntorVector.reply)
    expect(bytesToHex(keys)).to.equal(ntorVector.keys)
    expect(bytesToHex(await client.finish(reply, keyLength))).to.equal(ntorVector.keys)
  })

  it('agrees on any number of bytes with fresh keys, different ones each time', async () => {
    const seen = new Set<string>()
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 200 }), async (keyLength) => {
        const host = await relay()
        const client = await startNtor(host)
        expect(client.onionSkin).to.have.length(NTOR_ONION_SKIN_SIZE)
        const { reply, keys } = await answerNtor({ ...host, onionSkin: client.onionSkin, keyLength })
        expect(reply).to.have.length(NTOR_REPLY_SIZE)
        expect(keys).to.have.length(keyLength)
        expect(await client.finish(reply, keyLength)).to.deep.equal(keys)
        seen.add(bytesToHex(client.onionSkin))
      }),
      { numRuns: 10 },
    )
    expect(seen.size).to.equal(10)
  })

  it('forgets the ephemeral secrets when the handshake ends, well or badly', async () => {
    const host = await relay()
    const platform = watchSecrets()
    const { kept } = platform
    const client = await startNtor({ ...host, platform })
    expect(kept.size).to.equal(1)
    const { reply } = await answerNtor({ ...host, platform, onionSkin: client.onionSkin, keyLength: 72 })
    expect(kept.size).to.equal(1)
    await client.finish(reply, 72)
    expect(kept.size).to.equal(0)

    const betrayed = await startNtor({ ...host, platform })
    await expectHandshakeError(betrayed.finish(new Uint8Array(64), 72))
    expect(kept.size).to.equal(0)
    const onionSkin = new Uint8Array(84)
    onionSkin.set(host.rsaIdentity)
    onionSkin.set(host.ntorOnionKey, 20)
    await expectHandshakeError(answerNtor({ ...host, platform, onionSkin, keyLength: 72 }))
    expect(kept.size).to.equal(0)
    expect(await curve.publicKey(host.onionSecretKey)).to.deep.equal(host.ntorOnionKey)
  })

  it('finishes once only', async () => {
    const host = await relay()
    const client = await startNtor(host)
    const { reply } = await answerNtor({ ...host, onionSkin: client.onionSkin, keyLength: 72 })
    await client.finish(reply, 72)
    await expectRejection(client.finish(reply, 72), TypeError, 'twice')
  })

  it('is not disturbed when the caller reuses its buffers', async () => {
    const host = await relay()
    const rsaIdentity = new Uint8Array(host.rsaIdentity)
    const ntorOnionKey = new Uint8Array(host.ntorOnionKey)
    const client = await startNtor({ rsaIdentity, ntorOnionKey })
    const { reply, keys } = await answerNtor({ ...host, onionSkin: client.onionSkin, keyLength: 72 })
    for (const bytes of [rsaIdentity, ntorOnionKey, client.onionSkin]) bytes.fill(7)
    expect(await client.finish(reply, 72)).to.deep.equal(keys)
  })

  it('refuses a reply with any single bit changed', async () => {
    const host = await relay()
    const clientSecret = crypto.getRandomValues(new Uint8Array(32))
    const { onionSkin } = await startNtor({ ...host, secret: new Uint8Array(clientSecret) })
    const { reply } = await answerNtor({ ...host, onionSkin, keyLength: 72 })
    // The highest bit of a Curve25519 key means nothing to the curve, but the transcript still covers it.
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: 64 * 8 - 1 }), async (bit) => {
        const bad = new Uint8Array(reply)
        bad[bit >> 3] = (bad[bit >> 3] as number) ^ (1 << (bit & 7))
        await expectHandshakeError(finishOf({ ...host, secret: new Uint8Array(clientSecret) }, bad))
      }),
      { numRuns: 20, examples: [[255], [256], [511]] },
    )
  })

  for (const length of [0, 63, 65, 509]) {
    it(`refuses a reply of ${length} bytes`, async () => {
      await expectHandshakeError(finishOf(await relay(), new Uint8Array(length)))
    })
  }

  it('refuses the reply of a relay with another onion key or another identity', async () => {
    const asked = await relay()
    const other = await relay()
    for (const answering of [
      { ...asked, onionSecretKey: other.onionSecretKey },
      { ...asked, rsaIdentity: other.rsaIdentity },
    ]) {
      const client = await startNtor(asked)
      const onionSkin = new Uint8Array(client.onionSkin)
      onionSkin.set(answering.rsaIdentity)
      onionSkin.set(await curve.publicKey(answering.onionSecretKey), 20)
      const { reply } = await answerNtor({ ...answering, onionSkin, keyLength: 72 })
      await expectHandshakeError(client.finish(reply, 72))
    }
  })

  it('refuses a reply to another handshake with the same relay', async () => {
    const host = await relay()
    const { reply } = await answerNtor({ ...host, onionSkin: (await startNtor(host)).onionSkin, keyLength: 72 })
    await expectHandshakeError(finishOf(host, reply))
  })

  for (const key of degenerateKeys) {
    it(`refuses the degenerate public key ${key.slice(0, 8)} from either side`, async () => {
      const host = await relay()
      const reply = new Uint8Array(64)
      reply.set(hexToBytes(key))
      await expectHandshakeError(finishOf(host, reply))
      await expectHandshakeError(finishOf({ ...host, ntorOnionKey: hexToBytes(key) }, new Uint8Array(64).fill(9)))
      const onionSkin = (await startNtor(host)).onionSkin
      onionSkin.set(hexToBytes(key), 52)
      await expectHandshakeError(answerNtor({ ...host, onionSkin, keyLength: 72 }))
    })
  }

  it('as a relay refuses an onion skin for another relay, for another onion key, or of another length', async () => {
    const host = await relay()
    const { onionSkin } = await startNtor(host)
    for (const at of [0, 19, 20, 51]) {
      const bad = new Uint8Array(onionSkin)
      bad[at] = (bad[at] as number) ^ 0x10
      await expectHandshakeError(answerNtor({ ...host, onionSkin: bad, keyLength: 72 }))
    }
    for (const bad of [new Uint8Array(0), onionSkin.subarray(1), new Uint8Array(85)]) {
      await expectHandshakeError(answerNtor({ ...host, onionSkin: bad, keyLength: 72 }))
    }
  })

  it('names the argument that has a wrong length', async () => {
    const host = await relay()
    await expectRejection(startNtor({ ...host, rsaIdentity: new Uint8Array(19) }), RangeError, '"rsaIdentity"')
    await expectRejection(startNtor({ ...host, ntorOnionKey: new Uint8Array(33) }), RangeError, '"ntorOnionKey"')
  })
})
