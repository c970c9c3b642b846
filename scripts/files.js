/**
 * Files of this repository.
 *
 * @module
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder of this repository's package.json. This module may itself have been bundled to somewhere below it. */
export const ROOT = rootAbove(dirname(fileURLToPath(import.meta.url)))

/**
 * @param {string} folder
 * @returns {string}
 */
function rootAbove(folder) {
  const file = join(folder, 'package.json')
  if (existsSync(file) && JSON.parse(readFileSync(file, 'utf8')).name === 'tor-streams') return folder
  if (dirname(folder) === folder) throw new Error('no package.json of tor-streams above the scripts')
  return rootAbove(dirname(folder))
}

/**
 * The files below `folder` whose name ends with `suffix`, sorted, as `folder/...`. None if there is no such folder.
 *
 * @param {string} folder
 * @param {string} suffix
 * @param {{ deep?: boolean }} [options]
 * @returns {string[]}
 */
export function filesBelow(folder, suffix, { deep = true } = {}) {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { withFileTypes: true, recursive: deep })
    .filter((entry) => entry.isFile() && entry.name.endsWith(suffix))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
}
