import { expect } from 'chai'
import { fc } from '../support/seed.ts'
import { decodeCerts } from '../../lib/cell/channel/certs-cell.ts'
import { isSelfSigned, parseX509, rsaIdentityOf } from '../../lib/channel/x509.ts'
import { TorError } from '../../lib/base/errors.ts'
import { expectMalformed, expectTotal, hex } from '../cell/support/bytes.ts'
import { platform } from './support/relay-side.ts'
import { CERTS_BODY, RSA_IDENTITY, TLS_CERTIFICATE } from './vectors/recorded-relay.ts'

const certificateOf = (type: number): Uint8Array =>
  decodeCerts(CERTS_BODY).find((cert) => cert.type === type)?.bytes as Uint8Array

/**
 * Made by `openssl req -x509 -sha1 -newkey rsa:1024`; the key's SHA-1 by `openssl rsa -RSAPublicKey_out` and `sha1sum`.
 */
const SHA1_CERTIFICATE = hex(`
  308201f13082015aa00302010202014d300d06092a864886f70d010105050030143112301006035504030c09736861312e74657374301e170d323631
  3132323138333334355a170d3336313131393138333334355a30143112301006035504030c09736861312e7465737430819f300d06092a864886f70d
  010101050003818d0030818902818100ba3cf3910394a2abaa1f44588a82129dd320fe6c3d0524802e7b11c0645ad580a497d351b1697c593e8b3077
  d4ce9f8c6e7f36b13ef9df4fa4451093adfbab04e0688314b5852bf5e2c8c6fa3393e4f11fae819cde2aad0f8a95d17a6c6cbbde2781cb88703e7776
  2c7d0b3011be6ea36dc264bbac69ec38a71522163c1bcde50203010001a3533051301d0603551d0e0416041424df8b0df4fe7f337e249a3dfd8e4ac7
  24bd51dc301f0603551d2304183016801424df8b0df4fe7f337e249a3dfd8e4ac724bd51dc300f0603551d130101ff040530030101ff300d06092a86
  4886f70d010105050003818100315aa17b74f357ab1c858ab5c03da7af96e954202dd5bf11207b3f74c329c53b0fa89720ab8d7bd1448d2c353926be
  2553e7e321a3b38cf87b2618cc2de49a0b4d47592ebbae3b752deba4b264f127c9078698720dd788f26225d5db63b4ddd473e6b8b47dc211e8f6a7b9
  dbaf9f2922872cd7a3a1be7b7ac359bbc538e95f38`)

describe('X.509 certificates', () => {
  it('give the identity of a real relay', () => {
    const certificate = parseX509(certificateOf(2))
    expect(rsaIdentityOf(certificate.key)).to.deep.equal(RSA_IDENTITY)
    expect(certificate.key.modulus.length).to.equal(128)
    expect(certificate.key.exponent).to.deep.equal(hex('010001'))
    expect(isSelfSigned(certificate, platform)).to.equal(true)
    expect(certificate.notAfter - certificate.notBefore).to.equal(365 * 86_400_000)
  })

  it('signed with SHA-1, and with extensions, are read too', () => {
    const certificate = parseX509(SHA1_CERTIFICATE)
    expect(rsaIdentityOf(certificate.key)).to.deep.equal(hex('24df8b0df4fe7f337e249a3dfd8e4ac724bd51dc'))
    expect(isSelfSigned(certificate, platform)).to.equal(true)
    expect(certificate.notBefore).to.equal(Date.UTC(2026, 10, 22, 18, 33, 45))
    expect(certificate.notAfter).to.equal(Date.UTC(2036, 10, 19, 18, 33, 45))
  })

  it('that another key signed are not self-signed', () => {
    // The TLS certificate and type 1 certify a key of 2048 bits, and are signed with a key of 1024.
    for (const bytes of [TLS_CERTIFICATE, certificateOf(1)])
      expect(isSelfSigned(parseX509(bytes), platform)).to.equal(false)
    const [one, other] = [parseX509(certificateOf(2)), parseX509(SHA1_CERTIFICATE)]
    expect(isSelfSigned({ ...one, key: other.key }, platform)).to.equal(false)
    expect(isSelfSigned({ ...one, signature: other.signature }, platform)).to.equal(false)
    expect(isSelfSigned({ ...one, signatureAlgorithm: other.signatureAlgorithm }, platform)).to.equal(false)
    expect(isSelfSigned({ ...one, signatureAlgorithm: '2a864886f70d010104' }, platform)).to.equal(false)
  })

  it('with a signature that is no number below the modulus are not self-signed', () => {
    const certificate = parseX509(certificateOf(2))
    for (const signature of [
      new Uint8Array(128).fill(0xff),
      new Uint8Array(128),
      new Uint8Array(0),
      new Uint8Array(127),
      new Uint8Array(129),
    ]) {
      expect(isSelfSigned({ ...certificate, signature }, platform)).to.equal(false)
    }
  })

  it('are malformed wherever they are cut short, or go on', () => {
    for (const bytes of [certificateOf(2), SHA1_CERTIFICATE]) {
      for (let length = 0; length < bytes.length; length++) expectMalformed(() => parseX509(bytes.subarray(0, length)))
      expectMalformed(() => parseX509(Uint8Array.of(...bytes, 0)))
    }
  })

  it('prove nothing when any bit of them is changed', () => {
    for (const original of [certificateOf(2), SHA1_CERTIFICATE]) {
      fc.assert(
        fc.property(fc.nat(original.length - 1), fc.nat(7), (at, bit) => {
          const bytes = original.slice()
          bytes[at] = (bytes[at] as number) ^ (1 << bit)
          let proved: boolean
          try {
            proved = isSelfSigned(parseX509(bytes), platform)
          } catch (error) {
            expect(error).to.be.instanceOf(TorError)
            expect((error as TorError).code).to.equal('CELL_MALFORMED')
            proved = false
          }
          expect(proved).to.equal(false)
        }),
        { numRuns: 300 },
      )
    }
  })

  it('are read totally', () => {
    expectTotal(parseX509)
  })
})
