/**
 * Runs bundled specs in this process, which is Node, Deno or Bun: `ENGINE server-engine.js CONFIG`, CONFIG being the
 * JSON of a {@link ServerRun}. What happens goes to the events file, one JSON line each, written at once: it is whole
 * even if the process is killed.
 *
 * @module
 */
import { openSync, writeSync } from 'node:fs'
import process from 'node:process'
import { setTimeout } from 'node:timers'
import { pathToFileURL } from 'node:url'
import Mocha from 'mocha'
import { watchErrors } from './error-names.js'
import { describeError, FileTimes, observe } from './reporter.js'

/**
 * @typedef {object} ServerRun
 * @property {string} events The file to append events to.
 * @property {string[]} files Bundled specs.
 * @property {number} timeout Of one spec, ms.
 * @property {string | undefined} [grep] A regular expression for titles.
 */

/** How long after the last spec a process may stay alive by itself, ms. */
const LINGER = 5_000

/** @type {ServerRun} */
const config = JSON.parse(process.argv[2] ?? '')
const events = openSync(config.events, 'a')
let current = '(loading)'

/** @param {import('./reporter.js').RunEvent} event */
const emit = (event) => {
  if (event.type === 'start') current = event.title
  writeSync(events, `${JSON.stringify(event)}\n`)
}

// Mocha fails on an exception out of nowhere, but leaves unhandled rejections to whoever else listens. Its listener
// emits them once more, hence the set.
const seen = new WeakSet()
process.on('unhandledRejection', (reason, promise) => {
  if (seen.has(promise)) return
  seen.add(promise)
  emit({ type: 'fail', title: `unhandled rejection, during or before: ${current}`, error: describeError(reason) })
})

const mocha = new Mocha({
  ui: 'bdd',
  timeout: config.timeout,
  fullTrace: true,
  reporter: /** @type {Mocha.ReporterConstructor} */ (/** @type {unknown} */ (class {})),
  forbidOnly: process.env['CI'] !== undefined,
  ...(config.grep === undefined ? {} : { grep: config.grep }),
})

watchErrors()
const times = new FileTimes()
for (const file of config.files) {
  mocha.suite.emit('pre-require', globalThis, file, mocha)
  try {
    await times.load(file, mocha.suite, () => import(pathToFileURL(file).href))
  } catch (error) {
    emit({ type: 'fail', title: `loading ${file}`, error: describeError(error) })
  }
}

const runner = mocha.run(() => {
  // A rejection is found unhandled only a turn later.
  setTimeout(finish, 20)
})
observe(runner, emit)
times.observe(runner, emit)

function finish() {
  current = '(after the last spec)'
  process.on('uncaughtException', (error) =>
    emit({ type: 'fail', title: 'uncaught, after the last spec', error: describeError(error) }),
  )
  emit({ type: 'end' })
  // Nothing may keep the process alive now: no timer, socket or port of the library, no server of a spec.
  setTimeout(() => {
    emit({ type: 'fail', title: '(after the last spec)', error: `the process stays alive: ${stillOpen()}` })
    process.exit(1)
  }, LINGER).unref()
}

function stillOpen() {
  const open = 'getActiveResourcesInfo' in process ? process.getActiveResourcesInfo() : []
  return open.length === 0 ? 'the engine does not say what for' : open.join(', ')
}
