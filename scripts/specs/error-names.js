/**
 * Watches every error that specs bring about, so that none of ours shows the name of a host or an address where it is
 * written down. The same file runs in every engine, so it asks nothing of any.
 *
 * @module
 */

/** The most errors of one spec that are looked at; of those with the same message, two. */
const MOST = 60
const MOST_ALIKE = 2

/** What names a host, or is an address: names that exist nowhere, those of documentation, IPv4 and IPv6. */
const NAMES =
  /\b[\w-]+\.(?:test|example|invalid|onion|exit|com|net|org)\b|\blocalhost\b|\b(?:\d{1,3}\.){3}\d{1,3}\b|(?<!\w)(?:[\da-f]{1,4}(?::[\da-f]{1,4})*)?::[\da-f]{1,4}\b|(?:[\da-f]{1,4}:){5,}/i

/**
 * Where in the code an error was made: that is no secret, and Bun shows the lines around it. Firefox and WebKit write
 * `name@place`.
 */
const PLACES = /^\s*(?:at .*|\d+ \| .*|\^|[^\n@]*@(?:https?|file):\/\/\S+:\d+:\d+)$/gm

/** @type {Map<string, Error[]>} */
const made = new Map()
let count = 0

/**
 * From now on errors are seen as they are made. It must run before the code that is to be watched.
 */
export function watchErrors() {
  const global = /** @type {Record<string, Function>} */ (/** @type {unknown} */ (globalThis))
  for (const name of ['Error', 'TypeError', 'RangeError', 'AggregateError']) {
    const watched = new Proxy(/** @type {Function} */ (global[name]), {
      construct(target, args, newTarget) {
        const error = Reflect.construct(target, args, newTarget)
        note(error)
        return error
      },
    })
    watched.prototype.constructor = watched
    global[name] = watched
  }
}

/** @param {Error} error */
function note(error) {
  const alike = made.get(error.message)
  if (count >= MOST || (alike !== undefined && alike.length >= MOST_ALIKE)) return
  count += 1
  if (alike === undefined) made.set(error.message, [error])
  else alike.push(error)
}

/**
 * What errors of ours show of hosts, of those made since the last call.
 *
 * @returns {string[]} a sentence each
 */
export function namesInErrors() {
  const found = []
  for (const errors of made.values()) {
    for (const error of errors) {
      if (!isOurs(error)) continue
      const shown = written(error)
      const [name] = NAMES.exec(shown) ?? []
      if (name !== undefined) found.push(`an error shows ${name}:\n${shown.trim()}`)
    }
  }
  made.clear()
  count = 0
  return found
}

/** What marks the errors of lib/base/errors.ts: undici has a SocketError too. */
const BRANDS = ['TorError', 'SocketError'].map((name) => Symbol.for(`tor-streams.${name}`))

/**
 * An error of lib: by its brand or its name, or by the words that a bad argument is refused with.
 *
 * @param {Error} error
 */
const isOurs = (error) =>
  BRANDS.some((brand) => brand in error) ||
  'torCode' in error ||
  /^(?:HttpError|WithheldError)$/.test(error.name) ||
  /^Cannot |^fetch failed: /.test(error.message)

/**
 * The error as each way of writing it down has it, without the places of code that it names.
 *
 * @param {unknown} error
 * @returns {string}
 */
export function written(error) {
  /** @type {{ Deno?: Inspector, Bun?: Inspector, process?: { getBuiltinModule?(name: string): Inspector } }} */
  const { Deno, Bun, process } = /** @type {any} */ (globalThis)
  const inspectors = [process?.getBuiltinModule?.('node:util'), Deno, Bun]
  const inspected = inspectors.map((each) => each?.inspect(error, { depth: 10, colors: false }) ?? '')
  return [...inspected, chain(error, 10), JSON.stringify(error)].join('\n').replaceAll(PLACES, '')
}

/**
 * What a console shows that prints stacks only.
 *
 * @param {unknown} error
 * @param {number} depth
 * @returns {string}
 */
function chain(error, depth) {
  if (!(error instanceof Error) || depth === 0) return ''
  const text = `${error.stack}\n${error.message}\n${JSON.stringify(error)}`
  const { errors = [] } = /** @type {{ errors?: unknown[] }} */ (/** @type {unknown} */ (error))
  const behind = [error.cause, ...errors]
  return [text, ...behind.map((each) => chain(each, depth - 1))].join('\n')
}

/** @typedef {{ inspect(value: unknown, options: object): string }} Inspector */
