import { join } from 'node:path'
import { expect } from 'chai'
import { parseGuardState } from '../../lib/client/guards/guard-state.ts'
import { ROOT } from '../../scripts/files.js'
import { buildPage, servePage } from '../../scripts/page.js'
import type { DrivenBrowser } from '../../scripts/specs/browser-launch.js'
import { TorClient } from '../../lib/client/tor-client.ts'
import type { TorStream } from '../../lib/stream/tor-stream.ts'
import { MemoryStorage } from '../../lib/platform/storage/storage.ts'
import { NOBODY } from '../onion/support/nobody.ts'
import { requireProgram } from '../support/programs.ts'
import { codeOf, writeTestBytes } from '../tor/support/client.ts'
import type { Received } from '../tor/support/http-target.ts'
import type { OnionServiceProcess, TorNetwork } from '../tor/support/network.ts'
import { until } from '../tor/support/poll.ts'
import { runProgram } from '../tor/support/program.ts'
import { digestOf } from '../tor/support/stream-target.ts'
import { testBytes, testBytesSha256 } from '../tor/support/test-bytes.ts'
import type { Opened } from './support/actions.ts'
import { BROWSERS, Page, startBrowser } from './support/driven-page.ts'
import { reachedNetwork } from './support/page-network.ts'
import type { Wrong } from './support/secure-targets.ts'
import type { Served } from './support/served.ts'

const MB = 1_000_000

const REFUSED: Readonly<Record<Wrong, string>> = {
  'another name': 'TLS_CERTIFICATE',
  'expired': 'TLS_CERTIFICATE',
  'self-signed': 'TLS_CERTIFICATE',
  'an issuer that is no authority': 'TLS_CERTIFICATE',
  'an unknown authority': 'TLS_CERTIFICATE',
  'no CertificateVerify': 'TLS_FAILED',
}

/** The guards that are kept, in their order: their fingerprints. */
const sampledGuards = (guards: string): string[] => (parseGuardState(guards) ?? []).map((each) => each.fingerprint)

/** The guards that were used, of what is kept: their fingerprints. */
const usedGuards = (guards: string): string[] =>
  (parseGuardState(guards) ?? []).filter(({ confirmedAt }) => confirmedAt !== undefined).map((each) => each.fingerprint)

