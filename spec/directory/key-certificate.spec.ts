import { expect } from 'chai'
import {
  type KeyCertificate,
  parseKeyCertificates,
  readKeyCertificates,
  verifyKeyCertificate,
} from '../../lib/directory/key-certificate.ts'
import { expectRefused, platform, replaced } from './support/helpers.ts'
import { CERTIFICATES } from './samples/certificates.ts'
import { type CertificateChange, certificateOf, generateSigner, type Signer } from './support/signing.ts'

const NOW = Date.UTC(2026, 11, 1)
const DAY = 24 * 3_600_000
const FIRST = CERTIFICATES.slice(0, CERTIFICATES.indexOf('dir-key-certificate-version', 1))

const parseOne = (text: string): KeyCertificate => parseKeyCertificates(text)[0] ?? expect.fail('it has no certificate')
const verify = (certificate: KeyCertificate, identity = certificate.identity, now = NOW): void =>
  verifyKeyCertificate(certificate, { identity, now, platform })

describe('the certificates of a private network of tor', () => {
  it('are those of its three authorities, and hold', () => {
    const certificates = parseKeyCertificates(CERTIFICATES)
    expect(certificates.map(({ identity, signingKeyDigest }) => [identity, signingKeyDigest])).to.have.deep.members([
      ['6C8C3CBF68A406FEE0A959F6301A8E009A5F7646', 'D16AB09342E202CBCCD42E74A42D833036364692'],
      ['A8DDC9360520F6677EB76E9CE587DC2DE36C71B7', '5B8032AA231E60B114CE7D6B6ABBC86653D16C8B'],
      ['C140CA7CBE45857283EC3D8880A8F4B2E74B72C7', 'C0C03F8133335A4C2C297EBDCBC484AE76C5F8B2'],
    ])
    for (const certificate of certificates) verify(certificate)
    expect(certificates.map(({ text }) => text).join('')).to.equal(CERTIFICATES)
    expect(new Date(certificates[0]?.expires ?? 0).toISOString()).to.equal('2027-11-22T14:42:01.000Z')
  })

  it('are refused with any part of them changed', () => {
    for (const [from, to] of [
      ['dir-address 127.0.0.1', 'dir-address 127.0.0.2'],
      ['2027-11-22', '2028-11-22'],
      ['dir-key-certification\n', 'x-new\ndir-key-certification\n'],
      ['-----BEGIN ID SIGNATURE-----', '-----BEGIN SIGNATURE-----'],
    ] as const) {
      const changed = replaced(FIRST, from, to).replace(
        '-----END ID',
        from.includes('ID SIG') ? '-----END' : '-----END ID',
      )
      expectRefused(() => verify(parseOne(changed)), 'DIRECTORY_CERTIFICATE')
    }
  })
})

describe('certificates that were asked for', () => {
  const names = parseKeyCertificates(CERTIFICATES)
  const [first, second, third] = names.map(({ text }) => text) as [string, string, string]

  it('are read up to the first that was not, or is there again', () => {
    const asked = names.slice(0, 2)
    const read = (text: string): string[] => parseKeyCertificates(text, asked).map((certificate) => certificate.text)
    expect(read(second + first)).to.deep.equal([second, first])
    expect(read(first + third + second)).to.deep.equal([first])
    expect(read(first + first + second)).to.deep.equal([first])
    expect(read(`${third}_trap\n`)).to.deep.equal([])
  })

  it('are read one by one: what is behind those that were taken is not looked at', () => {
    const reading = readKeyCertificates(`${first}${second}_trap\n`)
    expect(reading.next().value?.text).to.equal(first)
    expect(reading.next().value?.text).to.equal(second)
    expectRefused(() => reading.next())
    expect(reading.next().done).to.equal(true)
  })

  it('are no longer than 16 kB, and of no more than 64 items', () => {
    const around = (lines: string): string => replaced(first, 'dir-key-certification', `${lines}dir-key-certification`)
    expect(parseKeyCertificates(around('x-new\n'.repeat(50)))).to.have.length(1)
    for (const lines of ['x-new\n'.repeat(64), `x-new ${'y'.repeat(9000)}\n`.repeat(2)])
      expect(expectRefused(() => parseKeyCertificates(around(`${lines}_trap\n`))).message).to.match(/it is too long/)
  })
})

