import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js'
import { expect } from 'chai'
import { fc } from '../../support/seed.ts'
import {
  answerCreateFast,
  FAST_MATERIAL_SIZE,
  FAST_REPLY_SIZE,
  startCreateFast,
} from '../../../lib/circuit/handshake/create-fast.ts'
import { TorError } from '../../../lib/base/errors.ts'

/** X, then Y and KH, then 100 bytes of keys: of C tor, by way of Arti's tor-proto crypto/handshake/fast.rs. */
const VECTORS = [
  [
    '080E247DF7C252FCD2DC10F459703480C223E3A6',
    'BA95C0D092335428BF80093BBED0B7A26C49E1E8696FBF9C8D6BE26504219C000D26AFE370FCEF04',
    'AFA89B4FC8CF882335A582C52478B5FCB1E08DAF707E2C2D23B8C27D30BD461F3DF98A3AF82221CB658AD0AA8680B99067E4F7DBC546970EA9A56B26433C71DA867BDD09C14A1308BC327D6A448D71D2382B3AB6AF0BB4E19649A8DFF607DB9C57A04AC3',
  ],
  [
    '5F786C724C2F5978474A04FA63772057AD896A03',
    '6210B037001405742FE78B6F5B34E6DB3C9F2F7E24239498613E0ED872E110A00774A3FCB37A7507',
    'D41B65D83FB4B34A322B658BE4D706EDCD8B62813757E719118C394E1F22E1C8EA8959BAB30E856A914C3054946F547397094DE031F5BCA384C65C8880BF7AAB9CE7BEE33971F9DE8C22A23366F46BF8B5E5112321E216B0E02C62EEA3ABB72A0E062592',
  ],
] as const

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

describe('CREATE_FAST', () => {
  for (const [x, reply, keys] of VECTORS) {
    it(`gives the published reply and keys on both sides: ${x.slice(0, 8)}`, () => {
      const client = startCreateFast({ material: hexToBytes(x) })
      expect(bytesToHex(client.material)).to.equal(x.toLowerCase())
      const answer = hexToBytes(reply).subarray(0, FAST_MATERIAL_SIZE)
      const relay = answerCreateFast({ material: client.material, keyLength: 100, answer })
      expect(bytesToHex(relay.reply)).to.equal(reply.toLowerCase())
      expect(bytesToHex(relay.keys)).to.equal(keys.toLowerCase())
      expect(client.finish(relay.reply, 100)).to.deep.equal(relay.keys)
    })
  }

  it('gives both sides the same keys, whatever their length, and others each time', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 5_100 }), (keyLength) => {
        const client = startCreateFast()
        const relay = answerCreateFast({ material: client.material, keyLength })
        expect(relay.keys).to.have.length(keyLength)
        expect(client.finish(relay.reply, keyLength)).to.deep.equal(relay.keys)
      }),
    )
    expect(startCreateFast().material).not.to.deep.equal(startCreateFast().material)
  })

  it('takes the padded bodies of cells', () => {
    const client = startCreateFast()
    const cell = new Uint8Array(509)
    cell.set(client.material)
    const relay = answerCreateFast({ material: cell, keyLength: 72 })
    const answer = new Uint8Array(509).fill(7)
    answer.set(relay.reply)
    expect(client.finish(answer, 72)).to.deep.equal(relay.keys)
  })

  it('refuses a reply in which any one bit is wrong', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: FAST_REPLY_SIZE * 8 - 1 }), (bit) => {
        const client = startCreateFast()
        const { reply } = answerCreateFast({ material: client.material, keyLength: 72 })
        reply[bit >>> 3] = (reply[bit >>> 3] as number) ^ (1 << (bit & 7))
        expectHandshakeError(() => client.finish(reply, 72))
      }),
    )
  })

  it('refuses what is too short, on both sides', () => {
    for (const length of [0, 1, 20, 39])
      expectHandshakeError(() => startCreateFast().finish(new Uint8Array(length), 72))
    for (const length of [0, 19])
      expectHandshakeError(() => answerCreateFast({ material: new Uint8Array(length), keyLength: 72 }))
  })

  it('can be finished once only, also when that failed', () => {
    const client = startCreateFast()
    const { reply } = answerCreateFast({ material: client.material, keyLength: 72 })
    expectHandshakeError(() => client.finish(new Uint8Array(40), 72))
    expect(() => client.finish(reply, 72)).to.throw(TypeError, 'twice')
  })

  it('refuses lengths that KDF-TOR cannot make, and material of another size', () => {
    for (const keyLength of [-1, 1.5, 5_101]) {
      expect(() => answerCreateFast({ material: new Uint8Array(20), keyLength })).to.throw(RangeError, 'keyLength')
    }
    expect(() => startCreateFast({ material: new Uint8Array(21) })).to.throw(RangeError, 'material')
  })
})
