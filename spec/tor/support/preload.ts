/**
 * Libraries that are preloaded into a tor of a private network.
 *
 * @module
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { run } from './process.ts'

/** Compiles `<name>.c` of this folder into `directory`. Resolves with the library's path. Rejects when there is no gcc. */
export async function compiled(directory: string, name: string): Promise<string> {
  const library = join(directory, `${name}.so`)
  try {
    await run('gcc', ['-O2', '-Wall', '-shared', '-fPIC', '-o', library, sourceFile(`${name}.c`), '-ldl'])
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    throw new Error('this network needs gcc, which is not installed: apt-get install gcc libc6-dev', { cause: error })
  }
  return library
}

/** Beside this module, or, when this module is part of a bundle elsewhere, below the directory we run in. */
function sourceFile(name: string): string {
  const beside = fileURLToPath(new URL(name, import.meta.url))
  return existsSync(beside) ? beside : join('spec', 'tor', 'support', name)
}
