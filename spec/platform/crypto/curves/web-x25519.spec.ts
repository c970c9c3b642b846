import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js'
import { expect } from 'chai'
import { HeldKey } from '../../../../lib/platform/crypto/curves/curve25519.ts'
import { nobleX25519 } from '../../../../lib/platform/crypto/curves/noble-x25519.ts'
import { webX25519 } from '../../../../lib/platform/crypto/curves/web-x25519.ts'
import { torCodeOf } from '../../../support/failures.ts'

// RFC 7748, section 6.1.
const ALICE = hexToBytes('77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a')
const BOB_PUBLIC = hexToBytes('de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f')
const ALICE_AND_BOB = '4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742'

type Call = (...input: readonly unknown[]) => Promise<unknown>

/** The runtime's WebCrypto but for some methods, and the names of all that were called. */
function subtleWith(instead: Readonly<Record<string, Call>>): {
  readonly subtle: SubtleCrypto
  readonly calls: string[]
} {
  const own = crypto.subtle as unknown as Readonly<Record<string, Call>>
  const calls: string[] = []
  const call =
    (name: string): Call =>
    (...input) => {
      calls.push(name)
      return (instead[name] ?? (own[name] as Call).bind(own))(...input)
    }
  const subtle = Object.fromEntries(
    ['generateKey', 'importKey', 'exportKey', 'deriveBits'].map((name) => [name, call(name)]),
  )
  return { subtle: subtle as unknown as SubtleCrypto, calls }
}

const notSupported: Call = async () => {
  throw new DOMException('Unrecognized name.', 'NotSupportedError')
}

const agreedBy = async (x25519: ReturnType<typeof webX25519>): Promise<string> =>
  bytesToHex(await x25519.sharedSecret(await x25519.secretKey(ALICE), BOB_PUBLIC))

describe('X25519 in a page', () => {
  it('is that of WebCrypto in every engine that the specs run in', async () => {
    const { secretKey } = await webX25519().generateKeyPair()
    expect(secretKey).to.be.instanceOf(HeldKey)
  })

  it('exports no key, and holds none that could be', async () => {
    const { subtle, calls } = subtleWith({})
    const x25519 = webX25519({ crypto: { subtle } })
    for (const { secretKey } of [await x25519.generateKeyPair(), { secretKey: await x25519.secretKey(ALICE) }]) {
      await x25519.publicKey(secretKey)
      const { key } = secretKey as HeldKey<CryptoKey>
      expect([key.type, key.extractable]).to.deep.equal(['private', false])
    }
    expect(calls).to.include('generateKey').and.not.to.include('exportKey')
  })

  const lacks: Readonly<Record<string, SubtleCrypto | undefined>> = {
    'no X25519': subtleWith({ generateKey: notSupported, importKey: notSupported }).subtle,
    'a key of X25519, and nothing to do with it': subtleWith({ deriveBits: notSupported }).subtle,
    'no WebCrypto': undefined,
  }
  for (const [what, subtle] of Object.entries(lacks)) {
    it(`is made by JavaScript in an engine that has ${what}`, async () => {
      const x25519 = webX25519({ crypto: { subtle } })
      const [one, other] = [await x25519.generateKeyPair(), await nobleX25519.generateKeyPair()]
      expect(one.secretKey).not.to.be.instanceOf(HeldKey)
      expect(await x25519.sharedSecret(one.secretKey, other.publicKey)).to.deep.equal(
        await nobleX25519.sharedSecret(other.secretKey, one.publicKey),
      )
      expect(await agreedBy(x25519)).to.equal(ALICE_AND_BOB)
      expect(await torCodeOf(x25519.sharedSecret(one.secretKey, new Uint8Array(32)))).to.equal('CIRCUIT_HANDSHAKE')
    })
  }

  it('finds out once what the engine has', async () => {
    const { subtle, calls } = subtleWith({ generateKey: notSupported })
    const x25519 = webX25519({ crypto: { subtle } })
    await Promise.all([x25519.generateKeyPair(), agreedBy(x25519)])
    const asked = calls.length
    await x25519.generateKeyPair()
    expect(calls).to.have.length(asked)
  })

  it('makes another key where the engine chokes on its own, as WebKitGTK does on one in 256', async () => {
    const own = crypto.subtle
    let failures = 2
    const { subtle } = subtleWith({
      generateKey: async (...input) => {
        if (failures-- > 0) throw new DOMException('', 'OperationError')
        return await own.generateKey(...(input as Parameters<typeof own.generateKey>))
      },
    })
    const x25519 = webX25519({ crypto: { subtle } })
    expect((await x25519.generateKeyPair()).secretKey).to.be.instanceOf(HeldKey)
    failures = 3
    const { secretKey, publicKey } = await x25519.generateKeyPair()
    expect(await x25519.publicKey(secretKey)).to.deep.equal(publicKey)
  })

  it('takes a secret whose first byte is zero, as the low bits of that do not count', async () => {
    const x25519 = webX25519()
    for (const first of [0, 1, 7]) {
      const secret = Uint8Array.of(first, 0, ...ALICE.subarray(2))
      const zero = Uint8Array.of(0, 0, ...ALICE.subarray(2))
      expect(await x25519.publicKey(await x25519.secretKey(secret))).to.deep.equal(
        await nobleX25519.publicKey(await nobleX25519.secretKey(zero)),
      )
      expect(secret[0]).to.equal(first)
    }
  })

  it('says that a key is degenerate where the engine fails at it, and where it gives zeros', async () => {
    const real = webX25519()
    const { publicKey } = await real.generateKeyPair()
    const answers: Readonly<Record<string, Call>> = {
      fails: async () => {
        throw new DOMException('', 'OperationError')
      },
      zeros: async () => new ArrayBuffer(32),
    }
    for (const answer of Object.values(answers)) {
      let isLate = false
      const own = crypto.subtle
      const { subtle } = subtleWith({
        deriveBits: async (...input) =>
          isLate ? answer(...input) : await own.deriveBits(...(input as Parameters<typeof own.deriveBits>)),
      })
      const x25519 = webX25519({ crypto: { subtle } })
      const { secretKey } = await x25519.generateKeyPair()
      isLate = true
      expect(await torCodeOf(x25519.sharedSecret(secretKey, publicKey))).to.equal('CIRCUIT_HANDSHAKE')
    }
  })

  it('lets a computation that is under way end when its secret is forgotten', async () => {
    const x25519 = webX25519()
    const secretKey = await x25519.secretKey(ALICE)
    await x25519.publicKey(secretKey)
    const shared = x25519.sharedSecret(secretKey, BOB_PUBLIC)
    await Promise.resolve()
    secretKey.forget()
    expect(bytesToHex(await shared)).to.equal(ALICE_AND_BOB)
  })
})
