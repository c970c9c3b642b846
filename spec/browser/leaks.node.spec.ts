import { mkdtemp, rm } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import type { DrivenBrowser } from '../../scripts/specs/browser-launch.js'
import { requireProgram } from '../support/programs.ts'
import { NOBODY } from '../onion/support/nobody.ts'
import { ChildRecorder } from '../tor/support/outgoing-child.ts'
import { BROWSERS, Page, startBrowser } from './support/driven-page.ts'
import { reachedNetwork } from './support/page-network.ts'
import type { Served } from './support/served.ts'

/** A name that nothing but the control of these specs has the browser look up. */
const CONTROL = 'control.leaks.test'

/** Where browsers go by themselves when they start: to their makers, of whom no page of ours knows, and by TLS. */
const BY_ITSELF = /^name (?:[\w-]+\.)*(?:google|googleapis|gstatic|mozilla)\.(?:com|net|org)$|^address \S+:443$/

describe('What a page brings its browser to do on the network', function () {
  const reached = reachedNetwork(2)
  let directory: string
  let recorder: ChildRecorder

  before(async function () {
    directory = await mkdtemp(join(tmpdir(), 'tor-streams-leaks-'))
    recorder = await ChildRecorder.make(requireProgram(this, 'gcc'), directory)
  })

  after(async () => {
    await rm(directory, { recursive: true, force: true })
  })

  for (const browser of BROWSERS) {
    describe(`in ${browser}`, () => {
      let driven: DrivenBrowser
      let page: Page

      before(async function () {
        // Names are looked up here, if anybody asks: the recorder notes that, and says that there is none.
        driven = await startBrowser(this, browser, { env: recorder.environment(browser), resolves: true })
        page = await Page.open(driven, reached.network.site)
      })

      after(async () => {
        await driven?.close()
      })

      it('is to reach the page and the gateway, and nothing else, whatever succeeds or fails', async () => {
        const { network, gateway } = reached
        const url = `ws://127.0.0.1:${gateway.port}`
        const argument = { url, authorities: network.authorities, ca: network.secure.ca }
        await page.act('open', argument)
        await page.act('get', { url: network.url('/') })
        await page.act('get', { url: network.secure.right })
        await page.act('resolve', { hostname: 'some.name.test' })
        const { web } = await page.act<Served>('serve')
        await page.act('get', { url: `http://${web}/` })
        await page.failure('get', { url: `http://${NOBODY}/` })
        for (const wrong of Object.values(network.secure.wrong)) await page.failure('get', { url: wrong })
        await page.failure('get', { url: `http://some.name.test:1/` })
        await page.failure('get', { url: `http://nx.name.test:${network.tor.httpPort}/` })
        await page.failure('resolve', { hostname: 'nx.name.test' })
        await page.act('close')
        await page.failure('open', { ...argument, url: 'ws://127.0.0.1:9' })

        // As it should be when it is not by Tor: the record is of this browser, and sees such things.
        await page.act('lookUp', { url: `http://${CONTROL}:${network.tor.httpPort}/` })
        const seen = await recorder.seen(browser)
        expect(seen).to.include(`name ${CONTROL}`)
        const ours = [network.site.port, gateway.port].map((port) => `address 127.0.0.1:${port}`)
        expect(seen).to.include.members(ours)
        // Firefox asks for the record of such a service (RFC 9460) beside its address.
        const service = `name _${network.tor.httpPort}._https.${CONTROL}`
        const known = new Set([...ours, 'address 127.0.0.1:9', `name ${CONTROL}`, service, `name ${hostname()}`])
        const others = seen.filter((each) => !each.startsWith('path ') && !known.has(each) && !BY_ITSELF.test(each))
        // WebKit's driver is an address too, at a port that it picks.
        if (browser === 'webkit')
          for (const driver of others.splice(0, 1)) expect(network.places).to.not.include(driver)
        expect(others).to.deep.equal([])
      })
    })
  }
})
