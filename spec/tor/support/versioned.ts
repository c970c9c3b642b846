/**
 * Which version of a package the specs run.
 *
 * @module
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../../../scripts/files.js'

/** The name of a package with its major version. */
export function versioned(name: string, alias: string = name): string {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'node_modules', alias, 'package.json'), 'utf8')) as {
    version: string
  }
  return `${name} ${version.split('.', 1)[0]}`
}
