/** The page of examples/page, as a visitor has it: in two browsers, at three sizes, by keyboard, and by a screen reader. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import type { Page } from 'puppeteer-core'
import { ROOT } from '../../scripts/files.js'
import { buildPage, servePage } from '../../scripts/page.js'
import { launchBrowser } from '../../scripts/specs/browser-launch.js'
import { requireProgram } from '../support/programs.ts'
import { excessWidth, faultsForReaders } from './support/faults.ts'

const SIZES = [
  { width: 360, height: 760 },
  { width: 1280, height: 960 },
  { width: 2560, height: 1440 },
] as const

/** Where pictures go when somebody wants new ones: `TOR_STREAMS_PICTURES=docs`. */
const pictures = process.env['TOR_STREAMS_PICTURES']

for (const browser of ['chromium', 'firefox'] as const) {
  describe(`The page in ${browser}`, function () {
    const outdir = join(ROOT, '.build', `page-spec-${browser}`)
    let site: Awaited<ReturnType<typeof servePage>>
    let launched: Awaited<ReturnType<typeof launchBrowser>>
    let page: Page
    const asked: string[] = []
    const problems: string[] = []

    before(async function () {
      const executable = requireProgram(this, browser === 'firefox' ? 'firefox-esr' : 'chromium')
      await buildPage(outdir)
      site = await servePage(outdir)
      launched = await launchBrowser({ browser, executable, requests: true })
      const opened = (await launched.open()).page
      if (opened === undefined) throw new Error('no page')
      page = opened
      page.on('request', (request) => void asked.push(request.url()))
      page.on('pageerror', (error) => void problems.push(String(error)))
      page.on('console', (message) => void (message.type() === 'error' && problems.push(message.text())))
      await page.setViewport(SIZES[1])
      if (browser === 'chromium') await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: 'dark' }])
      await page.goto(`${site.url}#still`)
    })

    after(async () => {
      await launched?.close()
      await site?.close()
    })

    async function says(pattern: RegExp): Promise<void> {
      try {
        await page.waitForFunction(
          (source) => new RegExp(source).test(document.querySelector('.ts-say')?.textContent ?? ''),
          { timeout: 60_000 },
          pattern.source,
        )
      } catch (cause) {
        const all = await page.evaluate(() => document.body.innerText)
        throw new Error(`the page never said ${pattern}, but shows: ${all}`, { cause })
      }
    }
    const text = (selector: string): Promise<string> =>
      page.evaluate((each) => document.querySelector(each)?.textContent ?? '', selector)
    /** Presses Tab until the element with this id has the focus; backwards for what comes before. */
    async function tabTo(id: string, backwards = false): Promise<void> {
      if (backwards) await page.keyboard.down('Shift')
      for (let presses = 0; presses < 40; presses++) {
        if ((await page.evaluate(() => document.activeElement?.id)) === id) break
        await page.keyboard.press('Tab')
      }
      if (backwards) await page.keyboard.up('Shift')
      if ((await page.evaluate(() => document.activeElement?.id)) === id) return
      throw new Error(`the keyboard does not reach ${id}`)
    }
    async function picture(name: string): Promise<void> {
      if (pictures === undefined || browser !== 'chromium') return
      mkdirSync(join(ROOT, pictures), { recursive: true })
      writeFileSync(join(ROOT, pictures, `${name}.png`), await page.screenshot({ type: 'png', fullPage: false }))
    }

    it('opens on the network inside it, and data flows without anybody doing anything', async () => {
      await says(/^Data flows/)
      expect(await text('.ts-phase')).to.equal('Ready')
      expect(await page.$$eval('.ts-way .ts-node:not(.ts-node-end)', (nodes) => nodes.length)).to.equal(3)
    })

    it('stops the far end when the slider is moved to the left by keyboard, and says why', async () => {
      await tabTo('pace')
      await page.keyboard.press('Home')
      await says(/^This page has stopped reading.*the deliver window is empty.*the far end stands still/)
      const gauges = await page.$$eval('.ts-way [role=meter]', (all) =>
        all.map((each) => Number(each.getAttribute('aria-valuenow'))),
      )
      expect(gauges).to.have.length(2)
      for (const cells of gauges) expect(cells).to.be.below(50)
      expect(await page.$eval('#pace', (each) => each.getAttribute('aria-valuetext'))).to.equal('not at all')
      // The SENDMEs that were drawn fade.
      await page.waitForFunction(() =>
        [...document.querySelectorAll('.ts-way .ts-back')].every((each) => getComputedStyle(each).opacity === '0'),
      )
      await picture('page-stopped')
    })

    it('lets it go on when the slider is moved back', async () => {
      await tabTo('pace')
      await page.keyboard.press('End')
      await says(/^Data flows/)
      await page.waitForFunction(() => /MB/.test(document.querySelector('.ts-way .ts-number')?.textContent ?? ''))
      await picture('page')
    })

    for (const size of SIZES) {
      for (const scheme of ['light', 'dark'] as const) {
        it(`is without faults for a screen reader at ${size.width} pixels in ${scheme}, and nothing sticks out`, async () => {
          await page.setViewport(size)
          if (browser === 'chromium') await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }])
          expect(await faultsForReaders(page)).to.deep.equal([])
          expect(await excessWidth(page)).to.be.at.most(0)
          await picture(`page-${size.width}-${scheme}`)
        })
      }
    }

    it('takes another circuit for a new identity, by keyboard', async () => {
      await page.setViewport(SIZES[1])
      await says(/^Data flows/)
      const before = await text('.ts-circuit h3')
      await tabTo('identity', true)
      await page.keyboard.press('Enter')
      await page.waitForFunction(
        (old) =>
          document.querySelector('.ts-circuit h3')?.textContent !== old &&
          document.querySelector('.ts-circuit .ts-stream') !== null,
        { timeout: 60_000 },
        before,
      )
      await says(/^Data flows/)
    })

    it('fetches an address to its end, with progress', async () => {
      await tabTo('url')
      await page.$eval('#url', (each) => ((each as HTMLInputElement).value = 'http://far.example/1MB'))
      await page.$eval('#go', (each) => (each as HTMLButtonElement).click()) // stops what is under way
      await page.waitForFunction(() => document.getElementById('go')?.textContent === 'Fetch')
      await page.focus('#url')
      await page.keyboard.press('Enter')
      await page.waitForFunction(
        () => /^Done: 200/.test((document.getElementById('outcome') as HTMLOutputElement).value),
        { timeout: 60_000 },
      )
      expect(await page.$eval('#outcome', (each) => (each as HTMLOutputElement).value)).to.equal('Done: 200 OK, 1.0 MB')
    })

    it('says in a sentence what is wrong', async () => {
      await page.$eval('#url', (each) => ((each as HTMLInputElement).value = 'http://127.0.0.1:25/'))
      await page.focus('#url')
      await page.keyboard.press('Enter')
      await page.waitForFunction(
        () => /^It failed\. [A-Z].+\.$/.test((document.getElementById('outcome') as HTMLOutputElement).value),
        { timeout: 60_000 },
      )
    })

    it('shows XON and XOFF under congestion control', async () => {
      await page.select('#flow', 'congestion-control')
      await page.$eval('#url', (each) => ((each as HTMLInputElement).value = 'http://far.example/endless'))
      await page.$eval('#network button', (each) => each.click())
      // On a busy machine the page may be the slower side already.
      await says(/nothing holds the far end back|an XOFF has gone out/)
      await page.focus('#pace')
      await page.keyboard.press('Home')
      await says(/has stopped reading.*an XOFF has gone out, and the far end stands still/)
      expect(await text('.ts-way .ts-end .ts-lamp.ts-stop')).to.equal('XOFF sent: stop')
    })

    it('has asked nobody but its own server, and nothing went wrong in it', () => {
      expect(asked.filter((each) => !each.startsWith(site.url) && !each.startsWith('data:'))).to.deep.equal([])
      expect(asked.length).to.be.greaterThan(0)
      expect(problems).to.deep.equal([])
    })
  })
}
