/** What every running digest must do: a suite for any implementation. */
import { sha3_256 } from '@noble/hashes/sha3.js'
import { bytesToHex } from '@noble/hashes/utils.js'
import { expect } from 'chai'
import { fc } from '../../../../support/seed.ts'
import { DIGEST } from '../../../../../lib/cell/relay/relay-cell-v0.ts'
import { BODY_SIZE } from '../../../../../lib/cell/body-size.ts'
import type { RunningDigest } from '../../../../../lib/platform/crypto/digests/running-digest.ts'
import { referenceSha1 } from './reference-sha1.ts'

/** FIPS 180-4 and NIST's example values for SHA-1, as ASCII messages. */
const fipsVectors = [
  ['', 'da39a3ee5e6b4b0d3255bfef95601890afd80709'],
  ['abc', 'a9993e364706816aba3e25717850c26c9cd0d89d'],
  ['abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq', '84983e441c3bd26ebaae4aa1f95129e5e54670f1'],
] as const

/** A hash to hold a digest against; tags are its first 20 bytes. */
interface Reference {
  update(bytes: Uint8Array): Reference
  clone(): Reference
  digest(): Uint8Array
}

/** A digest of another make, and published values of it. */
export interface DigestReference {
  readonly vectors: readonly (readonly [message: string, digest: string])[]
  start(): Reference
}

export const SHA1: DigestReference = { vectors: fipsVectors, start: referenceSha1 }

/** NIST's example values for SHA3-256, to 20 bytes. */
export const SHA3: DigestReference = {
  vectors: [
    ['', 'a7ffc6f8bf1ed76651c14756a061d662f580ff4d'],
    ['abc', '3a985da74fe225b2045c172d6bd390bd855f086e'],
    ['abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq', '41c0dba2a9d6240849100376a8235e2c82e1b999'],
  ],
  start: () => sha3_256.create(),
}

const firstPart = (digest: Uint8Array): Uint8Array => digest.subarray(0, 20)

const randomCell = (): Uint8Array => crypto.getRandomValues(new Uint8Array(BODY_SIZE))

const withoutDigest = (cell: Uint8Array): Uint8Array => new Uint8Array(cell).fill(0, DIGEST, DIGEST + 4)

