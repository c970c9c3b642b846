import { expect } from 'chai'
import { missingCertificates, verifyConsensus } from '../../lib/directory/consensus-signatures.ts'
import { type KeyCertificate, parseKeyCertificates } from '../../lib/directory/key-certificate.ts'
import { TorError } from '../../lib/base/errors.ts'
import { consensusAround } from './support/generated.ts'
import { consensusOf, countedPauses, expectRefused, expectRejected, platform, replaced } from './support/helpers.ts'
import { CERTIFICATES } from './samples/certificates.ts'
import { CONSENSUS } from './samples/consensus.ts'
import { certificateOf, generateSigner, type Signer, signedBy } from './support/signing.ts'

const IDENTITIES = [
  '6C8C3CBF68A406FEE0A959F6301A8E009A5F7646',
  'A8DDC9360520F6677EB76E9CE587DC2DE36C71B7',
  'C140CA7CBE45857283EC3D8880A8F4B2E74B72C7',
]
const authoritiesOf = (identities: readonly string[]): { v3Identity: string }[] =>
  identities.map((v3Identity) => ({ v3Identity }))

describe('the signatures of a private network of tor', () => {
  const check = {
    authorities: authoritiesOf(IDENTITIES),
    certificates: parseKeyCertificates(CERTIFICATES),
    now: Date.UTC(2026, 10, 23),
    platform,
  }
  const [first = '', second = '', third = ''] =
    CONSENSUS.match(/^directory-signature[^]*?-----END SIGNATURE-----\n/gm) ?? []
  const unsigned = CONSENSUS.slice(0, CONSENSUS.indexOf(first))

  it('are right', async () => {
    expect(await verifyConsensus(await consensusOf(CONSENSUS), check)).to.deep.equal(IDENTITIES)
  })

  it('are enough when they are of more than half', async () => {
    expect(await verifyConsensus(await consensusOf(unsigned + third + first), check)).to.deep.equal([
      IDENTITIES[2],
      IDENTITIES[0],
    ])
    const consensus = await consensusOf(unsigned + second)
    await expectRejected(verifyConsensus(consensus, check), 'DIRECTORY_SIGNATURES')
    const three = await consensusOf(CONSENSUS)
    const five = [...IDENTITIES, 'A'.repeat(40), 'B'.repeat(40)]
    expect(await verifyConsensus(three, { ...check, authorities: authoritiesOf(five) })).to.have.length(3)
    const six = authoritiesOf([...five, 'C'.repeat(40)])
    await expectRejected(verifyConsensus(three, { ...check, authorities: six }), 'DIRECTORY_SIGNATURES')
  })

  it('are over every byte of the consensus', async () => {
    for (const [from, to] of [
      ['Wmm=10000', 'Wmm=10001'],
      ['r relay0', 'r relayO'],
      ['valid-until 2026-11-22 16', 'valid-until 2026-11-22 17'],
      ['contact testnet@', 'contact testnet @'],
      ['known-flags', 'x-new\nknown-flags'],
      ['directory-footer\n', 'directory-footer\n\n'],
    ] as const) {
      const changed = await consensusOf(replaced(CONSENSUS, from, to))
      await expectRejected(verifyConsensus(changed, check), 'DIRECTORY_SIGNATURES')
    }
  })

  it('do not prove it to those who know other authorities', async () => {
    const consensus = await consensusOf(CONSENSUS)
    for (const authorities of [[], authoritiesOf(['A'.repeat(40)])])
      await expectRejected(verifyConsensus(consensus, { ...check, authorities }), 'DIRECTORY_SIGNATURES')
  })
})

