import { expect } from 'chai'
import { simulate, type Outcome, type SimulatedNetwork } from './simulation/simulation.ts'

const HOUR = 3_600_000
const fast = { latency: 60, dead: 0.01 }
const slow = { latency: 2200, dead: 0.01 }

const NETWORKS: readonly SimulatedNetwork[] = [
  { name: 'fast', conditions: () => fast },
  { name: 'slow', conditions: () => slow },
  { name: 'half dead', conditions: () => ({ latency: 60, dead: 0.3 }) },
  { name: 'fast, then slow', conditions: (time) => (time < HOUR ? fast : slow) },
  { name: 'down for an hour', conditions: (time) => ({ ...fast, isDown: time > 0.5 * HOUR && time < 1.5 * HOUR }) },
  {
    name: 'clock that jumps',
    conditions: () => fast,
    wrongBy: (time) => (Math.floor(time / 600_000) % 2) * 7 * 24 * HOUR,
  },
]

/** The same for both: what is compared is not chance. `TOR_STREAMS_SEED` sets another one. */
const env = (globalThis as { process?: { env?: Record<string, string | undefined> } }).process?.env

const SEED = Number(env?.['TOR_STREAMS_SEED'] ?? 8)

const HEADER =
  'network            timeout   streams  mean ms   median  95 % ms    > 5 s   failed   wasted    begun  timeout ms'

/** No stream waits for longer, in ms, by default. */
const STREAM_TIMEOUT = 120_000

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + Math.min(STREAM_TIMEOUT, value), 0) / values.length
const percentile = (values: readonly number[], share: number): number =>
  [...values].sort((a, b) => a - b)[Math.floor(share * (values.length - 1))] as number
const delayed = ({ waits }: Outcome): number => waits.filter((wait) => wait > 5000).length

const row = (name: string, policy: string, outcome: Outcome): string =>
  [
    name.padEnd(18),
    policy.padEnd(8),
    ...[
      outcome.waits.length,
      mean(outcome.waits),
      percentile(outcome.waits, 0.5),
      percentile(outcome.waits, 0.95),
      delayed(outcome),
      outcome.failed,
      outcome.wasted,
      outcome.begun,
      outcome.timeout,
    ].map((value) => String(Math.round(value)).padStart(8)),
  ].join(' ')

describe('Circuits with build times that are learned, compared with a fixed timeout of 15 s', () => {
  const rows: string[] = [HEADER]
  for (const network of NETWORKS) {
    it(`are usable sooner on a network that is ${network.name}, for more streams, and fewer wait long`, async () => {
      const fixed = await simulate(network, 'fixed', SEED)
      const learned = await simulate(network, 'learned', SEED)
      rows.push(row(network.name, 'fixed', fixed), row(network.name, 'learned', learned))
      // A first relay that is silent is waited for as long as a tor client waits for it, which is the same to streams that get none.
      const isSilent = network.conditions(HOUR).isDown === true
      expect(mean(learned.waits)).to.be.below((isSilent ? 1.01 : 1) * mean(fixed.waits))
      expect(delayed(learned)).to.be.at.most(delayed(fixed))
      expect(learned.failed).to.be.at.most(fixed.failed)
      // One of five is given up that would have come: that is what the timeout is for.
      expect(learned.wasted).to.be.at.most(fixed.wasted + 0.3 * learned.begun)
    })
  }
  after(() => {
    if (env?.['TOR_STREAMS_TABLE'] !== undefined) console.log(rows.join('\n'))
  })
})
