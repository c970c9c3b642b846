import { ed25519 } from '@noble/curves/ed25519.js'
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js'
import { expect } from 'chai'
import { expectRejection, torCodeOf } from '../../../support/failures.ts'
import { fc } from '../../../support/seed.ts'
import { bytesOfBase64url } from '../../../../lib/platform/crypto/jwk.ts'
import { builtinModule, hasBuiltinModules } from '../../../../lib/platform/runtime/builtin.ts'
import { currentPlatform } from '../../../../lib/platform/current.ts'
import {
  type CurveModule,
  nativeVerifyEd25519,
  nativeX25519,
} from '../../../../lib/platform/crypto/curves/native-curve25519.ts'
import { nobleVerifyEd25519 } from '../../../../lib/platform/crypto/curves/noble-ed25519.ts'
import { nobleX25519 } from '../../../../lib/platform/crypto/curves/noble-x25519.ts'
import { BASE_POINT, LAX_S, webVerifyEd25519 } from '../../../../lib/platform/crypto/curves/web-ed25519.ts'
import { webX25519 } from '../../../../lib/platform/crypto/curves/web-x25519.ts'
import type { Platform } from '../../../../lib/platform/platform.ts'

type Curves = Pick<Platform, 'x25519' | 'verifyEd25519'>

const noble: Curves = {
  x25519: nobleX25519,
  verifyEd25519: async (...signed) => nobleVerifyEd25519(...signed),
}
const implementations: [name: string, curves: Curves][] = [
  ['@noble/curves', noble],
  ['WebCrypto, where it has it', { x25519: webX25519(), verifyEd25519: webVerifyEd25519 }],
  ['the platform of this runtime', currentPlatform()],
]
if (hasBuiltinModules()) {
  const crypto = builtinModule<CurveModule>('node:crypto')
  const verifyEd25519: Platform['verifyEd25519'] = async (...input) => nativeVerifyEd25519(crypto, ...input)
  implementations.push(['node:crypto', { x25519: nativeX25519(crypto), verifyEd25519 }])

  describe('X25519 by node:crypto', () => {
    it('exports no key that was just made, as Node 20 may then stand still for ever', async () => {
      const never = (): never => expect.fail('a key was exported')
      const x25519 = nativeX25519({
        generateKeyPairSync(type) {
          const { privateKey } = crypto.generateKeyPairSync(type)
          Object.defineProperty(privateKey, 'export', { value: never })
          return { privateKey, publicKey: { export: never } }
        },
        createPrivateKey: never,
        createPublicKey: (key) => ('kty' in key.key ? crypto.createPublicKey(key) : never()),
        diffieHellman: (keys) => crypto.diffieHellman(keys),
        verify: never,
      })
      const [one, other] = [await x25519.generateKeyPair(), await nobleX25519.generateKeyPair()]
      expect(await x25519.sharedSecret(one.secretKey, other.publicKey)).to.deep.equal(
        await nobleX25519.sharedSecret(other.secretKey, one.publicKey),
      )
    })
  })
}

const P = 2n ** 255n - 19n
const L = 2n ** 252n + 27742317777372353535851937790883648493n

/** 32 bytes, little-endian. */
const littleEndian = (value: bigint): Uint8Array => hexToBytes(value.toString(16).padStart(64, '0')).reverse()
const fromLittleEndian = (bytes: Uint8Array): bigint => BigInt(`0x${bytesToHex(new Uint8Array(bytes).reverse())}`)

/** The encoding with the bit set that X25519 ignores and Ed25519 takes for the sign of x. */
const withHighBit = (bytes: Uint8Array): Uint8Array => bytes.map((byte, at) => (at === 31 ? byte | 0x80 : byte))

// RFC 7748, sections 5.2 and 6.1.
const X25519_VECTORS = [
  {
    secret: 'a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4',
    publicKey: 'e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c',
    shared: 'c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552',
  },
  {
    secret: '4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d',
    publicKey: 'e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493',
    shared: '95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957',
  },
  {
    secret: '0900000000000000000000000000000000000000000000000000000000000000',
    publicKey: '0900000000000000000000000000000000000000000000000000000000000000',
    shared: '422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079',
  },
]
const ALICE = {
  secret: hexToBytes('77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a'),
  publicKey: hexToBytes('8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a'),
}
const BOB = {
  secret: hexToBytes('5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb'),
  publicKey: hexToBytes('de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f'),
}
const ALICE_AND_BOB = '4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742'

/** Every u coordinate of small order on the curve and its twist, and the encodings of the same that are not reduced. */
const SMALL_ORDER_U = [
  0n,
  1n,
  P - 1n,
  P,
  P + 1n,
  fromLittleEndian(hexToBytes('e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800')),
  fromLittleEndian(hexToBytes('5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157')),
].map(littleEndian)

