import { expect } from 'chai'
import { currentPlatform } from '../../../../lib/platform/current.ts'
import { webPlatform } from '../../../../lib/platform/web.ts'
import { fc } from '../../../support/seed.ts'
import { sha256 } from '@noble/hashes/sha2.js'
import { encodeBase64, encodeHex } from '../../../../lib/directory/text/encoding.ts'

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

for (const [name, platform] of [
  ['this runtime', currentPlatform()],
  ['the web', webPlatform()],
] as const) {
  describe(`A hash by SHA-256 of ${name}`, () => {
    it('gives the digests of the standard', () => {
      // FIPS 180-4, the examples of NIST: nothing, one block, two, and a million of one letter.
      for (const [text, digest] of [
        ['', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
        ['abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
        [
          'abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq',
          '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
        ],
        ['a'.repeat(1_000_000), 'cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0'],
      ] as const) {
        const hash = platform.sha256Hash()
        hash.update(bytesOf(text))
        expect(encodeHex(hash.digest()).toLowerCase()).to.equal(digest)
      }
    })

    it('is the same however the bytes are cut, keeps none of them, and begins anew each time', () => {
      fc.assert(
        fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 8 }), (pieces) => {
          const whole = Uint8Array.from(pieces.flatMap((piece) => [...piece]))
          const hash = platform.sha256Hash()
          for (const piece of pieces) {
            hash.update(piece)
            piece.fill(0)
          }
          expect(encodeHex(hash.digest())).to.equal(encodeHex(sha256(whole)))
        }),
      )
    })
  })
}

describe('A digest by SHA-256 as text', () => {
  it('is base64 without padding, of what is short', function () {
    const { sha256Text, name } = currentPlatform()
    expect(sha256Text === undefined).to.equal(name === 'web')
    if (sha256Text === undefined) return // readers of documents make it of the hash
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(20), (bytes, start) => {
        const piece = bytes.subarray(start)
        expect(sha256Text(piece)).to.equal(encodeBase64(sha256(piece)))
      }),
    )
  })
})
