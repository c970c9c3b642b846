import { expect } from 'chai'
import { StreamTable } from '../../lib/circuit/stream-table.ts'
import type { HalfClosedEndpoint, StreamEndpoint } from '../../lib/stream/contract/carrier.ts'

const endpoint = (): StreamEndpoint => ({
  state: 'open',
  dataArrived: () => undefined,
  messageArrived: () => undefined,
  readProcessed: () => undefined,
  circuitFailed: () => undefined,
})

/** What a stream left behind, that expires when the spec says so, or never. */
class LeftBehind implements HalfClosedEndpoint {
  readonly state = 'ended-open'
  isExpired: boolean | undefined
  constructor(isExpired?: boolean) {
    this.isExpired = isExpired
  }
  dataArrived(): void {}
  messageArrived(): void {}
  readProcessed(): void {}
  circuitFailed(): void {}
}

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
    const halfClosed = new LeftBehind()
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

  it('keeps what a stream left behind until that has expired, and then only until others come or go', () => {
    const table = new StreamTable(1)
    const entries = [false, undefined, false, false].map((isExpired) => new LeftBehind(isExpired))
    for (const entry of entries) table.replace(table.allocate(endpoint()) as number, entry)
    const stream = endpoint()
    expect(table.allocate(stream)).to.equal(5)
    expect(entries.map((_, index) => table.get(index + 1))).to.deep.equal(entries)
    expect(table.size).to.equal(5)
    const [first, never, second] = entries as [LeftBehind, LeftBehind, LeftBehind, LeftBehind]
    first.isExpired = second.isExpired = true
    table.replace(5, undefined)
    expect([1, 2, 3, 4, 5].map((id) => table.get(id))).to.deep.equal([
      undefined,
      never,
      undefined,
      entries[3],
      undefined,
    ])
    expect(table.size).to.equal(2)
  })

  it('gives the ids of what has expired to others when no other is left', function () {
    const table = new StreamTable(1)
    const entry = new LeftBehind(false)
    for (let id = 1; id <= 65_535; id++) table.replace(table.allocate(endpoint()) as number, entry)
    expect(table.allocate(endpoint())).to.equal(undefined)
    entry.isExpired = true
    expect(table.allocate(endpoint())).to.equal(1)
    expect(table.size).to.equal(1)
  })

  it('frees an id only for whom it is', () => {
    const table = new StreamTable(1)
    const [stream, other] = [endpoint(), endpoint()]
    table.allocate(stream)
    table.free(1, other)
    expect(table.get(1)).to.equal(stream)
    const left = new LeftBehind(false)
    table.replace(1, left)
    table.free(1, stream)
    expect(table.get(1)).to.equal(left)
    table.free(1, left)
    expect(table.get(1)).to.equal(undefined)
  })

  it('gives what all ids are for when they are freed at once', () => {
    const table = new StreamTable(1)
    const [stream, left] = [endpoint(), new LeftBehind(false)]
    table.allocate(stream)
    table.replace(table.allocate(endpoint()) as number, left)
    expect(table.clear()).to.deep.equal([stream, left])
    expect(table.size).to.equal(0)
  })

  for (const expires of [undefined, false]) {
    it(`keeps what the last 512 left behind that the far end began, ${expires === undefined ? 'for good' : 'for a time'}`, () => {
      const table = new StreamTable(1)
      for (let id = 1; id <= 3000; id++) {
        expect(table.claim(id, endpoint())).to.equal(true)
        table.replace(id, new LeftBehind(expires))
        expect(table.size).to.be.at.most(512)
      }
      expect([table.get(2488), table.get(2489)?.state]).to.deep.equal([undefined, 'ended-open'])
    })
  }

  it('frees nothing of what is there when what was left makes room', () => {
    const table = new StreamTable(1)
    table.claim(1, endpoint())
    table.replace(1, new LeftBehind())
    const stream = endpoint()
    table.claim(1, stream)
    const own = new LeftBehind()
    table.replace(table.allocate(endpoint()) as number, own)
    for (let id = 1000; id < 3000; id++) {
      table.claim(id, endpoint())
      table.replace(id, new LeftBehind())
    }
    expect([table.get(1), table.get(2)]).to.deep.equal([stream, own])
  })

  it('knows nothing of id 0', () => {
    expect(new StreamTable().get(0)).to.equal(undefined)
  })
})
