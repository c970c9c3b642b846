import { expect } from 'chai'
import { verifyCerts } from '../../../lib/channel/certs.ts'
import { TorError } from '../../../lib/base/errors.ts'
import { currentPlatform } from '../../../lib/platform/current.ts'
import { makeCertificates } from '../../../lib/testing/relay/certificates.ts'
import type { CertificateFault, RelayCertificateType } from '../../../lib/testing/relay/certificates.ts'
import { createRelayIdentity } from '../../../lib/testing/identity/relay-identity.ts'
import type { RelayIdentity } from '../../../lib/testing/identity/relay-identity.ts'

const NOW = 1_700_000_000_000

describe('Certificates of a test relay', () => {
  let identity: RelayIdentity

  before(async () => {
    identity = await createRelayIdentity()
  })

  /** The code that verification objects with, or undefined when it accepts. */
  async function verdict(
    options: Parameters<typeof makeCertificates>[1],
    shown: RelayIdentity = identity,
  ): Promise<string | undefined> {
    const certs = await makeCertificates(shown, options)
    const expected = { rsaIdentity: identity.rsa.fingerprint, ed25519Identity: identity.ed25519.publicKey }
    try {
      await verifyCerts({ certs, peerCertificate: shown.leaf, expected, now: NOW, platform: currentPlatform() })
      return undefined
    } catch (error) {
      expect(error).to.be.instanceOf(TorError)
      return (error as TorError).code
    }
  }

  it('prove the identity of the relay', async () => {
    expect(await verdict({ now: NOW })).to.equal(undefined)
  })

  it('come in the order of their types', async () => {
    const certificates = await makeCertificates(identity, { now: NOW })
    expect(certificates.map(({ type }) => type)).to.deep.equal([2, 4, 5, 7])
  })

  it('prove another identity when another relay makes them', async () => {
    expect(await verdict({ now: NOW }, await createRelayIdentity())).to.equal('LINK_IDENTITY')
  })

  it('have an RSA key of 1024 bits whose fingerprint is the SHA-1 of the key', () => {
    expect(identity.rsa.fingerprint).to.have.length(20)
    expect(identity.rsa.publicKey).to.have.length(140)
  })

  const types: readonly RelayCertificateType[] = [2, 4, 5, 7]
  const faults: readonly CertificateFault[] = [
    'missing',
    'duplicate',
    'expired',
    'bad-signature',
    'other-subject',
    'other-signer',
    'truncated',
  ]
  for (const type of types) {
    for (const fault of faults) {
      it(`prove nothing when type ${type} is forged: ${fault}`, async () => {
        expect(await verdict({ now: NOW, faults: { [type]: fault } })).to.equal('LINK_CERTS')
      })
    }
  }

  it('prove nothing when type 2 is not valid yet', async () => {
    expect(await verdict({ now: NOW, faults: { 2: 'not-yet-valid' } })).to.equal('LINK_CERTS')
  })
})