describe('A page through the gateway, and a network of real tor', function () {
  const reached = reachedNetwork(2)
  /** A service of real tor, which pages visit. */
  let onion: Promise<OnionServiceProcess>
  /** Who visits pages: a client of this library in this process, and for each browser's a tor client. */
  let visitor: TorClient

  before(async () => {
    const { tor, config } = reached.network
    // Others begin while its descriptors are on their way.
    onion = tor.startService('onion')
    onion.catch(() => undefined)
    visitor = await TorClient.open({ network: config, storage: new MemoryStorage(), timeout: 60_000 })
  })

  after(() => visitor?.close())

  for (const browser of BROWSERS) {
    describe(`in ${browser}`, () => {
      let driven: DrivenBrowser
      let page: Page
      let first: Opened
      let torClient: Awaited<ReturnType<TorNetwork['startClient']>>

      before(async function () {
        driven = await startBrowser(this, browser)
        torClient = await reached.network.tor.startClient(`visitor-${browser}`)
        page = await Page.open(driven, reached.network.site)
      })

      after(async () => {
        await torClient?.stop()
        await driven?.close()
      })

      const open = (tab = page, where: 'window' | 'worker' | 'service worker' = 'window') => {
        const { network, gateway } = reached
        const argument = {
          url: `ws://127.0.0.1:${gateway.port}`,
          authorities: network.authorities,
          ca: network.secure.ca,
        }
        return tab.act<Opened>('open', argument, where)
      }
      const expectAnswer = async (tab = page): Promise<void> => {
        expect(await tab.act('get', { url: reached.network.url('/') })).to.deep.equal({ status: 200, text: 'ok\n' })
      }

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
        await expectAnswer()
      })

      it('resolves a name', async () => {
        const [answer] = await page.act<unknown[]>('resolve', { hostname: 'some.name.test' })
        expect(answer).to.deep.include({ type: 'ipv4', address: '127.0.0.1', ttl: 60 })
      })

      it('moves 20 MB down and 20 MB up, every byte right', async () => {
        const right = { bytes: 20 * MB, sha256: testBytesSha256(20 * MB) }
        expect(await page.act('download', { url: reached.network.url(`/${20 * MB}`) })).to.deep.equal(right)
        const from = reached.network.url(`/${20 * MB}`)
        expect(await page.act('upload', { from, url: reached.network.url('/') })).to.deep.equal(right)
      })

      it('fetches https: of a server whose authority it trusts', async () => {
        expect(await page.act('get', { url: reached.network.secure.right })).to.deep.equal({
          status: 200,
          text: 'ok\n',
        })
      })

      for (const [wrong, code] of Object.entries(REFUSED) as [Wrong, string][]) {
        it(`refuses https: of a server with ${wrong}`, async () => {
          const {
            code: found,
            causes,
            message,
          } = await page.failure('get', { url: reached.network.secure.wrong[wrong] })
          expect([found, ...causes].join(), message).to.contain(code)
        })
      }

      it('reaches an onion service of real tor: 1 MB down and 1 MB up, every byte right', async () => {
        const at = `http://${(await onion).onion}`
        expect(await page.act('get', { url: `${at}/` })).to.deep.equal({ status: 200, text: 'ok\n' })
        const whole = { bytes: MB, sha256: testBytesSha256(MB) }
        expect(await page.act('download', { url: `${at}/${MB}` })).to.deep.equal(whole)
        expect(await page.act('upload', { from: `${at}/${MB}`, url: `${at}/` })).to.deep.equal(whole)
      })

      it('is told what is wrong with the address of an onion service', async () => {
        const { onion: right } = await onion
        const mistyped = right.replace(/^./, (letter) => (letter === 'a' ? 'b' : 'a'))
        for (const [at, code] of [
          [mistyped, 'ONION_ADDRESS_INVALID'],
          [NOBODY, 'ONION_DESCRIPTOR_NOT_FOUND'],
          [`${right}:81`, 'END_DONE'],
        ] as const) {
          const { code: found, causes, message } = await page.failure('get', { url: `http://${at}/` })
          expect([found, ...causes].join(), message).to.contain(code)
          expect([message, ...causes].join()).to.not.match(/[a-z2-7]{55}d/)
        }
      })

      it('offers onion services, to clients of this library and of C tor, and to another page', async function () {
        const curl = requireProgram(this, 'curl')
        const tab = await Page.open(driven, reached.network.site)
        await open(tab)
        const { web, echo } = await tab.act<Served>('serve')
        const whole = { bytes: MB, sha256: testBytesSha256(MB) }

        const put = { method: 'PUT', body: testBytes(MB) }
        expect(await (await visitor.fetch(`http://${web}/${MB}`)).bytes()).to.deep.equal(testBytes(MB))
        expect(await (await visitor.fetch(`http://${web}/`, put)).json()).to.deep.equal(whole)
        expect(await echoed(visitor.connect(`${echo}:7`), MB)).to.deep.equal(whole)
        expect(await codeOf(visitor.connect(`${web}:81`).opened)).to.equal('END_DONE')

        await until('the tor client', AbortSignal.timeout(60_000), () => torClient.log().includes('Bootstrapped 100%'))
        const ask = (...more: string[]): Promise<Buffer> =>
          runProgram(curl, ['-q', '-sS', '--fail', '--socks5-hostname', `127.0.0.1:${torClient.socksPort}`, ...more], {
            environment: {},
            input: testBytes(MB),
          })
        expect(new Uint8Array(await ask(`http://${web}/${MB}`))).to.deep.equal(testBytes(MB))
        expect(JSON.parse((await ask('--upload-file', '-', `http://${web}/`)).toString())).to.deep.equal(whole)

        expect(await page.act('download', { url: `http://${web}/${MB}` })).to.deep.equal(whole)
        await tab.act('close')
        await tab.close()
      })

      it('begins at the same guard on the next visit, and downloads nothing', async () => {
        const before = usedGuards(await page.act('guards'))
        expect(before).to.have.length.above(0)
        await page.act('close')
        await page.visit()
        const second = await open()
        expect(second.phases).to.deep.equal(['connecting', 'circuit', 'ready'])
        expect(second.warnings).to.deep.equal([])
        expect(usedGuards(second.guards)).to.deep.equal(before)
        await expectAnswer()
        await page.act('close')
      })

      it('has the same guards in two tabs that are opened at once, from nothing, and loses none', async () => {
        await page.act('forget')
        const tabs = [page, await Page.open(driven, reached.network.site)]
        const used = new Set<string>()
        const answerAll = async (): Promise<string[][]> => {
          await Promise.all(tabs.map((tab) => expectAnswer(tab)))
          const firsts = await Promise.all(tabs.map((tab) => tab.act<string[]>('firstRelays')))
          for (const first of firsts.flat()) used.add(first)
          return firsts
        }
        await Promise.all(tabs.map((tab) => open(tab)))
        await answerAll()
        for (const tab of tabs) await tab.act('close')
        const kept = await page.act<string>('guards')
        expect(usedGuards(kept)).to.have.length.above(0)
        expect(sampledGuards(kept), 'who was used').to.include.members([...used])
        const again = await Promise.all(tabs.map((tab) => open(tab)))
        expect(again.map(({ phases }) => phases)).to.deep.equal(tabs.map(() => ['connecting', 'circuit', 'ready']))
        const [first, second] = await answerAll()
        // Not at one alone: a circuit whose exit is the first guard begins at the next.
        for (const firsts of [first, second]) {
          expect(firsts).to.have.length.above(0)
          expect(sampledGuards(kept), 'no stranger').to.include.members(firsts ?? [])
        }
        for (const tab of tabs) await tab.act('close')
        expect(sampledGuards(await page.act('guards')), 'in this order').to.deep.equal(sampledGuards(kept))
        await tabs[1]?.close()
      })

      for (const where of ['worker', 'service worker'] as const) {
        it(`does the same in a ${where}, with what the window has kept`, async () => {
          const opened = await open(page, where)
          expect(opened.phases).to.deep.equal(['connecting', 'circuit', 'ready'])
          const got = await page.act('get', { url: reached.network.url('/') }, where)
          expect(got).to.deep.equal({ status: 200, text: 'ok\n' })
          const secure = await page.act('get', { url: reached.network.secure.right }, where)
          expect(secure).to.deep.equal({ status: 200, text: 'ok\n' })
          await page.act('close', undefined, where)
        })
      }
    })
  }

  it('is that of the example, too: its field takes the gateway', async function () {
    const { network, gateway } = reached
    const outdir = join(ROOT, '.build', 'page-spec-gateway')
    const driven = await startBrowser(this, 'chromium')
    await buildPage(outdir, network.authorities)
    const site = await servePage(outdir)
    try {
      const { page } = await driven.open()
      if (page === undefined) throw new Error('no page')
      await page.goto(`${site.url}#still`)
      const shows = (selector: string, pattern: RegExp): Promise<unknown> =>
        page.waitForFunction(
          (each, source) => new RegExp(source).test(document.querySelector(each)?.textContent ?? ''),
          { timeout: 60_000 },
          selector,
          pattern.source,
        )
      await shows('.ts-phase', /^Ready$/)
      await page.click('input[value=gateway]')
      await page.type('#gateway', `ws://127.0.0.1:${gateway.port}`)
      await page.evaluate(async () => {
        const gone = new Promise<void>((resolve) => {
          const isGone = (): boolean => document.querySelector('.ts-phase')?.textContent !== 'Ready'
          const observer = new MutationObserver(() => void (isGone() && (observer.disconnect(), resolve())))
          observer.observe(document.body, { subtree: true, childList: true, characterData: true })
        })
        document.querySelector<HTMLFormElement>('#network')?.requestSubmit()
        await gone
      })
      await shows('.ts-phase', /^Ready$/)
      await page.$eval('#url', (field, url) => void ((field as HTMLInputElement).value = url), network.url('/1000000'))
      await page.$eval('#fetch', (form) => (form as HTMLFormElement).requestSubmit())
      await shows('#outcome', /^Done: 200|^It failed/)
      expect(await page.$eval('#outcome', ({ textContent }) => textContent)).to.equal('Done: 200 OK, 1.0 MB')
    } finally {
      await driven.close()
      await site.close()
    }
  })
})

/** What an echo makes of so many bytes of the sequence in test-bytes.ts. Its stream is closed then: Tor has no half-close. */
async function echoed(socket: TorStream, length: number): Promise<Received> {
  const writing = writeTestBytes(socket.writable.getWriter(), length)
  const received = await digestOf(socket.readable, length)
  await writing
  await socket.close()
  return received
}