/** Declares the suite for digests that `make` makes of a seed. */
export function describeRunningDigest(
  name: string,
  make: (seed: Uint8Array) => RunningDigest,
  { vectors, start }: DigestReference = SHA1,
): void {
  describe(`${name} as a running digest`, () => {
    for (const [message, digest] of vectors) {
      it(`has the published digest of "${message.slice(0, 12)}" as its tag before any cell`, () => {
        expect(bytesToHex(make(new TextEncoder().encode(message)).tag())).to.equal(digest)
      })
    }

    it('takes in seeds of any length', () => {
      for (let length = 0; length <= 200; length++) {
        const seed = crypto.getRandomValues(new Uint8Array(length))
        expect(bytesToHex(make(seed).tag())).to.equal(bytesToHex(firstPart(start().update(seed).digest())))
      }
    })

    it('seals each cell with the digest of the seed and of all cells so far, their digest fields zero', () => {
      const seed = crypto.getRandomValues(new Uint8Array(20))
      const digest = make(seed)
      const reference = start().update(seed)
      // Enough for every position within a block of 64 bytes, and for the lengths that need a second block of padding.
      for (let index = 0; index < 150; index++) {
        const cell = withoutDigest(randomCell())
        const plain = new Uint8Array(cell)
        digest.seal(cell, 0)
        const expected = firstPart(reference.update(plain).clone().digest())
        expect(bytesToHex(digest.tag())).to.equal(bytesToHex(expected))
        expect(bytesToHex(cell.subarray(DIGEST, DIGEST + 4))).to.equal(bytesToHex(expected.subarray(0, 4)))
        expect(bytesToHex(withoutDigest(cell))).to.equal(bytesToHex(plain))
      }
    })

    it('verifies what another has sealed, in any mixture with cells that are forged, and forgets the forged ones', () => {
      const steps = fc.array(fc.oneof(fc.constant(-1), fc.nat({ max: BODY_SIZE * 8 - 1 })), { maxLength: 40 })
      fc.assert(
        fc.property(steps, fc.nat({ max: 9 }), (bits, lead) => {
          const seed = crypto.getRandomValues(new Uint8Array(20))
          const sender = make(seed)
          const receiver = make(seed)
          for (const bit of bits) {
            const cell = new Uint8Array(lead + BODY_SIZE + 5)
            cell.set(withoutDigest(randomCell()), lead)
            sender.seal(cell, lead)
            const tag = bytesToHex(receiver.tag())
            if (bit >= 0) {
              const forged = new Uint8Array(cell)
              const at = lead + (bit >> 3)
              forged[at] = (forged[at] as number) ^ (1 << (bit & 7))
              const before = bytesToHex(forged)
              expect(receiver.verify(forged, lead)).to.equal(false)
              expect(bytesToHex(forged)).to.equal(before)
              expect(bytesToHex(receiver.tag())).to.equal(tag)
            }
            const before = bytesToHex(withoutDigest(cell.subarray(lead)))
            expect(receiver.verify(cell, lead)).to.equal(true)
            expect(bytesToHex(receiver.tag())).to.equal(bytesToHex(sender.tag()))
            expect(bytesToHex(withoutDigest(cell.subarray(lead)))).to.equal(before)
          }
        }),
        { numRuns: 30 },
      )
    })

    it('forgets a forged cell after any number of good ones, and a second one at once, those that it sealed itself among them', () => {
      const seed = crypto.getRandomValues(new Uint8Array(20))
      const sender = make(seed)
      const receiver = make(seed)
      for (let index = 0; index < 70; index++) {
        const cell = withoutDigest(randomCell())
        const isOwn = index % 23 === 22
        if (isOwn) receiver.seal(new Uint8Array(cell), 0)
        sender.seal(cell, 0)
        for (let forgeries = 0; forgeries < index % 3; forgeries++)
          expect(receiver.verify(withoutDigest(randomCell()), 0)).to.equal(false)
        if (!isOwn) expect(receiver.verify(cell, 0)).to.equal(true)
        expect(bytesToHex(receiver.tag())).to.equal(bytesToHex(sender.tag()))
      }
    })

    it('refuses a cell that is replayed, and one that comes before its turn', () => {
      const sender = make(new Uint8Array(20))
      const receiver = make(new Uint8Array(20))
      const [first, second] = [randomCell(), randomCell()].map(withoutDigest) as [Uint8Array, Uint8Array]
      sender.seal(first, 0)
      sender.seal(second, 0)
      expect(receiver.verify(second, 0)).to.equal(false)
      expect(receiver.verify(first, 0)).to.equal(true)
      expect(receiver.verify(first, 0)).to.equal(false)
      expect(receiver.verify(second, 0)).to.equal(true)
    })

    it('touches nothing but the digest field of the cell at the offset', () => {
      const digest = make(new Uint8Array(20))
      const bodies = crypto.getRandomValues(new Uint8Array(3 * BODY_SIZE))
      bodies.fill(0, BODY_SIZE + DIGEST, BODY_SIZE + DIGEST + 4)
      const before = new Uint8Array(bodies)
      digest.seal(bodies, BODY_SIZE)
      before.set(bodies.subarray(BODY_SIZE + DIGEST, BODY_SIZE + DIGEST + 4), BODY_SIZE + DIGEST)
      expect(bodies).to.deep.equal(before)
    })

    it('gives a fresh tag each time', () => {
      const digest = make(new Uint8Array(20))
      const tag = digest.tag()
      tag.fill(0xff)
      expect(digest.tag()).to.not.deep.equal(tag)
      const kept = digest.tag()
      const copy = new Uint8Array(kept)
      digest.seal(withoutDigest(randomCell()), 0)
      expect(kept).to.deep.equal(copy)
    })
  })
}
