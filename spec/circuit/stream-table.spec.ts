import { expect } from 'chai'
import { StreamTable } from '../../lib/circuit/stream-table.ts'
import type { StreamEndpoint } from '../../lib/stream/contract/carrier.ts'

const endpoint = (): StreamEndpoint => ({
  state: 'open',
  dataArrived: () => undefined,
  messageArrived: () => undefined,
  readProcessed: () => undefined,
  circuitFailed: () => undefined,
})

describe('StreamTable', () => {
  it('begins at a random id between 1 and 65535', () => {
    const firsts = Array.from({ length: 200 }, () => new StreamTable().allocate(endpoint()) as number)
    expect(Math.min(...firsts)).to.be.at.least(1)
    expect(Math.max(...firsts)).to.be.at.most(65_535)
    expect(new Set(firsts).size).to.be.greaterThan(150)
  })

  it('goes up by one and wraps from 65535 to 1, never to 0', () => {
    const table = new StreamTable(65_534)
    expect([1, 2, 3, 4].map(() => table.allocate(endpoint()))).to.deep.equal([65_534, 65_535, 1, 2])
  })

  it('skips ids that are taken, also by what a stream left behind', () => {
    const table = new StreamTable(65_535)
    const [last, one, two] = [endpoint(), endpoint(), endpoint()]
    for (const one_ of [last, one, two]) table.allocate(one_)
    const halfClosed = endpoint()
    table.replace(1, halfClosed)
    for (let id = 3; id < 65_535; id++) {
      table.allocate(endpoint())
      table.replace(id, undefined)
    }
    expect(table.allocate(endpoint())).to.equal(3)
    expect(table.get(1)).to.equal(halfClosed)
    expect(table.get(65_535)).to.equal(last)
  })

  it('gives no id when all 65,535 are taken, and one again when one is free', () => {
    const table = new StreamTable(7)
    const shared = endpoint()
    const ids = new Set(Array.from({ length: 65_535 }, () => table.allocate(shared)))
    expect(ids.size).to.equal(65_535)
    expect(ids.has(undefined)).to.equal(false)
    expect(table.allocate(endpoint())).to.equal(undefined)
    table.replace(4711, undefined)
    expect(table.allocate(endpoint())).to.equal(4711)
    expect(table.allocate(endpoint())).to.equal(undefined)
  })

  it('knows nothing of id 0', () => {
    expect(new StreamTable().get(0)).to.equal(undefined)
  })
})
