/**
 * What this process holds. Only in runtimes with `process` and `gc()`.
 *
 * @module
 */
import { collectGarbage } from './garbage.ts'

/** In bytes. */
export interface Memory {
  /** What is resident. */
  readonly rss: number
  /** What JavaScript holds, buffers included. */
  readonly held: number
}

/** What this process holds once all that can be collected is. */
export async function settledMemory(): Promise<Memory> {
  for (let round = 0; round < 3; round++) await collectGarbage()
  const { rss, heapUsed, external } = process.memoryUsage()
  return { rss, held: heapUsed + external }
}
