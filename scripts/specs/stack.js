/**
 * Stack frames of bundled files, told as places in the sources. Engines differ in whether they do this themselves.
 *
 * @module
 */
import { readFileSync } from 'node:fs'
import { SourceMap } from 'node:module'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ROOT } from '../files.js'

/** @type {Map<string, SourceMap | undefined>} */
const maps = new Map()

/** @param {string} file */
function mapOf(file) {
  if (!maps.has(file)) {
    try {
      maps.set(file, new SourceMap(JSON.parse(readFileSync(`${file}.map`, 'utf8'))))
    } catch {
      maps.set(file, undefined) // No bundled file: its frames stay as they are.
    }
  }
  return maps.get(file)
}

/** Frames that are of the runner or of the engine; Firefox and WebKit write them as `name@place`. */
const FOREIGN =
  /^(\s+at |\S*@(?=http))(.*(node_modules\/mocha\/|\/mocha\.js:|scripts\/specs\/|\/runner\/)|(.* \()?(node|ext|native|unknown)(:|\)?$))/

/** A place: a file or URL, a row and a column. */
const PLACE = /((?:file|http):\/\/[^\s()]+?|\/[^\s():]+):(\d+):(\d+)/g

/**
 * `text` with every place in a bundled file of `root` replaced by the place in its source, and without foreign frames.
 *
 * @param {string} text
 * @param {string} root
 */
export function mapStack(text, root) {
  /** @type {(whole: string, place: string, row: string, column: string) => string} */
  const toSource = (whole, place, row, column) => {
    const file = fileOf(place, root)
    const found = mapOf(file)?.findEntry(Number(row) - 1, Number(column) - 1)
    if (found !== undefined && 'originalSource' in found) {
      return `${relative(ROOT, resolve(dirname(file), found.originalSource))}:${found.originalLine + 1}:${found.originalColumn + 1}`
    }
    return file.startsWith(ROOT + sep) ? `${relative(ROOT, file)}:${row}:${column}` : whole
  }
  const lines = text.split('\n').filter((line) => !FOREIGN.test(line))
  return lines.map((line) => line.replaceAll(PLACE, toSource)).join('\n')
}

/**
 * @param {string} place
 * @param {string} root
 */
function fileOf(place, root) {
  if (place.startsWith('file:')) return fileURLToPath(place)
  if (place.startsWith('http:')) return join(root, new URL(place).pathname.replace(/^\/specs\//, ''))
  return place
}
