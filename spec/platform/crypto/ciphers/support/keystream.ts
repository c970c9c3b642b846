/** What every keystream must do: a suite for any implementation. */
import { bytesToHex } from '@noble/hashes/utils.js'
import { expect } from 'chai'
import { fc } from '../../../../support/seed.ts'
import type { Keystream } from '../../../../../lib/platform/crypto/ciphers/keystream.ts'

/** The first `length` bytes of AES-128 in counter mode from a zero counter. */
export async function referenceKeystream(key: Uint8Array<ArrayBuffer>, length: number): Promise<Uint8Array> {
  const imported = await crypto.subtle.importKey('raw', key, 'AES-CTR', false, ['encrypt'])
  const algorithm = { name: 'AES-CTR', counter: new Uint8Array(16), length: 128 }
  return new Uint8Array(await crypto.subtle.encrypt(algorithm, imported, new Uint8Array(length)))
}

/** Takes `length` bytes of keystream, after a refill where it needs one. */
export async function take(keystream: Keystream, length: number): Promise<Uint8Array> {
  if (keystream.available < length) await keystream.refill(length)
  return new Uint8Array(keystream.apply(new Uint8Array(length)))
}

/** Declares the suite for keystreams that `make` makes of a key. */
export function describeKeystream(name: string, make: (key: Uint8Array) => Keystream): void {
  describe(`${name} as a keystream`, () => {
    it('begins with the encryption of a zero counter', async () => {
      // AES-128 of a zero block under a zero key (FIPS 197 implementations agree; NIST AESAVS, KAT).
      expect(bytesToHex(await take(make(new Uint8Array(16)), 16))).to.equal('66e94bd4ef8a2c3b884cfa59ca342b2e')
    })

    it('gives the same keystream in whatever pieces it is taken', async () => {
      const sizes = fc.array(fc.oneof(fc.nat({ max: 40 }), fc.constant(509), fc.integer({ min: 0, max: 20_000 })), {
        maxLength: 12,
      })
      await fc.assert(
        fc.asyncProperty(sizes, fc.nat({ max: 7 }), async (lengths, lead) => {
          const key = crypto.getRandomValues(new Uint8Array(16))
          const keystream = make(key)
          const reference = await referenceKeystream(
            key,
            lengths.reduce((sum, length) => sum + length, 0),
          )
          let at = 0
          for (const length of lengths) {
            if (keystream.available < length) await keystream.refill(length)
            expect(keystream.available).to.be.at.least(length)
            const around = crypto.getRandomValues(new Uint8Array(lead + length + 3))
            const before = new Uint8Array(around)
            const result = keystream.apply(around.subarray(lead, lead + length))
            const expected = reference.slice(at, at + length)
            expected.forEach((byte, index) => {
              expected[index] = byte ^ (before[lead + index] as number)
            })
            at += length
            expect(bytesToHex(result)).to.equal(bytesToHex(expected))
            // In place or not: nothing around the data changes.
            expect(around.subarray(0, lead)).to.deep.equal(before.subarray(0, lead))
            expect(around.subarray(lead + length)).to.deep.equal(before.subarray(lead + length))
          }
        }),
        { numRuns: 25 },
      )
    })

    it('is not disturbed when the caller overwrites the key', async () => {
      const key = crypto.getRandomValues(new Uint8Array(16))
      const reference = await referenceKeystream(key, 5000)
      const keystream = make(key)
      key.fill(0)
      expect(await take(keystream, 5000)).to.deep.equal(reference)
    })

    it('gives a megabyte at once', async () => {
      const key = crypto.getRandomValues(new Uint8Array(16))
      const length = 1024 * 1024 + 5
      const keystream = make(key)
      await take(keystream, 3)
      const bytes = await take(keystream, length - 3)
      expect(bytesToHex(bytes.subarray(-64))).to.equal(
        bytesToHex((await referenceKeystream(key, length)).subarray(-64)),
      )
    })
  })
}
