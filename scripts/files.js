/**
 * Files of this repository.
 *
 * @module
 */
import { existsSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder of package.json. */
export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))

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
