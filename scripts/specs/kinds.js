/**
 * Which specs run where, told by the file's name:
 *
 * - `name.spec.ts`: in Node, Deno, Bun, Chromium, Firefox and WebKit. It imports nothing of Node.
 * - `name.server.spec.ts`: in Node, Deno and Bun. It may import what all three have of `node:*`.
 * - `name.node.spec.ts`: in Node.
 * - `name.types.ts`: not run, but compiled.
 *
 * @module
 */
import { relative } from 'node:path'
import { filesBelow, ROOT } from '../files.js'

/** @typedef {import('./browser-launch.js').Browser} Browser */
/** @typedef {'node' | 'deno' | 'bun' | Browser} Engine */

/** @type {readonly Browser[]} */
const BROWSERS = ['chromium', 'firefox', 'webkit']

/** @type {readonly Engine[]} */
const EVERYWHERE = ['node', 'deno', 'bun', ...BROWSERS]

/**
 * @param {Engine} engine
 * @returns {engine is Browser}
 */
export const isBrowser = (engine) => BROWSERS.some((each) => each === engine)

/**
 * The engines that a spec runs in.
 *
 * @param {string} file
 * @returns {readonly Engine[]}
 */
export function enginesOf(file) {
  if (file.endsWith('.node.spec.ts')) return ['node']
  if (file.endsWith('.server.spec.ts')) return ['node', 'deno', 'bun']
  return EVERYWHERE
}

/**
 * The lots that the specs of one engine are run in, each in a process of its own: a file is in the first that has it.
 * What starts tor, programs and servers mostly waits for them, and shares one real network within its process; what
 * computes runs beside it. What collects garbage does so hundreds of times, and each takes as long as there is memory: it has a
 * process that holds nothing else. So which files share a process never depends on the machine. A browser starts nothing, and
 * takes long to start.
 */
const COMPUTING = [/^spec\/(circuit|hostile)\//, /^/]
const LOTS = [/^spec\/(tor|cli|node|platform|browser)\//, /\/(memory|let-go)\./, ...COMPUTING]

/**
 * `files` in their lots, without those that are empty.
 *
 * @param {readonly string[]} files
 * @param {Engine} engine
 */
export function lotsOf(files, engine) {
  const patterns = isBrowser(engine) ? COMPUTING : LOTS
  const lots = patterns.map((_, lot) =>
    files.filter((file) => patterns.findIndex((pattern) => pattern.test(file)) === lot),
  )
  return lots.filter((lot) => lot.length > 0)
}

/** Every spec that runs. */
export const findSpecs = () => filesBelow('spec', '.spec.ts')

/** Every spec that is compiled only. */
export const findTypeSpecs = () => filesBelow('spec', '.types.ts')

/**
 * Sentences about specs whose names promise to run where their imports do not.
 *
 * @param {import('esbuild').Metafile} metafile
 * @returns {string[]}
 */
export function misnamed(metafile) {
  /** @type {string[]} */
  const found = []
  for (const output of Object.values(metafile.outputs)) {
    const spec = output.entryPoint
    if (spec === undefined || !spec.endsWith('.spec.ts') || !enginesOf(spec).includes('chromium')) continue
    const path = pathToNode(metafile, spec)
    if (path !== undefined) {
      found.push(
        `${relative(ROOT, spec)} is to run in a browser, but imports ${path.join(' -> ')}: name it .server.spec.ts or .node.spec.ts`,
      )
    }
  }
  return found
}

/**
 * How `start` comes to import a module that only a server runtime has.
 *
 * @param {import('esbuild').Metafile} metafile
 * @param {string} start
 * @returns {string[] | undefined}
 */
function pathToNode(metafile, start) {
  /** @type {Map<string, string[]>} */
  const paths = new Map([[start, []]])
  for (const [file, path] of paths) {
    for (const { path: to, external } of metafile.inputs[file]?.imports ?? []) {
      if (external === true) return [...path, to]
      if (!paths.has(to)) paths.set(to, [...path, to])
    }
  }
  return undefined
}
