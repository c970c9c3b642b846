import { bytesToHex } from '@noble/hashes/utils.js'
import { expect } from 'chai'
import {
  FIRST_BLOCK,
  LARGEST_BLOCK,
  WebCryptoKeystream,
} from '../../../../lib/platform/crypto/ciphers/webcrypto-ctr.ts'
import type { CipherSubtle } from '../../../../lib/platform/crypto/ciphers/webcrypto-ctr.ts'
import { describeKeystream, referenceKeystream } from './support/keystream.ts'

describeKeystream('WebCryptoKeystream', (key) => new WebCryptoKeystream(key))

/** A request to WebCrypto that the spec answers when it likes. */
interface Request {
  readonly counter: string
  readonly size: number
  answer(): Promise<void>
  fail(error: unknown): void
}

/** A WebCrypto whose encryptions wait for the spec. */
function manualSubtle(): { subtle: CipherSubtle; requests: Request[]; arrived(count: number): Promise<void> } {
  const requests: Request[] = []
  const waiting: [count: number, resolve: () => void][] = []
  const real = crypto.subtle
  const encrypt = (algorithm: AesCtrParams, key: CryptoKey, data: Uint8Array<ArrayBuffer>): Promise<ArrayBuffer> =>
    new Promise((resolve, reject) => {
      requests.push({
        counter: bytesToHex(new Uint8Array(algorithm.counter as Uint8Array)),
        size: data.length,
        answer: async () => {
          resolve(await real.encrypt(algorithm, key, data))
          // The keystream takes it in before anything that the spec does next.
          await new Promise((turn) => setTimeout(turn))
        },
        fail: reject,
      })
      for (const [count, arrived] of waiting) if (requests.length >= count) arrived()
    })
  return {
    requests,
    subtle: { importKey: real.importKey.bind(real), encrypt },
    arrived: (count) =>
      new Promise((resolve) => {
        waiting.push([count, resolve])
        if (requests.length >= count) resolve()
      }),
  }
}

describe('WebCryptoKeystream', () => {
  it('has nothing until WebCrypto has answered, and begins by itself', async () => {
    const { subtle, requests, arrived } = manualSubtle()
    const keystream = new WebCryptoKeystream(new Uint8Array(16), subtle)
    expect(keystream.available).to.equal(0)
    expect(() => keystream.apply(new Uint8Array(1))).to.throw(RangeError, 'keystream')
    expect(keystream.apply(new Uint8Array(0))).to.have.length(0)
    await arrived(1)
    expect(requests[0]?.size).to.equal(FIRST_BLOCK)
    await requests[0]?.answer()
    expect(keystream.available).to.equal(FIRST_BLOCK)
  })

  it('takes nothing when it is asked for more than it has', async () => {
    const keystream = new WebCryptoKeystream(new Uint8Array(16))
    await keystream.refill(1)
    const { available } = keystream
    const data = new Uint8Array(available + 1).fill(3)
    expect(() => keystream.apply(data)).to.throw(RangeError, `${available + 1} bytes`)
    expect(keystream.available).to.equal(available)
    expect(data.every((byte) => byte === 3)).to.equal(true)
  })

  it('makes no more while more than half a block is left', async () => {
    const { subtle, requests, arrived } = manualSubtle()
    const keystream = new WebCryptoKeystream(new Uint8Array(16), subtle)
    await arrived(1)
    await requests[0]?.answer()
    keystream.apply(new Uint8Array(FIRST_BLOCK / 2))
    expect(requests).to.have.length(1)
    keystream.apply(new Uint8Array(1))
    await arrived(2)
    expect(keystream.available).to.equal(FIRST_BLOCK / 2 - 1)
  })

  it('makes larger blocks while it is used, up to a limit, one at a time and without gaps', async () => {
    const { subtle, requests, arrived } = manualSubtle()
    const keystream = new WebCryptoKeystream(new Uint8Array(16), subtle)
    let total = 0
    let largest = 0
    for (let round = 1; round <= 12; round++) {
      await arrived(round)
      const request = requests[round - 1] as Request
      expect(requests).to.have.length(round)
      expect(request.counter).to.equal((total / 16).toString(16).padStart(32, '0'))
      expect(request.size).to.equal(Math.min(FIRST_BLOCK * 2 ** (round - 1), LARGEST_BLOCK))
      total += request.size
      await request.answer()
      largest = Math.max(largest, keystream.available)
      // As one would: in pieces, all that there is.
      while (keystream.available > 0) keystream.apply(new Uint8Array(Math.min(keystream.available, 10_000)))
    }
    expect(largest).to.be.at.most(1.5 * LARGEST_BLOCK)
  })

  it('resolves a refill only when all of it is there, also when it is more than a block', async () => {
    const { subtle, requests, arrived } = manualSubtle()
    const keystream = new WebCryptoKeystream(new Uint8Array(16), subtle)
    const wanted = LARGEST_BLOCK + 100_000
    let done = false
    const refill = keystream.refill(wanted).then(() => {
      done = true
    })
    for (let index = 0; !done; index++) {
      expect(keystream.available).to.be.below(wanted)
      await arrived(index + 1)
      await requests[index]?.answer()
    }
    await refill
    expect(requests).to.have.length(3)
    expect(keystream.available).to.be.at.least(wanted)
  })

  it('resolves refills that are asked for at the same time', async () => {
    const key = crypto.getRandomValues(new Uint8Array(16))
    const keystream = new WebCryptoKeystream(key)
    await Promise.all([keystream.refill(10), keystream.refill(100_000), keystream.refill(0)])
    expect(keystream.available).to.be.at.least(100_000)
    expect(keystream.apply(new Uint8Array(100_000))).to.deep.equal(await referenceKeystream(key, 100_000))
  })

  for (const failing of ['importKey', 'encrypt'] as const) {
    it(`rejects every refill with the error of ${failing}, and leaves no rejection unhandled`, async () => {
      const error = new Error('no cipher here')
      const subtle = {
        importKey: () => (failing === 'importKey' ? Promise.reject(error) : Promise.resolve({} as CryptoKey)),
        encrypt: () => Promise.reject(error),
      } as unknown as CipherSubtle
      const keystream = new WebCryptoKeystream(new Uint8Array(16), subtle)
      for (const bytes of [1, 1_000_000]) {
        expect(await keystream.refill(bytes).catch((reason: unknown) => reason)).to.equal(error)
      }
      expect(keystream.available).to.equal(0)
    })
  }

  it('rejects refills where there is no WebCrypto, as in an insecure context', async () => {
    const keystream = new WebCryptoKeystream(new Uint8Array(16), null as unknown as CipherSubtle)
    expect(await keystream.refill(1).catch((reason: unknown) => reason)).to.be.instanceOf(TypeError)
  })

  it('can still be used up after a failure', async () => {
    const { subtle, requests, arrived } = manualSubtle()
    const keystream = new WebCryptoKeystream(new Uint8Array(16), subtle)
    await arrived(1)
    await requests[0]?.answer()
    keystream.apply(new Uint8Array(FIRST_BLOCK - 100))
    await arrived(2)
    const error = new Error('gone')
    const refill = keystream.refill(101).catch((reason: unknown) => reason)
    requests[1]?.fail(error)
    expect(await refill).to.equal(error)
    await keystream.refill(100)
    expect(keystream.apply(new Uint8Array(100))).to.have.length(100)
    expect(() => keystream.apply(new Uint8Array(1))).to.throw(RangeError)
    expect(requests).to.have.length(2)
  })
})
