import { expect } from 'chai'
import { randomBelow } from '../../lib/circuit/random-padding.ts'
import { SHORT_DATA, ShortCells } from '../../lib/circuit/short-cells.ts'
import { StreamTable } from '../../lib/circuit/stream-table.ts'
import { drawIdleTime } from '../../lib/client/circuits/channel-pool.ts'
import { idleTimeOf } from '../../lib/client/circuits/prediction/circuit-choice.ts'
import { PredictedPorts } from '../../lib/client/circuits/prediction/predicted-ports.ts'
import { nextFetch } from '../../lib/directory/consensus-lifetime.ts'
import { opened } from '../channel/support/recorder.ts'
import { chiSquare } from './support/chi-square.ts'
import { seededRandom } from './support/seeded-random.ts'

const HOUR = 3_600_000

/** How often each is drawn, and into how many equally likely parts what is drawn is divided. */
const DRAWS = 3200
const PARTS = 32

/** Checks that numbers are evenly spread from `from` up to and without `to`; by chance that fails one in 10^9 times. */
function expectEven(numbers: readonly number[], from: number, to: number, parts: number = PARTS): void {
  const counts = Array.from({ length: parts }, () => 0)
  for (const number of numbers) {
    expect(number).to.be.within(from, to - 1)
    const part = Math.floor((parts * (number - from)) / (to - from))
    counts[part] = (counts[part] as number) + 1
  }
  const { statistic, critical } = chiSquare(
    counts,
    Array.from({ length: parts }, () => 1),
  )
  expect(statistic).to.be.below(critical)
}

const draws = (draw: () => number): number[] => Array.from({ length: DRAWS }, draw)

/** What others see of it is compared with what tor 0.4.9 draws; where that is drawn elsewhere, there is its spec. */
describe('What is drawn at random is spread as by a tor client:', () => {
  const random = seededRandom(49)

  it('the ids of circuits, over all with the highest bit set (get_unique_circ_id_by_chan)', async () => {
    const { circuit, channel } = await opened()
    const ids = draws(() => circuit().port.circuitId)
    expectEven(ids, 2 ** 31, 2 ** 32)
    // And in their last bits, which the spread does not tell.
    expectEven(
      ids.map((id) => id % PARTS),
      0,
      PARTS,
    )
    await channel.close()
  })

  it('where the ids of streams begin; they go up by one, and past zero (get_unique_stream_id_by_circ)', () => {
    const endpoint = { state: 'open' } as unknown as Parameters<StreamTable['allocate']>[0]
    const first = draws(() => new StreamTable().allocate(endpoint) as number)
    expectEven(first, 1, 65_536)
    const table = new StreamTable(65_534)
    expect(Array.from({ length: 4 }, () => table.allocate(endpoint))).to.deep.equal([65_534, 65_535, 1, 2])
  })

  it('how long ports are expected, half an hour to one (channelpadding_get_circuits_available_timeout)', () => {
    const param = (_name: string, fallback: number): number => fallback
    const spans = draws(() => new PredictedPorts({ param, now: () => 0, random, isReduced: false }).remaining / 1000)
    expectEven(spans, 1800, 3600)
    const reduced = draws(() => new PredictedPorts({ param, now: () => 0, random, isReduced: true }).remaining / 1000)
    expectEven(reduced, 900, 1800)
  })

  it('how long a circuit waits for its first stream: a second more than any is expected, and a twentieth (origin_circuit_new)', () => {
    const times = { isLearning: false, parameters: {} } as Parameters<typeof idleTimeOf>[0]
    const spans = draws(() => idleTimeOf(times, { remaining: 3_180_000 }, random) / 1000)
    expectEven(spans, 3181, 3181 + 160)
  })

  it('when the next consensus is fetched: seven eighths of what is left after three quarters of an hour (update_consensus_networkstatus_fetch_time_impl)', () => {
    const lifetime = { validAfter: 0, freshUntil: HOUR, validUntil: 3 * HOUR }
    const moments = draws(() => nextFetch(lifetime, HOUR, () => random(1 << 30) / (1 << 30)))
    expectEven(moments, 1.75 * HOUR, 1.75 * HOUR + (7 / 8) * 1.25 * HOUR)
  })

  it('how long a link stays without a circuit, three minutes to four and a half, or half of that (channelpadding_get_channel_idle_timeout)', () => {
    // Each second is a part of its own.
    expectEven(
      draws(() => drawIdleTime(random, false) / 1000),
      180,
      270,
      90,
    )
    expectEven(
      draws(() => drawIdleTime(random, true) / 1000),
      90,
      135,
      45,
    )
  })

  it('which cells of an upload leave room for randomness, in one of 50 to 99 (connection_edge_get_inbuf_bytes_to_package)', () => {
    const cells = new ShortCells(random)
    const gaps: number[] = []
    for (let gap = 1; gaps.length < DRAWS; gap++) {
      const size = cells.cellSize
      cells.packed(size)
      if (size !== SHORT_DATA) continue
      gaps.push(gap)
      gap = 0
    }
    // The first is counted from the beginning, and the others from the one before.
    expect(gaps[0]).to.be.within(51, 100)
    expectEven(gaps.slice(1), 50, 100, 50)
    // The same of what bytes are made to: the last 6 of 256 are not used, or six of the intervals would be likelier.
    const bytes = Array.from({ length: 100 * DRAWS }, () => randomBelow(50))
    expectEven(bytes, 0, 50, 50)
  })
})
