/**
 * Alters what a TLS server sends, as often as one likes:
 *
 * ```sh
 * node scripts/run.js spec/tls13/fuzz.ts 5000000 1
 * ```
 *
 * The first argument is how many (one in a thousand is a whole connection), the second the seed. It ends with an error for
 * an outcome that nobody foresaw, and tells the seed that brings it about; and when memory has grown.
 *
 * @module
 */
import { identityOf } from './support/identity.ts'
import { connectionKind, parserKinds, randomFrom, type Outcome } from './support/mutations.ts'
import { freshHello } from './support/rogue.ts'

/** Each lot has a seed of its own, so that what went wrong is near. */
const LOT = 10_000
/** More than the heap may move by itself, in bytes. */
const MAX_GROWTH = 32e6

const [countText = '200000', seedText = '1'] = process.argv.slice(2)
const count = Number(countText)
const first = Number(seedText)
if (!Number.isInteger(count) || count < 1 || !Number.isInteger(first)) {
  console.error('usage: node scripts/run.js spec/tls13/fuzz.ts COUNT SEED')
  process.exit(2)
}

const heap = (): number => {
  ;(globalThis as { gc?: () => void }).gc?.()
  return process.memoryUsage().heapUsed
}

const identity = await identityOf('P-256')
const kinds = parserKinds(await freshHello(), identity)
const names = Object.keys(kinds)
const outcomes = new Map<string, Record<Outcome, number>>()
const started = performance.now()
let settled = 0
let longest = 0

const add = (name: string, outcome: Outcome): void => {
  const row = outcomes.get(name) ?? { taken: 0, refused: 0 }
  row[outcome] += 1
  outcomes.set(name, row)
}

for (let done = 0, seed = first; done < count; done += LOT, seed++) {
  const random = randomFrom(seed)
  try {
    for (let index = 0; index < Math.min(LOT, count - done); index++) {
      const before = performance.now()
      if (index % 1000 === 0) {
        add('connection', await connectionKind(identity, random))
      } else {
        const name = names[index % names.length] as string
        add(name, (kinds[name] as (typeof kinds)[string])(random))
      }
      longest = Math.max(longest, performance.now() - before)
    }
  } catch (error) {
    console.error(`seed ${seed}:`, error)
    process.exit(1)
  }
  if (done === LOT) settled = heap()
}

const growth = settled === 0 ? 0 : heap() - settled
for (const [name, { taken, refused }] of outcomes) console.log(`${name}: ${taken} taken, ${refused} refused`)
const seconds = (performance.now() - started) / 1000
console.log(`${count} in ${seconds.toFixed(1)} s; the longest took ${longest.toFixed(0)} ms; the heap grew by ${(growth / 1e6).toFixed(1)} MB`) // prettier-ignore
if (growth > MAX_GROWTH) process.exitCode = 1
