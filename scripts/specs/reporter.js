/**
 * From a mocha runner to plain events. The same file runs in every engine, so it asks nothing of any.
 *
 * @module
 */

import { namesInErrors } from './error-names.js'

/**
 * What an engine tells of its run. `engineLacks`: skipped by the table of spec/support/engines.ts. `lost`: specs that
 * did not run, because a hook failed or the run was given up. `file`: what one file took, its loading and its hooks
 * included, in ms; `cpu` is what this process computed meanwhile, all threads together, where the engine tells. `end`
 * says that the run was whole.
 *
 * @typedef {{ type: 'start', title: string }} StartEvent
 * @typedef {{ type: 'pass', title: string, ms: number }} PassEvent
 * @typedef {{ type: 'fail', title: string, error: string }} FailEvent
 * @typedef {{ type: 'pending', title: string, reason: string | undefined, engineLacks: boolean }} PendingEvent
 * @typedef {{ type: 'lost', count: number }} LostEvent
 * @typedef {{ type: 'file', file: string, ms: number, cpu: number | undefined }} FileEvent
 * @typedef {{ type: 'end' }} EndEvent
 * @typedef {StartEvent | PassEvent | FailEvent | PendingEvent | LostEvent | FileEvent | EndEvent} RunEvent
 */

/** @typedef {{ engineLacks?: string, pendingReason?: string, parent?: Marked | undefined }} Marked */

const MAX_VALUE = 2_000

/**
 * The full name of a spec.
 *
 * @param {{ titlePath(): string[] }} runnable
 */
const titleOf = (runnable) => runnable.titlePath().join(' > ')

/**
 * What was spent so far, in ms.
 *
 * @typedef {{ wall: number, cpu: number | undefined }} Spent
 */

/** @returns {Spent} */
function spent() {
  /** @type {{ process?: { cpuUsage?: () => { user: number, system: number } } }} */
  const { process } = globalThis
  const used = process?.cpuUsage?.()
  return { wall: performance.now(), cpu: used === undefined ? undefined : (used.user + used.system) / 1_000 }
}

/**
 * Loads files of specs into a root suite, and keeps account of what each takes until its last spec is done.
 */
export class FileTimes {
  /** @type {Map<string, Spent>} */
  #taken = new Map()
  /** @type {Map<Mocha.Suite, string>} */
  #fileOf = new Map()
  #since = spent()

  /**
   * Loads one file; the suites that it makes are its own.
   *
   * @param {string} file
   * @param {Mocha.Suite} root
   * @param {() => Promise<unknown>} load
   */
  async load(file, root, load) {
    const before = root.suites.length
    this.#since = spent()
    await load()
    for (const suite of root.suites.slice(before)) this.#fileOf.set(suite, file)
    this.#add(file)
  }

  /**
   * Tells of each file when its last suite is done.
   *
   * @param {Mocha.Runner} runner
   * @param {(event: RunEvent) => void} emit
   */
  observe(runner, emit) {
    /** @type {string | undefined} */
    let current
    const done = () => {
      const taken = current === undefined ? undefined : this.#taken.get(current)
      if (current !== undefined && taken !== undefined)
        emit({ type: 'file', file: current, ms: taken.wall, cpu: taken.cpu })
      current = undefined
    }
    runner.on('suite', (suite) => {
      const file = this.#fileOf.get(suite)
      if (file === undefined) return
      if (file !== current) done()
      current = file
      this.#since = spent()
    })
    runner.on('suite end', (suite) => {
      const file = this.#fileOf.get(suite)
      if (file !== undefined) this.#add(file)
    })
    runner.on('end', done)
  }

  /** @param {string} file */
  #add(file) {
    const now = spent()
    const { wall, cpu } = this.#taken.get(file) ?? { wall: 0, cpu: 0 }
    const more = now.cpu === undefined || this.#since.cpu === undefined ? undefined : now.cpu - this.#since.cpu
    this.#taken.set(file, {
      wall: wall + now.wall - this.#since.wall,
      cpu: cpu === undefined || more === undefined ? undefined : cpu + more,
    })
  }
}

/**
 * Turns what the runner tells into events.
 *
 * @param {Mocha.Runner} runner
 * @param {(event: RunEvent) => void} emit
 */
export function observe(runner, emit) {
  let counted = 0
  runner.on('test', (test) => emit({ type: 'start', title: titleOf(test) }))
  runner.on('hook', (hook) => emit({ type: 'start', title: titleOf(hook) }))
  runner.on('pass', (test) => {
    counted += 1
    emit({ type: 'pass', title: titleOf(test), ms: test.duration ?? 0 })
  })
  runner.on('fail', (test, error) => {
    if (/** @type {string} */ (test.type) !== 'hook') counted += 1
    emit({ type: 'fail', title: titleOf(test), error: describeError(error) })
  })
  runner.on('test end', (test) => {
    for (const error of namesInErrors()) emit({ type: 'fail', title: `${titleOf(test)} > errors name no host`, error })
  })
  runner.on('pending', (test) => {
    counted += 1
    const reason = mark(test, 'engineLacks')
    emit({
      type: 'pending',
      title: titleOf(test),
      reason: reason ?? mark(test, 'pendingReason'),
      engineLacks: reason !== undefined,
    })
  })
  runner.on('end', () => {
    const count = runner.total - counted
    if (count > 0) emit({ type: 'lost', count })
  })
}

/**
 * A mark on a spec or on a suite around it.
 *
 * @param {Marked} runnable
 * @param {'engineLacks' | 'pendingReason'} name
 */
function mark(runnable, name) {
  /** @type {Marked | undefined} */
  let at = runnable
  while (at !== undefined) {
    const value = at[name]
    if (value !== undefined) return value
    at = at.parent
  }
  return undefined
}

/**
 * An error for people: its stack, what was compared, and its causes.
 *
 * @param {unknown} error
 * @returns {string}
 */
export function describeError(error) {
  if (!(error instanceof Error)) return `not an Error: ${show(error)}`
  const head = `${error.name}: ${error.message}`
  const stack = error.stack ?? ''
  let text = stack.includes(error.message) ? stack : `${head}\n${stack}`
  if ('showDiff' in error && error.showDiff === true && 'expected' in error && 'actual' in error) {
    text += `\n  expected: ${show(error.expected)}\n  actual:   ${show(error.actual)}`
  }
  if (error instanceof AggregateError) text += error.errors.map((each) => `\n  with: ${describeError(each)}`).join('')
  return error.cause === undefined ? text : `${text}\n  cause: ${describeError(error.cause)}`
}

/** @param {unknown} value */
function show(value) {
  /** @type {string | undefined} */
  let text
  try {
    text = JSON.stringify(value, (_key, each) =>
      typeof each === 'bigint' ? `${each}n` : each instanceof Uint8Array ? [...each] : each,
    )
  } catch {
    // Circular, or a getter that throws: the short form must do.
  }
  return (text ?? String(value)).slice(0, MAX_VALUE)
}
