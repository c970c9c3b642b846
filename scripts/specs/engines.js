/**
 * How each engine is found and started.
 *
 * @module
 */
import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync, readdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { ROOT } from '../files.js'
import { isBrowser } from './kinds.js'
import { findMiniBrowser, hasXvfb } from './webkit.js'

/**
 * A program with the arguments that make it run specs. `more` is added to the configuration that it gets.
 *
 * @typedef {{ command: string, args: string[], more: Record<string, string> }} Launch
 */

const here = join(ROOT, 'scripts', 'specs')
const modules = join(ROOT, 'node_modules')
const server = join(here, 'server-engine.js')

/** @param {string} path */
function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false // Not there, or not for us.
  }
}

/**
 * The first of `candidates` that runs. npm packages of engines bring their program as an optional dependency and put it
 * in place by an install script, which npm may not have run: so both places count.
 *
 * @param {string[]} candidates
 */
const firstThatRuns = (candidates) =>
  candidates.find((path) => isExecutable(path) && spawnSync(path, ['--version'], { timeout: 20_000 }).status === 0)

/**
 * The program files of the optional dependencies in `scope`.
 *
 * @param {string} scope
 * @param {string} file
 */
function optional(scope, file) {
  const folder = join(modules, scope)
  return existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name, file)) : []
}

/** @param {string[]} names */
const onPath = (names) =>
  names
    .flatMap((name) => (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, name)))
    .find(isExecutable)

/**
 * The program of an engine, or a sentence that says what is missing.
 *
 * @param {import('./kinds.js').Engine} engine
 * @returns {{ path: string } | { missing: string }}
 */
export function programOf(engine) {
  /** @type {(path: string | undefined, missing: string) => { path: string } | { missing: string }} */
  const found = (path, missing) => (path === undefined ? { missing } : { path })
  switch (engine) {
    case 'node':
      return { path: process.execPath }
    case 'deno':
      return found(
        firstThatRuns([join(modules, 'deno', 'deno'), ...optional('@deno', 'deno')]),
        'deno is not installed: npm install --include=optional',
      )
    case 'bun':
      return found(
        firstThatRuns([...optional('@oven', join('bin', 'bun')), join(modules, 'bun', 'bin', 'bun.exe')]),
        'bun is not installed: npm install --include=optional',
      )
    case 'chromium':
      return found(
        onPath(['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome']),
        'chromium is not installed: apt-get install --no-install-recommends chromium',
      )
    case 'firefox':
      return found(
        onPath(['firefox-esr', 'firefox']),
        'firefox is not installed: apt-get install --no-install-recommends firefox-esr',
      )
    case 'webkit':
      return found(
        findMiniBrowser() !== undefined && hasXvfb() ? onPath(['WebKitWebDriver']) : undefined,
        'WebKit is not installed: apt-get install --no-install-recommends webkit2gtk-driver xvfb',
      )
  }
}

/**
 * What each server runtime is given to run a file: no network of its own for modules, no prompts, nothing written
 * elsewhere.
 */
export const RUN_FLAGS = /** @type {const} */ ({
  node: ['--expose-gc'],
  deno: ['run', '--allow-all', '--no-prompt', '--no-lock', '--cached-only', '--quiet', '--v8-flags=--expose-gc'],
  bun: ['run', '--bun', '--no-install', '--expose-gc'],
})

/** The environment for every engine. */
export const RUN_ENV = {
  NO_COLOR: '1',
  DENO_DIR: join(ROOT, '.build', 'deno'),
  DENO_NO_UPDATE_CHECK: '1',
  DO_NOT_TRACK: '1',
  BUN_RUNTIME_TRANSPILER_CACHE_PATH: '0',
}

/**
 * How to run specs in `engine`, or a sentence that says what is missing.
 *
 * @param {import('./kinds.js').Engine | 'types'} engine
 * @returns {Launch | string}
 */
export function launchOf(engine) {
  if (engine === 'types') return { command: process.execPath, args: [join(here, 'types.js')], more: {} }
  const program = programOf(engine)
  if ('missing' in program) return program.missing
  if (!isBrowser(engine)) return { command: program.path, args: [...RUN_FLAGS[engine], server], more: {} }
  const more = { browser: engine, executable: program.path, mocha: join(modules, 'mocha', 'mocha.js') }
  return { command: process.execPath, args: [join(here, 'browser.js')], more }
}
