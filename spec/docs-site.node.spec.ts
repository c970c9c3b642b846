/** The documentation as a site, as `npm run docs` builds it: its links, and how it is by ear, by keyboard and on a phone. */
import { execFile } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { promisify } from 'node:util'
import { expect } from 'chai'
import type { Page } from 'puppeteer-core'
import { filesBelow, ROOT } from '../scripts/files.js'
import { servePage } from '../scripts/page.js'
import { launchBrowser } from '../scripts/specs/browser-launch.js'
import { excessWidth, faultsForReaders } from './browser/support/faults.ts'
import { requireProgram } from './support/programs.ts'

const run = promisify(execFile)
const SITE = join(ROOT, 'docs', 'api')

/** What the site is made of, when this was changed last. */
const changed = (): number =>
  Math.max(
    ...[
      ...filesBelow(join(ROOT, 'lib'), '.ts'),
      ...filesBelow(join(ROOT, 'docs', 'guides'), '.md'),
      ...['README.md', 'SECURITY.md', 'CHANGELOG.md', 'docs/adversaries.md', 'typedoc.json', 'package.json'],
      ...['scripts/docs-pages.js', 'docs/site/custom.css'],
    ].map((file) => statSync(resolve(ROOT, file)).mtimeMs),
  )

/** One page of each kind. */
const PAGES = [
  'index.html',
  'modules.html',
  'documents/Start,_in_each_runtime.html',
  'documents/Errors.html',
  'classes/tor-streams.TorClient.html',
  'modules/tor-streams_node.html',
  'functions/tor-streams_node.listenSocks.html',
]

const SIZES = [
  { width: 1280, height: 800 },
  { width: 390, height: 844 },
] as const

describe('The site of the documentation', function () {
  let site: Awaited<ReturnType<typeof servePage>> | undefined
  let launched: Awaited<ReturnType<typeof launchBrowser>> | undefined
  let page: Page
  let pages: string[]

  before(async function () {
    this.timeout(300_000)
    const newest = join(SITE, 'hierarchy.html')
    if (!existsSync(newest) || statSync(newest).mtimeMs < changed())
      await run(process.execPath, [join(ROOT, 'node_modules', 'typedoc', 'bin', 'typedoc')], { cwd: ROOT })
    pages = filesBelow(SITE, '.html')
  })

  it('has no link to what is not there, or to a text that a browser would not show as a page', () => {
    expect(pages.length).to.be.greaterThan(100)
    const broken = pages.flatMap((file) =>
      [...readFileSync(file, 'utf8').matchAll(/<(?:a|img|link|script)\b[^>]*? (?:href|src)="([^"#]+)[^"]*"/g)]
        .map(([, link = '']) => link.replaceAll('&amp;', '&'))
        .filter((link) => !/^(?:https?|data):/.test(link))
        .filter((link) => link.endsWith('.md') || !existsSync(resolve(dirname(file), decodeURIComponent(link))))
        .map((link) => `${relative(SITE, file)}: ${link}`),
    )
    expect(broken).to.deep.equal([])
  })

  describe('in Chromium', () => {
    before(async function () {
      const executable = requireProgram(this, 'chromium')
      site = await servePage(SITE)
      launched = await launchBrowser({ browser: 'chromium', executable })
      page = (await launched.open()).page as Page
    })
    after(async () => {
      await launched?.close()
      await site?.close()
    })

    it('has a menu of the guides and of every entry, none of them called "index"', async () => {
      const { projectDocuments, entryPoints } = JSON.parse(readFileSync(join(ROOT, 'typedoc.json'), 'utf8')) as {
        projectDocuments: string[]
        entryPoints: string[]
      }
      await page.goto(`${site?.url}index.html`)
      await page.waitForFunction(() => document.querySelectorAll('#tsd-nav-container a').length > 0)
      const menu = await page.$$eval('#tsd-nav-container a', (all) => all.map((each) => each.textContent))
      expect(menu).to.have.length(projectDocuments.length + entryPoints.length)
      const entries = entryPoints.map((file) => file.replace(/^lib\/(?:index)?/, 'tor-streams/').replace('.ts', ''))
      expect(menu.slice(-entries.length)).to.have.members(entries.map((name) => name.replace(/\/$/, '')))
    })

    for (const name of PAGES) {
      for (const size of SIZES) {
        it(`shows ${name} at ${size.width} pixels with one title, without faults for a screen reader, and no wider`, async () => {
          await page.setViewport(size)
          await page.goto(`${site?.url}${name}`)
          await page.waitForFunction(() => document.querySelectorAll('#tsd-nav-container a').length > 0)
          for (const scheme of ['light', 'dark']) {
            await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }])
            expect([scheme, ...(await faultsForReaders(page))]).to.deep.equal([scheme])
          }
          expect(await excessWidth(page)).to.equal(0)
          const titles = await page.$$eval('h1', (all) => all.filter((each) => each.checkVisibility()).length)
          expect(titles).to.equal(1)
        })
      }
    }
  })
})
