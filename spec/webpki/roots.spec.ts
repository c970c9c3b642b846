import { expect } from 'chai'
import { canonicalName } from '../../lib/webpki/distinguished-name.ts'
import { ROOT_LIST } from '../../lib/webpki/root-list.ts'
import { webRoots } from '../../lib/webpki/roots.ts'
import { isStrongKey } from '../../lib/webpki/signature-algorithm.ts'
import { verifyServerCertificate } from '../../lib/webpki/server-certificate.ts'
import { failureOf } from '../support/failures.ts'
import { authority, HOST, NOW, root, server } from './support/certificates.ts'
import { keyOf } from './support/keys.ts'

const IMPORTS = {
  'rsa': { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
  'P-256': { name: 'ECDSA', namedCurve: 'P-256' },
  'P-384': { name: 'ECDSA', namedCurve: 'P-384' },
} as const

describe('The authorities of the web', () => {
  it('are more than a hundred, each with a name and a strong key that this runtime takes', async () => {
    const anchors = webRoots()
    expect(anchors.length).to.be.greaterThan(100)
    for (const { subject, publicKey } of anchors) {
      expect(canonicalName(subject)).to.have.length.greaterThan(0)
      expect(isStrongKey(publicKey)).to.equal(true)
      const { kind = expect.fail('a key of no known kind') } = publicKey
      await crypto.subtle.importKey('spki', new Uint8Array(publicKey.spki), IMPORTS[kind], false, ['verify'])
    }
  })

  it('are each there once, and read once', () => {
    expect(webRoots()).to.equal(webRoots())
    const lines = ROOT_LIST.trim().split('\n')
    expect(new Set(lines).size).to.equal(lines.length)
    expect(webRoots().length).to.equal(lines.length)
  })

  it('are no more bytes than a page can wait for: under 100 kB', () => {
    expect(ROOT_LIST.length).to.be.lessThan(100_000)
  })

  it('trust nobody who only has the name of one', async () => {
    const { subject } = webRoots()[0] ?? expect.fail('there is none')
    for (const scheme of ['ecdsa-p256-sha256', 'rsa-sha256'] as const) {
      const namesake = await root('', { subject }, await keyOf('namesake', scheme))
      const middle = await authority(namesake, 'middle')
      for (const chain of [
        [await server(middle), middle],
        [await server(namesake)],
        [await server(middle), middle, namesake],
      ]) {
        const ders = chain.map(({ der }) => der)
        const check = verifyServerCertificate(ders, { serverName: HOST, now: NOW, anchors: webRoots() })
        expect((await failureOf(check)).code).to.equal('TLS_CERTIFICATE')
      }
    }
  })
})
