/**
 * Runs bundled specs in headless Chromium: `node browser.js CONFIG`, CONFIG being the JSON of a {@link BrowserRun}.
 * Events go to the same kind of file as those of the other engines.
 *
 * @module
 */
import { createServer } from 'node:http'
import { appendFileSync, createReadStream, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, extname, join, normalize, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import puppeteer from 'puppeteer-core'

/**
 * @typedef {import('./server-engine.js').ServerRun & { executable: string, root: string, mocha: string }} BrowserRun
 * `root` is the folder of the bundled specs, `mocha` the path of mocha.js.
 */

const TYPES = new Map([
  ['.js', 'text/javascript'],
  ['.json', 'application/json'],
  ['.map', 'application/json'],
  ['.html', 'text/html'],
])

/** @type {BrowserRun} */
const config = JSON.parse(process.argv[2] ?? '')

/** @param {import('./reporter.js').RunEvent} event */
const emit = (event) => appendFileSync(config.events, `${JSON.stringify(event)}\n`)

const here = dirname(fileURLToPath(import.meta.url))
const PAGE =
  '<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><title>specs</title><script src="/mocha.js"></script>'

/**
 * The file behind a URL path; undefined for what is not served.
 *
 * @param {string} path
 */
function fileFor(path) {
  if (path === '/mocha.js') return config.mocha
  const [, top = '', ...rest] = path.split('/')
  const root = { specs: config.root, runner: here }[top]
  if (root === undefined) return undefined
  const file = normalize(join(root, ...rest.map(decodeURIComponent)))
  return file.startsWith(root + sep) ? file : undefined
}

const server = createServer((request, response) => {
  const path = new URL(request.url ?? '/', 'http://127.0.0.1').pathname
  if (path === '/') {
    response.setHeader('content-type', 'text/html')
    response.end(PAGE)
    return
  }
  const file = fileFor(path)
  if (file === undefined || statSync(file, { throwIfNoEntry: false })?.isFile() !== true) {
    response.statusCode = 404
    response.end()
    return
  }
  response.setHeader('content-type', TYPES.get(extname(file)) ?? 'application/octet-stream')
  createReadStream(file).pipe(response)
})
await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)))
const address = server.address()
if (address === null || typeof address === 'string') throw new Error('the server listens on no port')
const origin = `http://127.0.0.1:${address.port}`

const profile = mkdtempSync(join(tmpdir(), 'tor-streams-chromium-'))
const browser = await puppeteer.launch({
  browser: 'chrome',
  executablePath: config.executable,
  headless: true,
  pipe: true,
  userDataDir: profile,
  handleSIGINT: false,
  handleSIGTERM: false,
  handleSIGHUP: false,
  // No request may leave this machine: names are not resolved, and the browser's own services are off.
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--disable-dev-shm-usage',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--disable-breakpad',
    '--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1',
    '--js-flags=--expose-gc',
  ],
})

/** @type {(code: number) => void} */
let settle = () => {}
const ended = new Promise((resolve) => {
  settle = resolve
})
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => settle(1))

try {
  const page = await browser.newPage()
  page.on('console', (message) => console.log(message.text()))
  page.on('error', (error) => {
    emit({ type: 'fail', title: '(the page)', error: String(error) })
    settle(1)
  })
  browser.on('disconnected', () => settle(1))
  await page.exposeFunction('emitEvent', (/** @type {string} */ line) => {
    const event = JSON.parse(line)
    emit(event)
    if (event.type === 'end') settle(0)
  })
  await page.goto(`${origin}/`)
  const files = config.files.map((file) => `/specs/${relative(config.root, file).split(sep).join('/')}`)
  await page.evaluate(
    async (moduleUrl, options) => {
      const { run } = await import(moduleUrl)
      await run(options)
    },
    `${origin}/runner/browser-page.js`,
    { files, timeout: config.timeout, grep: config.grep, forbidOnly: process.env['CI'] !== undefined },
  )
  process.exitCode = Number(await ended)
} finally {
  await browser.close()
  server.closeAllConnections()
  server.close()
  rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
}
