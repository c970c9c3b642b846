/**
 * Runs bundled specs in a page of a browser: `node browser.js CONFIG`, CONFIG being the JSON of a {@link BrowserRun}.
 * Events go to the same kind of file as those of the other engines.
 *
 * @module
 */
import { appendFileSync } from 'node:fs'
import { dirname, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { launchBrowser } from './browser-launch.js'
import { servePage } from './page-server.js'

/**
 * `root` is the folder of the bundled specs, `mocha` the path of mocha.js.
 *
 * @typedef {import('./server-engine.js').ServerRun & BrowserOnly} BrowserRun
 * @typedef {{ browser: import('./browser-launch.js').Browser, executable: string, root: string, mocha: string }} BrowserOnly
 */

/** @type {BrowserRun} */
const config = JSON.parse(process.argv[2] ?? '')

/** @type {(code: number) => void} */
let settle = () => {}
const ended = new Promise((resolve) => {
  settle = resolve
})
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => settle(1))

/** @param {string} line An event, or what a spec printed. */
function take(line) {
  const event = JSON.parse(line)
  if (event.type === 'printed') return console.log(event.text)
  appendFileSync(config.events, `${line}\n`)
  if (event.type === 'end') settle(0)
}

const { origin, close } = await servePage({
  folders: { specs: config.root, runner: dirname(fileURLToPath(import.meta.url)) },
  mocha: config.mocha,
  onLine: take,
  onGone: () => settle(1),
})
const browser = await launchBrowser({
  browser: config.browser,
  executable: config.executable,
  onGone: () => settle(1),
})
try {
  const page = await browser.open()
  await page.goto(`${origin}/`)
  const files = config.files.map((file) => `/specs/${relative(config.root, file).split(sep).join('/')}`)
  const argument = { files, timeout: config.timeout, grep: config.grep, forbidOnly: process.env['CI'] !== undefined }
  await page.call({ module: `${origin}/runner/browser-page.js`, name: 'run', argument })
  process.exitCode = Number(await ended)
} finally {
  await browser.close()
  close()
}
