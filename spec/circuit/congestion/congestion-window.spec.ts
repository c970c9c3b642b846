import { expect } from 'chai'
import { fc } from '../../support/seed.ts'
import { encodeSendme } from '../../../lib/cell/relay/sendme.ts'
import { CongestionWindow } from '../../../lib/circuit/congestion/congestion-window.ts'
import type { Clock } from '../../../lib/base/waiting/clock.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { DEFAULTS } from './support/parameters.ts'

const INCREMENT = 31
const notBlocked = (): boolean => false

/** A window, and a peer that acknowledges what it was sent, at once or when told. */
class StreamFixture {
  readonly clock = new FakeClock()
  readonly window: CongestionWindow
  isBlocked = false
  /** The tags of the SENDMEs that are due, oldest first. */
  readonly due: Uint8Array[] = []
  #tags = 0

  constructor(increment = INCREMENT, clock: Clock = this.clock) {
    this.window = new CongestionWindow(DEFAULTS, increment, clock, () => this.isBlocked)
  }

  send(cells: number): void {
    for (let sent = 0; sent < cells; sent++) {
      this.window.take(() => {
        this.#tags += 1
        const tag = new Uint8Array(20)
        new DataView(tag.buffer).setUint32(16, this.#tags)
        this.due.push(tag)
        return tag
      })
    }
  }

  fill(): void {
    this.send(this.window.available)
  }

  acknowledge(count = this.due.length): void {
    for (let done = 0; done < count; done++)
      this.window.acknowledge(encodeSendme(this.due.shift() ?? new Uint8Array(20)))
  }
}

const violation = (run: () => void): string => {
  try {
    run()
  } catch (error) {
    return (error as { code: string }).code
  }
  return 'nothing was thrown'
}

describe('CongestionWindow', () => {
  it('begins with cc_cwnd_init cells and refuses one more', () => {
    const { window } = new StreamFixture()
    expect(window).to.include({ available: 124, cwnd: 124, inflight: 0, rtt: undefined, inSlowStart: true })
    for (let cell = 0; cell < 124; cell++) window.take(() => new Uint8Array(20))
    expect(window).to.include({ available: 0, inflight: 124 })
    expect(() => window.take(() => new Uint8Array(20))).to.throw(RangeError)
    expect(window.inflight).to.equal(124)
  })

  for (const increment of [1, 7, 31, 100]) {
    it(`asks for a tag at every ${increment}th cell and at no other`, () => {
      const window = new CongestionWindow(DEFAULTS, increment, new FakeClock(), notBlocked)
      const asked: number[] = []
      for (let cell = 1; cell <= 124; cell++) {
        window.take(() => {
          asked.push(cell)
          return new Uint8Array(20)
        })
      }
      expect(asked).to.deep.equal(
        Array.from({ length: Math.floor(124 / increment) }, (_, index) => (index + 1) * increment),
      )
    })
  }

  it('goes on asking at every 31st cell of all that are sent, however the window is used between', () => {
    const fixture = new StreamFixture()
    fixture.send(40)
    fixture.acknowledge(1)
    fixture.send(21)
    expect(fixture.due).to.have.length(0)
    fixture.send(1)
    expect(fixture.due).to.have.length(1)
    expect(fixture.window.inflight).to.equal(31)
  })

  it('takes an increment off what is on its way for each SENDME, after it has judged with it', () => {
    const fixture = new StreamFixture()
    fixture.fill()
    fixture.clock.advance(100)
    fixture.acknowledge(1)
    // With 93 of 124 the window would be full, too; with 124 it is, so that it opens.
    expect(fixture.window).to.include({ inflight: 93, cwnd: 155, available: 62, rtt: 100 })
  })

  it('measures from the cell that a SENDME answers, and not from an older or a newer one', () => {
    const fixture = new StreamFixture()
    fixture.send(30)
    fixture.clock.advance(1000)
    fixture.send(1)
    fixture.clock.advance(50)
    fixture.send(31)
    fixture.clock.advance(20)
    fixture.acknowledge(1)
    expect(fixture.window.rtt).to.equal(70)
    fixture.clock.advance(50)
    fixture.acknowledge(1)
    expect(fixture.window.rtt).to.equal(70)
  })

  it("measures with the clock's monotonic time, if it has one, and finer than a millisecond", () => {
    let time = 0
    const clock: Clock = { now: () => 1_700_000_000_000, monotonic: () => time, after: () => () => undefined }
    const fixture = new StreamFixture(INCREMENT, clock)
    fixture.fill()
    time = 0.25
    fixture.acknowledge(1)
    expect(fixture.window.rtt).to.equal(0.25)
  })

  it('asks whether the link is blocked when a SENDME comes, and at no other time', () => {
    let asked = 0
    const clock = new FakeClock()
    const window = new CongestionWindow(DEFAULTS, INCREMENT, clock, () => {
      asked += 1
      return true
    })
    for (let cell = 0; cell < 124; cell++) window.take(() => new Uint8Array(20))
    expect(asked).to.equal(0)
    clock.advance(100)
    window.acknowledge(encodeSendme(new Uint8Array(20)))
    expect(asked).to.equal(1)
    expect(window).to.include({ inSlowStart: false, cwnd: 124 + 186 })
  })

  it('lets nothing be sent after it has shrunk to less than what is on its way', () => {
    const fixture = new StreamFixture()
    for (let round = 0; round < 8; round++) {
      fixture.fill()
      fixture.clock.advance(50)
      fixture.acknowledge(fixture.due.length - 1)
    }
    fixture.fill()
    const { cwnd } = fixture.window
    fixture.clock.advance(2000)
    fixture.acknowledge(3)
    expect(fixture.window.inSlowStart).to.equal(false)
    expect(fixture.window.cwnd).to.be.below(cwnd - 3 * INCREMENT)
    expect(fixture.window.inflight).to.be.above(fixture.window.cwnd)
    expect(fixture.window.available).to.equal(0)
    expect(() => fixture.send(1)).to.throw(RangeError)
    fixture.acknowledge()
    expect(fixture.window.available).to.be.above(0)
  })

  describe('against an exit that lies', () => {
    const refused: readonly (readonly [what: string, cells: number, body: Uint8Array, code: string])[] = [
      ['that comes before anything was sent', 0, encodeSendme(new Uint8Array(20)), 'CIRCUIT_PROTOCOL'],
      ['that comes a cell too early', 30, encodeSendme(new Uint8Array(20).fill(1)), 'CIRCUIT_PROTOCOL'],
      ['with the tag of another cell', 62, encodeSendme(new Uint8Array(20).fill(2)), 'CIRCUIT_PROTOCOL'],
      ['without a body (version 0)', 31, new Uint8Array(0), 'CIRCUIT_PROTOCOL'],
      ['of an unknown version', 31, new Uint8Array([2, 0, 20, ...new Uint8Array(20).fill(1)]), 'CIRCUIT_PROTOCOL'],
      ['with a tag of 19 bytes', 31, new Uint8Array([1, 0, 19, ...new Uint8Array(19).fill(1)]), 'CELL_MALFORMED'],
      ['of a single byte', 31, new Uint8Array([1]), 'CELL_MALFORMED'],
    ]
    for (const [what, cells, body, code] of refused) {
      it(`refuses a SENDME ${what}, and has no credit of it`, () => {
        const window = new CongestionWindow(DEFAULTS, INCREMENT, new FakeClock(), notBlocked)
        for (let cell = 1; cell <= cells; cell++) window.take(() => new Uint8Array(20).fill(cell / INCREMENT))
        expect(violation(() => window.acknowledge(body))).to.equal(code)
        expect(window).to.include({ inflight: cells, cwnd: 124 })
      })
    }

    it('refuses a SENDME that comes twice', () => {
      const fixture = new StreamFixture()
      fixture.send(40)
      const [tag = new Uint8Array(20)] = fixture.due
      fixture.acknowledge(1)
      expect(violation(() => fixture.window.acknowledge(encodeSendme(tag)))).to.equal('CIRCUIT_PROTOCOL')
    })

    it('opens no further by SENDMEs in one burst than by as many in their time', () => {
      const fixture = new StreamFixture()
      fixture.fill()
      fixture.clock.advance(100)
      fixture.acknowledge()
      // With 31 cells left on their way, at the last of the four, the window is no longer full.
      expect(fixture.window).to.include({ inflight: 0, cwnd: 124 + 3 * INCREMENT })
    })

    it('is brought to delta, not to nothing, by SENDMEs that are held back, and comes back from there', () => {
      const fixture = new StreamFixture()
      const rounds = (count: number, ms: number): void => {
        for (let round = 0; round < count; round++) {
          fixture.fill()
          fixture.clock.advance(ms)
          fixture.acknowledge()
        }
      }
      rounds(20, 50)
      expect(fixture.window.cwnd).to.be.above(2000)
      rounds(20, 5000)
      expect(fixture.window.cwnd).to.be.within(124, 310 + 10)
      rounds(100, 50)
      expect(fixture.window.cwnd).to.be.above(1000)
    })
  })

  describe('with a clock that cannot be trusted', () => {
    it('goes on sending at its first window with a clock that stands', () => {
      const fixture = new StreamFixture()
      for (let round = 0; round < 50; round++) {
        fixture.fill()
        fixture.acknowledge()
      }
      expect(fixture.window).to.include({ cwnd: 124, rtt: undefined })
      expect(fixture.window.available).to.be.above(124 - INCREMENT)
    })

    it('is not moved by jumps forth and back', () => {
      const fixture = new StreamFixture()
      const round = (ms: number): void => {
        fixture.fill()
        fixture.clock.advance(ms)
        fixture.acknowledge()
      }
      for (let count = 0; count < 4; count++) round(50)
      for (let count = 0; count < 3; count++) round(90)
      expect(fixture.window.inSlowStart).to.equal(false)
      const { cwnd, rtt } = fixture.window
      for (const jump of [3_600_000, -3_600_000, 86_400_000, -86_400_000]) round(jump)
      expect(fixture.window).to.include({ cwnd, rtt })
    })
  })

  it('counts right, whatever is sent and acknowledged when', () => {
    const step = fc.oneof(
      fc.record({ send: fc.nat(200) }),
      fc.record({ acknowledge: fc.nat(5) }),
      fc.record({ wait: fc.integer({ min: -1000, max: 10_000 }) }),
      fc.record({ isBlocked: fc.boolean() }),
    )
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 254 }), fc.array(step, { maxLength: 100 }), (increment, steps) => {
        const fixture = new StreamFixture(increment)
        let sent = 0
        let acknowledged = 0
        for (const each of steps) {
          if ('send' in each) {
            const cells = Math.min(each.send, fixture.window.available)
            fixture.send(cells)
            sent += cells
          } else if ('acknowledge' in each) {
            const count = Math.min(each.acknowledge, fixture.due.length)
            fixture.acknowledge(count)
            acknowledged += count * increment
          } else if ('wait' in each) {
            fixture.clock.advance(each.wait)
          } else {
            fixture.isBlocked = each.isBlocked
          }
          expect(fixture.window.inflight).to.equal(sent - acknowledged)
          expect(fixture.due).to.have.length(Math.floor(sent / increment) - acknowledged / increment)
          expect(fixture.window.available).to.equal(Math.max(0, fixture.window.cwnd - fixture.window.inflight))
        }
      }),
    )
  })
})