describe('a certificate', () => {
  let signer: Signer
  let other: Signer

  before(async () => {
    signer = await generateSigner()
    other = await generateSigner()
  })

  const refused = (change: CertificateChange, why: RegExp): void => {
    const error = expectRefused(
      () => verify(parseOne(certificateOf(signer, change)), signer.identity),
      'DIRECTORY_CERTIFICATE',
    )
    expect(error.message).to.match(why)
  }

  it('holds when everything is right', () => {
    verify(parseOne(certificateOf(signer)), signer.identity)
  })

  it('may have its cross-signature under the other name', () => {
    const parsed = parseOne(certificateOf(signer).replaceAll('ID SIGNATURE', 'SIGNATURE'))
    expect(parsed.crossSignature).to.deep.equal(parseOne(certificateOf(signer)).crossSignature)
  })

  it('is refused when it is of another authority than the one that was asked for', () => {
    const error = expectRefused(() => verify(parseOne(certificateOf(other)), signer.identity), 'DIRECTORY_CERTIFICATE')
    expect(error.message).to.match(/another authority/)
  })

  it('is refused when its identity key does not have the fingerprint that it claims', () => {
    refused({ publishedKey: other.identityKey }, /does not have its fingerprint/)
    const forged = certificateOf(other, { fingerprint: signer.identity })
    expectRefused(() => verify(parseOne(forged), signer.identity), 'DIRECTORY_CERTIFICATE')
  })

  it('is refused when either of its keys did not sign for the other', () => {
    refused({ certifier: other.identityKey }, /identity key did not sign it/)
    refused({ certifier: signer.signingKey }, /identity key did not sign it/)
    refused({ crossSigner: other.signingKey }, /signing key did not sign/)
  })

  it('is refused beyond its time', () => {
    refused({ expires: '2026-11-30 23:59:59' }, /expired/)
    verify(parseOne(certificateOf(signer, { expires: '2026-12-01 00:00:00' })), signer.identity)
    verify(parseOne(certificateOf(signer, { published: '2026-12-02 00:00:00' })), signer.identity)
    refused({ published: '2026-12-02 00:00:01' }, /from the future/)
    expectRefused(
      () => verify(parseOne(certificateOf(signer)), signer.identity, NOW + 365 * DAY),
      'DIRECTORY_CERTIFICATE',
    )
  })

  it('is refused when a key of it is shorter than 1024 bits', () => {
    const parsed = parseOne(certificateOf(signer))
    const short = { ...parsed, signingKey: { ...parsed.signingKey, modulus: parsed.signingKey.modulus.subarray(1) } }
    expectRefused(() => verify(short, signer.identity), 'DIRECTORY_CERTIFICATE')
  })

  it('is malformed with an item missing, there twice, or none', () => {
    const text = certificateOf(signer)
    for (const item of [
      'fingerprint',
      'dir-key-published',
      'dir-key-expires',
      'dir-identity-key',
      'dir-signing-key',
      'dir-key-crosscert',
      'dir-key-certification',
    ]) {
      expectRefused(() => parseKeyCertificates(replaced(text, `\n${item}`, '\nx-other')))
      expectRefused(() =>
        parseKeyCertificates(text.replace(new RegExp(`^${item} ?.*\\n(-----BEGIN[^]*?-----END.*\\n)?`, 'm'), '$&$&')),
      )
    }
    for (const [from, to] of [
      ['version 3', 'version 4'],
      ['dir-key-certificate-version 3\n', ''],
      ['fingerprint ', 'fingerprint 0'],
      ['2027-01-01', '2027-02-29'],
      ['BEGIN RSA', 'BEGIN DSA'],
      [
        'dir-signing-key\n',
        'dir-signing-key\n-----BEGIN RSA PUBLIC KEY-----\nAAAA\n-----END RSA PUBLIC KEY-----\nx-other\n',
      ],
    ] as const) {
      expectRefused(() => parseKeyCertificates(replaced(text, from, to)))
    }
  })

  it('is malformed when its end is missing, and when something stands between two', () => {
    const text = certificateOf(signer)
    for (let end = 1; end < text.length; end += 11) expectRefused(() => parseKeyCertificates(text.slice(0, end)))
    expectRefused(() => parseKeyCertificates(`${text}x-other\n${text}`))
    expect(parseKeyCertificates(text + text)).to.have.length(2)
    expect(parseKeyCertificates('')).to.deep.equal([])
  })
})
