import { bytesToHex } from '@noble/hashes/utils.js'
import { expect } from 'chai'
import { fc } from '../../../support/seed.ts'
import { TorError } from '../../../../lib/base/errors.ts'
import { builtinModule, hasBuiltinModules } from '../../../../lib/platform/runtime/builtin.ts'
import { currentPlatform } from '../../../../lib/platform/current.ts'
import { nativeRsaPublic } from '../../../../lib/platform/crypto/rsa/native-rsa.ts'
import type { RsaModule } from '../../../../lib/platform/crypto/rsa/native-rsa.ts'
import { rsaPublic } from '../../../../lib/platform/crypto/rsa/rsa.ts'

type RsaPublic = (signature: Uint8Array, modulus: Uint8Array, exponent: Uint8Array) => Uint8Array

const implementations: [name: string, rsa: RsaPublic][] = [['rsaPublic', rsaPublic]]
if (hasBuiltinModules() && currentPlatform().name !== 'deno') {
  const crypto = builtinModule<RsaModule>('node:crypto')
  implementations.push(['nativeRsaPublic', (...input) => nativeRsaPublic(crypto, ...input)])
}

const F4 = Uint8Array.of(1, 0, 1)

function fromBase64url(text: string): Uint8Array<ArrayBuffer> {
  const base64 = text.replaceAll('-', '+').replaceAll('_', '/')
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
}

/** A key of this many bits and a signature by it over SHA-256, with PKCS #1 v1.5 padding. */
async function signed(bits: number): Promise<{ modulus: Uint8Array; signature: Uint8Array; padded: string }> {
  const algorithm = { name: 'RSASSA-PKCS1-v1_5', modulusLength: bits, publicExponent: F4, hash: 'SHA-256' }
  const { publicKey, privateKey } = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const message = Uint8Array.of(1, 2, 3)
  const signature = new Uint8Array(await crypto.subtle.sign('RSASSA-PKCS1-v1_5', privateKey, message))
  const jwk = await crypto.subtle.exportKey('jwk', publicKey)
  const digest = bytesToHex(new Uint8Array(await crypto.subtle.digest('SHA-256', message)))
  const info = '3031300d060960864801650304020105000420'
  const filler = 'ff'.repeat(bits / 8 - 3 - (info.length + digest.length) / 2)
  return { modulus: fromBase64url(jwk.n as string), signature, padded: `0001${filler}00${info}${digest}` }
}

function expectCertsError(action: () => unknown): void {
  let error: unknown
  try {
    action()
  } catch (thrown) {
    error = thrown
  }
  expect(error).to.be.instanceOf(TorError)
  expect((error as TorError).code).to.equal('LINK_CERTS')
}

for (const [name, rsa] of implementations) {
  describe(name, () => {
    for (const bits of [1024, 2048, 4096]) {
      it(`opens a signature of ${bits} bits`, async function () {
        const { modulus, signature, padded } = await signed(bits)
        expect(bytesToHex(rsa(signature, modulus, F4))).to.equal(padded)
      })
    }

    it('accepts the leading zeros of DER in the key', async () => {
      const { modulus, signature, padded } = await signed(1024)
      const der = new Uint8Array(modulus.length + 1)
      der.set(modulus, 1)
      expect(bytesToHex(rsa(signature, der, Uint8Array.of(0, 1, 0, 1)))).to.equal(padded)
    })

    it('gives as many bytes as the modulus has, leading zeros included', async () => {
      const { modulus } = await signed(1024)
      for (const value of [0, 1]) {
        const signature = new Uint8Array(128)
        signature[127] = value
        expect(rsa(signature, modulus, F4)).to.deep.equal(signature)
      }
    })

    it('returns bytes of its own, no view of a pool', async () => {
      const { modulus, signature } = await signed(1024)
      const result = rsa(signature, modulus, F4)
      expect(Object.getPrototypeOf(result)).to.equal(Uint8Array.prototype)
      expect(result.buffer.byteLength).to.equal(128)
    })

    it('refuses a signature that is not below the modulus or has another length', async () => {
      const { modulus, signature } = await signed(1024)
      for (const bad of [
        modulus,
        new Uint8Array(128).fill(0xff),
        signature.subarray(1),
        new Uint8Array(129),
        new Uint8Array(0),
      ]) {
        expectCertsError(() => rsa(bad, modulus, F4))
      }
    })

    it('refuses keys that are no keys', async () => {
      const { modulus, signature } = await signed(1024)
      const even = new Uint8Array(modulus)
      even[127] = (even[127] as number) & 0xfe
      for (const bad of [
        new Uint8Array(0),
        new Uint8Array(128),
        even,
        Uint8Array.of(1),
        new Uint8Array(513).fill(0xff),
      ]) {
        expectCertsError(() => rsa(new Uint8Array(bad.length), bad, F4))
        expectCertsError(() => rsa(signature, bad, F4))
      }
      for (const bad of [[], [0], [1], [2], [0, 0, 1], [1, 0, 0], Array<number>(9).fill(0xff)]) {
        expectCertsError(() => rsa(signature, modulus, Uint8Array.from(bad)))
      }
    })

    it('gives bytes or its own error, whatever comes', () => {
      const bytes = fc.uint8Array({ maxLength: 24 })
      fc.assert(
        fc.property(bytes, bytes, fc.uint8Array({ maxLength: 4 }), (signature, modulus, exponent) => {
          try {
            expect(rsa(signature, modulus, exponent)).to.have.length(signature.length)
          } catch (error) {
            expect(error).to.be.instanceOf(TorError)
          }
        }),
      )
    })
  })
}