/** Every y coordinate of small order, and the encodings of the same that are not reduced. */
const SMALL_ORDER_Y = [
  0n,
  1n,
  P - 1n,
  P,
  P + 1n,
  fromLittleEndian(hexToBytes('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a')),
  fromLittleEndian(hexToBytes('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05')),
].map(littleEndian)

// RFC 8032, section 7.1.
const ED25519_VECTORS = [
  {
    publicKey: 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    message: '',
    signature:
      'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
  },
  {
    publicKey: '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
    message: '72',
    signature:
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
  },
  {
    publicKey: 'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
    message: 'af82',
    signature:
      '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
  },
].map((vector) => ({
  publicKey: hexToBytes(vector.publicKey),
  message: hexToBytes(vector.message),
  signature: hexToBytes(vector.signature),
}))

/**
 * Signatures that implementations are known to disagree about: "Taming the many EdDSAs", ed25519-speccheck, cases.json.
 */
const DISPUTED = [
  {
    what: 'of a key of small order, with R of small order and S zero',
    message: '8c93255d71dcab10e8f379c26200f3c7bd5f09d9bc3068d3ef4edeb4853022b6',
    publicKey: 'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
    signature:
      'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a0000000000000000000000000000000000000000000000000000000000000000',
  },
  {
    what: 'of a key of small order, with another R',
    message: '9bd9f44f4dcc75bd531b56b2cd280b0bb38fc1cd6d1230e14861d861de092e79',
    publicKey: 'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
    signature:
      'f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43a5bb704786be79fc476f91d3f3f89b03984d8068dcf1bb7dfc6637b45450ac04',
  },
  {
    what: 'with S above the order',
    message: '85e241a07d148b41e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec40',
    publicKey: '442aad9f089ad9e14647b1ef9099a1ff4798d78589e66f28eca69c11f582a623',
    signature:
      'e96f66be976d82e60150baecff9906684aebb1ef181f67a7189ac78ea23b6c0e547f7690a0e2ddcd04d87dbc3490dc19b3b3052f7ff0538cb68afb369ba3a514',
  },
  {
    what: 'with S far above the order',
    message: '85e241a07d148b41e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec40',
    publicKey: '442aad9f089ad9e14647b1ef9099a1ff4798d78589e66f28eca69c11f582a623',
    signature:
      '8ce5b96c8f26d0ab6c47958c9e68b937104cd36e13c33566acd2fe8d38aa19427e71f98a473474f2f13f06f97c20d58cc3f54b8bd0d272f42b695dd7e89a8c22',
  },
  {
    what: 'with an R that is not canonical',
    message: 'fdaebc429f4a735932a160da1301080c13280eea8bc280d1b392c6b9e6ba3a5a',
    publicKey: 'f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43',
    signature:
      'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f454d370c8d9fc323a41450f8d513eafeb5b0697390c1e505a0d4ddc71f566607',
  },
  {
    what: 'with an R that is not canonical and hashed as if it were',
    message: '84b698d39be126ff55fe45079e6c8bf64a0d7db6994560b4e96b7021eb39c1a1',
    publicKey: 'f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43',
    signature:
      'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f084d5b99c2a9463d9c8bd5026916996984eeec87ddf1d3be329006ace1b37b09',
  },
]

async function expectDegenerate(action: Promise<unknown>): Promise<void> {
  expect(await torCodeOf(action)).to.equal('CIRCUIT_HANDSHAKE')
}

/** Plain bytes that nothing else lies beside. */
function expectOwn(bytes: Uint8Array): void {
  expect(Object.getPrototypeOf(bytes)).to.equal(Uint8Array.prototype)
  expect(bytes).to.have.length(32)
  expect(bytes.buffer.byteLength).to.equal(32)
}

/** A view in the middle of other bytes. */
function inside(bytes: Uint8Array): Uint8Array {
  const whole = new Uint8Array(bytes.length + 7).fill(0xa5)
  whole.set(bytes, 3)
  return whole.subarray(3, 3 + bytes.length)
}

const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 })

