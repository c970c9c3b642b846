/**
 * How each engine is found and started.
 *
 * @module
 */
import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync, readdirSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ROOT } from '../files.js'

/**
 * A program with the arguments and the environment that make it run specs; or the reason why there is none.
 *
 * @typedef {{ command: string, args: string[], env: Record<string, string>, more: Record<string, string> }} Launch
 */

const here = dirname(fileURLToPath(import.meta.url))
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
 * The first of `candidates` that runs. npm packages of engines bring their program as an optional dependency and put it in
 * place by an install script, which npm may not have run: so both places count.
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
  names.flatMap((name) => (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, name))).find(isExecutable)

/**
 * How to run specs in `engine`, or a sentence that says what is missing.
 *
 * @param {import('./kinds.js').Engine | 'types'} engine
 * @returns {Launch | string}
 */
export function launchOf(engine) {
  const env = { NO_COLOR: '1' }
  switch (engine) {
    case 'types':
      return { command: process.execPath, args: [join(here, 'types.js')], env, more: {} }
    case 'node':
      return { command: process.execPath, args: ['--expose-gc', server], env, more: {} }
    case 'deno': {
      const command = firstThatRuns([join(modules, 'deno', 'deno'), ...optional('@deno', 'deno')])
      if (command === undefined) return 'deno is not installed: npm install --include=optional'
      const args = ['run', '--allow-all', '--no-prompt', '--no-lock', '--cached-only', '--quiet', '--v8-flags=--expose-gc', server]
      return { command, args, env: { ...env, DENO_DIR: join(ROOT, '.build', 'deno'), DENO_NO_UPDATE_CHECK: '1' }, more: {} }
    }
    case 'bun': {
      const command = firstThatRuns([...optional('@oven', join('bin', 'bun')), join(modules, 'bun', 'bin', 'bun.exe')])
      if (command === undefined) return 'bun is not installed: npm install --include=optional'
      const args = ['run', '--bun', '--no-install', '--expose-gc', server]
      return { command, args, env: { ...env, DO_NOT_TRACK: '1', BUN_RUNTIME_TRANSPILER_CACHE_PATH: '0' }, more: {} }
    }
    case 'chromium': {
      const executable = onPath(['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'])
      if (executable === undefined) return 'chromium is not installed: apt-get install --no-install-recommends chromium'
      return { command: process.execPath, args: [join(here, 'browser.js')], env, more: { executable, mocha: join(modules, 'mocha', 'mocha.js') } }
    }
  }
}
