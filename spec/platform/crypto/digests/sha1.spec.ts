import { sha1 } from '@noble/hashes/legacy.js'
import { expect } from 'chai'
import { Sha1RunningDigest } from '../../../../lib/platform/crypto/digests/sha1.ts'
import { referenceSha1 } from './support/reference-sha1.ts'
import { describeRunningDigest } from './support/running-digest.ts'

describeRunningDigest('Sha1RunningDigest', (seed) => new Sha1RunningDigest(seed))

describe('Sha1RunningDigest', () => {
  it('hashes cells that are full of ones, zeros and signs', () => {
    const digest = new Sha1RunningDigest(new Uint8Array(20).fill(0xff))
    const reference = referenceSha1().update(new Uint8Array(20).fill(0xff))
    for (const byte of [0xff, 0x00, 0x80, 0x7f, 0x01]) {
      const cell = new Uint8Array(509).fill(byte).fill(0, 5, 9)
      reference.update(cell)
      digest.seal(cell, 0)
      expect(digest.tag()).to.deep.equal(reference.clone().digest())
    }
  })

  it('takes the longest seed that its buffer holds and refuses a longer one', () => {
    const seed = new Uint8Array(1024 - 72).fill(1)
    expect(new Sha1RunningDigest(seed).tag()).to.deep.equal(sha1(seed))
    expect(() => new Sha1RunningDigest(new Uint8Array(1024 - 71))).to.throw(RangeError, '"seed"')
  })
})
