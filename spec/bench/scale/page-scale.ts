/**
 * A directory of 9,000 relays in a page of Chromium: what reading, verifying and renewing it takes, how long the longest task of
 * the page's thread is in that, and how much of the heap it takes: `node scripts/run.js spec/bench/scale/page-scale.ts [TURNS]`,
 * three by default. Each turn is a browser of its own, in which nothing is compiled yet. Of each task it counts for how long its
 * thread was at work: what it waited for a processor belongs to others on the machine.
 *
 * @module
 */
import { join } from 'node:path'
import { ROOT } from '../../../scripts/files.js'
import { launchBrowser } from '../../../scripts/specs/browser-launch.js'
import { findProgram } from '../../support/programs.ts'
import { servePageOf } from '../page-site.ts'
import { longestTaskDuring } from '../pages/tasks.ts'
import { makeSyntheticNetwork } from './synthetic-network.ts'

const TURNS = Number(process.argv[2] ?? 3)
const MB = 1_000_000

const executable = findProgram('chromium')
if (executable === undefined) throw new Error('chromium is not installed')
const { config, later, ...documents } = await makeSyntheticNetwork(9000, Date.now())
const files = new Map<string, string | Uint8Array>([
  ...Object.entries(documents).map(([name, text]) => [`/network/${name}`, text] as const),
  ['/network/network.json', JSON.stringify(config)],
  ['/network/later.json', JSON.stringify(later)],
])
const { server: site, port } = await servePageOf(join(ROOT, 'spec', 'bench', 'scale', 'page-scale-client.ts'), files)

const figures = { load: [] as number[][], renew: [] as number[][], heap: [] as number[] }
for (let turn = 0; turn < TURNS; turn++) {
  const browser = await launchBrowser({ browser: 'chromium', executable })
  try {
    const driven = await browser.open()
    const { page } = driven
    if (page === undefined) throw new Error('no page')
    await driven.goto(`http://127.0.0.1:${port}/`)
    const call = (name: string): Promise<unknown> => driven.call({ module: '/client.js', name, argument: undefined })
    const devtools = await page.createCDPSession()
    await devtools.send('Performance.enable')
    const heap = async (): Promise<number> => {
      await devtools.send('HeapProfiler.collectGarbage')
      const { metrics } = await devtools.send('Performance.getMetrics')
      return metrics.find(({ name }) => name === 'JSHeapUsedSize')?.value ?? 0
    }
    await call('keep')
    const before = await heap()
    for (const what of ['load', 'renew'] as const) {
      const { value, longest } = await longestTaskDuring(page, () => call(what))
      figures[what].push([Number(value), longest])
      if (what === 'load') figures.heap.push(((await heap()) - before) / MB)
    }
  } finally {
    await browser.close()
  }
}
site.close()
const least = (values: readonly number[]): string => Math.min(...values).toFixed(2)
const all = (values: readonly number[]): string => values.map((value) => value.toFixed(2)).join(', ')
for (const [what, name] of [
  ['load', 'read and verify a kept directory'],
  ['renew', 'renew it'],
] as const) {
  const seconds = figures[what].map(([each = 0]) => each)
  const tasks = figures[what].map(([, each = 0]) => each)
  console.log(
    `chromium: ${name}: ${least(seconds)} s (${all(seconds)}), longest task ${least(tasks)} ms (${all(tasks)})`,
  )
}
console.log(`chromium: heap of the directory: ${least(figures.heap)} MB (${all(figures.heap)})`)