describe('signatures of a consensus', () => {
  const NOW = Date.UTC(2026, 6, 27, 10)
  const TEXT = consensusAround('')
  let signers: Signer[]
  let stranger: Signer
  let certificates: KeyCertificate[]

  before(async () => {
    signers = await Promise.all([generateSigner(), generateSigner(), generateSigner()])
    stranger = await generateSigner()
    certificates = parseKeyCertificates([...signers, stranger].map((signer) => certificateOf(signer)).join(''))
  })

  const signer = (index: number): Signer => signers[index] as Signer
  async function verify(text: string, given = certificates): Promise<string[]> {
    const authorities = authoritiesOf(signers.map(({ identity }) => identity))
    return verifyConsensus(await consensusOf(text), { authorities, certificates: given, now: NOW, platform })
  }
  async function refused(text: string, given = certificates): Promise<TorError> {
    const outcome = await verify(text, given).catch((error: unknown) => error)
    return expectRefused(() => {
      throw outcome
    }, 'DIRECTORY_SIGNATURES')
  }

  it('are right over either digest', async () => {
    expect(await verify(signedBy(signers, TEXT))).to.have.length(3)
    expect(await verify(signedBy(signers, TEXT, 'sha1'))).to.have.length(3)
  })

  it('count once for each authority, by whatever algorithm and however often', async () => {
    const [one] = [signer(0)]
    await refused(signedBy([one, one, one], TEXT))
    const both = signedBy([one], TEXT) + signedBy([one], TEXT, 'sha1').slice(TEXT.indexOf('directory-signature'))
    const error = await refused(both)
    expect(error.message).to.match(/1 of 3 known authorities signed it, 2 must have/)
  })

  it('count once for each authority, though it be configured twice', async () => {
    const [one, two] = [signer(0), signer(1)]
    const consensus = await consensusOf(signedBy([one], TEXT))
    const authorities = authoritiesOf([one.identity, one.identity, two.identity])
    await expectRejected(
      verifyConsensus(consensus, { authorities, certificates, now: NOW, platform }),
      'DIRECTORY_SIGNATURES',
    )
  })

  it('do not count when they are of a stranger, by whatever name', async () => {
    const { signingKey, signingKeyDigest } = stranger
    await refused(signedBy([signer(0), stranger, stranger], TEXT))
    const posing = { ...signer(1), signingKey }
    expect((await refused(signedBy([signer(0), posing], TEXT))).message).to.match(/1 wrong ones/)
    const own = { ...signer(1), signingKey, signingKeyDigest }
    expect((await refused(signedBy([signer(0), own], TEXT))).message).to.match(/1 signatures without a certificate/)
  })

  it('do not count by a certificate that its authority did not make', async () => {
    const mixed = { ...stranger, identity: signer(1).identity }
    const forged = parseKeyCertificates(certificateOf(mixed, { fingerprint: signer(1).identity }))
    const sealed = parseKeyCertificates(
      certificateOf({ ...signer(1), signingKey: stranger.signingKey }, { certifier: stranger.identityKey }),
    )
    const text = signedBy([signer(0), mixed], TEXT)
    for (const given of [forged, sealed]) {
      const error = await refused(text, [...certificates, ...given])
      expect(error.cause).to.be.instanceOf(TorError).with.property('code', 'DIRECTORY_CERTIFICATE')
    }
  })

  it('do not count by a certificate that has expired, but by a newer one for the same key', async () => {
    const expired = parseKeyCertificates(certificateOf(signer(1), { expires: '2026-07-27 09:59:59' }))
    const text = signedBy([signer(0), signer(1)], TEXT)
    const first = certificates.slice(0, 1)
    expect((await refused(text, [...first, ...expired])).cause)
      .to.be.instanceOf(TorError)
      .with.property('code', 'DIRECTORY_CERTIFICATE')
    expect(await verify(text, [...first, ...expired, ...certificates])).to.have.length(2)
  })

  it('ask for the certificates that are missing, of known authorities only', async () => {
    const authorities = authoritiesOf(signers.map(({ identity }) => identity))
    const consensus = await consensusOf(signedBy([...signers, stranger, signer(0)], TEXT))
    const names = (given: KeyCertificate[], now = NOW): string[] =>
      missingCertificates(consensus, { authorities, certificates: given, now }).map(
        ({ identity, signingKeyDigest }) => `${identity} ${signingKeyDigest}`,
      )
    const all = signers.map(({ identity, signingKeyDigest }) => `${identity} ${signingKeyDigest}`)
    expect(names([])).to.deep.equal(all)
    expect(names(certificates.slice(0, 1))).to.deep.equal(all.slice(1))
    expect(names(certificates)).to.deep.equal([])
    expect(names(certificates, Date.UTC(2028, 0))).to.deep.equal(all)
  })

  it('make no more work however many there are', async () => {
    let operations = 0
    const counting = {
      rsaPublic: (...given: Parameters<typeof platform.rsaPublic>): Uint8Array => {
        operations++
        return platform.rsaPublic(...given)
      },
    }
    const flooded = Array.from({ length: 150 }, (_, index) => ({
      ...signer(0),
      signingKeyDigest: String(index).padStart(40, '0'),
    }))
    const text = signedBy([stranger], TEXT)
    const block = text.slice(text.indexOf('directory-signature'))
    const many =
      TEXT.slice(0, TEXT.indexOf('directory-signature')) +
      flooded
        .map(({ identity, signingKeyDigest }) =>
          block.replace(/sha256 \S+ \S+/, `sha256 ${identity} ${signingKeyDigest}`),
        )
        .join('') +
      signers
        .flatMap(({ identity, signingKeyDigest }) =>
          Array.from({ length: 11 }, () => block.replace(/sha256 \S+ \S+/, `sha256 ${identity} ${signingKeyDigest}`)),
        )
        .join('')
    const consensus = await consensusOf(many)
    const authorities = authoritiesOf(signers.map(({ identity }) => identity))
    await expectRejected(
      verifyConsensus(consensus, { authorities, certificates, now: NOW, platform: counting }),
      'DIRECTORY_SIGNATURES',
    )
    expect(operations).to.be.at.most(9)
    expect(missingCertificates(consensus, { authorities, certificates, now: NOW })).to.have.length(1)
  })

  it('are checked each in a task of its own', async () => {
    const { pause, pauses } = countedPauses()
    const authorities = authoritiesOf(signers.map(({ identity }) => identity))
    await verifyConsensus(
      await consensusOf(signedBy(signers, TEXT)),
      { authorities, certificates, now: NOW, platform },
      { pause },
    )
    expect(pauses()).to.equal(signers.length)
  })
})
