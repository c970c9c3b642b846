/**
 * Browsers that go through the front: pages of the target, and what scripts of theirs fetch.
 *
 * @module
 */
import { hostname } from 'node:os'
import type { Page } from 'puppeteer-core'
import { launchBrowser, type DrivenBrowser } from '../../../scripts/specs/browser-launch.js'
import { findProgram } from '../../support/programs.ts'
import type { FrontClient, Session, Ways } from './front-clients.ts'

/** How long a page may take, ms: all that a program may. */
const LIMIT = 150_000

/**
 * In a page: fetches a URL of its own origin. Resolves with the body in base64, or with nothing where a redirect leads on.
 */
async function fetchInPage(url: string, body: string | undefined): Promise<string | undefined> {
  const blob = body === undefined ? undefined : await (await fetch(`data:;base64,${body}`)).blob()
  const response = await fetch(url, {
    redirect: 'manual',
    ...(blob === undefined ? {} : { method: 'POST', body: blob }),
  })
  if (response.type === 'opaqueredirect') return undefined
  if (!response.ok) throw new Error(`the status is ${response.status}`)
  const reader = new FileReader()
  reader.readAsDataURL(await response.blob())
  await new Promise((resolve) => (reader.onloadend = resolve))
  const text = reader.result as string
  return text.slice(text.indexOf(',') + 1)
}

/** A browser, which starts with the first request. Each has a page of its own. */
class BrowserSession implements Session {
  readonly #browser: 'chromium' | 'firefox'
  readonly #ways: Ways
  #running: Promise<DrivenBrowser> | undefined

  constructor(browser: 'chromium' | 'firefox', ways: Ways) {
    this.#browser = browser
    this.#ways = ways
  }

  get(url: string): Promise<Uint8Array> {
    return this.#fetch(url)
  }

  post(url: string, body: Uint8Array): Promise<Uint8Array> {
    return this.#fetch(url, Buffer.from(body).toString('base64'))
  }

  async close(): Promise<void> {
    await (await this.#running)?.close()
  }

  async #fetch(url: string, body?: string): Promise<Uint8Array> {
    const driven = await (await this.start()).open()
    const page = driven.page as Page
    page.setDefaultNavigationTimeout(LIMIT)
    try {
      await page.goto(new URL('/', url).href)
      const content = await page.evaluate(fetchInPage, url, body)
      if (content !== undefined) return Buffer.from(content, 'base64')
      await page.goto(url) // A page may not be led to another origin, but its user may.
      throw new Error('the redirect has led somewhere')
    } finally {
      await driven.close()
    }
  }

  start(): Promise<DrivenBrowser> {
    const { proxy, environment, isRecorded } = this.#ways
    this.#running ??= launchBrowser({
      browser: this.#browser,
      executable: findProgram(this.#browser === 'chromium' ? 'chromium' : 'firefox-esr') ?? '',
      env: environment,
      resolves: isRecorded,
      socks: proxy,
    })
    return this.#running
  }
}

/** In the order of the table. */
export const BROWSER_CLIENTS: readonly FrontClient[] = [
  {
    name: 'Chromium',
    how: '`--proxy-server=socks5://127.0.0.1:9050`',
    program: 'chromium',
    // To its own processes and to the desktop; and a UDP socket that it connects, and sends nothing by, to see whether there is IPv6.
    byItself: /^path |^address \[2001:4860:4860::8888\]:443$/,
    open: (ways) => new BrowserSession('chromium', ways),
  },
  {
    name: 'Firefox',
    how: '`network.proxy.type` 1, `network.proxy.socks`, `network.proxy.socks_port`, `network.proxy.socks_remote_dns` true',
    note: '**asks the resolver for names of its maker, beside Tor**; for those of pages it does not',
    program: 'firefox-esr',
    // To its own processes and to the desktop; its maker, and what this machine is called.
    byItself: new RegExp(`^path |^name (?:(?:[\\w-]+\\.)*mozilla\\.(?:com|net|org)|${hostname()})$`),
    open: (ways) => new BrowserSession('firefox', ways),
  },
]
