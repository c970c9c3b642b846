/** What a page has that is in somebody's way: who hears it, or who has a small screen. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Page } from 'puppeteer-core'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** The rules of axe that the page breaks, each with the elements that do. */
export async function faultsForReaders(page: Page): Promise<string[]> {
  await page.evaluate(`if (window.axe === undefined) { ${axe} }`)
  return page.evaluate(async () => {
    const { axe: here } = window as unknown as {
      axe: { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> }
    }
    return (await here.run()).violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)
  })
}

/** By how many pixels the page is wider than what shows of it. */
export function excessWidth(page: Page): Promise<number> {
  return page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
}
