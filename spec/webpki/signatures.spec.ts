import { expect } from 'chai'
import {
  derBitString,
  derInteger,
  derNull,
  derObjectId,
  derSequence,
  derValue,
} from '../../lib/testing/identity/der.ts'
import { generateRsaKey } from '../../lib/testing/identity/rsa-key.ts'
import { hex } from '../cell/support/bytes.ts'
import { authority, certify, root, server, verdict, type Issued } from './support/certificates.ts'
import { authorityExtensions } from './support/certificates.ts'
import { commonName } from './support/extensions.ts'
import { ALGORITHMS, keyOf, pssAlgorithm, type Scheme, type TestKey } from './support/keys.ts'

const RSA = derObjectId(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01)
const EC = derObjectId(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01)
const P256 = derObjectId(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07)
const SHA1 = derSequence(hex('06052b0e03021a'), derNull)

/** An RSA key of these bits; nobody knows its other half. */
function rsaSpki(bits: number, exponent: readonly number[] = [1, 0, 1]): Uint8Array {
  const modulus = new Uint8Array(Math.ceil(bits / 8)).fill(0xff)
  modulus[0] = 0xff >> (8 * modulus.length - bits)
  const key = derSequence(derInteger(modulus), derInteger(Uint8Array.from(exponent)))
  return derSequence(derSequence(RSA, derNull), derBitString(key))
}

