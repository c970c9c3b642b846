/**
 * Relays that are bound by the CPU and not by the kernel's timers, for benchmarks.
 *
 * @module
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { run } from './process.ts'

/** Lines for the torrc: cells go out at once, and not at the next tick of the KIST scheduler. */
export const fastLines: readonly string[] = ['Schedulers Vanilla']

/**
 * Compiles nodelay.c into `directory`. Resolves with the environment that loads it into a program. Rejects when there
 * is no gcc.
 */
export async function fastEnvironment(directory: string): Promise<NodeJS.ProcessEnv> {
  const library = join(directory, 'nodelay.so')
  try {
    await run('gcc', ['-O2', '-Wall', '-shared', '-fPIC', '-o', library, sourceFile(), '-ldl'])
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    throw new Error('a fast network needs gcc, which is not installed: apt-get install gcc libc6-dev', { cause: error })
  }
  return { LD_PRELOAD: library }
}

/** nodelay.c: beside this module, or, when this module is part of a bundle elsewhere, below the directory we run in. */
function sourceFile(): string {
  const beside = fileURLToPath(new URL('nodelay.c', import.meta.url))
  return existsSync(beside) ? beside : join('spec', 'tor', 'support', 'nodelay.c')
}
