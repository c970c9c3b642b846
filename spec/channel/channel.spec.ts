import { expect } from 'chai'
import { encodeCell } from '../../lib/cell/channel/channel-cell.ts'
import { CellCommand } from '../../lib/cell/commands.ts'
import { Channel } from '../../lib/channel/channel.ts'
import { hex } from '../cell/support/bytes.ts'
import {
  expectRejection,
  handshakeBytes,
  ManualClock,
  platform,
  relay,
  ScriptedLink,
  ScriptedTransport,
  settle,
} from './support/relay-side.ts'
import { opened, Recorder } from './support/recorder.ts'

describe('a channel, receiving', () => {
  it('hands each circuit its cells in order, and tells it once that the read is over', async () => {
    const { link, circuit, channel } = await opened()
    const [a, b, idle] = [circuit(), circuit(), circuit()]
    link.send(
      a.relay(1),
      a.relay(2),
      b.relay(3),
      a.cell(CellCommand.CREATED2, 9),
      a.relay(4),
      b.cell(CellCommand.RELAY_EARLY, 8),
    )
    await settle()
    expect(a.heard).to.deep.equal(['relay 1,2', 'cell 11 9', 'relay 4', 'end'])
    expect(b.heard).to.deep.equal(['relay 3', 'cell 9 8', 'end'])
    expect(idle.heard).to.deep.equal([])
    await channel.close()
  })

  it('tells no circuit that the read is over before all of it has been handed on', async () => {
    const { link, circuit, channel } = await opened()
    const [a, b] = [circuit(), circuit()]
    let heardByB: readonly string[] = []
    a.on['end'] = () => {
      heardByB = [...b.heard]
    }
    link.send(a.relay(1), b.relay(2))
    await settle()
    expect(heardByB).to.deep.equal(['relay 2'])
    await channel.close()
  })

  it('joins the cells that reads have cut apart', async () => {
    const { link, circuit, channel } = await opened()
    const a = circuit()
    const bytes = Uint8Array.of(...a.relay(1), ...a.relay(2))
    link.send(bytes.subarray(0, 600))
    await settle()
    link.send(bytes.subarray(600))
    await settle()
    expect(a.heard).to.deep.equal(['relay 1', 'end', 'relay 2', 'end'])
    await channel.close()
  })

  it('works off a read in one go, before anything else can happen', async () => {
    const { link, circuit, channel } = await opened()
    const a = circuit()
    let between = false
    a.onRelay = (_, count) => {
      if (count === 1) void Promise.resolve().then(() => (between = true))
      return undefined
    }
    let atEnd: boolean | undefined
    a.on['end'] = () => {
      atEnd = between
    }
    link.send(a.relay(1), a.cell(CellCommand.CREATED2, 1), a.relay(2))
    await settle()
    expect(atEnd).to.equal(false)
    expect(between).to.equal(true)
    await channel.close()
  })

  it('waits for a circuit that makes keystream, and reads no further', async () => {
    const { link, circuit, channel } = await opened()
    const [a, b] = [circuit(), circuit()]
    let ready!: () => void
    a.onRelay = () => new Promise<void>((resolve) => (ready = resolve))
    link.send(a.relay(1), b.relay(2), a.cell(CellCommand.DESTROY, 4))
    await settle()
    link.send(b.relay(3))
    await settle()
    expect([a.heard, b.heard]).to.deep.equal([['relay 1'], []])
    a.onRelay = undefined
    ready()
    await settle()
    expect(a.heard).to.deep.equal(['relay 1', 'cell 4 4', 'end'])
    expect(b.heard).to.deep.equal(['relay 2', 'end', 'relay 3', 'end'])
    await channel.close()
  })

  it('hands on nothing more when it is closed while it waits', async () => {
    const { link, circuit, channel } = await opened()
    const [a, b] = [circuit(), circuit()]
    let ready!: () => void
    a.onRelay = () => new Promise<void>((resolve) => (ready = resolve))
    link.send(a.relay(1), b.relay(2))
    await settle()
    await channel.close()
    ready()
    await settle()
    expect(a.heard).to.deep.equal(['relay 1', 'closed LINK_CLOSED'])
    expect(b.heard).to.deep.equal(['closed LINK_CLOSED'])
  })

  it('drops cells for circuits that it does not know, and those that come after a circuit was released', async () => {
    const { link, circuit, channel } = await opened()
    const [a, b] = [circuit(), circuit()]
    const late = [a.relay(1), a.cell(CellCommand.CREATED2, 1), a.cell(CellCommand.DESTROY, 1), a.relay(2)]
    a.port.release(true)
    link.send(
      ...late,
      encodeCell(5, CellCommand.RELAY, hex('00')),
      encodeCell(5, CellCommand.DESTROY, hex('00')),
      b.relay(3),
    )
    await settle()
    expect(a.heard).to.deep.equal([])
    expect(b.heard).to.deep.equal(['relay 3', 'end'])
    await channel.close()
  })

  it('passes over padding, a late VERSIONS, and cells without a meaning', async () => {
    const { link, circuit, channel, sent } = await opened()
    const a = circuit()
    link.send(
      encodeCell(0, CellCommand.PADDING, hex('aa')),
      encodeCell(0, CellCommand.VPADDING, hex('bb')),
      encodeCell(0, CellCommand.VERSIONS, hex('0005')),
      encodeCell(0, 99, hex('cc')),
      encodeCell(a.port.circuitId, 200, hex('dd')),
      a.relay(1),
    )
    await settle()
    expect(a.heard).to.deep.equal(['relay 1', 'end'])
    expect(sent()).to.deep.equal([])
    await channel.close()
  })

  it('hands on what came behind the handshake in the same read', async () => {
    const link = new ScriptedLink()
    link.send(
      handshakeBytes(),
      encodeCell(0, CellCommand.PADDING, hex('')),
      encodeCell(7, CellCommand.RELAY, hex('')).subarray(0, 100),
    )
    const channel = await Channel.connect(relay, {
      transport: new ScriptedTransport(link),
      clock: new ManualClock(),
      platform,
    })
    const a = new Recorder()
    a.port = channel.openCircuit(a)
    link.send(encodeCell(7, CellCommand.RELAY, hex('')).subarray(100), a.relay(1))
    await settle()
    expect(a.heard).to.deep.equal(['relay 1', 'end'])
    await channel.close()
  })

  for (const command of [
    'CREATE',
    'CREATE_FAST',
    'CREATE2',
    'NETINFO',
    'PADDING_NEGOTIATE',
    'CERTS',
    'AUTH_CHALLENGE',
    'AUTHENTICATE',
  ] as const) {
    it(`ends with LINK_PROTOCOL on ${command}`, async () => {
      const { link, circuit, channel } = await opened()
      const [a, b] = [circuit(), circuit()]
      link.send(a.relay(1), encodeCell(b.port.circuitId, CellCommand[command], hex('00')), a.relay(2))
      await expectRejection(channel.closed, 'LINK_PROTOCOL')
      expect(a.heard).to.deep.equal(['relay 1', 'closed LINK_PROTOCOL'])
      expect(b.heard).to.deep.equal(['closed LINK_PROTOCOL'])
      await settle()
      expect(link.isOver).to.equal(true)
    })
  }

  for (const command of ['RELAY', 'RELAY_EARLY', 'CREATED', 'CREATED_FAST', 'CREATED2', 'DESTROY'] as const) {
    it(`ends with LINK_PROTOCOL on ${command} without a circuit id`, async () => {
      const { link, channel } = await opened()
      link.send(encodeCell(0, CellCommand[command], hex('00')))
      await expectRejection(channel.closed, 'LINK_PROTOCOL')
    })
  }

  it('hands on CREATED and CREATED_FAST, which the circuit has to judge', async () => {
    const { link, circuit, channel } = await opened()
    const a = circuit()
    link.send(a.cell(CellCommand.CREATED, 1), a.cell(CellCommand.CREATED_FAST, 2))
    await settle()
    expect(a.heard).to.deep.equal(['cell 2 1', 'cell 6 2', 'end'])
    await channel.close()
  })
})
