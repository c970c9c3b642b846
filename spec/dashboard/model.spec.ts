import { expect } from 'chai'
import { Model } from '../../lib/dashboard/model.ts'
import type { CircuitSummary, StreamInfo } from '../../lib/client/watch/circuit-info.ts'

const circuit = (id: number, more: Partial<CircuitSummary> = {}): { type: 'circuit'; circuit: CircuitSummary } => ({
  type: 'circuit',
  circuit: {
    id,
    purpose: 'streams',
    state: 'open',
    path: [],
    hops: 3,
    flow: { kind: 'windows', package: 1000, deliver: 1000 },
    bytesIn: 0,
    bytesOut: 0,
    age: 0,
    ...more,
  },
})
const stream = (id: number, more: Partial<StreamInfo> = {}): { type: 'stream'; stream: StreamInfo } => ({
  type: 'stream',
  stream: {
    id,
    circuit: 1,
    target: `host${id}.example:80`,
    state: 'open',
    flow: { kind: 'windows', package: 500, deliver: 500 },
    bytesIn: 0,
    bytesOut: 0,
    waiting: 0,
    ...more,
  },
})
const tick = { type: 'bandwidth', bytesIn: 5000, bytesOut: 500, duration: 500 } as const

describe('Dashboard: the model', () => {
  let model: Model

  beforeEach(() => {
    model = new Model()
  })

  it('knows what there is, and which streams are on which circuit', () => {
    for (const event of [circuit(1), circuit(2), stream(1), stream(2, { circuit: 2 })]) model.apply(event)
    expect([...model.circuits.keys()]).to.deep.equal([1, 2])
    expect(model.streamsOn(2).map(({ info }) => info.id)).to.deep.equal([2])
  })

  it('makes rates of what changed between two looks, and none of what was there before', () => {
    model.apply(stream(1, { bytesIn: 1_000_000 }))
    model.apply(tick)
    expect(model.streams.get(1)?.rateIn).to.equal(0)
    model.apply(stream(1, { bytesIn: 1_004_000 }))
    model.apply(tick)
    expect(model.streams.get(1)?.historyIn.latest).to.equal(8000)
    expect(model.historyIn.latest).to.equal(10_000)
    expect(model.historyOut.latest).to.equal(1000)
  })

  it('shows what has gone for a moment, and then no more', () => {
    for (const event of [circuit(1), stream(1), circuit(1, { state: 'closed' }), stream(1, { state: 'closed' })])
      model.apply(event)
    model.apply(tick)
    expect([model.circuits.size, model.streams.size]).to.deep.equal([1, 1])
    for (let ticks = 0; ticks < 10; ticks++) model.apply(tick)
    expect([model.circuits.size, model.streams.size]).to.deep.equal([0, 0])
  })

  it('holds no more of what has gone than can be looked at, however much goes at once', () => {
    for (let id = 0; id < 10_000; id++) {
      model.apply(stream(id))
      model.apply(stream(id, { state: 'closed' }))
    }
    model.apply(tick)
    expect(model.streams.size).to.be.at.most(12)
  })

  it('never shows what it hears of only at its end', () => {
    model.apply(stream(1, { state: 'closed' }))
    expect(model.streams.size).to.equal(0)
  })

  it('looks at the busiest stream, stays with it while it is there, and follows a choice', () => {
    for (const event of [stream(1), stream(2)]) model.apply(event)
    model.apply(stream(1, { bytesIn: 10_000 }))
    model.apply(tick)
    expect(model.focus?.info.id).to.equal(1)
    model.apply(stream(2, { bytesIn: 1_000_000 }))
    model.apply(tick)
    expect(model.focus?.info.id).to.equal(1)
    model.chosen = 2
    expect(model.focus?.info.id).to.equal(2)
    model.chosen = undefined
    model.apply(stream(1, { state: 'closed' }))
    expect(model.focus?.info.id).to.equal(2)
  })

  it('forgets everything when another client follows', () => {
    for (const event of [circuit(1), stream(1)]) model.apply(event)
    model.clear()
    expect(model.focus).to.equal(undefined)
    expect(model.circuits.size).to.equal(0)
  })
})