for (const [name, { x25519, verifyEd25519 }] of implementations) {
  describe(`X25519 by ${name}`, () => {
    const agreed = async (secret: Uint8Array, publicKey: Uint8Array): Promise<Uint8Array> =>
      x25519.sharedSecret(await x25519.secretKey(secret), publicKey)
    const publicKeyOf = async (secret: Uint8Array): Promise<Uint8Array> =>
      x25519.publicKey(await x25519.secretKey(secret))

    for (const { secret, publicKey, shared } of X25519_VECTORS) {
      it(`agrees with the published vector ${secret.slice(0, 8)}`, async () => {
        expect(bytesToHex(await agreed(hexToBytes(secret), hexToBytes(publicKey)))).to.equal(shared)
      })
    }

    it('gives both sides of the published exchange the same secret', async () => {
      for (const [own, other] of [
        [ALICE, BOB],
        [BOB, ALICE],
      ] as const) {
        expect(await publicKeyOf(own.secret)).to.deep.equal(own.publicKey)
        expect(bytesToHex(await agreed(own.secret, other.publicKey))).to.equal(ALICE_AND_BOB)
      }
    })

    it('makes key pairs that go together, and another one each time', async () => {
      const a = await x25519.generateKeyPair()
      const b = await x25519.generateKeyPair()
      expect(a.publicKey).not.to.deep.equal(b.publicKey)
      for (const { secretKey, publicKey } of [a, b]) expect(await x25519.publicKey(secretKey)).to.deep.equal(publicKey)
      expect(await x25519.sharedSecret(a.secretKey, b.publicKey)).to.deep.equal(
        await x25519.sharedSecret(b.secretKey, a.publicKey),
      )
    })

    it('agrees with @noble/curves by a pair of its own', async () => {
      const { secretKey, publicKey } = await x25519.generateKeyPair()
      const other = await nobleX25519.generateKeyPair()
      expect(await x25519.sharedSecret(secretKey, other.publicKey)).to.deep.equal(
        await nobleX25519.sharedSecret(other.secretKey, publicKey),
      )
    })

    it('gives bytes of its own, no view of a pool', async () => {
      const { secretKey, publicKey } = await x25519.generateKeyPair()
      expectOwn(publicKey)
      expectOwn(await x25519.publicKey(secretKey))
      expectOwn(await x25519.sharedSecret(secretKey, BOB.publicKey))
    })

    it('uses a secret no more once it is forgotten, and leaves that of others alone', async () => {
      const bytes = new Uint8Array(ALICE.secret)
      for (const secretKey of [await x25519.secretKey(bytes), (await x25519.generateKeyPair()).secretKey]) {
        secretKey.forget()
        await expectRejection(x25519.publicKey(secretKey), TypeError, 'forgotten')
        await expectRejection(x25519.sharedSecret(secretKey, BOB.publicKey), TypeError, 'forgotten')
      }
      expect(bytes).to.deep.equal(ALICE.secret)
    })

    it('reads views, and changes nothing of what it is given', async () => {
      const secret = inside(ALICE.secret)
      const publicKey = inside(BOB.publicKey)
      expect(bytesToHex(await agreed(secret, publicKey))).to.equal(ALICE_AND_BOB)
      expect(await publicKeyOf(secret)).to.deep.equal(ALICE.publicKey)
      expect([new Uint8Array(secret), new Uint8Array(publicKey)]).to.deep.equal([ALICE.secret, BOB.publicKey])
    })

    it('refuses every point of small order, however it is encoded', async () => {
      for (const u of SMALL_ORDER_U) {
        await expectDegenerate(agreed(ALICE.secret, u))
        await expectDegenerate(agreed(ALICE.secret, withHighBit(u)))
      }
    })

    it('takes an encoding that is not reduced for the point that it is, and ignores the highest bit', async () => {
      for (let u = 2n; u < 19n; u++) {
        const shared = await agreed(ALICE.secret, littleEndian(u))
        expect(await agreed(ALICE.secret, littleEndian(P + u))).to.deep.equal(shared)
        expect(await agreed(ALICE.secret, withHighBit(littleEndian(P + u)))).to.deep.equal(shared)
      }
    })

    it('names a key that has not 32 bytes', async () => {
      for (const length of [0, 31, 33, 64]) {
        const bad = new Uint8Array(length).fill(9)
        await expectRejection(x25519.secretKey(bad), RangeError, '"secretKey"')
        await expectRejection(agreed(ALICE.secret, bad), RangeError, '"publicKey"')
      }
    })

    it('agrees with @noble/curves, whatever comes', async () => {
      await fc.assert(
        fc.asyncProperty(bytes32, bytes32, async (secret, u) => {
          const theirs = await nobleX25519.secretKey(secret)
          expect(await publicKeyOf(secret)).to.deep.equal(await nobleX25519.publicKey(theirs))
          expect(await agreed(secret, u)).to.deep.equal(await nobleX25519.sharedSecret(theirs, u))
        }),
        { numRuns: 25 },
      )
    })
  })

  describe(`Ed25519 verification by ${name}`, () => {
    it('accepts the published signatures, and none of them for another message or key', async () => {
      for (const { signature, message, publicKey } of ED25519_VECTORS) {
        expect(await verifyEd25519(signature, message, publicKey)).to.equal(true)
        expect(await verifyEd25519(inside(signature), inside(message), inside(publicKey))).to.equal(true)
        expect(await verifyEd25519(signature, Uint8Array.of(...message, 0), publicKey)).to.equal(false)
        for (const other of ED25519_VECTORS) {
          if (other.publicKey !== publicKey)
            expect(await verifyEd25519(signature, message, other.publicKey)).to.equal(false)
        }
      }
    })

    for (const { what, message, publicKey, signature } of DISPUTED) {
      it(`refuses a signature ${what}`, async () => {
        expect(await verifyEd25519(hexToBytes(signature), hexToBytes(message), hexToBytes(publicKey))).to.equal(false)
      })
    }

    it('refuses every key of small order, however it is encoded, with the signature that would hold for any message', async () => {
      const zero = new Uint8Array(32)
      for (const canonical of SMALL_ORDER_Y) {
        for (const key of [canonical, withHighBit(canonical)]) {
          for (const r of [littleEndian(1n), key]) {
            for (let message = 0; message < 8; message++) {
              expect(await verifyEd25519(Uint8Array.of(...r, ...zero), Uint8Array.of(message), key)).to.equal(false)
            }
          }
        }
      }
    })

    it('refuses a key that is no point, or not canonical', async () => {
      const { signature, message } = ED25519_VECTORS[1] as (typeof ED25519_VECTORS)[1]
      for (const y of [2n, P + 2n, P + 3n, P + 18n, P - 2n]) {
        expect(await verifyEd25519(signature, message, littleEndian(y))).to.equal(false)
        expect(await verifyEd25519(signature, message, withHighBit(littleEndian(y)))).to.equal(false)
      }
    })

    it('refuses a second form of a signature that holds: S with the order added', async () => {
      for (const { signature, message, publicKey } of ED25519_VECTORS) {
        const s = fromLittleEndian(signature.subarray(32)) + L
        expect(
          await verifyEd25519(Uint8Array.of(...signature.subarray(0, 32), ...littleEndian(s)), message, publicKey),
        ).to.equal(false)
      }
    })

    it('refuses signatures and keys of other lengths', async () => {
      for (const { signature, message, publicKey } of ED25519_VECTORS) {
        for (const bad of [new Uint8Array(0), signature.subarray(1), Uint8Array.of(...signature, 0)]) {
          expect(await verifyEd25519(bad, message, publicKey)).to.equal(false)
        }
        for (const bad of [new Uint8Array(0), publicKey.subarray(1), Uint8Array.of(...publicKey, 0)]) {
          expect(await verifyEd25519(signature, message, bad)).to.equal(false)
        }
      }
    })

    it('accepts what a key signed, and nothing in which a bit is changed', async () => {
      await fc.assert(
        fc.asyncProperty(bytes32, fc.uint8Array({ maxLength: 200 }), fc.nat(), async (secretKey, message, where) => {
          const publicKey = ed25519.getPublicKey(secretKey)
          const signed = [ed25519.sign(message, secretKey), message, publicKey] as const
          expect(await verifyEd25519(...signed)).to.equal(true)
          const bit = where % (8 * (64 + message.length + 32))
          let at = bit >> 3
          const changed = signed.map((bytes) => {
            const copy = bytes.map((byte, index) => (index === at ? byte ^ (1 << (bit & 7)) : byte))
            at -= bytes.length
            return copy
          }) as [Uint8Array, Uint8Array, Uint8Array]
          expect(await verifyEd25519(...changed)).to.equal(false)
        }),
        { numRuns: 25 },
      )
    })

    it('says no to bytes at random, and throws at nothing', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.uint8Array({ minLength: 64, maxLength: 64 }),
          fc.uint8Array({ maxLength: 8 }),
          bytes32,
          async (signature, message, publicKey) => {
            expect(await verifyEd25519(signature, message, publicKey)).to.equal(false)
          },
        ),
        { numRuns: 50 },
      )
    })
  })
}

describe('Ed25519 by WebCrypto', () => {
  it('is trusted where it refuses a signature that would be right but for the order that was added to its S', () => {
    const s = fromLittleEndian(bytesOfBase64url(LAX_S))
    const signed = (value: bigint): Uint8Array => Uint8Array.of(...BASE_POINT, ...littleEndian(value))
    expect(nobleVerifyEd25519(signed(s - L), new Uint8Array(0), BASE_POINT)).to.equal(true)
    expect(nobleVerifyEd25519(signed(s), new Uint8Array(0), BASE_POINT)).to.equal(false)
  })
})
