/**
 * Relays that are bound by the CPU and not by the kernel's timers, for benchmarks.
 *
 * @module
 */
import { compiled } from './preload.ts'

/** Lines for the torrc: cells go out at once, and not at the next tick of the KIST scheduler. */
export const fastLines: readonly string[] = ['Schedulers Vanilla']

/**
 * Compiles nodelay.c into `directory`. Resolves with the environment that loads it into a program. Rejects when there
 * is no gcc.
 */
export const fastEnvironment = async (directory: string): Promise<NodeJS.ProcessEnv> => ({
  LD_PRELOAD: await compiled(directory, 'nodelay'),
})
