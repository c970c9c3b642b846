import { expect } from 'chai'
import { nativeGcm } from '../../../../lib/platform/crypto/ciphers/native-aead.ts'
import { fc } from '../../../support/seed.ts'

describe('AES-GCM of the runtime', () => {
  const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
  const sealed = fc.record({
    key: fc.oneof(bytes(16), bytes(32)),
    iv: bytes(12),
    header: bytes(5),
    content: fc.uint8Array({ maxLength: 600 }),
  })

  it('seals as WebCrypto does, and opens what it sealed', async () => {
    await fc.assert(
      fc.asyncProperty(sealed, async ({ key, iv, header, content }) => {
        const gcm = nativeGcm(key)
        const imported = await crypto.subtle.importKey('raw', new Uint8Array(key), 'AES-GCM', false, ['encrypt'])
        const algorithm = { name: 'AES-GCM', iv: new Uint8Array(iv), additionalData: new Uint8Array(header) }
        const right = new Uint8Array(await crypto.subtle.encrypt(algorithm, imported, new Uint8Array(content)))
        expect(gcm.seal(iv, header, content)).to.deep.equal(right)
        expect(gcm.open(iv, header, right)).to.deep.equal(content)
      }),
    )
  })

  it('opens nothing that was altered, shortened or bound to something else', () => {
    fc.assert(
      fc.property(sealed, fc.nat(), ({ key, iv, header, content }, place) => {
        const gcm = nativeGcm(key)
        const right = gcm.seal(iv, header, content)
        const altered = new Uint8Array(right)
        altered[place % right.length] = (altered[place % right.length] as number) ^ (1 << (place % 8))
        expect(gcm.open(iv, header, altered)).to.equal(undefined)
        expect(gcm.open(iv, header, right.subarray(0, place % right.length))).to.equal(undefined)
        expect(gcm.open(iv, header.subarray(1), right)).to.equal(undefined)
        const other = Uint8Array.from(iv, (byte) => byte ^ 1)
        expect(gcm.open(other, header, right)).to.equal(undefined)
      }),
    )
  })
})
