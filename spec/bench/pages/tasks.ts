/**
 * How long a page of Chromium does nothing but one thing: the longest task of its thread, by the browser's own trace.
 *
 * @module
 */
import type { Page } from 'puppeteer-core'

/** A task as Chromium's trace has it, in us. */
interface TraceEvent {
  readonly name: string
  readonly tid: number
  readonly pid: number
  readonly dur?: number
  readonly tdur?: number
  readonly args: { readonly name?: string }
}

/**
 * What `work` resolves with, and the longest task of the page's thread meanwhile, in ms. Of each task it counts for how long its
 * thread was at work: what it waited for a processor belongs to others on the machine.
 */
export async function longestTaskDuring<T>(
  { tracing }: Pick<Page, 'tracing'>,
  work: () => Promise<T>,
): Promise<{ readonly value: T; readonly longest: number }> {
  await tracing.start({ categories: ['toplevel', 'disabled-by-default-devtools.timeline', 'devtools.timeline'] })
  const value = await work()
  const trace = await tracing.stop()
  if (trace === undefined) throw new Error('there is no trace')
  return { value, longest: longestTask(trace) }
}

function longestTask(trace: Uint8Array): number {
  const { traceEvents } = JSON.parse(new TextDecoder().decode(trace)) as { traceEvents: TraceEvent[] }
  const threads = traceEvents.filter(({ name, args }) => name === 'thread_name' && args.name === 'CrRendererMain')
  const isPage = ({ pid, tid }: TraceEvent): boolean => threads.some((each) => each.pid === pid && each.tid === tid)
  let longest = 0
  for (const event of traceEvents)
    if (event.name === 'RunTask' && isPage(event)) longest = Math.max(longest, event.tdur ?? event.dur ?? 0)
  return longest / 1000
}
