/**
 * Runs bundled specs in a browser page. The page has loaded mocha.js; `run` is called from outside, and events go to the
 * page's server.
 *
 * @module
 */
import { watchErrors } from './error-names.js'
import { describeError, FileTimes, observe } from './reporter.js'

/**
 * @param {{ files: string[], timeout: number, grep?: string | undefined, forbidOnly: boolean }} config `files` are
 * URLs.
 */
export async function run(config) {
  const page = /** @type {{ mocha: BrowserMocha }} */ (/** @type {unknown} */ (globalThis))
  let current = '(loading)'
  const tell = await openEvents()
  for (const level of /** @type {const} */ (['log', 'info', 'warn', 'error'])) {
    console[level] = (...values) => tell({ type: 'printed', text: values.map(String).join(' ') })
  }

  /** @param {import('./reporter.js').RunEvent} event */
  const emit = (event) => {
    if (event.type === 'start') current = event.title
    tell(event)
  }

  // Mocha itself hears of exceptions here, not of rejections.
  globalThis.addEventListener('unhandledrejection', (event) => {
    event.preventDefault()
    emit({
      type: 'fail',
      title: `unhandled rejection, during or before: ${current}`,
      error: describeError(event.reason),
    })
  })

  page.mocha.setup({ ui: 'bdd', timeout: config.timeout, fullTrace: true, reporter: class {} })
  if (config.forbidOnly) page.mocha.forbidOnly()
  if (config.grep !== undefined) page.mocha.grep(new RegExp(config.grep))
  watchErrors()
  const times = new FileTimes()
  for (const file of config.files) {
    try {
      await times.load(file, page.mocha.suite, () => import(file))
    } catch (error) {
      emit({ type: 'fail', title: `loading ${file}`, error: describeError(error) })
    }
  }
  const runner = page.mocha.run(() => {
    // A rejection is found unhandled only a turn later.
    setTimeout(finish, 20)
  })
  observe(runner, emit)
  times.observe(runner, emit)

  function finish() {
    current = '(after the last spec)'
    globalThis.addEventListener('error', (event) => {
      emit({ type: 'fail', title: 'uncaught, after the last spec', error: describeError(event.error) })
    })
    emit({ type: 'end' })
  }
}

/**
 * Opens the way out for events.
 *
 * @returns {Promise<(event: object) => void>}
 */
async function openEvents() {
  const socket = new WebSocket(new URL('/events', location.href.replace(/^http/, 'ws')))
  await new Promise((resolve, reject) => {
    socket.onopen = resolve
    socket.onerror = () => reject(new Error("the page's server takes no events"))
  })
  return (event) => socket.send(JSON.stringify(event))
}

/**
 * What mocha.js puts on the page.
 *
 * @typedef {object} BrowserMocha
 * @property {(options: object) => void} setup
 * @property {Mocha.Suite} suite The root.
 * @property {() => void} forbidOnly
 * @property {(pattern: RegExp) => void} grep
 * @property {(done: () => void) => Mocha.Runner} run
 */
