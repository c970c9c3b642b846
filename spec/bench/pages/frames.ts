/**
 * Which frames a page gets while it works.
 *
 * @module
 */

/** What a screen shows, in ms. */
const FRAME = 1000 / 60

/** Frames during something. */
export interface Frames {
  readonly seconds: number
  readonly shown: number
  /** Those that would have been shown where all of them were, and were not. */
  readonly dropped: number
  /** The longest time between two, in ms. */
  readonly longest: number
}

/** Counts frames until `work` is done. */
export async function framesDuring(work: () => Promise<void>): Promise<Frames> {
  const nextFrame = (): Promise<number> => new Promise((resolve) => requestAnimationFrame(resolve))
  let isOver = false
  const counted = (async () => {
    let [shown, dropped, longest] = [0, 0, 0]
    for (let last = await nextFrame(); !isOver;) {
      const now = await nextFrame()
      // Frames come a little early and late, but not by half a frame.
      dropped += Math.max(0, Math.round((now - last) / FRAME) - 1)
      longest = Math.max(longest, now - last)
      shown += 1
      last = now
    }
    return { shown, dropped, longest }
  })()
  await nextFrame() // it has begun
  const began = performance.now()
  await work()
  const seconds = (performance.now() - began) / 1000
  isOver = true
  return { seconds, ...(await counted) }
}
