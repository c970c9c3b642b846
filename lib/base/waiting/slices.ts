/**
 * Long work in slices, so that a page stays alive while a consensus is read, or a body is decoded. Work is counted by
 * what the text makes of it, not by what an honest text would have: whoever wrote it has proved nothing yet.
 *
 * @module
 */
import { taskScheduler } from './next-task.ts'

/**
 * How much is read before other tasks have their turn: about a ms, and ten where nothing is compiled yet. In characters,
 * and what items cost beside them.
 */
export const READ_A_SLICE = 32_768

/** How the readers of long documents wait between two slices of their work. */
export interface SliceOptions {
  /** Resolves once other tasks had their turn. By default the next task. */
  readonly pause?: () => Promise<void>
}

const waiting: (() => void)[] = []
let schedule: (() => void) | undefined

/** Lets other tasks have their turn: whoever else waits here goes on in another task, so that no two slices are one. */
export const pauseForTasks = (): Promise<void> =>
  new Promise((resolve) => {
    if (waiting.push(resolve) > 1) return
    schedule ??= taskScheduler(goOn)
    schedule()
  })

function goOn(): void {
  waiting.shift()?.()
  if (waiting.length > 0) schedule?.()
}

/** Counts units of work, and pauses after every `size` of them. */
export class Slices {
  readonly #size: number
  readonly #pause: () => Promise<void>
  #done = 0

  constructor(size: number, options: SliceOptions) {
    this.#size = size
    this.#pause = options.pause ?? pauseForTasks
  }

  /** Adds `units` of work. True when it is time for {@link pause}: there is nothing to wait for otherwise. */
  isFull(units: number): boolean {
    this.#done += units
    return this.#done >= this.#size
  }

  /** Waits, and begins the next slice. */
  async pause(): Promise<void> {
    this.#done = 0
    await this.#pause()
  }
}

/** How many of thousands of things are looked at before other tasks have their turn: a ms or two where nothing is compiled yet. */
export const LOOKED_AT_A_SLICE = 2048

/** Those of many things that fit, in slices. */
export async function filterInSlices<T>(
  things: readonly T[],
  fits: (thing: T) => boolean,
  options: SliceOptions = {},
): Promise<T[]> {
  const slices = new Slices(LOOKED_AT_A_SLICE, options)
  const fitting: T[] = []
  for (const thing of things) {
    if (slices.isFull(1)) await slices.pause()
    if (fits(thing)) fitting.push(thing)
  }
  return fitting
}
