import { expect } from 'chai'
import { encodeCell } from '../../lib/cell/channel-cell.ts'
import { CellCommand } from '../../lib/cell/commands.ts'
import { Channel } from '../../lib/channel/channel.ts'
import type { CircuitPort, CircuitReceiver } from '../../lib/channel/circuit-port.ts'
import type { LinkItem } from '../../lib/channel/deframer.ts'
import type { TorError } from '../../lib/errors.ts'
import { hex, latin1, padded } from '../cell/helpers.ts'
import {
  expectCode, expectRejection, expectThrow, handshakeBytes, ManualClock, platform, rejectionOf, relay, ScriptedLink, ScriptedTransport, settle,
} from './helpers.ts'

/** A circuit that writes down what it hears, and can be told to do something on it. */
class Recorder implements CircuitReceiver {
  readonly heard: string[] = []
  closedWith: TorError | undefined
  port!: CircuitPort
  onRelay: ((bodies: Uint8Array, count: number) => Promise<void> | undefined) | undefined
  on: Record<string, (() => void) | undefined> = {}

  receiveRelay(bodies: Uint8Array, count: number): Promise<void> | undefined {
    this.heard.push(`relay ${Array.from({ length: count }, (_, index) => bodies[index * 509]).join(',')}`)
    return this.onRelay?.(bodies, count)
  }

  receiveCell(command: number, body: Uint8Array): void {
    expect(body.length).to.equal(509)
    this.heard.push(`cell ${command} ${body[0]}`)
    this.on['cell']?.()
  }

  endOfPass(): void {
    this.heard.push('end')
    this.on['end']?.()
  }

  roomAvailable(): void {
    this.heard.push('room')
    this.on['room']?.()
  }

  channelClosed(error: TorError): void {
    this.closedWith = error
    this.heard.push(`closed ${error.code}`)
    this.on['closed']?.()
  }

  /** What the relay sends on this circuit. */
  relay(fill: number): Uint8Array {
    return encodeCell(this.port.circuitId, CellCommand.RELAY, new Uint8Array(509).fill(fill))
  }

  cell(command: number, first: number): Uint8Array {
    return encodeCell(this.port.circuitId, command, Uint8Array.of(first))
  }
}

interface Opened {
  readonly channel: Channel
  readonly link: ScriptedLink
  readonly clock: ManualClock
  /** Opens a circuit. */
  readonly circuit: () => Recorder
  /** The cells that were sent since the handshake. */
  readonly sent: () => LinkItem[]
}

async function opened(): Promise<Opened> {
  const link = new ScriptedLink()
  const clock = new ManualClock()
  link.send(handshakeBytes())
  const channel = await Channel.connect(relay, { transport: new ScriptedTransport(link), clock, platform })
  await link.untilWrites(2)
  const circuit = (): Recorder => {
    const recorder = new Recorder()
    recorder.port = channel.openCircuit(recorder)
    return recorder
  }
  return { channel, link, clock, circuit, sent: () => link.cells.slice(3) }
}

