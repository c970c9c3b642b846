/**
 * `npm run bench`: how fast the hot path is, against a naive client of the same cryptography and against the tor
 * client.
 *
 * ```text
 * npm run bench                        all of it, in about six minutes
 * npm run bench -- --quick             less data
 * npm run bench -- --only bulk         bulk (in memory), tls (over loopback), scale (a directory of 9,000 relays against
 *                                      what it may cost), many (10,000 streams at once), tor (transfers over real tor),
 *                                      flow (congestion control), client (starts and new streams), fronts (SOCKS and
 *                                      fetch), onion (services, and clients of them) or pages (downloads in browsers)
 * npm run bench -- --json FILE         also writes [{ name, unit, ours, peer, peerName, ratio }]
 * ```
 *
 * What else is measured in pages has programs of its own: `node scripts/run.js spec/bench/scale/page-scale.ts` (a directory of
 * 9,000 relays in Chromium), and likewise `page-tls.ts` and `page-soak.ts`.
 *
 * Each pair is measured alternately in one run; figures are medians. Machines differ and are busy: the ratios are what
 * counts.
 *
 * @module
 */
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { findProgram } from '../support/programs.ts'
import { compareBulk } from './bulk.ts'
import { table, type Comparison, type Result } from './compare.ts'
import { compareClients } from './client.ts'
import { compareFronts } from './fronts.ts'
import { compareOnions } from './onion/onion.ts'
import { compareMany } from './many/many.ts'
import { comparePages } from './pages/pages.ts'
import { compareScale } from './scale/scale.ts'
import { compareTls } from './tls.ts'
import { compareFlow, compareTor } from './tor.ts'

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    json: { type: 'string' },
  },
})
const { quick, only, json } = values
const parts = ['bulk', 'tls', 'scale', 'many', 'tor', 'flow', 'client', 'fronts', 'onion', 'pages']
if (only !== undefined && !parts.includes(only)) {
  console.error(`there is no part ${only}: ${parts.join(', ')}`)
  process.exit(2)
}

const programs = new URL('./', import.meta.url)
const comparisons: Comparison[] = []
const wanted = (part: string): boolean => only === undefined || only === part
if (wanted('bulk')) comparisons.push(...(await compareBulk(quick ? 10_000_000 : 30_000_000, programs)))
if (wanted('tls')) comparisons.push(...(await compareTls(quick ? 50_000_000 : 200_000_000, programs)))
if (wanted('scale')) comparisons.push(...(await compareScale(programs, quick ? 1 : 3)))
if (wanted('many')) comparisons.push(...(await compareMany(programs)))
if (parts.slice(4).some(wanted)) {
  if (findProgram('tor') === undefined) console.log('tor is not installed, so there is no comparison with it')
  else {
    if (wanted('tor')) comparisons.push(...(await compareTor(quick ? 20_000_000 : 100_000_000, programs)))
    if (wanted('flow')) comparisons.push(...(await compareFlow(quick ? 20_000_000 : 60_000_000, programs)))
    if (wanted('client')) comparisons.push(...(await compareClients(programs)))
    if (wanted('fronts')) comparisons.push(...(await compareFronts(quick ? 30_000_000 : 100_000_000, programs)))
    if (wanted('onion')) comparisons.push(...(await compareOnions(quick ? 5_000_000 : 20_000_000, programs)))
    if (wanted('pages')) comparisons.push(...(await comparePages(quick ? 10_000_000 : 30_000_000)))
  }
}
console.log(table(comparisons))
if (json !== undefined) {
  const results = comparisons.map(({ name, unit, ours, peer, peerName, ratio }): Result => ({
    name,
    unit,
    ours,
    peer,
    peerName,
    ratio,
  }))
  writeFileSync(json, `${JSON.stringify(results, undefined, 2)}\n`)
}
