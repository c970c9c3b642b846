import { expect } from 'chai'
import fc from 'fast-check'
import { CreditLine } from '../../lib/circuit/send-scheduler.ts'
import type { CreditWaiter } from '../../lib/stream/contract/carrier.ts'
import { atEndOfTurn } from '../../lib/base/end-of-turn.ts'

/** A line with credit to play with, and writers that send whatever they are granted. */
class Scene {
  available = 0
  room = Infinity
  readonly line: CreditLine

  constructor() {
    const window = { available: 0 }
    Object.defineProperty(window, 'available', { get: () => this.available })
    this.line = new CreditLine(window, () => this.room)
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
        if (!(granted > 0 && granted <= Math.min(this.available, this.room))) throw new Error(`${granted} cells granted of ${this.available}`)
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

describe('CreditLine', () => {
  it('gives what the window has, no more than the link has room for', () => {
    const scene = new Scene()
    scene.available = 1000
    expect(scene.line.credit).to.equal(1000)
    scene.room = 7
    expect(scene.line.credit).to.equal(7)
    scene.room = 0
    expect(scene.line.credit).to.equal(0)
  })

  it('sets reserved cells aside until they are sealed', () => {
    const scene = new Scene()
    scene.available = 2
    scene.line.reserve()
    expect(scene.line.credit).to.equal(1)
    scene.line.reserve()
    expect(scene.line.credit).to.equal(0)
    const writer = scene.writer()
    scene.line.serve()
    expect(writer.sent).to.equal(0)
    scene.line.unreserve()
    scene.line.serve()
    expect(writer.sent).to.equal(1)
  })

  it('never gives less than nothing when more is reserved than the link has room for', () => {
    const scene = new Scene()
    scene.available = 5
    scene.line.reserve()
    scene.line.reserve()
    scene.room = 1
    expect(scene.line.credit).to.equal(0)
    const writer = scene.writer()
    scene.line.serve()
    expect(writer.sent).to.equal(0)
  })

  it('gives nothing to who is not in line while somebody waits', () => {
    const scene = new Scene()
    scene.available = 10
    const writer = scene.writer()
    expect(scene.line.credit).to.equal(0)
    scene.line.unwait(writer)
    expect(scene.line.credit).to.equal(10)
  })

  it('lets a writer stand in line once, however often it asks', () => {
    const scene = new Scene()
    const one = scene.writer()
    const other = scene.writer()
    scene.line.wait(one)
    scene.line.wait(one)
    scene.available = 10
    scene.line.serve()
    expect([one.sent, other.sent]).to.deep.equal([5, 5])
  })

  it('calls nobody who has left the line', () => {
    const scene = new Scene()
    const gone = scene.writer()
    const stays = scene.writer()
    scene.line.unwait(gone)
    scene.line.unwait(gone)
    scene.available = 10
    scene.line.serve()
    expect([gone.sent, stays.sent]).to.deep.equal([0, 10])
  })

  it('gives on what a writer does not need, at the end of the turn', async () => {
    const scene = new Scene()
    const small = scene.writer(3)
    const large = scene.writer()
    scene.available = 100
    scene.line.serve()
    expect([small.sent, large.sent]).to.deep.equal([3, 50])
    expect(scene.line.creditOf(large)).to.equal(0)
    expect(scene.line.creditOf(small), 'the rest of its share').to.equal(47)
    scene.line.spent(small, 40)
    scene.available -= 40
    expect(scene.line.creditOf(small)).to.equal(7)
    await new Promise<void>((resolve) => atEndOfTurn(resolve))
    expect([small.sent, large.sent]).to.deep.equal([3, 57])
    expect(scene.available).to.equal(0)
    expect(scene.line.creditOf(small)).to.equal(0)
  })

  it('keeps the credit when everybody has enough', () => {
    const scene = new Scene()
    scene.writer(3)
    scene.available = 100
    scene.line.serve()
    expect(scene.line.credit).to.equal(97)
    scene.line.serve()
    expect(scene.line.credit).to.equal(97)
  })

  it('shares a SENDME of 100 cells between two uploads', () => {
    const scene = new Scene()
    const uploads = [scene.writer(), scene.writer()]
    scene.available = 100
    scene.line.serve()
    expect(uploads.map(({ sent }) => sent)).to.deep.equal([50, 50])
  })

  it('gives shares of ceil(credit / waiters), and what the credit did not last for first of all in the next round', () => {
    const scene = new Scene()
    const uploads = [scene.writer(), scene.writer(), scene.writer()]
    scene.available = 100
    scene.line.serve()
    expect(uploads.map(({ sent }) => sent)).to.deep.equal([34, 34, 32])
    scene.available = 1
    scene.line.serve()
    expect(uploads.map(({ sent }) => sent)).to.deep.equal([34, 34, 33])
    scene.available = 100
    scene.line.serve()
    expect(uploads.map(({ sent }) => sent)).to.deep.equal([67, 67, 67])
  })

  it('owes what it cut off also to who was out of line meanwhile, and came back before the next round', () => {
    const scene = new Scene()
    const [first, second, third] = [scene.writer(), scene.writer(), scene.writer(9)]
    scene.available = 31
    scene.line.serve()
    expect([first.sent, second.sent, third.sent]).to.deep.equal([11, 11, 9])
    third.wants(Infinity)
    scene.available = 32
    scene.line.serve()
    expect([first.sent, second.sent, third.sent]).to.deep.equal([21, 21, 21])
  })

  it('owes nothing to who comes back later', () => {
    const scene = new Scene()
    const [first, second, third] = [scene.writer(), scene.writer(), scene.writer(9)]
    for (const credit of [31, 20]) {
      scene.available = credit
      scene.line.serve()
    }
    third.wants(Infinity)
    scene.available = 30
    scene.line.serve()
    expect([first.sent, second.sent, third.sent]).to.deep.equal([31, 31, 19])
  })

  it('gives the share of who leaves in the middle of a round to the others', () => {
    const scene = new Scene()
    const [first, second, third] = [scene.writer(), scene.writer(), scene.writer()]
    scene.available = 5
    scene.line.serve()
    expect([first.sent, second.sent, third.sent]).to.deep.equal([2, 2, 1])
    scene.line.unwait(third)
    scene.available = 4
    scene.line.serve()
    expect([first.sent, second.sent, third.sent]).to.deep.equal([4, 4, 1])
  })

  it('lets who joins in the middle of a round wait for the next one', () => {
    const scene = new Scene()
    const [first, second] = [scene.writer(), scene.writer()]
    scene.available = 1
    scene.line.serve()
    const third = scene.writer()
    scene.available = 4
    scene.line.serve()
    expect([first.sent, second.sent, third.sent]).to.deep.equal([2, 2, 1])
  })

  it('starves nobody and is fair within 10 %, however many wait and however the credit comes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 40 }), fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 5 }), (count, portions) => {
        const scene = new Scene()
        const uploads = Array.from({ length: count }, () => scene.writer())
        let total = 0
        for (let time = 0; total < 40 * count + 4000; time++) {
          const portion = portions[time % portions.length] as number
          scene.available += portion
          total += portion
          scene.line.serve()
        }
        expect(scene.available).to.equal(0)
        const sent = uploads.map((upload) => upload.sent)
        expect(Math.min(...sent) / Math.max(...sent)).to.be.greaterThan(0.9)
      }),
      { numRuns: 40 },
    )
  })
})
