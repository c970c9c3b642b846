import { expect } from 'chai'
import { CellCommand } from '../../lib/cell/commands.ts'
import { hex, padded } from '../cell/support/bytes.ts'
import { expectCode, settle } from './support/relay-side.ts'
import { opened } from './support/recorder.ts'

describe('a circuit on a channel', () => {
  it("has a random id with the highest bit set, and none has another's", async () => {
    const { circuit, channel } = await opened()
    const ids = Array.from({ length: 200 }, () => circuit().port.circuitId)
    for (const id of ids) expect(id).to.be.within(0x80000000, 0xffffffff)
    expect(new Set(ids).size).to.equal(200)
    const sorted = [...ids].sort((x, y) => x - y)
    expect(ids).not.to.deep.equal(sorted)
    await channel.close()
  })

  it('sends cells under its id', async () => {
    const { circuit, channel, sent, link } = await opened()
    const a = circuit()
    a.port.sendCell(CellCommand.CREATE2, hex('0002 0001 ff'))
    a.port.sendRelay(0, new Uint8Array(2 * 509).fill(3), 2)
    await settle()
    expect(sent()).to.deep.equal([
      { kind: 'cell', circuitId: a.port.circuitId, command: CellCommand.CREATE2, body: padded(hex('0002 0001 ff')) },
      { kind: 'run', circuitId: a.port.circuitId, bodies: new Uint8Array(2 * 509).fill(3), count: 2 },
    ])
    expect(link.writes.slice(2).map((write) => write.length)).to.deep.equal([514, 1028])
    await channel.close()
  })

  it('that the relay destroys hears of it, gets what came before it, and answers nothing', async () => {
    const { link, circuit, channel, sent } = await opened()
    const a = circuit()
    link.send(a.relay(1), a.cell(CellCommand.DESTROY, 5), a.relay(2), a.cell(CellCommand.DESTROY, 6))
    await settle()
    expect(a.heard).to.deep.equal(['relay 1', 'cell 4 5', 'end'])
    a.port.sendCell(CellCommand.RELAY, hex('00'))
    a.port.sendRelay(0, new Uint8Array(509), 1)
    expect(a.port.room).to.equal(0)
    a.port.release(true)
    await settle()
    expect(sent()).to.deep.equal([])
    await channel.close()
    expect(a.heard).to.have.length(3)
  })

  it('that releases itself on DESTROY hears nothing more', async () => {
    const { link, circuit, channel, sent } = await opened()
    const a = circuit()
    a.on['cell'] = () => a.port.release(true)
    link.send(a.relay(1), a.cell(CellCommand.DESTROY, 5))
    await settle()
    expect(a.heard).to.deep.equal(['relay 1', 'cell 4 5'])
    expect(sent()).to.deep.equal([])
    await channel.close()
  })

  it('that is released sends DESTROY with reason NONE, if at all, and then nothing', async () => {
    const { circuit, channel, sent } = await opened()
    const [a, b] = [circuit(), circuit()]
    a.port.release(true)
    a.port.release(true)
    b.port.release(false)
    b.port.release(true)
    for (const { port } of [a, b]) {
      port.sendCell(CellCommand.RELAY, hex('00'))
      port.sendRelay(0, new Uint8Array(509), 1)
      expect(port.room).to.equal(0)
    }
    await settle()
    expect(sent()).to.deep.equal([
      { kind: 'cell', circuitId: a.port.circuitId, command: CellCommand.DESTROY, body: new Uint8Array(509) },
    ])
    await channel.close()
    expect([a.heard, b.heard]).to.deep.equal([[], []])
  })

  it('that is released amid a read hears no more of it', async () => {
    const { link, circuit, channel } = await opened()
    const [a, b] = [circuit(), circuit()]
    a.onRelay = () => {
      a.port.release(true)
      return undefined
    }
    link.send(a.relay(1), b.relay(2), a.relay(3), a.cell(CellCommand.DESTROY, 0))
    await settle()
    expect(a.heard).to.deep.equal(['relay 1'])
    expect(b.heard).to.deep.equal(['relay 2', 'end'])
    await channel.close()
  })

  it('waits while the link is 256 KiB behind, and is told when it is not', async () => {
    const { link, circuit, channel } = await opened()
    const a = circuit()
    link.hold()
    expect(a.port.room).to.equal(510)
    a.port.sendRelay(0, new Uint8Array(509 * 400), 400)
    expect(a.port.room).to.equal(110)
    a.port.sendRelay(0, new Uint8Array(509 * 110), 110)
    expect(a.port.room).to.equal(0)
    await settle()
    expect(a.heard).to.deep.equal([])
    let room = 0
    a.on['room'] = () => {
      room = a.port.room
    }
    link.release({ one: true })
    await settle()
    expect(a.heard).to.deep.equal(['room'])
    expect(room).to.equal(400)
    link.release()
    await channel.close()
  })

  for (const where of ['relay', 'cell', 'end', 'room', 'promise'] as const) {
    it(`that fails on its own in "${where}" is closed, and no other is harmed`, async () => {
      const { link, circuit, channel, sent } = await opened()
      const [a, b] = [circuit(), circuit()]
      const bug = new Error('bug')
      const fail = (): never => {
        throw bug
      }
      if (where === 'relay') a.onRelay = fail
      if (where === 'promise') a.onRelay = () => Promise.reject(bug)
      a.on = { cell: fail, end: fail, room: fail, [where]: fail }
      if (where === 'room') a.port.sendRelay(0, new Uint8Array(509), 1)
      else if (where === 'cell') link.send(a.cell(CellCommand.CREATED2, 1))
      else link.send(a.relay(1))
      await settle()
      link.send(a.relay(2), b.relay(3))
      await settle()
      expect(expectCode(a.closedWith, 'CIRCUIT_CLOSED').cause).to.equal(bug)
      expect(a.heard.at(-1)).to.equal('closed CIRCUIT_CLOSED')
      expect(b.heard).to.deep.equal(['relay 3', 'end'])
      expect(sent().at(-1)).to.deep.include({ circuitId: a.port.circuitId, command: CellCommand.DESTROY })
      await channel.close()
    })
  }

  it('that fails even on being told of it is closed all the same', async () => {
    const { link, circuit, channel } = await opened()
    const [a, b] = [circuit(), circuit()]
    a.on['cell'] = a.on['closed'] = () => {
      throw new Error('bug')
    }
    link.send(a.cell(CellCommand.CREATED2, 1), b.relay(1))
    await settle()
    expect(b.heard).to.deep.equal(['relay 1', 'end'])
    await channel.close()
  })
})
