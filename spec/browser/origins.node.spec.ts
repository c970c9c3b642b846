import { expect } from 'chai'
import type { DrivenBrowser } from '../../scripts/specs/browser-launch.js'
import { serverCertificate as cert, serverKey as key } from '../support/tls-authority.ts'
import { Page, startBrowser } from './support/driven-page.ts'
import { PageSite } from './support/page-site.ts'

/** A name that is not this machine's own, and that the browser takes for it. */
const HOSTNAME = 'page.test'
/** Nobody is ever asked. */
const authorities = `none orport=1 v3ident=${'A'.repeat(40)} 127.0.0.1:1 ${'B'.repeat(40)}`

describe('A page in Chromium, by where it comes from', function () {
  let driven: DrivenBrowser
  const sites: PageSite[] = []

  before(async function () {
    driven = await startBrowser(this, 'chromium', { hostname: HOSTNAME })
    sites.push(await PageSite.start(), await PageSite.start({ key, cert }))
  })

  after(async () => {
    await driven?.close()
    for (const site of sites) await site.stop()
  })

  it('is told, over http: from elsewhere, that it has no cryptography, before anything else', async () => {
    const page = await Page.open(driven, sites[0] as PageSite, '', HOSTNAME)
    const { code, message } = await page.failure('open', { url: `ws://${HOSTNAME}:1`, authorities })
    expect(code).to.equal('CLIENT_UNSUPPORTED')
    expect(message).to.match(/over https:/)
    await page.close()
  })

  it('is told, over https:, that a gateway of ws: is mixed content, which the browser says less well', async () => {
    const page = await Page.open(driven, sites[1] as PageSite, '', HOSTNAME)
    const url = `ws://${HOSTNAME}:1`
    expect(await page.act('dial', { url }), 'the browser').to.equal('SecurityError')
    const { code, message } = await page.failure('open', { url, authorities })
    expect(code, message).to.equal('LINK_FORBIDDEN')
    expect(message).to.match(/mixed content.*wss:/)
    await page.close()
  })

  it('may use a gateway of ws: on its own machine, over https: too', async () => {
    const page = await Page.open(driven, sites[1] as PageSite, '', HOSTNAME)
    const url = 'ws://127.0.0.1:1'
    expect(await page.act('dial', { url }), 'the browser').to.equal('made')
    const { code } = await page.failure('open', { url, authorities })
    expect(code).not.to.equal('LINK_FORBIDDEN')
    await page.close()
  })
})
