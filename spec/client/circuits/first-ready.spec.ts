import { expect } from 'chai'
import { deferred, type Deferred } from '../../../lib/base/waiting/deferred.ts'
import { TorError } from '../../../lib/base/errors.ts'
import { pause } from '../../../lib/base/waiting/pause.ts'
import { firstReady } from '../../../lib/client/circuits/first-ready.ts'
import { codeOf } from '../../stream/support/stream-fixture.ts'
import { FakeClock } from '../../support/fake-clock.ts'

const PATIENCE = 15_000

/** A circuit that comes to what a spec says. */
class Circuit {
  readonly #ready: Deferred<void> = deferred()
  readonly ready = this.#ready.promise
  /** When it was begun, since the search began. */
  readonly begunAt: number
  isReady = false

  constructor(begunAt: number) {
    this.begunAt = begunAt
  }

  open(): void {
    this.isReady = true
    this.#ready.resolve()
  }

  fail(): void {
    this.#ready.reject(new TorError('CIRCUIT_TIMEOUT', 'the guard is silent'))
  }
}

/** A search on a clock of its own. */
class Search {
  readonly clock = new FakeClock()
  readonly #start = this.clock.now()
  readonly circuits: Circuit[] = []
  readonly passedOver: Circuit[] = []
  readonly wanted = new AbortController()
  patience = PATIENCE
  /** Where circuits come from: at once, unless a spec has them wait. */
  beginning: Promise<void> | undefined
  /** Set when it ends. */
  found: Circuit | undefined
  readonly result: Promise<Circuit>

  constructor() {
    this.result = firstReady(this.#begin(), {
      patience: () => this.patience,
      pause: (delay, enough) => pause(this.clock, delay, [this.wanted.signal, enough]),
      another: async () => {
        await this.beginning
        return this.#begin()
      },
      passedOver: (circuit) => void this.passedOver.push(circuit),
    })
    this.result.then(
      (circuit) => (this.found = circuit),
      () => undefined, // each spec looks by itself
    )
  }

  get begunAt(): number[] {
    return this.circuits.map(({ begunAt }) => begunAt)
  }

  async pass(ms: number): Promise<void> {
    await settle()
    for (let left = ms; left > 0;) {
      const step = Math.max(1, Math.min(left, this.clock.untilNext ?? left))
      this.clock.advance(step)
      left -= step
      await settle()
    }
  }

  /** The circuit with this index. */
  at(index: number): Circuit {
    return this.circuits[index] as Circuit
  }

  #begin(): Circuit {
    const circuit = new Circuit(this.clock.now() - this.#start)
    this.circuits.push(circuit)
    return circuit
  }
}

/** Settles everything that is due. */
const settle = async (): Promise<void> => {
  for (let count = 0; count < 30; count++) await Promise.resolve()
}

describe('The first circuit that is ready', () => {
  it('is the one that there is, when it opens in time', async () => {
    const search = new Search()
    await search.pass(PATIENCE - 1)
    search.at(0).open()
    expect(await search.result).to.equal(search.at(0))
    expect([search.begunAt, search.passedOver, search.clock.timers]).to.deep.equal([[0], [], 0])
  })

  it('may be a further one, begun when the first takes long; four are waited for together', async () => {
    const search = new Search()
    await search.pass(10 * PATIENCE)
    expect(search.begunAt).to.deep.equal([0, PATIENCE, 2 * PATIENCE, 3 * PATIENCE])
    search.at(2).open()
    expect(await search.result).to.equal(search.at(2))
    expect(search.passedOver).to.deep.equal([search.at(0), search.at(1), search.at(3)])
  })

  it('is looked for at once when one has failed, however long another that waits still takes', async () => {
    const search = new Search()
    await search.pass(PATIENCE + 5000)
    search.at(1).fail()
    await search.pass(0)
    expect(search.begunAt).to.deep.equal([0, PATIENCE, PATIENCE + 5000])
    expect(search.passedOver).to.deep.equal([search.at(1)])
    search.at(2).open()
    expect(await search.result).to.equal(search.at(2))
  })

  it('is looked for at once when one has failed on a network that says nothing: the failure may have mended it', async () => {
    const search = new Search()
    await search.pass(PATIENCE)
    search.patience = Infinity
    await search.pass(10 * PATIENCE)
    expect(search.begunAt).to.deep.equal([0, PATIENCE])
    search.at(1).fail() // and its link with it
    await search.pass(0)
    expect(search.begunAt).to.deep.equal([0, PATIENCE, 11 * PATIENCE])
    await search.pass(10 * PATIENCE)
    expect(search.begunAt).to.have.length(3)
  })

  it('is looked for further and further apart while all fail but one that waits: eight are begun in all', async () => {
    const search = new Search()
    await search.pass(PATIENCE)
    for (let index = 1; index < 8; index++) {
      search.at(index).fail()
      await search.pass(10_000)
    }
    const intervals = search.begunAt.map((at, index) => at - PATIENCE - 10_000 * Math.max(0, index - 2))
    expect(intervals.slice(2)).to.deep.equal([0, 250, 500, 1000, 2000, 4000])
    await search.pass(10 * PATIENCE)
    expect(search.circuits).to.have.length(8)
    search.at(0).open()
    expect(await search.result).to.equal(search.at(0))
  })

  it('is used while a further one has yet to be begun, which is given back when it comes', async () => {
    const search = new Search()
    const { promise, resolve } = deferred<void>()
    search.beginning = promise
    await search.pass(PATIENCE)
    expect(search.circuits).to.have.length(1)
    search.at(0).open()
    await settle()
    expect(search.found).to.equal(search.at(0))
    resolve()
    await settle()
    expect(search.passedOver).to.deep.equal([search.at(1)])
    expect(search.clock.timers).to.equal(0)
  })

  it('fails as the last one when all have failed; none is begun then: that is for the next search', async () => {
    const search = new Search()
    await search.pass(0)
    search.at(0).fail()
    expect(await codeOf(search.result)).to.equal('CIRCUIT_TIMEOUT')
    expect([search.begunAt, search.clock.timers]).to.deep.equal([[0], 0])
  })

  it('is not looked for any more when nobody wants it, and what there is is given back', async () => {
    const search = new Search()
    await search.pass(PATIENCE)
    search.wanted.abort()
    expect(await codeOf(search.result)).to.equal('ABORTED')
    expect(search.passedOver).to.deep.equal(search.circuits)
    expect([search.circuits.length, search.clock.timers]).to.deep.equal([2, 0])
  })
})
