/** The vectors of x509-limbo and BetterTLS, read from the folder that TOR_STREAMS_VECTORS names. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { TorError } from '../../lib/base/errors.ts'
import { readCertificate, type Certificate } from '../../lib/webpki/certificate.ts'
import { CertificateFault } from '../../lib/webpki/certificate-fault.ts'
import { findPath } from '../../lib/webpki/certificate-path.ts'
import { bytesOfBase64, certificatesOfPem } from '../../lib/webpki/pem.ts'
import { verifyServerCertificate } from '../../lib/webpki/server-certificate.ts'
import { anchorsOfPem, type TrustAnchor } from '../../lib/webpki/trust-anchor.ts'
import { skipWithout } from '../support/programs.ts'
import { anchorOf } from './support/certificates.ts'
import { LIMBO_DIFFERENCES } from './support/limbo-differences.ts'

interface LimboCase {
  readonly id: string
  readonly validation_kind: 'SERVER' | 'CLIENT'
  readonly trusted_certs: readonly string[]
  readonly untrusted_intermediates: readonly string[]
  readonly peer_certificate: string
  readonly validation_time: string | null
  readonly expected_result: 'SUCCESS' | 'FAILURE'
  readonly expected_peer_name: { readonly value: string } | null
}

interface BetterTlsCase {
  readonly id: number
  readonly certificates: readonly string[]
  readonly hostname: string
  readonly expected: 'ACCEPT' | 'REJECT' | 'SOFT_PASS' | 'SOFT_FAIL'
  readonly features: readonly string[]
}

const VECTORS = 'TOR_STREAMS_VECTORS'

/** Reads one of the files, or skips this spec. */
function vectors<T>(context: Mocha.Context, name: string): T {
  const folder = process.env[VECTORS]
  if (folder === undefined) return skipWithout(context, `${VECTORS} names no folder with ${name}`)
  return JSON.parse(readFileSync(join(folder, name), 'utf8')) as T
}

/** What a check comes to: 'accepted', or the word for why not. */
async function verdictOf(check: () => Promise<void>): Promise<string> {
  try {
    await check()
    return 'accepted'
  } catch (error) {
    if (error instanceof CertificateFault) return error.fault
    throw error
  }
}

async function verdictOnLimbo(test: LimboCase): Promise<string> {
  const chain = [test.peer_certificate, ...test.untrusted_intermediates].flatMap(certificatesOfPem)
  const now = test.validation_time === null ? Date.now() : Date.parse(test.validation_time)
  return await verdictOf(async () => {
    let anchors: readonly TrustAnchor[]
    try {
      anchors = anchorsOfPem(test.trusted_certs)
    } catch (error) {
      // Nothing is connected with an authority that cannot be read.
      if (error instanceof TypeError && error.cause instanceof TorError) throw new CertificateFault('malformed', error)
      throw error
    }
    // Clients and cases without a name: the path alone.
    if (test.expected_peer_name === null) {
      const [leaf, ...intermediates] = chain.map((der) => readCertificate(der))
      if (leaf !== undefined) await findPath(leaf, { intermediates, anchors, now })
    } else {
      await verifyServerCertificate(chain, { serverName: test.expected_peer_name.value, anchors, now })
    }
  })
}

async function verdictOnBetterTls({ certificates, hostname }: BetterTlsCase, root: TrustAnchor): Promise<string> {
  // All of them were made at the same time, those whose time is over included.
  const now = (root.certificate as Certificate).notBefore + 2 * 86_400_000
  return await verdictOf(async () => {
    await verifyServerCertificate(certificates.map(bytesOfBase64), { serverName: hostname, anchors: [root], now })
  })
}

describe('The vectors of others', function () {
  it('x509-limbo: every verdict is the same but for those that are listed with their reason', async function () {
    const { testcases } = vectors<{ testcases: readonly LimboCase[] }>(this, 'limbo.json')
    const different: string[] = []
    for (const test of testcases) {
      const verdict = await verdictOnLimbo(test)
      if ((verdict === 'accepted') !== (test.expected_result === 'SUCCESS')) different.push(test.id)
    }
    expect(testcases.length).to.be.greaterThan(200)
    expect(different.sort()).to.deep.equal(Object.values(LIMBO_DIFFERENCES).flat().sort())
  })

  for (const kind of ['pathbuilding', 'nameconstraints'] as const) {
    it(`BetterTLS, ${kind}: every verdict is the same`, async function () {
      const file = vectors<Record<typeof kind, readonly BetterTlsCase[]> & { root: string }>(this, 'bettertls.json')
      const root = anchorOf({ der: bytesOfBase64(file.root) })
      const different: string[] = []
      for (const test of file[kind]) {
        const verdict = await verdictOnBetterTls(test, root)
        // A soft verdict leaves it to the one who checks.
        const isRight = test.expected.startsWith('SOFT') || (verdict === 'accepted') === (test.expected === 'ACCEPT')
        if (!isRight) different.push(`${test.id} ${test.features.join()}: ${verdict}`)
      }
      expect(file[kind].length).to.be.greaterThan(80)
      expect(different).to.deep.equal([])
    })
  }
})
