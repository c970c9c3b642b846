/**
 * The package as npm packs it, built once for all specs: as long as nothing that goes into it changes.
 *
 * @module
 */
import { execFile } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { filesBelow, ROOT } from '../../scripts/files.js'

const run = promisify(execFile)

/** What goes into the package beside what is built of `lib`. */
const PARTS = ['package.json', 'README.md', 'LICENSE', 'CHANGELOG.md', 'SECURITY.md', 'lib', 'docs', 'examples']

/** Packages that it needs, and that npm would install with it. */
const DEPENDENCIES = ['@noble/curves', '@noble/hashes', 'uint8arrays', 'multiformats', 'ws']

/** When a part of the package was changed last, in ms. */
function lastChange(): number {
  const files = PARTS.flatMap((part) => {
    const path = join(ROOT, part)
    return statSync(path).isFile() ? [path] : filesBelow(path, '').filter((file) => !file.includes('/docs/api/'))
  })
  return Math.max(...[...files, join(ROOT, 'tsconfig.json')].map((file) => statSync(file).mtimeMs))
}

/**
 * The tarballs of the package and of all that it needs.
 *
 * @returns a folder with `tor-streams-VERSION.tgz` and the others. It is shared: nothing is written there.
 */
export async function packedTarballs(): Promise<string> {
  const build = join(ROOT, '.build')
  const target = join(build, `packed-${lastChange()}`)
  if (existsSync(target)) return target
  mkdirSync(build, { recursive: true })
  const work = mkdtempSync(join(build, 'packing-'))
  try {
    const source = join(work, 'source')
    const tarballs = join(work, 'tarballs')
    mkdirSync(source)
    mkdirSync(tarballs)
    for (const name of PARTS)
      cpSync(join(ROOT, name), join(source, name), {
        recursive: true,
        filter: (from) => from !== join(ROOT, 'docs', 'api'),
      })
    const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc')
    // Types are checked by other means; without that the same files come about in half the time.
    const flags = ['-p', join(ROOT, 'tsconfig.json'), '--noCheck', '--outDir', join(source, 'dist')]
    await run(process.execPath, [tsc, ...flags], { cwd: ROOT })
    // Without scripts: they would build again what the specs beside this may be reading.
    const packages = [source, ...DEPENDENCIES.map((name) => join(ROOT, 'node_modules', name))]
    await run('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', tarballs, ...packages], {
      cwd: source,
    })
    const earlier = readdirSync(build)
      .filter((name) => name.startsWith('packed-'))
      .map((name) => join(build, name))
    for (const folder of earlier) if (folder !== target) rmSync(folder, { recursive: true, force: true })
    try {
      renameSync(tarballs, target)
    } catch (cause) {
      if (!existsSync(target)) throw cause // Else another process of this run was faster.
    }
    return target
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

/** Makes `folder` a project into which the package is installed, with what it needs from here, and types of Node. */
export async function installPacked(folder: string): Promise<void> {
  const tarballs = await packedTarballs()
  const packed = join(folder, 'node_modules', 'tor-streams')
  mkdirSync(packed, { recursive: true })
  const [tarball = ''] = filesBelow(tarballs, '.tgz').filter((file) => file.includes('/tor-streams-'))
  await run('tar', ['-xzf', tarball, '-C', packed, '--strip-components', '1'])
  for (const name of ['@noble', '@types', 'undici-types', 'uint8arrays', 'multiformats', 'ws'])
    symlinkSync(join(ROOT, 'node_modules', name), join(folder, 'node_modules', name))
}