describe('a channel, receiving', () => {
  it('hands each circuit its cells in order, and tells it once that the read is over', async () => {
    const { link, circuit, channel } = await opened()
    const [a, b, idle] = [circuit(), circuit(), circuit()]
    link.send(a.relay(1), a.relay(2), b.relay(3), a.cell(CellCommand.CREATED2, 9), a.relay(4), b.cell(CellCommand.RELAY_EARLY, 8))
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
    link.send(...late, encodeCell(5, CellCommand.RELAY, hex('00')), encodeCell(5, CellCommand.DESTROY, hex('00')), b.relay(3))
    await settle()
    expect(a.heard).to.deep.equal([])
    expect(b.heard).to.deep.equal(['relay 3', 'end'])
    await channel.close()
  })

  it('passes over padding, a late VERSIONS, and cells without a meaning', async () => {
    const { link, circuit, channel, sent } = await opened()
    const a = circuit()
    link.send(
      encodeCell(0, CellCommand.PADDING, hex('aa')), encodeCell(0, CellCommand.VPADDING, hex('bb')), encodeCell(0, CellCommand.VERSIONS, hex('0005')),
      encodeCell(0, 99, hex('cc')), encodeCell(a.port.circuitId, 200, hex('dd')), a.relay(1),
    )
    await settle()
    expect(a.heard).to.deep.equal(['relay 1', 'end'])
    expect(sent()).to.deep.equal([])
    await channel.close()
  })

  it('hands on what came behind the handshake in the same read', async () => {
    const link = new ScriptedLink()
    link.send(handshakeBytes(), encodeCell(0, CellCommand.PADDING, hex('')), encodeCell(7, CellCommand.RELAY, hex('')).subarray(0, 100))
    const channel = await Channel.connect(relay, { transport: new ScriptedTransport(link), clock: new ManualClock(), platform })
    const a = new Recorder()
    a.port = channel.openCircuit(a)
    link.send(encodeCell(7, CellCommand.RELAY, hex('')).subarray(100), a.relay(1))
    await settle()
    expect(a.heard).to.deep.equal(['relay 1', 'end'])
    await channel.close()
  })

  for (const command of ['CREATE', 'CREATE_FAST', 'CREATE2', 'NETINFO', 'PADDING_NEGOTIATE', 'CERTS', 'AUTH_CHALLENGE', 'AUTHENTICATE'] as const) {
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

describe('a circuit on a channel', () => {
  it('has a random id with the highest bit set, and none has another\'s', async () => {
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
    a.port.sendRelay(CellCommand.RELAY, new Uint8Array(2 * 509).fill(3), 2)
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
    a.port.sendRelay(CellCommand.RELAY, new Uint8Array(509), 1)
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
      port.sendRelay(CellCommand.RELAY, new Uint8Array(509), 1)
      expect(port.room).to.equal(0)
    }
    await settle()
    expect(sent()).to.deep.equal([{ kind: 'cell', circuitId: a.port.circuitId, command: CellCommand.DESTROY, body: new Uint8Array(509) }])
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
    a.port.sendRelay(CellCommand.RELAY, new Uint8Array(509 * 400), 400)
    expect(a.port.room).to.equal(110)
    a.port.sendRelay(CellCommand.RELAY, new Uint8Array(509 * 110), 110)
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
      if (where === 'room') a.port.sendRelay(CellCommand.RELAY, new Uint8Array(509), 1)
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

describe('a channel, ending', () => {
  const failures: readonly [what: string, act: (link: ScriptedLink, recorder: Recorder) => void][] = [
    ['the relay closes the connection', (link) => link.end()],
    ['the relay closes it within a cell', (link, recorder) => (link.send(recorder.relay(1).subarray(0, 99)), link.end())],
    ['reading fails', (link) => link.breakReadable(new Error('reset'))],
    ['writing fails while nothing is written', (link) => link.breakWritable(new Error('reset'))],
    ['writing fails', (link, recorder) => (link.breakWritable(new Error('reset')), recorder.port.sendCell(CellCommand.CREATE2, hex('00')))],
  ]
  for (const [what, act] of failures) {
    it(`tells every circuit and rejects "closed" with LINK_CLOSED when ${what}`, async () => {
      const { link, circuit, channel, clock } = await opened()
      const [a, b] = [circuit(), circuit()]
      act(link, a)
      const error = await expectRejection(channel.closed, 'LINK_CLOSED')
      expect([a.heard, b.heard]).to.deep.equal([['closed LINK_CLOSED'], ['closed LINK_CLOSED']])
      expect(a.closedWith).to.equal(error)
      expectThrow(() => channel.openCircuit(new Recorder()), 'LINK_CLOSED')
      a.port.sendCell(CellCommand.CREATE2, hex('00'))
      a.port.release(true)
      expect(a.port.room).to.equal(0)
      expect(await rejectionOf(channel.close())).to.equal(error)
      expect(clock.timers).to.equal(0)
    })
  }

  it('has the error of its streams as the cause', async () => {
    const { link, channel } = await opened()
    const reset = new Error('reset')
    link.breakReadable(reset)
    expect((await expectRejection(channel.closed, 'LINK_CLOSED')).cause).to.equal(reset)
  })

  it('rejects "closed" without an unhandled rejection', async () => {
    const { link } = await opened()
    link.end()
    await settle()
  })

  it('by close() tells every circuit at once, sends what was given to it, and closes the link', async () => {
    const { link, circuit, channel, clock, sent } = await opened()
    const [a, b] = [circuit(), circuit()]
    link.hold()
    a.port.sendRelay(CellCommand.RELAY, new Uint8Array(509), 1)
    b.port.release(true)
    const closed = channel.close()
    expect(closed).to.equal(channel.closed)
    expect(channel.close()).to.equal(closed)
    expect(a.heard).to.deep.equal(['closed LINK_CLOSED'])
    expectThrow(() => channel.openCircuit(new Recorder()), 'LINK_CLOSED')
    link.release()
    await closed
    await settle()
    expect(sent()).to.have.length(2)
    expect(link.closed).to.equal(true)
    expect(link.cancelled).not.to.equal(undefined)
    expect(clock.timers).to.equal(0)
  })

  it('by close() does not wait for a link that takes nothing', async () => {
    const { link, circuit, channel, clock } = await opened()
    const a = circuit()
    link.hold()
    a.port.sendRelay(CellCommand.RELAY, new Uint8Array(509), 1)
    const closed = channel.close()
    await settle()
    expect(clock.timers).to.equal(1)
    clock.advance(1000)
    await closed
    await settle()
    expect(link.isOver).to.equal(true)
    expect(clock.timers).to.equal(0)
  })

  it('by close() does not wait for a link whose end never comes', async () => {
    const { link, channel, clock } = await opened()
    link.hold()
    const closed = channel.close()
    await settle()
    clock.advance(1000)
    await closed
    expect(clock.timers).to.equal(0)
  })

  it('by close() hands on nothing that still arrives', async () => {
    const { link, circuit, channel } = await opened()
    const a = circuit()
    link.hold()
    const closed = channel.close()
    link.send(a.relay(1))
    await settle()
    link.release()
    await closed
    expect(a.heard).to.deep.equal(['closed LINK_CLOSED'])
  })

  it('by close() from within a read hands on nothing more', async () => {
    const { link, circuit, channel } = await opened()
    const [a, b] = [circuit(), circuit()]
    a.on['cell'] = () => void channel.close()
    link.send(a.cell(CellCommand.CREATED2, 1), b.relay(2))
    await channel.closed
    await settle()
    expect(a.heard).to.deep.equal(['cell 11 1', 'closed LINK_CLOSED'])
    expect(b.heard).to.deep.equal(['closed LINK_CLOSED'])
  })

  it('by disposal does not reject, whatever happened', async () => {
    for (const broken of [false, true]) {
      const { link, channel } = await opened()
      if (broken) link.end()
      await settle()
      await channel[Symbol.asyncDispose]()
    }
  })

  it('is not ended by the signal that it was connected with', async () => {
    const link = new ScriptedLink()
    const controller = new AbortController()
    link.send(handshakeBytes())
    const channel = await Channel.connect(relay, {
      transport: new ScriptedTransport(link), clock: new ManualClock(), platform, signal: controller.signal,
    })
    controller.abort()
    const a = new Recorder()
    a.port = channel.openCircuit(a)
    link.send(a.relay(1))
    await settle()
    expect(a.heard).to.deep.equal(['relay 1', 'end'])
    await channel.close()
  })

  it('tells every circuit even when one fails on it', async () => {
    const { link, circuit } = await opened()
    const [a, b] = [circuit(), circuit()]
    a.on['closed'] = () => {
      throw new Error('bug')
    }
    link.send(encodeCell(0, CellCommand.CERTS, latin1('')))
    await settle()
    expect(b.heard).to.deep.equal(['closed LINK_PROTOCOL'])
  })
})
