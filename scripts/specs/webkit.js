/**
 * WebKitGTK by its WebDriver (W3C WebDriver), on a display of its own: it has no headless mode.
 *
 * @module
 */
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'

/** How long the driver may take to be there, ms. */
const START_LIMIT = 20_000
/** WebDriver's own limit for a script, ms: as good as none, as the runner has its own. */
const SCRIPT_LIMIT = 86_400_000
/**
 * libc's allocator: WebKit's own hands freed pages back to the kernel at once, and specs that make and drop many buffers
 * spent two thirds of their time in page faults.
 */
const ALLOCATOR = '1'

/** Debian's browser for it, which is not on PATH. */
export function findMiniBrowser() {
  const base = '/usr/lib'
  for (const machine of existsSync(base) ? readdirSync(base) : []) {
    for (const version of ['webkit2gtk-4.1', 'webkit2gtk-4.0', 'webkitgtk-6.0']) {
      const path = join(base, machine, version, 'MiniBrowser')
      if (existsSync(path)) return path
    }
  }
  return undefined
}

/** True when a display can be started. */
export const hasXvfb = () => spawnSync('Xvfb', ['-version'], { stdio: 'ignore' }).error === undefined

/**
 * @param {object} options
 * @param {string} options.driver The path of WebKitWebDriver.
 * @param {string} options.profile A folder for what it writes.
 * @param {NodeJS.ProcessEnv} options.env
 * @param {() => void} options.onGone
 * @returns {Promise<import('./browser-launch.js').DrivenBrowser>}
 */
export async function launchWebKit({ driver, profile, env, onGone }) {
  const binary = findMiniBrowser()
  if (binary === undefined) throw new Error('there is no MiniBrowser: apt-get install libwebkit2gtk-4.1-0')
  const display = await startDisplay()
  const port = await freePort()
  const own = { HOME: profile, XDG_RUNTIME_DIR: profile, DISPLAY: display.name, NO_AT_BRIDGE: '1', Malloc: ALLOCATOR }
  // A group of its own: whatever it starts ends with it.
  const child = spawn(driver, [`--port=${port}`, '--host=127.0.0.1'], {
    detached: true,
    stdio: 'ignore',
    env: { ...process.env, ...own, ...env },
  })
  const end = () => {
    endGroup(child)
    display.stop()
  }
  try {
    const started = performance.now()
    const isThere = () =>
      ask(port, 'GET', '/status', undefined).then(
        () => true,
        () => false, // Not yet.
      )
    while (!(await isThere())) {
      if (child.exitCode !== null || performance.now() - started > START_LIMIT)
        throw new Error('no WebKitWebDriver came up')
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    const capabilities = {
      alwaysMatch: {
        'timeouts': { script: SCRIPT_LIMIT, pageLoad: 60_000 },
        'webkitgtk:browserOptions': { binary, args: ['--automation'] },
      },
    }
    const { sessionId } = /** @type {{ sessionId: string }} */ (await ask(port, 'POST', '/session', { capabilities }))
    child.on('exit', onGone)
    return drivenByWebDriver(port, `/session/${sessionId}`, end)
  } catch (error) {
    end()
    throw error
  }
}

/**
 * @param {number} port
 * @param {string} session
 * @param {() => void} end
 * @returns {import('./browser-launch.js').DrivenBrowser}
 */
function drivenByWebDriver(port, session, end) {
  // WebDriver has one window at a time that commands go to: whoever waits in one lets no other in.
  let turn = Promise.resolve()
  /** @type {<T>(handle: string, act: () => Promise<T>) => Promise<T>} */
  const inWindow = (handle, act) => {
    const acting = turn.then(async () => {
      await ask(port, 'POST', `${session}/window`, { handle })
      return act()
    })
    turn = acting.then(
      () => undefined,
      () => undefined, // Whoever asked for it is told.
    )
    return acting
  }
  let opened = 0
  return {
    async open() {
      const fresh = () => ask(port, 'POST', `${session}/window/new`, { type: 'tab' })
      const { handle } = /** @type {{ handle: string }} */ (
        opened++ === 0 ? { handle: await ask(port, 'GET', `${session}/window`, undefined) } : await fresh()
      )
      return {
        goto: (url) => inWindow(handle, async () => void (await ask(port, 'POST', `${session}/url`, { url }))),
        async call({ module, name, argument }) {
          // A call is begun, and asked for until it is done, so that other pages are driven meanwhile.
          const id = crypto.randomUUID()
          const begin = `const [id, module, name, argument] = arguments
            const calls = (globalThis.drivenCalls ??= {})
            import(module).then((loaded) => loaded[name](argument)).then(
              (value) => { calls[id] = { value } },
              (error) => { calls[id] = { error: String(error) + '\\n' + (error?.stack ?? '') } },
            )`
          const args = [id, module, name, argument ?? null]
          await inWindow(handle, () => ask(port, 'POST', `${session}/execute/sync`, { script: begin, args }))
          for (;;) {
            const script = 'return globalThis.drivenCalls[arguments[0]] ?? null'
            const answer = /** @type {{ value?: unknown, error?: string } | null} */ (
              await inWindow(handle, () => ask(port, 'POST', `${session}/execute/sync`, { script, args: [id] }))
            )
            if (answer?.error !== undefined) throw new Error(answer.error)
            if (answer !== null) return answer.value
            await new Promise((resolve) => setTimeout(resolve, 50))
          }
        },
        close: () => inWindow(handle, async () => void (await ask(port, 'DELETE', `${session}/window`, undefined))),
      }
    },
    async close() {
      await ask(port, 'DELETE', session, undefined).catch(() => undefined) // It may be gone: its group is ended anyway.
      end()
    },
  }
}

/**
 * One command of WebDriver.
 *
 * @param {number} port
 * @param {string} method
 * @param {string} path
 * @param {unknown} body
 * @returns {Promise<unknown>}
 */
async function ask(port, method, path, body) {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  })
  const { value } = /** @type {{ value: any }} */ (await response.json())
  if (!response.ok) throw new Error(`WebDriver: ${value?.error}: ${value?.message}`)
  return value
}

/** A display that nobody sees. */
async function startDisplay() {
  const child = spawn('Xvfb', ['-displayfd', '3', '-screen', '0', '1280x1024x24', '-nolisten', 'tcp'], {
    detached: true,
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  })
  const stop = () => endGroup(child)
  const number = await new Promise((resolve, reject) => {
    let text = ''
    child.on('error', reject)
    child.on('exit', () => reject(new Error('Xvfb did not start')))
    child.stdio[3]?.on('data', (/** @type {Buffer} */ bytes) => {
      text += String(bytes)
      if (text.endsWith('\n')) resolve(text.trim())
    })
  })
  return { name: `:${number}`, stop }
}

/** @param {import('node:child_process').ChildProcess} child */
function endGroup(child) {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
  } catch {
    // It has ended.
  }
}

async function freePort() {
  const server = createServer()
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return address === null || typeof address === 'string' ? 0 : address.port
}
