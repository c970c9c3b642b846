/**
 * One engine's run of its specs: started, followed, ended in time, and added up.
 *
 * @module
 */
import { spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync, readSync, rmSync, writeFileSync } from 'node:fs'
import { RUN_ENV } from './engines.js'

/** How often the events file is looked at, ms. */
const POLL = 100
/** How long a process that was told to end may take to clean up, ms. */
const GRACE = 5_000
/**
 * The longest without any event, ms: a loop without end lets no timeout of a spec fire. Longer than the longest spec.
 */
const SILENCE = 600_000
/** The most memory that a server runtime may take, bytes: such a loop may also allocate. */
const MEMORY = 4 * 2 ** 30

/**
 * What came of a run.
 *
 * @typedef {object} Outcome
 * @property {string} engine
 * @property {number} passed
 * @property {number} failed
 * @property {number} lost Specs that did not run because of a failure.
 * @property {{ title: string, reason: string | undefined }[]} pending
 * @property {{ title: string, reason: string }[]} lacking Skipped by the table of what an engine lacks.
 * @property {{ file: string, ms: number, cpu: number | undefined }[]} files What each file took, where it came to its end.
 * @property {number} seconds
 */

/**
 * Runs one engine. `say` takes lines for people as they come.
 *
 * @param {object} options
 * @param {string} options.engine
 * @param {import('./engines.js').Launch} options.launch
 * @param {Omit<import('./server-engine.js').ServerRun, 'events'>} options.config
 * @param {string} options.events Where the engine leaves its events.
 * @param {number} options.limit The longest the whole run may take, ms.
 * @param {boolean} options.strict What is pending has failed.
 * @param {(event: import('./reporter.js').RunEvent) => void} options.onEvent
 * @param {(text: string) => void} options.onOutput What the engine prints.
 * @returns {Promise<Outcome>}
 */
export async function runEngine({ engine, launch, config, events, limit, strict, onEvent, onOutput }) {
  /** @type {Outcome} */
  const outcome = { engine, passed: 0, failed: 0, lost: 0, pending: [], lacking: [], files: [], seconds: 0 }
  let current = '(starting)'
  let whole = false
  const started = performance.now()
  let lastHeard = started

  /** @param {import('./reporter.js').RunEvent} event */
  const take = (event) => {
    lastHeard = performance.now()
    switch (event.type) {
      case 'start':
        current = event.title
        break
      case 'pass':
        outcome.passed += 1
        break
      case 'fail':
        outcome.failed += 1
        break
      case 'pending':
        if (event.engineLacks) outcome.lacking.push({ title: event.title, reason: event.reason ?? '' })
        else if (strict)
          return take({ type: 'fail', title: event.title, error: `pending: ${event.reason ?? 'no reason given'}` })
        else outcome.pending.push({ title: event.title, reason: event.reason })
        break
      case 'file':
        outcome.files.push(event)
        break
      case 'lost':
        outcome.lost = event.count
        break
      case 'end':
        whole = true
    }
    onEvent(event)
  }

  const follower = follow(events, take)
  const child = spawn(launch.command, [...launch.args, JSON.stringify({ ...config, ...launch.more, events })], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...RUN_ENV },
  })
  child.stdout.setEncoding('utf8').on('data', onOutput)
  child.stderr.setEncoding('utf8').on('data', onOutput)
  const forward = () => {
    child.kill('SIGTERM')
    child.once('exit', () => process.exit(143))
  }
  process.once('SIGTERM', forward)

  /** @type {string | undefined} */
  let verdict
  const watch = setInterval(() => {
    const now = performance.now()
    if (now - started > limit) verdict = `${engine} was not done after ${limit / 1_000} s`
    else if (now - lastHeard > SILENCE) verdict = `${engine} was silent for ${SILENCE / 1_000} s`
    else if (memoryOf(child.pid) > MEMORY) verdict = `${engine} took more than ${MEMORY / 2 ** 30} GiB of memory`
    else return
    clearInterval(watch)
    child.kill('SIGTERM')
    setTimeout(() => child.kill('SIGKILL'), GRACE).unref()
  }, 1_000)

  const how = await new Promise((resolve) => {
    child.on('error', (error) => resolve(String(error)))
    // Not "close": a process that a spec left behind would hold the pipes open for ever.
    child.on('exit', (code, signal) => resolve(code === null ? `signal ${signal}` : `exit code ${code}`))
  })
  clearInterval(watch)
  process.off('SIGTERM', forward)
  await new Promise((resolve) => setTimeout(resolve, POLL))
  child.stdout.destroy()
  child.stderr.destroy()
  follower.close()

  if (verdict !== undefined) take({ type: 'fail', title: current, error: `${verdict}, and was ended during this spec` })
  else if (!whole) take({ type: 'fail', title: current, error: `${engine} ended in the middle of this (${how})` })
  else if (how !== 'exit code 0' && outcome.failed === 0)
    take({ type: 'fail', title: '(after the last spec)', error: `${engine}: ${how}` })
  else if (outcome.lost > 0 && outcome.failed === 0)
    take({ type: 'fail', title: '(not run)', error: `${outcome.lost} specs did not run` })
  outcome.seconds = (performance.now() - started) / 1_000
  return outcome
}

/**
 * The memory that a process has in use, bytes; 0 where the system does not tell.
 *
 * @param {number | undefined} pid
 */
function memoryOf(pid) {
  try {
    return Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]) * 4_096
  } catch {
    return 0 // Not Linux, or the process has just ended.
  }
}

/**
 * Calls `take` with each event that is appended to `path`.
 *
 * @param {string} path
 * @param {(event: import('./reporter.js').RunEvent) => void} take
 */
function follow(path, take) {
  rmSync(path, { force: true })
  writeFileSync(path, '')
  const file = openSync(path, 'r')
  const buffer = Buffer.alloc(1 << 16)
  let rest = Buffer.alloc(0)
  const poll = () => {
    for (;;) {
      const count = readSync(file, buffer)
      if (count === 0) return
      rest = Buffer.concat([rest, buffer.subarray(0, count)])
      let end = rest.indexOf(10)
      while (end !== -1) {
        take(JSON.parse(rest.toString('utf8', 0, end)))
        rest = rest.subarray(end + 1)
        end = rest.indexOf(10)
      }
    }
  }
  const timer = setInterval(poll, POLL)
  return {
    close() {
      clearInterval(timer)
      poll()
      closeSync(file)
    },
  }
}
