/**
 * Streams in the page of examples/page for some minutes, and prints how much memory it holds and the slope of that:
 * `node scripts/run.js spec/bench/page-soak.ts [MINUTES]`, ten by default, in Chromium.
 *
 * @module
 */
import { launchBrowser } from '../../scripts/specs/browser-launch.js'
import { buildPage, PAGE, servePage } from '../../scripts/page.js'
import { findProgram } from '../support/programs.ts'

const minutes = Number(process.argv[2] ?? 10)
const STEP = 20_000

const executable = findProgram('chromium')
if (executable === undefined) throw new Error('chromium is not installed')
await buildPage()
const site = await servePage(PAGE)
const browser = await launchBrowser({ browser: 'chromium', executable })
const { page } = await browser.open()
if (page === undefined) throw new Error('no page')
await page.goto(site.url)
const devtools = await page.createCDPSession()
await devtools.send('Performance.enable')

/** Bytes of the heap, elements of the page, and bytes that were read; after a garbage collection. */
async function look(): Promise<{ heap: number; nodes: number; read: string }> {
  await devtools.send('HeapProfiler.collectGarbage')
  const { metrics } = await devtools.send('Performance.getMetrics')
  const of = (name: string): number => metrics.find((each) => each.name === name)?.value ?? 0
  const read = await page!.$eval('#outcome', (each) => (each as HTMLOutputElement).value)
  return { heap: of('JSHeapUsedSize'), nodes: of('Nodes'), read }
}

const points: { at: number; heap: number }[] = []
const started = performance.now()
while (performance.now() - started < minutes * 60_000) {
  await new Promise((resolve) => setTimeout(resolve, STEP))
  const { heap, nodes, read } = await look()
  const at = (performance.now() - started) / 60_000
  points.push({ at, heap })
  console.log(`${at.toFixed(1).padStart(5)} min  heap ${(heap / 1e6).toFixed(2)} MB  ${nodes} nodes  ${read}`)
}
// The first minute is for what is compiled and cached.
const settled = points.filter(({ at }) => at >= 1)
const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
const [meanAt, meanHeap] = [mean(settled.map(({ at }) => at)), mean(settled.map(({ heap }) => heap))]
const slope =
  settled.reduce((sum, { at, heap }) => sum + (at - meanAt) * (heap - meanHeap), 0) /
  settled.reduce((sum, { at }) => sum + (at - meanAt) ** 2, 0)
console.log(`slope: ${(slope / 1000).toFixed(1)} kB a minute, of a heap of ${(meanHeap / 1e6).toFixed(2)} MB`)
await browser.close()
await site.close()
