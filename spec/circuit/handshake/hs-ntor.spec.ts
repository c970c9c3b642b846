import { shake256 } from '@noble/hashes/sha3.js'
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js'
import { expect } from 'chai'
import { decodeIntroduce, INTRODUCE_SIZE, introduceHeader } from '../../../lib/cell/onion/introduce.ts'
import { decodeIntroducePlain, encodeIntroducePlain } from '../../../lib/cell/onion/introduce-plain.ts'
import type { X25519SecretKey } from '../../../lib/platform/crypto/curves/x25519.ts'
import { answerHsNtor, openIntroduce, startHsNtor, type HsNtorService } from '../../../lib/circuit/handshake/hs-ntor.ts'
import { currentPlatform } from '../../../lib/platform/current.ts'
import { codeOf, expectRejection } from '../../support/failures.ts'
import { degenerateKeys } from './vectors/degenerate-keys.ts'
import { hsNtorVector as vector } from './vectors/hs-ntor.ts'

const platform = currentPlatform()
const service: HsNtorService = {
  authKey: hexToBytes(vector.authKey),
  encryptionKey: hexToBytes(vector.encryptionKey),
  subcredential: hexToBytes(vector.subcredential),
}
const encryptionSecret = (): Promise<X25519SecretKey> => platform.x25519.secretKey(hexToBytes(vector.encryptionSecret))

describe('hs-ntor', () => {
  it('gives the published INTRODUCE1, reply and keys on both sides', async () => {
    const client = await startHsNtor(service, platform, hexToBytes(vector.clientSecret))
    const body = await client.introduce(hexToBytes(vector.header), hexToBytes(vector.plain))
    expect(bytesToHex(body)).to.equal(vector.introduce)

    const request = decodeIntroduce(body)
    expect(bytesToHex(request.header)).to.equal(vector.header)
    const plain = await openIntroduce(request, service, await encryptionSecret(), platform)
    expect(bytesToHex(plain as Uint8Array)).to.equal(vector.plain)
    const { clientKey } = request
    const answer = await answerHsNtor(
      clientKey,
      service,
      await encryptionSecret(),
      platform,
      hexToBytes(vector.serviceSecret),
    )
    expect(bytesToHex(answer.reply)).to.equal(vector.reply)

    const seed = `${vector.keySeed}${bytesToHex(new TextEncoder().encode('tor-hs-ntor-curve25519-sha3-256-1:hs_key_expand'))}`
    const keys = bytesToHex(shake256(hexToBytes(seed), { dkLen: 128 }))
    expect(bytesToHex(answer.keys)).to.equal(keys)
    expect(bytesToHex(await client.finish(answer.reply))).to.equal(keys)
  })

  it('refuses a reply with any bit changed, and can be finished once', async () => {
    for (const bit of [0, 7, 255, 256, 300, 511]) {
      const client = await startHsNtor(service, platform)
      const { clientKey } = decodeIntroduce(await client.introduce(hexToBytes(vector.header), new Uint8Array(1)))
      const { reply } = await answerHsNtor(clientKey, service, await encryptionSecret(), platform)
      reply[bit >> 3] = (reply[bit >> 3] as number) ^ (1 << (bit & 7))
      expect(await codeOf(client.finish(reply))).to.equal('CIRCUIT_HANDSHAKE')
      await expectRejection(client.finish(reply), TypeError, 'twice')
    }
  })

  it('refuses a reply of another handshake, and one of another size', async () => {
    const { reply } = await answerHsNtor(new Uint8Array(32).fill(9), service, await encryptionSecret(), platform)
    for (const bytes of [reply, reply.subarray(0, 63), new Uint8Array(64)])
      expect(await codeOf((await startHsNtor(service, platform)).finish(bytes))).to.equal('CIRCUIT_HANDSHAKE')
  })

  it("refuses a service's keys of small order, in a descriptor and in a reply", async () => {
    for (const key of degenerateKeys) {
      const bad = { ...service, encryptionKey: hexToBytes(key) }
      const begun = await startHsNtor(bad, platform)
      expect(await codeOf(begun.introduce(new Uint8Array(56), new Uint8Array(1)))).to.equal('CIRCUIT_HANDSHAKE')
      const reply = Uint8Array.of(...hexToBytes(key), ...new Uint8Array(32))
      expect(await codeOf((await startHsNtor(service, platform)).finish(reply))).to.equal('CIRCUIT_HANDSHAKE')
    }
  })

  it('opens nothing at the service that was changed, or was for another service', async () => {
    const client = await startHsNtor(service, platform)
    const body = await client.introduce(hexToBytes(vector.header), new Uint8Array(100))
    const open = async (bytes: Uint8Array, by: HsNtorService = service): Promise<Uint8Array | undefined> =>
      openIntroduce(decodeIntroduce(bytes), by, await encryptionSecret(), platform)
    expect(await open(body)).to.have.length(100)
    expect(await open(body, { ...service, subcredential: new Uint8Array(32) })).to.equal(undefined)
    for (const at of [30, 60, 100, body.length - 1]) {
      const changed = new Uint8Array(body)
      changed[at] = (changed[at] as number) ^ 1
      expect(await open(changed), `byte ${at}`).to.equal(undefined)
    }
    for (const key of degenerateKeys) {
      const changed = new Uint8Array(body)
      changed.set(hexToBytes(key), 56)
      expect(await open(changed)).to.equal(undefined)
    }
  })

  it('makes an INTRODUCE1 of the one size that fits every format of cells', async () => {
    const plain = {
      cookie: new Uint8Array(20).fill(1),
      extensions: new Map([[1, new Uint8Array(0)]]),
      ntorOnionKey: new Uint8Array(32).fill(2),
      linkSpecifiers: Uint8Array.of(1, 0, 6, 127, 0, 0, 1, 0, 80),
    }
    const encoded = encodeIntroducePlain(plain)
    const body = await (await startHsNtor(service, platform)).introduce(introduceHeader(service.authKey), encoded)
    expect(body).to.have.length(INTRODUCE_SIZE)
    expect(decodeIntroducePlain(encoded)).to.deep.equal(plain)
    expect(bytesToHex(introduceHeader(service.authKey))).to.equal(vector.header)
  })
})
