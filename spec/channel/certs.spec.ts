import { expect } from 'chai'
import { fc } from '../support/seed.ts'
import { decodeCerts, type CellCertificate } from '../../lib/cell/channel/certs-cell.ts'
import { isClockFault } from '../../lib/base/clock-fault.ts'
import { verifyCerts, type CertsToVerify } from '../../lib/channel/certs.ts'
import {
  makeCertificates,
  type CertificateFault,
  type CertificateFaults,
} from '../../lib/testing/relay/certificates.ts'
import { createRelayIdentity, type RelayIdentity } from '../../lib/testing/identity/relay-identity.ts'
import { hex } from '../cell/support/bytes.ts'
import { expectRejection, platform } from './support/relay-side.ts'
import { CERTS_BODY, ED25519_IDENTITY, RECORDED_AT, RSA_IDENTITY, TLS_CERTIFICATE } from './vectors/recorded-relay.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR

/** What proves the recorded relay, with changes. */
function recorded(changes: Partial<CertsToVerify> = {}): CertsToVerify {
  return {
    certs: decodeCerts(CERTS_BODY),
    peerCertificate: TLS_CERTIFICATE,
    expected: { rsaIdentity: RSA_IDENTITY, ed25519Identity: ED25519_IDENTITY },
    now: RECORDED_AT,
    platform,
    ...changes,
  }
}

const refused = async (changes: Partial<CertsToVerify>): Promise<string> =>
  (await expectRejection(verifyCerts(recorded(changes)), 'LINK_CERTS')).message

