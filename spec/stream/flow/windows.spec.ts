import { expect } from 'chai'
import { fc } from '../../support/seed.ts'
import { TorError } from '../../../lib/base/errors.ts'
import { CIRCUIT_WINDOW, ReceiveWindow, SendWindow, STREAM_WINDOW } from '../../../lib/stream/flow/windows.ts'
import { thrownBy } from '../../cell/support/bytes.ts'

const violation = (call: () => unknown): void => {
  const error = thrownBy(call)
  expect(error).to.be.instanceOf(TorError)
  expect((error as TorError).code).to.equal('CIRCUIT_PROTOCOL')
}

const sizes = [
  ['a stream', STREAM_WINDOW, 500, 50],
  ['a circuit', CIRCUIT_WINDOW, 1000, 100],
] as const

for (const [whose, size, cells, step] of sizes) {
  describe(`SendWindow of ${whose}`, () => {
    it(`starts at ${cells} cells and opens in steps of ${step}`, () => {
      const window = new SendWindow(size)
      expect(window.available).to.equal(cells)
      window.take(cells)
      expect(window.available).to.equal(0)
      window.increment()
      expect(window.available).to.equal(step)
    })

    it('gives no cell beyond its credit, and stays as it was', () => {
      const window = new SendWindow(size)
      expect(() => window.take(cells + 1)).to.throw(RangeError)
      window.take(cells)
      expect(() => window.take(1)).to.throw(RangeError)
      expect(window.available).to.equal(0)
    })

    it('takes a SENDME that would open it beyond its size for a protocol violation, and stays as it was', () => {
      const window = new SendWindow(size)
      violation(() => window.increment())
      window.take(step - 1)
      violation(() => window.increment())
      expect(window.available).to.equal(cells - step + 1)
      window.take(1)
      window.increment()
      expect(window.available).to.equal(cells)
      violation(() => window.increment())
    })

    it('takes nothing for a number of cells that is none', () => {
      const window = new SendWindow(size)
      for (const bad of [-1, NaN, -Infinity, Infinity]) expect(() => window.take(bad), String(bad)).to.throw(RangeError)
      expect(window.available).to.equal(cells)
    })
  })

  describe(`ReceiveWindow of ${whose}`, () => {
    it(`lets ${cells} cells in, and takes one more for a protocol violation`, () => {
      const window = new ReceiveWindow(size)
      for (let cell = 0; cell < cells; cell++) window.take()
      expect(window.available).to.equal(0)
      violation(() => window.take())
      expect(window.available).to.equal(0)
    })

    it(`wants one SENDME for every ${step} cells consumed`, () => {
      const window = new ReceiveWindow(size)
      for (let cell = 0; cell < cells; cell++) window.take()
      expect(window.consumed(step - 1)).to.equal(0)
      expect(window.available).to.equal(0)
      expect(window.consumed(1)).to.equal(1)
      expect(window.available).to.equal(step)
      expect(window.consumed(2 * step + 1)).to.equal(2)
      expect(window.available).to.equal(3 * step)
    })

    it('does not let cells be consumed that have not arrived', () => {
      const window = new ReceiveWindow(size)
      expect(() => window.consumed(1)).to.throw(RangeError)
      for (let cell = 0; cell < step; cell++) window.take()
      expect(() => window.consumed(step + 1)).to.throw(RangeError)
      for (const bad of [-1, NaN, Infinity]) expect(() => window.consumed(bad), String(bad)).to.throw(RangeError)
      expect(window.consumed(step)).to.equal(1)
      expect(() => window.consumed(1)).to.throw(RangeError)
    })
  })
}

describe('the windows of the two ends of a stream', () => {
  it('never lose or gain a cell, whatever is sent and consumed in between', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -120, max: 120 }), { maxLength: 200 }), (steps) => {
        const out = new SendWindow()
        const into = new ReceiveWindow()
        let waiting = 0
        for (const step of steps) {
          if (step >= 0) {
            const cells = Math.min(step, out.available)
            out.take(cells)
            for (let cell = 0; cell < cells; cell++) into.take()
            waiting += cells
          } else {
            const cells = Math.min(-step, waiting)
            waiting -= cells
            for (let sendmes = into.consumed(cells); sendmes > 0; sendmes--) out.increment()
          }
          expect(out.available).to.equal(into.available)
          expect(waiting + into.available).to.be.within(451, 500)
        }
      }),
    )
  })
})
