/**
 * A page in one of three browsers, as a spec has it.
 *
 * @module
 */
import { expect } from 'chai'
import {
  launchBrowser,
  type Browser,
  type BrowserOptions,
  type DrivenBrowser,
  type DrivenPage,
} from '../../../scripts/specs/browser-launch.js'
import { requireProgram, type Program } from '../../support/programs.ts'
import type { ActionName, ActionOutcome, Shown } from './actions.ts'
import type { PageSite } from './page-site.ts'
import type { Where } from './window.ts'

/** The browsers. */
export const BROWSERS: readonly Browser[] = ['chromium', 'firefox', 'webkit']

const PROGRAMS: Readonly<Record<Browser, readonly Program[]>> = {
  chromium: ['chromium'],
  firefox: ['firefox-esr'],
  webkit: ['WebKitWebDriver', 'Xvfb'],
}

/**
 * Starts a browser, or skips the suite where it is not installed.
 *
 * @param more - see the options of the same name
 */
export async function startBrowser(
  context: Mocha.Context,
  browser: Browser,
  more: Pick<BrowserOptions, 'env' | 'resolves' | 'hostname'> = {},
): Promise<DrivenBrowser> {
  const [executable = ''] = PROGRAMS[browser].map((program) => requireProgram(context, program))
  return await launchBrowser({ browser, executable, ...more })
}

/** A page of a {@link PageSite}. */
export class Page {
  readonly #page: DrivenPage
  readonly #site: PageSite

  static async open(browser: DrivenBrowser, site: PageSite, query = '', hostname?: string): Promise<Page> {
    const page = new Page(await browser.open(), site)
    await page.visit(query, hostname)
    return page
  }

  private constructor(page: DrivenPage, site: PageSite) {
    this.#page = page
    this.#site = site
  }

  /** Loads the page, as the first visit or anew. */
  async visit(query = '', hostname?: string): Promise<void> {
    await this.#page.goto(`${this.#site.origin(hostname)}/${query}`)
  }

  /** What an action gives. */
  async act<T>(name: ActionName, argument?: unknown, where: Where = 'window'): Promise<T> {
    const outcome = await this.#perform(name, argument, where)
    if ('error' in outcome) throw new Error(`${name}: ${JSON.stringify(outcome.error)}`)
    return outcome.value as T
  }

  /** The error that an action comes to. */
  async failure(name: ActionName, argument?: unknown, where: Where = 'window'): Promise<Shown> {
    const outcome = await this.#perform(name, argument, where)
    return 'error' in outcome ? outcome.error : expect.fail(`${name} gave ${JSON.stringify(outcome.value)}`)
  }

  async #perform(name: ActionName, argument: unknown, where: Where): Promise<ActionOutcome> {
    const call = { module: '/window.js', name: 'perform', argument: { where, name, argument } }
    return (await this.#page.call(call)) as ActionOutcome
  }

  close(): Promise<void> {
    return this.#page.close()
  }
}
