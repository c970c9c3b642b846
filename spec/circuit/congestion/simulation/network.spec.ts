import { expect } from 'chai'
import { SimulatedNetwork } from './network.ts'
import type { Line } from './line.ts'

/** Sends `count` cells at once over `route`, and says when each arrived. */
function arrivals(network: SimulatedNetwork, route: readonly Line[], count: number): { id: number; at: number }[] {
  const arrived: { id: number; at: number }[] = []
  for (let id = 0; id < count; id++) {
    network.forward({ route, hop: 0, arrived: () => void arrived.push({ id, at: network.now() }) })
  }
  return arrived
}

describe('SimulatedNetwork', () => {
  it('sends cells at the bandwidth of the line, and delays them by its latency', () => {
    const network = new SimulatedNetwork()
    const arrived = arrivals(network, [network.line({ rate: 2, latency: 10 })], 4)
    network.run(11)
    expect(arrived.map(({ at }) => at)).to.deep.equal([10.5, 11])
    network.run(100)
    expect(arrived.map(({ at }) => at)).to.deep.equal([10.5, 11, 11.5, 12])
    expect(network.now()).to.equal(100)
  })

  it('lets cells wait for the slowest line of their way', () => {
    const network = new SimulatedNetwork()
    const slow = network.line({ rate: 1, latency: 5 })
    const arrived = arrivals(network, [network.line({ rate: 10, latency: 5 }), slow], 100)
    network.run(1000)
    expect(arrived.at(-1)?.at).to.be.closeTo(0.1 + 5 + 100 + 5, 1e-9)
    expect(slow.takeLongestQueue()).to.be.within(89, 91)
    expect(slow.takeLongestQueue()).to.equal(0)
  })

  it('loses nothing and lets nothing overtake, with jitter', () => {
    const network = new SimulatedNetwork()
    const line = (): Line => network.line({ rate: 100, latency: 1, jitter: 5 })
    const arrived = arrivals(network, [line(), line()], 10_000)
    network.run(1000)
    expect(arrived.map(({ id }) => id)).to.deep.equal(Array.from({ length: 10_000 }, (_, id) => id))
  })

  it('does what is planned in its time, and in the order of times', () => {
    const network = new SimulatedNetwork()
    const done: number[] = []
    for (const at of [30, 10, 20]) network.plan(at, () => void done.push(network.now()))
    network.line({ rate: 1, latency: 1 })
    network.run(25)
    expect(done).to.deep.equal([10, 20])
    network.run(30)
    expect(done).to.deep.equal([10, 20, 30])
  })
})
