import { expect } from 'chai'
import { congestionControlled, fixedWindows, type FlowControl } from '../../lib/circuit/flow-control.ts'
import {
  readCongestionParameters,
  readXonXoffParameters,
  type CongestionControlParameters,
} from '../../lib/circuit/congestion/parameters.ts'
import { SHORT_DATA } from '../../lib/circuit/short-cells.ts'
import { ManualClock } from '../testing/support/manual-clock.ts'

const clock = new ManualClock()
const parameters = readCongestionParameters(new Map()) as CongestionControlParameters
const xonXoff = readXonXoffParameters(new Map())

const controlled = (increment: number): FlowControl =>
  congestionControlled({ parameters, xonXoff, clock, increment }, () => false)

/** After how many received cells each SENDME is due. */
function sendmesOf({ receiveWindow }: FlowControl, cells: number): number[] {
  const due: number[] = []
  for (let cell = 1; cell <= cells; cell++) {
    receiveWindow.take()
    if (receiveWindow.consumed(1) > 0) due.push(cell)
  }
  return due
}

/** How many SENDMEs may wait for a link that takes none. */
function mostUnsent({ unsentSendmes }: FlowControl): number {
  for (let count = 0; ; count++) {
    try {
      unsentSendmes.add(count + 1, 0)
    } catch {
      return count // the one too many
    }
  }
}

/** The most full cells in a row of an upload. */
function longestRun({ shortCells }: FlowControl, cells: number): number {
  let longest = 0
  for (let cell = 0, run = 0; cell < cells; cell++) {
    const size = shortCells.cellSize
    shortCells.packed(size)
    run = size === SHORT_DATA ? 0 : run + 1
    longest = Math.max(longest, run)
  }
  return longest
}

describe('The flow control of a hop', () => {
  it('by fixed windows has 1000 cells in steps of 100', () => {
    const flow = fixedWindows()
    expect(flow.xonXoff).to.equal(undefined)
    expect(flow.sendWindow.available).to.equal(1000)
    expect(sendmesOf(flow, 350)).to.deep.equal([100, 200, 300])
    expect(mostUnsent(flow)).to.equal(10 + 128)
    expect(longestRun(flow, 5000)).to.be.within(50, 99)
  })

  it('by congestion control begins with the window of the parameters, and hands their XON/XOFF on', () => {
    const flow = controlled(31)
    expect(flow.xonXoff).to.include({ parameters: xonXoff, clock, maxRtt: 0 })
    expect(flow.sendWindow.available).to.equal(124)
  })

  for (const increment of [1, 2, 30, 31, 32, 100, 254]) {
    it(`by congestion control with an increment of ${increment} acknowledges every so many cells, without end`, () => {
      const due = sendmesOf(controlled(increment), 3000)
      expect(due).to.deep.equal(
        Array.from({ length: Math.floor(3000 / increment) }, (_, index) => (index + 1) * increment),
      )
    })

    it(`by congestion control with an increment of ${increment} has room for randomness as often as by fixed windows`, () => {
      expect(longestRun(controlled(increment), 5000)).to.be.within(50, 99)
    })
  }

  it('by congestion control lets the SENDMEs of a long flight wait for the link, but not those of any', () => {
    expect(mostUnsent(controlled(31))).to.equal(Math.ceil(40_000 / 31) + 128)
  })

  it('by congestion control keeps what was set aside when the window has shrunk below it', () => {
    const { sendWindow } = controlled(31)
    const tag = (): Uint8Array => new Uint8Array(20)
    for (let cell = 0; cell < 124; cell++) sendWindow.take(tag)
    expect(() => sendWindow.take(tag)).to.throw(RangeError)
    sendWindow.take(tag, true)
    expect(sendWindow.available).to.equal(0)
  })
})