describe('The signatures of a chain', () => {
  let top: Issued
  let middle: Issued

  before(async () => {
    top = await root()
    middle = await authority(top, 'middle')
  })

  for (const scheme of Object.keys(ALGORITHMS) as Scheme[]) {
    it(`are good when made by ${scheme}, and not when a bit of them or of what they sign is another`, async () => {
      const key = await keyOf('signer', scheme)
      const signer = await authority(top, 'signer', {}, key)
      const own = await server(signer)
      expect(await verdict([own, signer], [top])).to.equal('accepted')
      expect(await verdict([await server(middle, {}, key), middle], [top])).to.equal('accepted')
      const changed = own.der.slice()
      changed[changed.length - 5] = (changed[changed.length - 5] as number) ^ 1
      expect(await verdict([{ der: changed }, signer], [top])).to.equal('signature')
      const other = own.der.slice()
      const subject = new TextDecoder('latin1').decode(other).indexOf('server')
      other[subject] = (other[subject] as number) ^ 1
      expect(await verdict([{ der: other }, signer], [top])).to.equal('signature')
    })
  }

  it('are of the kind of the key', async () => {
    const rsa = await authority(top, 'rsa', {}, await keyOf('signer', 'rsa-sha256'))
    for (const [issuer, algorithm] of [
      [middle, ALGORITHMS['rsa-sha256']],
      [middle, pssAlgorithm()],
      [middle, ALGORITHMS['ecdsa-p384-sha384']],
      [rsa, ALGORITHMS['ecdsa-p256-sha256']],
      [rsa, ALGORITHMS['pss-sha256']],
      [rsa, ALGORITHMS['rsa-sha512']],
    ] as const) {
      expect(await verdict([await server(issuer, { algorithm }), issuer], [top])).to.equal('signature')
    }
  })

  for (const [what, algorithm] of [
    ['SHA-1 with RSA', derSequence(hex('06092a864886f70d010105'), derNull)],
    ['MD5 with RSA', derSequence(hex('06092a864886f70d010104'), derNull)],
    ['SHA-1 with ECDSA', derSequence(hex('06072a8648ce3d0401'))],
    ['SHA-224 with ECDSA', derSequence(hex('06082a8648ce3d040301'))],
    ['DSA', derSequence(hex('0609608648016503040302'))],
    ['Ed25519', derSequence(hex('06032b6570'))],
    ['an algorithm that nobody knows', derSequence(hex('06022a03'))],
    ['RSA-PSS with another hash in its mask', pssAlgorithm({ maskHash: SHA1 })],
    ['RSA-PSS with another salt', pssAlgorithm({ salt: 20 })],
    ['RSA-PSS by default: SHA-1', derSequence(hex('06092a864886f70d01010a'), derSequence())],
  ] as const) {
    it(`are not good when they are of ${what}`, async () => {
      expect(await verdict([await server(middle, { algorithm }), middle], [top])).to.equal('signature')
      const step = await authority(top, 'middle', { algorithm })
      expect(await verdict([await server(middle), step], [top])).to.equal('signature')
    })
  }

  for (const [what, parameters] of [
    ['no parameters', new Uint8Array()],
    ['parameters that are none', derNull],
    ['more behind its mask', derSequence(hex('a111 300f 06092a864886f70d010108 0500 0500'))],
    ['a hash of two parts', derSequence(hex('a011 300f 0609608648016503040201 0500 0500'))],
    ['a null that is none', derSequence(hex('a010 300e 0609608648016503040201 050100'))],
  ] as const) {
    it(`are malformed when RSA-PSS has ${what}`, async () => {
      const algorithm = derSequence(hex('06092a864886f70d01010a'), parameters)
      expect(await verdict([await server(middle, { algorithm }), middle], [top])).to.equal('malformed')
    })
  }

  it('are in strict DER where they are two numbers', async () => {
    const odd = (change: (signature: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>): TestKey => ({
      ...middle.key,
      sign: async (message) => change(await middle.key.sign(message)),
    })
    for (const change of [
      () => new Uint8Array(),
      () => new Uint8Array(64),
      () => derSequence(derInteger(Uint8Array.of(0)), derInteger(Uint8Array.of(0))),
      (signature) => derSequence(signature.subarray(2), derNull),
      (signature) => Uint8Array.from([...signature, 0]),
      (signature) => signature.slice(0, -1),
      (signature) => derSequence(derValue(0x02, Uint8Array.of(0, 0, 1)), signature.subarray(2)),
    ] as ((signature: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>)[]) {
      const own = await server({ ...middle, key: odd(change) })
      expect(await verdict([own, middle], [top])).to.equal('signature')
    }
  })

  for (const [what, spki, expected] of [
    ['RSA of 2,048 bits', rsaSpki(2_048), 'accepted'],
    ['RSA of 3,072 bits with exponent 3', rsaSpki(3_072, [3]), 'accepted'],
    ['RSA of 4,096 bits', rsaSpki(4_096), 'accepted'],
    ['RSA of 8,192 bits', rsaSpki(8_192), 'accepted'],
    ['RSA of 8,200 bits, which takes too long', rsaSpki(8_200), 'signature'],
    ['RSA of 2,047 bits', rsaSpki(2_047), 'signature'],
    ['RSA of 1,024 bits', rsaSpki(1_024), 'signature'],
    ['RSA with exponent 1', rsaSpki(2_048, [1]), 'signature'],
    ['RSA with an even exponent', rsaSpki(2_048, [1, 0, 0]), 'signature'],
    ['RSA with an exponent of 5 bytes, which takes too long', rsaSpki(2_048, [1, 0, 0, 0, 1]), 'signature'],
    [
      'an explicit curve',
      derSequence(derSequence(EC, derSequence(hex('020101'))), derBitString(hex('04'))),
      'signature',
    ],
    ['no curve', derSequence(derSequence(EC), derBitString(hex('04'))), 'signature'],
    [
      'a curve that is too small',
      derSequence(derSequence(EC, hex('06052b81040021')), derBitString(hex('04'))),
      'signature',
    ],
    [
      'a compressed point',
      derSequence(derSequence(EC, P256), derBitString(Uint8Array.of(2, ...new Array<number>(32).fill(1)))),
      'signature',
    ],
    ['a point at infinity', derSequence(derSequence(EC, P256), derBitString(hex('00'))), 'signature'],
    ['Ed25519', derSequence(derSequence(hex('06032b6570')), derBitString(new Uint8Array(32))), 'signature'],
  ] as const) {
    it(`${expected === 'accepted' ? 'may' : 'may not'} be made by a key of ${what}`, async () => {
      expect(await verdict([await server(middle, { spki }), middle], [top])).to.equal(expected)
      const step = await authority(top, 'middle', { spki })
      expect(await verdict([await server(middle), step], [top])).to.equal('signature')
    })
  }

  it('are not good by a weak key, however right they are', async () => {
    const { publicKey, signSha256 } = await generateRsaKey(1_024)
    const weak: TestKey = {
      spki: derSequence(derSequence(RSA, derNull), derBitString(publicKey)),
      algorithm: ALGORITHMS['rsa-sha256'],
      sign: async (message) => signSha256(message),
    }
    const own = await root('weak', {}, weak)
    expect(await verdict([await server(own)], [own])).to.equal('signature')
    const step = await certify(weak, top, { subject: commonName('weak'), extensions: authorityExtensions() })
    expect(await verdict([await server(step), step], [top])).to.equal('signature')
  })

  it('are not good by a point that is not on the curve', async () => {
    const spki = derSequence(derSequence(EC, P256), derBitString(Uint8Array.of(4, ...new Array<number>(64).fill(1))))
    const step = await authority(top, 'middle', { spki })
    expect(await verdict([await server(middle), step], [top])).to.equal('signature')
  })
})
