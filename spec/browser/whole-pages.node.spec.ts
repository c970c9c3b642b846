import { expect } from 'chai'
import { listenGateway, type Gateway } from '../../lib/node.ts'
import { MemoryStorage } from '../../lib/platform/storage/storage.ts'
import type { DrivenBrowser } from '../../scripts/specs/browser-launch.js'
import { testBytesSha256 } from '../tor/support/test-bytes.ts'
import type { Opened } from './support/actions.ts'
import { BROWSERS, Page, startBrowser } from './support/driven-page.ts'
import { PageNetwork } from './support/page-network.ts'
import type { Wrong } from './support/secure-targets.ts'

const MB = 1_000_000

const REFUSED: Readonly<Record<Wrong, string>> = {
  'another name': 'TLS_CERTIFICATE',
  'expired': 'TLS_CERTIFICATE',
  'self-signed': 'TLS_CERTIFICATE',
  'an issuer that is no authority': 'TLS_CERTIFICATE',
  'an unknown authority': 'TLS_CERTIFICATE',
  'no CertificateVerify': 'TLS_FAILED',
}

/** The guards that were used, of what is kept: their fingerprints. */
const usedGuards = (guards: string): string[] => guards.split('\n').filter((line) => line.includes('confirmed'))

describe('A page through the gateway, and a network of real tor', function () {
  this.timeout(180_000)
  let network: PageNetwork
  let gateway: Gateway

  before(async function () {
    network = await PageNetwork.start(this, 2)
    gateway = await listenGateway({
      port: 0,
      network: network.config,
      storage: new MemoryStorage(),
      allowPrivate: true,
    })
  })

  after(async () => {
    await gateway?.close()
    await network?.stop()
  })

  for (const browser of BROWSERS) {
    describe(`in ${browser}`, () => {
      let driven: DrivenBrowser
      let page: Page
      let first: Opened

      before(async function () {
        driven = await startBrowser(this, browser)
        page = await Page.open(driven, network.site)
      })

      after(async () => {
        await driven?.close()
      })

      const open = (more: object = {}, where: 'window' | 'worker' | 'service worker' = 'window') =>
        page.act<Opened>(
          'open',
          { url: `ws://127.0.0.1:${gateway.port}`, authorities: network.authorities, ca: network.secure.ca, ...more },
          where,
        )

      it('knows nothing but the authorities, and gets to a first answer', async () => {
        first = await open()
        expect(first.phases).to.deep.equal([
          'connecting',
          'consensus',
          'certificates',
          'microdescriptors',
          'circuit',
          'ready',
        ])
        expect(first.warnings).to.deep.equal([])
        expect(await page.act('get', { url: network.url('/') })).to.deep.equal({ status: 200, text: 'ok\n' })
      })

      it('resolves a name', async () => {
        const [answer] = await page.act<unknown[]>('resolve', { hostname: 'some.name.test' })
        expect(answer).to.deep.include({ type: 'ipv4', address: '127.0.0.1', ttl: 60 })
      })

      it('moves 20 MB down and 20 MB up, every byte right', async () => {
        const right = { bytes: 20 * MB, sha256: testBytesSha256(20 * MB) }
        expect(await page.act('download', { url: network.url(`/${20 * MB}`) })).to.deep.equal(right)
        const from = network.url(`/${20 * MB}`)
        expect(await page.act('upload', { from, url: network.url('/') })).to.deep.equal(right)
      })

      it('fetches https: of a server whose authority it trusts', async () => {
        expect(await page.act('get', { url: network.secure.right })).to.deep.equal({ status: 200, text: 'ok\n' })
      })

      for (const [wrong, code] of Object.entries(REFUSED) as [Wrong, string][]) {
        it(`refuses https: of a server with ${wrong}`, async () => {
          const { code: found, causes, message } = await page.failure('get', { url: network.secure.wrong[wrong] })
          expect([found, ...causes].join(), message).to.contain(code)
        })
      }

      it('begins at the same guard on the next visit, and downloads nothing', async () => {
        const before = usedGuards(await page.act('guards'))
        expect(before).to.have.length.above(0)
        await page.act('close')
        await page.visit()
        const second = await open()
        expect(second.phases).to.deep.equal(['connecting', 'circuit', 'ready'])
        expect(second.warnings).to.deep.equal([])
        expect(usedGuards(second.guards)).to.deep.equal(before)
        expect(await page.act('get', { url: network.url('/') })).to.deep.equal({ status: 200, text: 'ok\n' })
        await page.act('close')
      })

      for (const where of ['worker', 'service worker'] as const) {
        it(`does the same in a ${where}, with what the window has kept`, async () => {
          const opened = await open({}, where)
          expect(opened.phases).to.deep.equal(['connecting', 'circuit', 'ready'])
          const got = await page.act('get', { url: network.url('/') }, where)
          expect(got).to.deep.equal({ status: 200, text: 'ok\n' })
          const secure = await page.act('get', { url: network.secure.right }, where)
          expect(secure).to.deep.equal({ status: 200, text: 'ok\n' })
          await page.act('close', undefined, where)
        })
      }
    })
  }
})
