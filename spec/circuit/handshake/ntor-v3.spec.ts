import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js'
import { expect } from 'chai'
import { fc } from '../../support/seed.ts'
import { HandshakeType } from '../../../lib/cell/create2.ts'
import {
  NTOR_V3_ONION_SKIN_OVERHEAD,
  NTOR_V3_REPLY_OVERHEAD,
  startNtorV3,
  type NtorV3Handshake,
} from '../../../lib/circuit/handshake/ntor-v3.ts'
import { CIRCUIT_EXTEND, PROTOCOL_ID, crypt } from '../../../lib/circuit/handshake/ntor-v3-functions.ts'
import { currentPlatform } from '../../../lib/platform/current.ts'
import { webPlatform } from '../../../lib/platform/web.ts'
import { answerNtorV3 } from '../../../lib/testing/relay/ntor-v3-responder.ts'
import { codeOf } from '../../support/failures.ts'
import type { X25519SecretKey } from '../../../lib/platform/crypto/curves/x25519.ts'
import { watchSecrets } from './support/watched-secrets.ts'
import { degenerateKeys } from './vectors/degenerate-keys.ts'
import { ntorV3Vector } from './vectors/ntor-v3.ts'

const platform = currentPlatform()
const message = new TextEncoder().encode('what the client says')
const answer = new TextEncoder().encode('what the relay answers')

interface Host {
  readonly ed25519Identity: Uint8Array
  readonly onionSecretKey: X25519SecretKey
  readonly ntorOnionKey: Uint8Array
}

/** A relay with keys of its own. */
async function relay(): Promise<Host> {
  const { secretKey, publicKey } = await platform.x25519.generateKeyPair()
  return {
    ed25519Identity: crypto.getRandomValues(new Uint8Array(32)),
    onionSecretKey: secretKey,
    ntorOnionKey: publicKey,
  }
}

const start = (host: Host, secret?: Uint8Array): Promise<NtorV3Handshake> =>
  startNtorV3({ ...host, message, platform, ...(secret ? { secret: new Uint8Array(secret) } : {}) })

const reply = (host: Host, onionSkin: Uint8Array, keyLength = 72): Promise<{ reply: Uint8Array; keys: Uint8Array }> =>
  answerNtorV3({ ...host, onionSkin, keyLength, answer: () => answer })

const flipped = (bytes: Uint8Array, bit: number): Uint8Array => {
  const changed = new Uint8Array(bytes)
  changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7))
  return changed
}

describe('The functions of ntor-v3', () => {
  it('are tweaked by the names of the specification', () => {
    expect(new TextDecoder().decode(PROTOCOL_ID)).to.equal('ntor3-curve25519-sha3_256-1')
    expect(new TextDecoder().decode(CIRCUIT_EXTEND)).to.equal('circuit extend')
  })

  for (const cipher of [platform, webPlatform()]) {
    it(`encrypt with AES-256 in counter mode from zero, by ${cipher.name}`, async () => {
      // A zero block by a zero key: H of test case 13 in the GCM specification of McGrew and Viega.
      const zeros = await crypt(cipher, new Uint8Array(32), new Uint8Array(16))
      expect(bytesToHex(zeros)).to.equal('dc95c078a2408989ad48a21492842087')
      const key = crypto.getRandomValues(new Uint8Array(32))
      const text = crypto.getRandomValues(new Uint8Array(200))
      const imported = await crypto.subtle.importKey('raw', key, 'AES-CTR', false, ['encrypt'])
      const expected = await crypto.subtle.encrypt(
        { name: 'AES-CTR', counter: new Uint8Array(16), length: 128 },
        imported,
        text,
      )
      expect(await crypt(cipher, key, text)).to.deep.equal(new Uint8Array(expected))
    })
  }
})

