import { ed25519 } from '@noble/curves/ed25519.js'
import { expect } from 'chai'
import { fc } from '../support/seed.ts'
import { ByteWriter } from '../../lib/cell/bytes.ts'
import { isSignedBy, parseTorCert } from '../../lib/channel/tor-cert.ts'
import { expectMalformed, expectTotal, hex } from '../cell/support/bytes.ts'
import { platform } from './support/relay-side.ts'

// Arti, tor-cert/tests/testvec_certs.rs, taken there from a CERTS cell of C tor.
const IDENTITY = hex('DCB604DB2034B00FD16986D4ADB9D16B21CB4E4457A33DEC0F538903683E96E9')
const SIGNING = hex('F82294B866A31F01FC5D0DA8572850A9B929545C3266558D7D2316E3B74172B0')
const SIGNING_CERT = hex(`
  01 04 0006CC2A 01 F82294B866A31F01FC5D0DA8572850A9B929545C3266558D7D2316E3B74172B0
  01 0020 04 00 DCB604DB2034B00FD16986D4ADB9D16B21CB4E4457A33DEC0F538903683E96E9
  FF1A5203FA27F86EF7528D89A0845D2520166E340754FFEA2AAE0F612B7CE5DA
  094A0236CDAC45034B0B6842C18E7F6B51B93A3CF7E60663B8AD061C30A62602`)
const LINK_CERT = hex(`
  01 05 0006C98A 03 B4FD606B64E4CBD466B8D76CB131069BAE6F3AA1878857C9F624E31D77A799B8 00
  7173E5F8068431D0D3F5EE16B4C9FFD59DF373E152A87281BAE744AA5FCF7217
  1BF4B27C4E8FC1C6A9FC5CA11058BC49647063D7903CFD9F512F89099B27BC0C`)

const secretKey = new Uint8Array(32).fill(7)
const publicKey = ed25519.getPublicKey(secretKey)

type Extension = readonly [type: number, flags: number, data: Uint8Array]

/** A certificate of type 4, signed well whatever it says. */
function made(extensions: readonly Extension[], version = 1): Uint8Array {
  const writer = new ByteWriter()
    .u8(version)
    .u8(4)
    .u32(500_000)
    .u8(1)
    .bytes(new Uint8Array(32).fill(9))
    .u8(extensions.length)
  for (const [type, flags, data] of extensions) writer.u16(data.length).u8(type).u8(flags).bytes(data)
  const signed = writer.finish()
  return Uint8Array.of(...signed, ...ed25519.sign(signed, secretKey))
}

describe('Ed25519 certificates', () => {
  it('of a signing key agree with the published vector', async () => {
    const cert = parseTorCert(SIGNING_CERT)
    expect(cert).to.deep.include({ type: 4, keyType: 1, certifiedKey: SIGNING, signingKey: IDENTITY })
    expect(new Date(cert.expires).toISOString()).to.equal('2020-10-26T18:00:00.000Z')
    expect(await isSignedBy(cert, IDENTITY, platform)).to.equal(true)
    expect(await isSignedBy(cert, SIGNING, platform)).to.equal(false)
  })

  it('of a link agree with the published vector', async () => {
    const cert = parseTorCert(LINK_CERT)
    expect(cert).to.deep.include({ type: 5, keyType: 3, signingKey: undefined })
    expect(cert.certifiedKey).to.deep.equal(hex('B4FD606B64E4CBD466B8D76CB131069BAE6F3AA1878857C9F624E31D77A799B8'))
    expect(new Date(cert.expires).toISOString()).to.equal('2020-09-28T18:00:00.000Z')
    expect(await isSignedBy(cert, SIGNING, platform)).to.equal(true)
    expect(await isSignedBy(cert, IDENTITY, platform)).to.equal(false)
  })

  it('may have extensions that are not understood, unless these affect validation', async () => {
    expect(
      await isSignedBy(
        parseTorCert(
          made([
            [9, 0, hex('aabb')],
            [10, 0xfe, hex('')],
          ]),
        ),
        publicKey,
        platform,
      ),
    ).to.equal(true)
    expectMalformed(() => parseTorCert(made([[9, 1, hex('aabb')]])))
    expectMalformed(() => parseTorCert(made([[9, 0xff, hex('')]])))
  })

  it('that name their key are signed with that key or not at all', async () => {
    expect(await isSignedBy(parseTorCert(made([[4, 0, publicKey]])), publicKey, platform)).to.equal(true)
    expect(await isSignedBy(parseTorCert(made([[4, 1, publicKey]])), publicKey, platform)).to.equal(true)
    expect(await isSignedBy(parseTorCert(made([[4, 0, IDENTITY]])), publicKey, platform)).to.equal(false)
    expect(await isSignedBy(parseTorCert(made([[4, 0, IDENTITY]])), IDENTITY, platform)).to.equal(false)
  })

  for (const [what, bytes] of [
    ['of another version', made([], 2)],
    ['of version 0', made([], 0)],
    [
      'that name two keys',
      made([
        [4, 0, publicKey],
        [4, 0, publicKey],
      ]),
    ],
    ['that name a key of 31 bytes', made([[4, 0, publicKey.subarray(1)]])],
    ['that name a key of 33 bytes', made([[4, 0, Uint8Array.of(...publicKey, 0)]])],
    ['with bytes after the signature', Uint8Array.of(...made([]), 0)],
    ['with fewer extensions than they count', Uint8Array.from(made([]), (byte, at) => (at === 39 ? 1 : byte))],
    [
      'with more extensions than they count',
      Uint8Array.from(made([[9, 0, hex('')]]), (byte, at) => (at === 39 ? 0 : byte)),
    ],
    [
      'with an extension that is cut short',
      Uint8Array.from(made([[9, 0, hex('aa')]]), (byte, at) => (at === 41 ? 2 : byte)),
    ],
  ] as const) {
    it(`${what} are malformed`, () => {
      expectMalformed(() => parseTorCert(bytes))
    })
  }

  it('are malformed wherever they are cut short', () => {
    for (const bytes of [SIGNING_CERT, LINK_CERT]) {
      for (let length = 0; length < bytes.length; length++)
        expectMalformed(() => parseTorCert(bytes.subarray(0, length)))
    }
  })

  it('prove nothing when any bit of them is changed', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(LINK_CERT.length - 1), fc.nat(7), async (at, bit) => {
        const bytes = LINK_CERT.slice()
        bytes[at] = (bytes[at] as number) ^ (1 << bit)
        let proved = false
        try {
          proved = await isSignedBy(parseTorCert(bytes), SIGNING, platform)
        } catch (error) {
          expectMalformed(() => {
            throw error
          })
        }
        expect(proved).to.equal(false)
      }),
      { numRuns: 60 },
    )
  })

  it('are read totally', () => {
    expectTotal(
      parseTorCert,
      fc.uint8Array({ maxLength: 200 }).map((rest) => Uint8Array.of(1, 4, ...rest)),
    )
  })
})
