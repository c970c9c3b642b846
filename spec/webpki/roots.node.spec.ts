import { X509Certificate } from 'node:crypto'
import { rootCertificates } from 'node:tls'
import { gzipSync } from 'node:zlib'
import { expect } from 'chai'
import { ROOT_LIST } from '../../lib/webpki/root-list.ts'
import { webRoots } from '../../lib/webpki/roots.ts'
import { anchorsOfPem } from '../../lib/webpki/trust-anchor.ts'

describe("Node's authorities", () => {
  it('are all read as certificates, with the name and the key that Node finds in them', () => {
    const anchors = anchorsOfPem(rootCertificates)
    expect(anchors.length).to.equal(rootCertificates.length)
    for (const [index, pem] of rootCertificates.entries()) {
      const { publicKey, validTo } = new X509Certificate(pem)
      const anchor = anchors[index]
      expect(
        publicKey.export({ format: 'der', type: 'spki' }).equals(anchor?.publicKey.spki ?? new Uint8Array()),
      ).to.equal(true)
      expect(anchor?.certificate?.notAfter).to.equal(Date.parse(validTo))
      expect(anchor?.certificate?.isAuthority).to.equal(true)
    }
  })

  it('and the list that a page loads have most in common', () => {
    const keys = new Set(anchorsOfPem(rootCertificates).map(({ publicKey }) => publicKey.spki.join()))
    const shared = webRoots().filter(({ publicKey }) => keys.has(publicKey.spki.join()))
    console.log(
      `      ${webRoots().length} authorities, ${shared.length} of them Node's too; the list is ` +
        `${(ROOT_LIST.length / 1_000).toFixed(1)} kB, ${(gzipSync(ROOT_LIST).length / 1_000).toFixed(1)} kB gz`,
    )
    expect(shared.length).to.be.greaterThan(100)
  })
})
