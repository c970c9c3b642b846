import { expect } from 'chai'
import { fc } from '../support/seed.ts'
import { SendScheduler } from '../../lib/circuit/send-scheduler.ts'
import type { CreditWaiter } from '../../lib/stream/contract/carrier.ts'
import { atEndOfTurn } from '../../lib/base/waiting/end-of-turn.ts'

/** A line with credit to play with, and writers that send whatever they are granted. */
class StreamFixture {
  available = 0
  room = Infinity
  readonly line: SendScheduler

  constructor() {
    const window = { available: 0 }
    Object.defineProperty(window, 'available', { get: () => this.available })
    this.line = new SendScheduler(window, () => this.room)
  }

  /** A writer in line that wants `cells` cells. */
  writer(cells = Infinity): { sent: number; grants: number[]; wants(cells: number): void } & CreditWaiter {
    let wanted = cells
    const writer = {
      sent: 0,
      grants: [] as number[],
      wants: (more: number): void => {
        wanted = more
        this.line.wait(writer)
      },
      grant: (granted: number): void => {
        if (!(granted > 0 && granted <= Math.min(this.available, this.room)))
          throw new Error(`${granted} cells granted of ${this.available}`)
        writer.grants.push(granted)
        const taken = Math.min(granted, wanted)
        writer.sent += taken
        wanted -= taken
        this.available -= taken
        this.room -= taken
        if (wanted > 0) this.line.wait(writer)
      },
    }
    this.line.wait(writer)
    return writer
  }
}