describe('the certificates of a real relay', () => {
  it('prove both of its identities', async () => {
    await verifyCerts(recorded())
  })

  it('prove them in any order, with others among them, and without type 1', async () => {
    const certs = decodeCerts(CERTS_BODY)
    await verifyCerts(recorded({ certs: [...certs].reverse() }))
    await verifyCerts(recorded({ certs: [{ type: 0, bytes: hex('') }, ...certs, { type: 200, bytes: hex('aa') }] }))
    await verifyCerts(recorded({ certs: certs.filter(({ type }) => type !== 1) }))
    await verifyCerts(
      recorded({ certs: certs.map((cert) => (cert.type === 1 ? { type: 1, bytes: hex('00') } : cert)) }),
    )
  })

  for (const type of [2, 4, 5, 7]) {
    it(`prove nothing without type ${type}`, async () => {
      const message = await refused({ certs: decodeCerts(CERTS_BODY).filter((cert) => cert.type !== type) })
      expect(message).to.contain(`type ${type}`)
    })
  }

  for (const type of [1, 2, 4, 5, 7]) {
    it(`prove nothing with type ${type} twice`, async () => {
      const certs = decodeCerts(CERTS_BODY)
      await refused({ certs: [...certs, ...certs.filter((cert) => cert.type === type)] })
    })
  }

  it('prove nothing with an unknown type twice', async () => {
    await refused({
      certs: [...decodeCerts(CERTS_BODY), { type: 200, bytes: hex('') }, { type: 200, bytes: hex('01') }],
    })
  })

  it("prove nothing in one another's place", async () => {
    const certs = decodeCerts(CERTS_BODY)
    const bytesOf = (type: number): Uint8Array => certs.find((cert) => cert.type === type)?.bytes as Uint8Array
    for (const [place, instead] of [
      [2, 1],
      [4, 5],
      [5, 4],
      [7, 4],
      [4, 7],
      [2, 7],
    ] as const) {
      await refused({
        certs: certs.map((cert) => (cert.type === place ? { type: place, bytes: bytesOf(instead) } : cert)),
      })
    }
  })

  it('prove nothing without any', async () => {
    await refused({ certs: [] })
  })

  it('prove nothing on another TLS connection', async () => {
    await refused({ peerCertificate: Uint8Array.from(TLS_CERTIFICATE, (byte, at) => (at === 100 ? byte ^ 1 : byte)) })
    await refused({ peerCertificate: new Uint8Array(0) })
  })

  it('prove nothing before their time or after it', async () => {
    await refused({ now: RECORDED_AT + 400 * DAY })
    await refused({ now: RECORDED_AT - 400 * DAY })
    expect(await refused({ now: RECORDED_AT + 3 * DAY })).to.contain('expired')
  })

  it('say that the clock may be wrong only where they prove the relay that was asked for', async () => {
    const now = RECORDED_AT + 3650 * DAY
    const error = await expectRejection(verifyCerts(recorded({ now })), 'LINK_CERTS')
    expect(isClockFault(error)).to.equal(true)
    const expected = { rsaIdentity: RSA_IDENTITY.map((byte) => byte ^ 1) }
    expect(isClockFault(await expectRejection(verifyCerts(recorded({ now, expected })), 'LINK_IDENTITY'))).to.equal(
      false,
    )
    const altered = decodeCerts(CERTS_BODY).map(({ type, bytes }) => ({
      type,
      bytes: type === 5 ? bytes.map((byte, index) => (index === bytes.length - 1 ? byte ^ 1 : byte)) : bytes,
    }))
    expect(isClockFault(await expectRejection(verifyCerts(recorded({ now, certs: altered })), 'LINK_CERTS'))).to.equal(
      false,
    )
  })

  it('are not those of a relay that was not asked for', async () => {
    const other = (bytes: Uint8Array): Uint8Array =>
      Uint8Array.from(bytes, (byte, at) => (at === bytes.length - 1 ? byte ^ 1 : byte))
    for (const [expected, which] of [
      [{ rsaIdentity: other(RSA_IDENTITY), ed25519Identity: ED25519_IDENTITY }, 'another RSA identity'],
      [{ rsaIdentity: RSA_IDENTITY, ed25519Identity: other(ED25519_IDENTITY) }, 'another Ed25519 identity'],
      [
        { rsaIdentity: other(RSA_IDENTITY), ed25519Identity: other(ED25519_IDENTITY) },
        'another RSA and Ed25519 identity',
      ],
    ] as const) {
      expect((await expectRejection(verifyCerts(recorded({ expected })), 'LINK_IDENTITY')).message).to.contain(which)
    }
  })

  it('prove nothing when any bit of one that counts is changed', async () => {
    const certs = decodeCerts(CERTS_BODY)
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(2, 4, 5, 7), fc.nat(), fc.nat(7), async (type, position, bit) => {
        const changed = certs.map((cert): CellCertificate => {
          if (cert.type !== type) return cert
          const bytes = cert.bytes.slice()
          const at = position % bytes.length
          bytes[at] = (bytes[at] as number) ^ (1 << bit)
          return { type, bytes }
        })
        await refused({ certs: changed })
      }),
      { numRuns: 150 },
    )
  })

  it('are judged without any other error, whatever bytes they are', async () => {
    const cert = fc.record({ type: fc.constantFrom(2, 4, 5, 7), bytes: fc.uint8Array({ maxLength: 700 }) })
    await fc.assert(
      fc.asyncProperty(fc.array(cert, { maxLength: 6 }), async (certs) => {
        await refused({ certs })
      }),
    )
  })
})

describe('certificates that are signed well and wrong', () => {
  const now = RECORDED_AT
  let identity: RelayIdentity
  before(async () => {
    identity = await createRelayIdentity()
  })

  async function verify(faults: CertificateFaults, at = now): Promise<void> {
    const certs = await makeCertificates(identity, { now, faults })
    await verifyCerts({
      certs,
      peerCertificate: identity.leaf,
      expected: { rsaIdentity: identity.rsa.fingerprint, ed25519Identity: identity.ed25519.publicKey },
      now: at,
      platform,
    })
  }

  it('prove a relay when nothing is wrong', async () => {
    await verify({})
  })

  const faults: readonly CertificateFault[] = [
    'missing',
    'duplicate',
    'expired',
    'bad-signature',
    'other-subject',
    'other-signer',
    'truncated',
  ]
  for (const type of [2, 4, 5, 7] as const) {
    for (const fault of type === 2 ? [...faults, 'not-yet-valid' as const] : faults) {
      it(`prove nothing with type ${type} ${fault}`, async () => {
        await expectRejection(verify({ [type]: fault }), 'LINK_CERTS')
      })
    }
  }

  it('hold up to the hour in which they expire', async () => {
    const end = Math.floor((now + 30 * DAY) / HOUR) * HOUR
    await verify({}, end)
    await expectRejection(verify({}, end + 1), 'LINK_CERTS')
  })
})
