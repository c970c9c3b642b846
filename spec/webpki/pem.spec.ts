import { expect } from 'chai'
import { certificatesOfPem } from '../../lib/webpki/pem.ts'
import { anchorsOfPem } from '../../lib/webpki/trust-anchor.ts'
import { thrownBy } from '../cell/support/bytes.ts'
import { authority, root, server, verdict, type Issued } from './support/certificates.ts'
import { pemOf } from './support/pem.ts'

describe('Certificates as text', () => {
  let top: Issued
  let other: Issued

  before(async () => {
    top = await root()
    other = await root('other')
  })

  it('are read, one or many, whatever stands around them and however lines end', () => {
    const [first, second] = [pemOf(top.der), pemOf(other.der)]
    for (const text of [
      first + second,
      `# top\nsubject=CN = root\n${first}\n\n  # other - the second\n${second}\nend`,
      (first + second).replaceAll('\n', '\r\n'),
      (first + second).replaceAll('\n', '\n  '),
      first.trim() + second,
      `\ufeff${first}${pemOf(Uint8Array.of(1), 'X509 CRL')}${second}${pemOf(Uint8Array.of(2), 'PRIVATE KEY')}`,
    ]) {
      expect(certificatesOfPem(text)).to.deep.equal([top.der, other.der])
    }
  })

  for (const [what, text] of [
    ['nothing', ''],
    ['a text without any', 'hello'],
    ['another thing', pemOf(Uint8Array.of(1), 'PRIVATE KEY')],
    ['a certificate without its end', '-----BEGIN CERTIFICATE-----\nAAAA\n'],
    ['what is not base64', '-----BEGIN CERTIFICATE-----\nA*AA\n-----END CERTIFICATE-----'],
    ['base64 that is cut short', '-----BEGIN CERTIFICATE-----\nAAAAA\n-----END CERTIFICATE-----'],
  ] as const) {
    it(`are not read from ${what}`, () => {
      expect(thrownBy(() => certificatesOfPem(text))).to.be.instanceOf(TypeError)
      const error = thrownBy(() => anchorsOfPem([pemOf(top.der), text]))
      expect(error).to.be.instanceOf(TypeError)
      expect((error as TypeError).message).to.include('tls.ca')
    })
  }

  it('are refused by the name of the option when they are none', () => {
    for (const der of [new Uint8Array(), Uint8Array.of(0x30, 0), top.der.subarray(1), top.der.subarray(0, -1)]) {
      const error = thrownBy(() => anchorsOfPem([pemOf(der)]))
      expect(error).to.be.instanceOf(TypeError)
      expect((error as TypeError).message).to.include('tls.ca')
    }
  })

  it('become authorities that are trusted, in any number of texts', async () => {
    const anchors = anchorsOfPem([pemOf(top.der) + pemOf(other.der), pemOf(top.der)])
    expect(anchors.map(({ subject }) => subject)).to.deep.equal([top.subject, other.subject, top.subject])
    expect(anchors.map(({ certificate }) => certificate?.der)).to.deep.equal([top.der, other.der, top.der])
    const middle = await authority(other, 'middle')
    expect(await verdict([await server(middle), middle], [top, other])).to.equal('accepted')
  })
})
