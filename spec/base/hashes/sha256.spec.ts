import { expect } from 'chai'
import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js'
import { Sha256, sha256 } from '../../../lib/base/hashes/sha256.ts'

describe('SHA-256', () => {
  it('is that of another implementation for every length up to three blocks, in one piece and in two', () => {
    const bytes = Uint8Array.from({ length: 192 }, (_, at) => at * 7 + 1)
    for (let length = 0; length <= bytes.length; length++) {
      const message = bytes.subarray(0, length)
      const expected = nobleSha256(message)
      expect(sha256(message), `${length}`).to.deep.equal(expected)
      const cut = (length * 5) % (length + 1)
      const inTwo = new Sha256().update(message.subarray(0, cut)).update(message.subarray(cut))
      expect(inTwo.digest(), `${length} at ${cut}`).to.deep.equal(expected)
    }
  })

  it('takes many blocks that begin anywhere in their buffer, while another hash is being fed', () => {
    const buffer = Uint8Array.from({ length: 1000 }, (_, at) => at * 31)
    for (let from = 0; from < 70; from++) {
      const [one, other] = [new Sha256(), new Sha256()]
      for (let at = from; at < buffer.length; at += 97) {
        one.update(buffer.subarray(at, at + 97))
        other.update(buffer.subarray(0, at))
      }
      expect(one.digest(), `${from}`).to.deep.equal(nobleSha256(buffer.subarray(from)))
      expect(other.digest()).not.to.deep.equal(nobleSha256(buffer))
    }
  })
})
