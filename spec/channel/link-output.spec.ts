import { expect } from 'chai'
import { bytePortOf } from '../../lib/base/streams/byte-port.ts'
import { CellCommand } from '../../lib/cell/commands.ts'
import { LinkOutput, OUTPUT_LIMIT, type RoomWaiter } from '../../lib/channel/link-output.ts'
import { hex } from '../cell/support/bytes.ts'
import { ScriptedLink, settle } from './support/relay-side.ts'

/** How many whole cells fit. */
const CELLS = Math.floor(OUTPUT_LIMIT / 514)

/** Somebody who sends as many cells as there is room for, and counts them. */
class Sender implements RoomWaiter {
  sent = 0
  turns = 0
  readonly #output: LinkOutput
  readonly #id: number
  wanted: number

  constructor(output: LinkOutput, id: number, wanted = Infinity) {
    this.#output = output
    this.#id = id
    this.wanted = wanted
  }

  sendAll(): void {
    const count = Math.min(this.#output.roomFor(this), this.wanted)
    if (count === 0) return
    this.#output.sendRelay(this, this.#id, 0, new Uint8Array(509 * count).fill(this.#id), count)
    this.sent += count
    this.wanted -= count
  }

  roomAvailable(): void {
    this.turns += 1
    this.sendAll()
  }
}

function outputOf(link: ScriptedLink): { output: LinkOutput; failures: unknown[] } {
  const failures: unknown[] = []
  return { output: new LinkOutput(bytePortOf(link), (cause) => failures.push(cause)), failures }
}

describe('LinkOutput', () => {
  it('sends a run of cells in one write, each with its header: RELAY_EARLY the first, then RELAY', async () => {
    const link = new ScriptedLink()
    const { output } = outputOf(link)
    const bodies = Uint8Array.from({ length: 3 * 509 }, (_, index) => index)
    output.sendRelay(new Sender(output, 1, 0), 0x80000007, 2, bodies, 3)
    const sent = bodies.slice()
    bodies.fill(0)
    await link.untilWrites(1)
    expect(link.writes).to.have.length(1)
    const [write] = link.writes as [Uint8Array]
    expect(write.length).to.equal(3 * 514)
    for (let index = 0; index < 3; index++) {
      expect(write.subarray(index * 514, index * 514 + 5)).to.deep.equal(hex(index < 2 ? '80000007 09' : '80000007 03'))
      expect(write.subarray(index * 514 + 5, (index + 1) * 514)).to.deep.equal(
        sent.subarray(index * 509, (index + 1) * 509),
      )
    }
    expect(write.buffer.byteLength).to.equal(write.length)
  })

  it('has room for the cells that fit in 256 KiB, less what the link has not taken', () => {
    const link = new ScriptedLink()
    link.hold()
    const { output } = outputOf(link)
    const sender = new Sender(output, 1, 10)
    expect(output.roomFor(sender)).to.equal(CELLS)
    sender.sendAll()
    expect(output.roomFor(sender)).to.equal(CELLS - 10)
    output.sendCell(1, CellCommand.DESTROY, hex('00'))
    expect(output.roomFor(sender)).to.equal(CELLS - 11)
    sender.wanted = Infinity
    sender.sendAll()
    expect(output.roomFor(sender)).to.equal(0)
  })

  it('sends control cells whatever room there is, and never counts below 0', () => {
    const link = new ScriptedLink()
    link.hold()
    const { output } = outputOf(link)
    const sender = new Sender(output, 1)
    sender.sendAll()
    output.sendCell(1, CellCommand.DESTROY, hex('00'))
    output.sendCell(1, CellCommand.DESTROY, hex('00'))
    expect(output.roomFor(sender)).to.equal(0)
  })

  it('does not send without cells', () => {
    const link = new ScriptedLink()
    const { output } = outputOf(link)
    output.sendRelay(new Sender(output, 1), 1, 0, new Uint8Array(0), 0)
    expect(link.writes).to.deep.equal([])
  })

  it('tells who found no room once there is some', async () => {
    const link = new ScriptedLink()
    link.hold()
    const { output } = outputOf(link)
    const [busy, late] = [new Sender(output, 1, CELLS), new Sender(output, 2)]
    busy.sendAll()
    late.sendAll()
    expect(late.sent).to.equal(0)
    await settle()
    expect(late.turns).to.equal(0)
    link.release({ one: true })
    await settle()
    expect(late.sent).to.equal(CELLS)
  })

  it('tells who sent all the room there was, without another look', async () => {
    const link = new ScriptedLink()
    link.hold()
    const { output } = outputOf(link)
    const sender = new Sender(output, 1, CELLS)
    sender.sendAll()
    link.release()
    await settle()
    expect(sender.turns).to.equal(1)
  })

  it('shares room equally among those who wait, round robin', async () => {
    const link = new ScriptedLink()
    link.hold()
    const { output } = outputOf(link)
    const senders = [1, 2, 3, 4].map((id) => new Sender(output, id))
    for (const sender of senders) sender.sendAll()
    expect(senders.map(({ sent }) => sent)).to.deep.equal([CELLS, 0, 0, 0])
    await link.untilWrites(1)
    for (let round = 0; round < 100; round++) {
      link.release({ one: true })
      await link.untilWrites(round + 2)
    }
    // Large writes too: shares do not crumble from one round to the next.
    expect(link.written.length / link.writes.length).to.be.greaterThan(40 * 514)
    const later = senders.map(({ sent }, index) => sent - (index === 0 ? CELLS : 0))
    const mean = later.reduce((sum, sent) => sum + sent, 0) / 4
    expect(mean).to.be.greaterThan(CELLS)
    for (const sent of later) expect(sent).to.be.closeTo(mean, mean * 0.1 + 130)
  })

  it('joins what comes while the link takes a write, in order, up to 64 KiB', async () => {
    const link = new ScriptedLink()
    link.hold()
    const { output } = outputOf(link)
    const sender = new Sender(output, 1, 0)
    const taken: number[] = []
    for (let cell = 0; cell < 200; cell++) {
      output.sendRelay(sender, 1, 0, new Uint8Array(509).fill(cell), 1, () => taken.push(cell))
    }
    await link.untilWrites(1)
    expect(taken).to.deep.equal([])
    link.release()
    await link.untilWrites(3)
    await settle()
    expect(link.writes.map(({ length }) => length / 514)).to.deep.equal([1, 127, 72])
    const cells = link.writes.flatMap((write) =>
      Array.from({ length: write.length / 514 }, (_, at) => write[at * 514 + 5]),
    )
    const all = Array.from({ length: 200 }, (_, cell) => cell)
    expect([cells, taken]).to.deep.equal([all, all])
  })

  it('ends behind what was given to it', async () => {
    const link = new ScriptedLink()
    link.hold()
    const { output } = outputOf(link)
    for (let cell = 0; cell < 3; cell++) output.sendCell(1, CellCommand.PADDING, new Uint8Array(0))
    const finished = output.finish()
    output.sendCell(1, CellCommand.PADDING, new Uint8Array(0))
    await link.untilWrites(1)
    link.release()
    await finished
    expect(link.writes.map(({ length }) => length / 514)).to.deep.equal([1, 2])
  })

  it('tells nobody before half of what it was behind is gone', async () => {
    const link = new ScriptedLink()
    link.hold()
    const { output } = outputOf(link)
    const sender = new Sender(output, 1, CELLS)
    for (let count = 0; count < CELLS; count++) output.sendRelay(sender, 1, 0, new Uint8Array(509), 1)
    expect(output.roomFor(sender)).to.equal(0)
    await link.untilWrites(1)
    const given = (): number => link.writes.reduce((cells, { length }) => cells + length / 514, 0)
    while (given() < CELLS / 2) {
      link.release({ one: true })
      await link.untilWrites(link.writes.length + 1)
    }
    await settle()
    expect(sender.turns).to.equal(0) // what was written last is not taken
    link.release({ one: true })
    await settle()
    expect(sender.turns).to.equal(1)
    expect(sender.sent).to.equal(255)
  })

  it('lets many take turns of some cells rather than all of one', async () => {
    const link = new ScriptedLink()
    link.hold()
    const { output } = outputOf(link)
    const senders = Array.from({ length: 100 }, (_, id) => new Sender(output, id, id === 0 ? CELLS : Infinity))
    for (const sender of senders) sender.sendAll()
    await link.untilWrites(1)
    link.release({ one: true })
    await settle()
    expect(senders.slice(1, 34).map(({ sent }) => sent)).to.deep.equal([...Array.from({ length: 31 }, () => 16), 14, 0])
  })

  it('gives what one does not use to the others', async () => {
    const link = new ScriptedLink()
    link.hold()
    const { output } = outputOf(link)
    const [first, small, large] = [new Sender(output, 1, CELLS), new Sender(output, 2, 5), new Sender(output, 3)]
    for (const sender of [first, small, large]) sender.sendAll()
    await link.untilWrites(1)
    link.release({ one: true })
    await settle()
    expect(small.sent).to.equal(5)
    expect(large.sent).to.equal(CELLS - 5)
  })

  it('forgets who is gone', async () => {
    const link = new ScriptedLink()
    link.hold()
    const { output } = outputOf(link)
    const sender = new Sender(output, 1, CELLS)
    sender.sendAll()
    output.forget(sender)
    link.release()
    await settle()
    expect(sender.turns).to.equal(0)
  })

  it('sends and tells nothing after its end', async () => {
    const link = new ScriptedLink()
    link.hold()
    const { output } = outputOf(link)
    const sender = new Sender(output, 1, 1)
    sender.sendAll()
    output.end()
    expect(output.roomFor(sender)).to.equal(0)
    output.sendRelay(sender, 1, 0, new Uint8Array(509), 1)
    output.sendCell(1, CellCommand.DESTROY, hex('00'))
    link.release()
    await settle()
    expect(link.writes).to.have.length(1)
    expect(sender.turns).to.equal(0)
  })

  it('tells of a write that fails, but not after its end', async () => {
    for (const ended of [false, true]) {
      const link = new ScriptedLink()
      const { output, failures } = outputOf(link)
      const error = new Error('broken')
      link.breakWritable(error)
      output.sendCell(1, CellCommand.DESTROY, hex('00'))
      if (ended) output.end()
      await settle()
      expect(failures).to.deep.equal(ended ? [] : [error])
    }
  })
})