describe('ntor-v3', () => {
  it('is handshake type 3', () => {
    expect(HandshakeType.NTOR_V3).to.equal(3)
  })

  it('gives the published onion skin, reply, messages and keys on both sides', async () => {
    const { ed25519Identity, onionKey, clientSecret, clientMessage, verification } = ntorV3Vector
    const shared = { ed25519Identity: hexToBytes(ed25519Identity), verification: hexToBytes(verification) }
    const client = await startNtorV3({
      ...shared,
      ntorOnionKey: hexToBytes(onionKey),
      secret: hexToBytes(clientSecret),
      message: hexToBytes(clientMessage),
      platform,
    })
    expect(bytesToHex(client.onionSkin)).to.equal(ntorV3Vector.onionSkin)
    const relaySide = await answerNtorV3({
      ...shared,
      onionSkin: client.onionSkin,
      keyLength: 256,
      onionSecretKey: await platform.x25519.secretKey(hexToBytes(ntorV3Vector.onionSecretKey)),
      secret: hexToBytes(ntorV3Vector.relaySecret),
      answer(said) {
        expect(bytesToHex(said)).to.equal(clientMessage)
        return hexToBytes(ntorV3Vector.relayMessage)
      },
    })
    expect(bytesToHex(relaySide.reply)).to.equal(ntorV3Vector.reply)
    expect(bytesToHex(relaySide.keys)).to.equal(ntorV3Vector.keys)
    const outcome = await client.finish(relaySide.reply, 256)
    expect(bytesToHex(outcome.message)).to.equal(ntorV3Vector.relayMessage)
    expect(bytesToHex(outcome.keys)).to.equal(ntorV3Vector.keys)
  })

  it('agrees on any number of bytes and carries any messages, with fresh keys each time', async () => {
    const seen = new Set<string>()
    const texts = fc.uint8Array({ maxLength: 300 })
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 200 }), texts, texts, async (keyLength, said, answered) => {
        const host = await relay()
        const client = await startNtorV3({ ...host, message: said, platform })
        expect(client.onionSkin).to.have.length(NTOR_V3_ONION_SKIN_OVERHEAD + said.length)
        const heard: Uint8Array[] = []
        const { onionSkin } = client
        const made = await answerNtorV3({
          ...host,
          onionSkin,
          keyLength,
          answer: (text) => (heard.push(text), answered),
        })
        expect(heard).to.deep.equal([said])
        expect(made.reply).to.have.length(NTOR_V3_REPLY_OVERHEAD + answered.length)
        const outcome = await client.finish(made.reply, keyLength)
        expect(outcome.keys).to.deep.equal(made.keys)
        expect(outcome.keys).to.have.length(keyLength)
        expect(outcome.message).to.deep.equal(answered)
        seen.add(bytesToHex(onionSkin.subarray(64)))
      }),
      { numRuns: 10 },
    )
    expect(seen.size).to.equal(10)
  })

  it('forgets the ephemeral secret when the handshake ends, well or badly', async () => {
    const host = await relay()
    const { x25519, kept } = watchSecrets()
    const watched = { ...host, message, platform: { ...platform, x25519 } }
    for (const end of ['well', 'badly'] as const) {
      const client = await startNtorV3(watched)
      expect(kept.size).to.equal(1)
      if (end === 'well') await client.finish((await reply(host, client.onionSkin)).reply, 72)
      else expect(await codeOf(client.finish(new Uint8Array(64), 72))).to.equal('CIRCUIT_HANDSHAKE')
      expect(kept.size).to.equal(0)
    }
    expect(await codeOf(startNtorV3({ ...watched, ntorOnionKey: new Uint8Array(32) }))).to.equal('CIRCUIT_HANDSHAKE')
    expect(kept.size).to.equal(0)
  })

  it('finishes once only', async () => {
    const host = await relay()
    const client = await start(host)
    const made = await reply(host, client.onionSkin)
    await client.finish(made.reply, 72)
    let error: unknown
    await client.finish(made.reply, 72).catch((thrown: unknown) => (error = thrown))
    expect(error).to.be.instanceOf(TypeError).with.property('message').that.includes('twice')
  })

  it('is not disturbed when the caller reuses its buffers', async () => {
    const host = await relay()
    const given = {
      ed25519Identity: new Uint8Array(host.ed25519Identity),
      ntorOnionKey: new Uint8Array(host.ntorOnionKey),
    }
    const said = new Uint8Array(message)
    const client = await startNtorV3({ ...given, message: said, platform })
    const made = await reply(host, client.onionSkin)
    for (const bytes of [given.ed25519Identity, given.ntorOnionKey, said, client.onionSkin]) bytes.fill(7)
    expect((await client.finish(made.reply, 72)).keys).to.deep.equal(made.keys)
  })

  it('refuses a reply with any byte changed', async () => {
    const host = await relay()
    const secretKey = crypto.getRandomValues(new Uint8Array(32))
    const { onionSkin } = await start(host, secretKey)
    const { reply: good } = await reply(host, onionSkin)
    for (let byte = 0; byte < good.length; byte++) {
      const client = await start(host, secretKey)
      expect(await codeOf(client.finish(flipped(good, 8 * byte + (byte % 8)), 72)), `byte ${byte}`).to.equal(
        'CIRCUIT_HANDSHAKE',
      )
    }
  })

  it('refuses a reply that is cut anywhere, or longer', async () => {
    const host = await relay()
    const secretKey = crypto.getRandomValues(new Uint8Array(32))
    const { onionSkin } = await start(host, secretKey)
    const { reply: good } = await reply(host, onionSkin)
    for (const length of [0, 1, 31, 32, 63, 64, good.length - 1]) {
      const client = await start(host, secretKey)
      expect(await codeOf(client.finish(good.subarray(0, length), 72)), `${length} bytes`).to.equal('CIRCUIT_HANDSHAKE')
    }
    const longer = new Uint8Array(good.length + 1)
    longer.set(good)
    expect(await codeOf((await start(host, secretKey)).finish(longer, 72))).to.equal('CIRCUIT_HANDSHAKE')
  })

  it('refuses the reply of a relay with another onion key or another identity, or to another handshake', async () => {
    const asked = await relay()
    const other = await relay()
    for (const answering of [
      { ...other, ed25519Identity: asked.ed25519Identity },
      { ...asked, ed25519Identity: other.ed25519Identity },
    ]) {
      const made = await reply(answering, (await start(answering)).onionSkin)
      expect(await codeOf((await start(asked)).finish(made.reply, 72))).to.equal('CIRCUIT_HANDSHAKE')
    }
    const made = await reply(asked, (await start(asked)).onionSkin)
    expect(await codeOf((await start(asked)).finish(made.reply, 72))).to.equal('CIRCUIT_HANDSHAKE')
  })

  it('refuses the reply of who had another purpose in mind', async () => {
    const host = await relay()
    const secretKey = crypto.getRandomValues(new Uint8Array(32))
    const client = await startNtorV3({
      ...host,
      message,
      platform,
      secret: new Uint8Array(secretKey),
      verification: new Uint8Array(1),
    })
    const made = await answerNtorV3({
      ...host,
      onionSkin: client.onionSkin,
      keyLength: 72,
      answer: () => answer,
      verification: new Uint8Array(1),
    })
    expect(await codeOf((await start(host, secretKey)).finish(made.reply, 72))).to.equal('CIRCUIT_HANDSHAKE')
  })

  for (const key of degenerateKeys) {
    it(`refuses the degenerate public key ${key.slice(0, 8)} as onion key and as ephemeral key`, async () => {
      const host = await relay()
      const forged = new Uint8Array(64)
      forged.set(hexToBytes(key))
      expect(await codeOf((await start(host)).finish(forged, 72))).to.equal('CIRCUIT_HANDSHAKE')
      expect(await codeOf(start({ ...host, ntorOnionKey: hexToBytes(key) }))).to.equal('CIRCUIT_HANDSHAKE')
    })
  }

  it('names the argument that has a wrong length', async () => {
    const host = await relay()
    for (const argument of ['ed25519Identity', 'ntorOnionKey'] as const) {
      let error: unknown
      await start({ ...host, [argument]: new Uint8Array(31) }).catch((thrown: unknown) => (error = thrown))
      expect(error).to.be.instanceOf(RangeError).with.property('message').that.includes(`"${argument}"`)
    }
  })
})

describe('The relay of ntor-v3', () => {
  it('refuses an onion skin with any byte changed, or cut anywhere', async () => {
    const host = await relay()
    const { onionSkin } = await start(host)
    for (let byte = 0; byte < onionSkin.length; byte++) {
      // The highest bit of a Curve25519 key means nothing to the curve, but the MAC covers it.
      expect(await codeOf(reply(host, flipped(onionSkin, 8 * byte + 7))), `byte ${byte}`).to.equal('CIRCUIT_HANDSHAKE')
    }
    for (const length of [0, 96, 127, 128, onionSkin.length - 1]) {
      expect(await codeOf(reply(host, onionSkin.subarray(0, length))), `${length} bytes`).to.equal('CIRCUIT_HANDSHAKE')
    }
  })
})