describe('SendScheduler', () => {
  it('gives what the window has, no more than the link has room for', () => {
    const fixture = new StreamFixture()
    fixture.available = 1000
    expect(fixture.line.credit).to.equal(1000)
    fixture.room = 7
    expect(fixture.line.credit).to.equal(7)
    fixture.room = 0
    expect(fixture.line.credit).to.equal(0)
  })

  it('sets reserved cells aside until they are sealed', () => {
    const fixture = new StreamFixture()
    fixture.available = 2
    fixture.line.reserve()
    expect(fixture.line.credit).to.equal(1)
    fixture.line.reserve()
    expect(fixture.line.credit).to.equal(0)
    const writer = fixture.writer()
    fixture.line.serve()
    expect(writer.sent).to.equal(0)
    fixture.line.unreserve()
    fixture.line.serve()
    expect(writer.sent).to.equal(1)
  })

  it('never gives less than nothing when more is reserved than the link has room for', () => {
    const fixture = new StreamFixture()
    fixture.available = 5
    fixture.line.reserve()
    fixture.line.reserve()
    fixture.room = 1
    expect(fixture.line.credit).to.equal(0)
    const writer = fixture.writer()
    fixture.line.serve()
    expect(writer.sent).to.equal(0)
  })

  it('gives nothing to who is not in line while somebody waits', () => {
    const fixture = new StreamFixture()
    fixture.available = 10
    const writer = fixture.writer()
    expect(fixture.line.credit).to.equal(0)
    fixture.line.unwait(writer)
    expect(fixture.line.credit).to.equal(10)
  })

  it('lets a writer stand in line once, however often it asks', () => {
    const fixture = new StreamFixture()
    const one = fixture.writer()
    const other = fixture.writer()
    fixture.line.wait(one)
    fixture.line.wait(one)
    fixture.available = 10
    fixture.line.serve()
    expect([one.sent, other.sent]).to.deep.equal([5, 5])
  })

  it('calls nobody who has left the line', () => {
    const fixture = new StreamFixture()
    const gone = fixture.writer()
    const stays = fixture.writer()
    fixture.line.unwait(gone)
    fixture.line.unwait(gone)
    fixture.available = 10
    fixture.line.serve()
    expect([gone.sent, stays.sent]).to.deep.equal([0, 10])
  })

  it('gives on what a writer does not need, at the end of the turn', async () => {
    const fixture = new StreamFixture()
    const small = fixture.writer(3)
    const large = fixture.writer()
    fixture.available = 100
    fixture.line.serve()
    expect([small.sent, large.sent]).to.deep.equal([3, 50])
    expect(fixture.line.creditOf(large)).to.equal(0)
    expect(fixture.line.creditOf(small), 'the rest of its share').to.equal(47)
    fixture.line.spent(small, 40)
    fixture.available -= 40
    expect(fixture.line.creditOf(small)).to.equal(7)
    await new Promise<void>((resolve) => atEndOfTurn(resolve))
    expect([small.sent, large.sent]).to.deep.equal([3, 57])
    expect(fixture.available).to.equal(0)
    expect(fixture.line.creditOf(small)).to.equal(0)
  })

  it('keeps the credit when everybody has enough', () => {
    const fixture = new StreamFixture()
    fixture.writer(3)
    fixture.available = 100
    fixture.line.serve()
    expect(fixture.line.credit).to.equal(97)
    fixture.line.serve()
    expect(fixture.line.credit).to.equal(97)
  })

  it('shares a SENDME of 100 cells between two uploads', () => {
    const fixture = new StreamFixture()
    const uploads = [fixture.writer(), fixture.writer()]
    fixture.available = 100
    fixture.line.serve()
    expect(uploads.map(({ sent }) => sent)).to.deep.equal([50, 50])
  })

  it('gives shares of ceil(credit / waiters), and what the credit did not last for first of all in the next round', () => {
    const fixture = new StreamFixture()
    const uploads = [fixture.writer(), fixture.writer(), fixture.writer()]
    fixture.available = 100
    fixture.line.serve()
    expect(uploads.map(({ sent }) => sent)).to.deep.equal([34, 34, 32])
    fixture.available = 1
    fixture.line.serve()
    expect(uploads.map(({ sent }) => sent)).to.deep.equal([34, 34, 33])
    fixture.available = 100
    fixture.line.serve()
    expect(uploads.map(({ sent }) => sent)).to.deep.equal([67, 67, 67])
  })

  it('owes what it cut off also to who was out of line meanwhile, and came back before the next round', () => {
    const fixture = new StreamFixture()
    const [first, second, third] = [fixture.writer(), fixture.writer(), fixture.writer(9)]
    fixture.available = 31
    fixture.line.serve()
    expect([first.sent, second.sent, third.sent]).to.deep.equal([11, 11, 9])
    third.wants(Infinity)
    fixture.available = 32
    fixture.line.serve()
    expect([first.sent, second.sent, third.sent]).to.deep.equal([21, 21, 21])
  })

  it('owes nothing to who comes back later', () => {
    const fixture = new StreamFixture()
    const [first, second, third] = [fixture.writer(), fixture.writer(), fixture.writer(9)]
    for (const credit of [31, 20]) {
      fixture.available = credit
      fixture.line.serve()
    }
    third.wants(Infinity)
    fixture.available = 30
    fixture.line.serve()
    expect([first.sent, second.sent, third.sent]).to.deep.equal([31, 31, 19])
  })

  it('gives the share of who leaves in the middle of a round to the others', () => {
    const fixture = new StreamFixture()
    const [first, second, third] = [fixture.writer(), fixture.writer(), fixture.writer()]
    fixture.available = 5
    fixture.line.serve()
    expect([first.sent, second.sent, third.sent]).to.deep.equal([2, 2, 1])
    fixture.line.unwait(third)
    fixture.available = 4
    fixture.line.serve()
    expect([first.sent, second.sent, third.sent]).to.deep.equal([4, 4, 1])
  })

  it('lets who joins in the middle of a round wait for the next one', () => {
    const fixture = new StreamFixture()
    const [first, second] = [fixture.writer(), fixture.writer()]
    fixture.available = 1
    fixture.line.serve()
    const third = fixture.writer()
    fixture.available = 4
    fixture.line.serve()
    expect([first.sent, second.sent, third.sent]).to.deep.equal([2, 2, 1])
  })

  /** The least and the most that each of as many uploads has sent, as a ratio, when the credit comes in these portions, time after time. */
  function fairness(count: number, portions: readonly number[]): number {
    const fixture = new StreamFixture()
    const uploads = Array.from({ length: count }, () => fixture.writer())
    let total = 0
    for (let time = 0; total < 40 * count + 4000; time++) {
      const portion = portions[time % portions.length] as number
      fixture.available += portion
      total += portion
      fixture.line.serve()
    }
    expect(fixture.available).to.equal(0)
    const sent = uploads.map((upload) => upload.sent)
    return Math.min(...sent) / Math.max(...sent)
  }

  it('starves nobody and is fair within 10 %, however many wait and however the credit comes', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 40 }),
        fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 5 }),
        (count, portions) => {
          expect(fairness(count, portions)).to.be.greaterThan(0.9)
        },
      ),
      { numRuns: 40 },
    )
  })

  it('owes to each of those whose shares were cut off in one round what was left of them', () => {
    for (const [count, portions] of [
      [5, [1, 8]],
      [7, [1, 3, 22]],
      [9, [1, 12]],
    ] as const)
      expect(fairness(count, portions), `${count}, ${portions.join()}`).to.be.greaterThan(0.97)
  })
})
