/**
 * The three browsers, started and driven alike: pages are opened, and functions of theirs called. Nothing that a browser
 * does by itself may leave this machine.
 *
 * @module
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import puppeteer from 'puppeteer-core'
import { launchWebKit } from './webkit.js'

/** @typedef {'chromium' | 'firefox' | 'webkit'} Browser */

/**
 * A page of a browser.
 *
 * @typedef {object} DrivenPage
 * @property {(url: string) => Promise<void>} goto
 * @property {(call: PageCall) => Promise<unknown>} call
 * @property {() => Promise<void>} close
 * @property {import('puppeteer-core').Page} [page] What puppeteer drives; WebKit has none.
 */

/**
 * A function of a module that the page imports, and its one argument; both ways as JSON.
 *
 * @typedef {{ module: string, name: string, argument?: unknown }} PageCall
 */

/**
 * A browser that runs. Its pages share what they store.
 *
 * @typedef {object} DrivenBrowser
 * @property {() => Promise<DrivenPage>} open
 * @property {() => Promise<void>} close
 */

/**
 * How a browser is found and started.
 *
 * @typedef {object} BrowserOptions
 * @property {Browser} browser
 * @property {string} executable Of WebKit, its driver.
 * @property {NodeJS.ProcessEnv} [env] More of the environment.
 * @property {boolean} [resolves] Names are looked up, by the system's own way: for specs that record that.
 * @property {string} [hostname] Chromium takes this name for 127.0.0.1, and any certificate for right: an origin that is not this
 *   machine's own, with or without https:.
 * @property {string} [socks] The `address:port` of a SOCKS 5 proxy by which all goes, with its names; any certificate is taken for
 *   right. Not of WebKit.
 * @property {boolean} [requests] Puppeteer's pages tell of requests. Chromium then reports all that passes through a WebSocket,
 *   which takes four times as long as to pass it.
 * @property {() => void} [onGone]
 */

/** The browser's own services are off. */
const CHROMIUM_ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--disable-dev-shm-usage',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-breakpad',
  '--js-flags=--expose-gc',
]

const CHROMIUM_NAMES = '--host-resolver-rules='
const CHROMIUM_NO_NAMES = 'MAP * ~NOTFOUND , EXCLUDE 127.0.0.1'
const CHROMIUM_SYSTEM_NAMES = '--disable-features=AsyncDns'
/** @param {string} socks */
const chromiumProxy = (socks) => [`--proxy-server=socks5://${socks}`, '--proxy-bypass-list=<-loopback>']

/** Beside what puppeteer switches off: nothing is looked up, or fetched from Mozilla; one process for all pages. */
const FIREFOX_PREFS = {
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'network.trr.mode': 5,
  'services.settings.server': 'http://127.0.0.1:9/',
  'security.OCSP.enabled': 0,
  // It costs time with every promise, and makes stacks long.
  'javascript.options.asyncstack': false,
  'dom.min_background_timeout_value': 4,
  'dom.ipc.processCount': 1,
  'dom.ipc.processPrelaunch.enabled': false,
  'fission.autostart': false,
}

/** @param {string} socks */
function firefoxProxy(socks) {
  const [address, port] = socks.split(':')
  return {
    'network.proxy.type': 1,
    'network.proxy.socks': address,
    'network.proxy.socks_port': Number(port),
    'network.proxy.socks_version': 5,
    'network.proxy.socks_remote_dns': true,
    'network.proxy.no_proxies_on': '',
    'network.proxy.allow_hijacking_localhost': true,
  }
}

/**
 * @param {BrowserOptions} options
 * @returns {Promise<DrivenBrowser>}
 */
export async function launchBrowser(options) {
  const {
    browser: name,
    executable,
    env = {},
    resolves = false,
    requests = false,
    hostname,
    socks,
    onGone = () => {},
  } = options
  const own = hostname === undefined ? '' : `MAP ${hostname} 127.0.0.1 , `
  const profile = mkdtempSync(join(tmpdir(), `tor-streams-${name}-`))
  const tidy = () => rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
  try {
    if (name === 'webkit') return withTidy(await launchWebKit({ driver: executable, profile, env, onGone }), tidy)
    const common = {
      executablePath: executable,
      headless: true,
      networkEnabled: requests,
      userDataDir: profile,
      handleSIGINT: false,
      handleSIGTERM: false,
      handleSIGHUP: false,
      protocolTimeout: 0,
      env: { ...process.env, ...env },
    }
    const launched =
      name === 'chromium'
        ? await puppeteer.launch({
            ...common,
            browser: 'chrome',
            pipe: true,
            acceptInsecureCerts: hostname !== undefined || socks !== undefined,
            args: [
              ...CHROMIUM_ARGS,
              resolves ? CHROMIUM_SYSTEM_NAMES : `${CHROMIUM_NAMES}${own}${CHROMIUM_NO_NAMES}`,
              ...(socks === undefined ? [] : chromiumProxy(socks)),
            ],
          })
        : await puppeteer.launch({
            ...common,
            browser: 'firefox',
            acceptInsecureCerts: socks !== undefined,
            extraPrefsFirefox: {
              ...FIREFOX_PREFS,
              'network.dns.disabled': !resolves,
              ...(socks === undefined ? {} : firefoxProxy(socks)),
            },
          })
    launched.on('disconnected', onGone)
    return withTidy(drivenByPuppeteer(launched, onGone), tidy)
  } catch (error) {
    tidy()
    throw error
  }
}

/**
 * @param {DrivenBrowser} browser
 * @param {() => void} tidy
 * @returns {DrivenBrowser}
 */
const withTidy = (browser, tidy) => ({ open: browser.open, close: () => browser.close().finally(tidy) })

/**
 * @param {import('puppeteer-core').Browser} browser
 * @param {() => void} onGone
 * @returns {DrivenBrowser}
 */
function drivenByPuppeteer(browser, onGone) {
  return {
    async open() {
      const page = await browser.newPage()
      page.on('error', onGone) // It crashed.
      return {
        goto: async (url) => void (await page.goto(url)),
        call: (call) =>
          page.evaluate(async ({ module, name, argument }) => (await import(module))[name](argument), call),
        close: () => page.close(),
        page,
      }
    },
    close: () => browser.close(),
  }
}
