import { x25519 } from '@noble/curves/ed25519.js'
import { expect } from 'chai'
import { parseClientPublicKey } from '../../../lib/onion/identity/client-public-key.ts'

const P = 2n ** 255n - 19n

const littleEndian = (value: bigint): Uint8Array =>
  Uint8Array.from({ length: 32 }, (_, at) => Number((value >> BigInt(8 * at)) & 255n))

/** Whether another implementation refuses it. */
function isRefused(key: Uint8Array): boolean {
  try {
    x25519.getSharedSecret(x25519.utils.randomSecretKey(), key)
    return false
  } catch {
    return true // it says no more than this
  }
}

describe('The public key of a client', () => {
  it('is none that everybody shares a secret with, in whatever encoding, nor anything else than a key', () => {
    // The order of each divides 8, on the curve or on its twist (https://cr.yp.to/ecdh.html, "validation").
    const degenerate = [
      0n,
      1n,
      325606250916557431795983626356110631294008115727848805560023387167927233504n,
      39382357235489614581723060781553021112529911719440698176882885853963445705823n,
      P - 1n,
    ]
    const encodings = degenerate
      .flatMap((u) => [u, u + P])
      .filter((u) => u < 2n ** 255n)
      .flatMap((u) => [u, u + 2n ** 255n])
    expect(encodings).to.have.length(14)
    for (const key of encodings.map(littleEndian)) {
      expect(isRefused(key)).to.equal(true)
      expect(parseClientPublicKey(key)).to.equal(undefined)
    }
    for (const none of ['descriptor:x25519:abc', undefined, new Uint8Array(31)])
      expect(parseClientPublicKey(none)).to.equal(undefined)
  })

  it('is any other', () => {
    for (const u of [2n, 3n, 4n, 9n, P - 2n, P + 2n, P + 18n, 2n ** 255n + 2n]) {
      const key = littleEndian(u)
      expect(isRefused(key)).to.equal(false)
      expect(parseClientPublicKey(key)).to.deep.equal(key)
    }
  })
})
