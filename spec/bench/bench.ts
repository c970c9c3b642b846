/**
 * `npm run bench`: how fast the hot path is, against a naive client of the same cryptography and against the tor client.
 *
 * ```text
 * npm run bench                        all of it, in under four minutes
 * npm run bench -- --quick             less data
 * npm run bench -- --only bulk         bulk (in memory) or tor (over real tor)
 * npm run bench -- --json FILE         also writes [{ name, unit, ours, peer, peerName, ratio }]
 * ```
 *
 * Each pair is measured alternately in one run; figures are medians. Machines differ and are busy: the ratios are what counts.
 *
 * @module
 */
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { findProgram } from '../support/programs.ts'
import { compareBulk } from './bulk.ts'
import { table, type Comparison, type Result } from './compare.ts'
import { compareTor } from './tor.ts'

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    json: { type: 'string' },
  },
})
const { quick, only, json } = values
if (only !== undefined && only !== 'bulk' && only !== 'tor') {
  console.error(`there is no part ${only}: bulk, tor`)
  process.exit(2)
}

const programs = new URL('./', import.meta.url)
const comparisons: Comparison[] = []
if (only !== 'tor') comparisons.push(...(await compareBulk(quick ? 10_000_000 : 30_000_000, programs)))
if (only !== 'bulk') {
  if (findProgram('tor') === undefined) console.log('tor is not installed, so there is no comparison with it')
  else comparisons.push(...(await compareTor(quick ? 20_000_000 : 100_000_000, programs)))
}
console.log(table(comparisons))
if (json !== undefined) {
  const results: Result[] = comparisons.map(({ name, unit, ours, peer, peerName, ratio }) => ({ name, unit, ours, peer, peerName, ratio }))
  writeFileSync(json, `${JSON.stringify(results, undefined, 2)}\n`)
}
