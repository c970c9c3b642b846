import { expect } from 'chai'
import { encodeCell } from '../../lib/cell/channel/channel-cell.ts'
import { CellCommand } from '../../lib/cell/commands.ts'
import { Channel } from '../../lib/channel/channel.ts'
import { hex } from '../cell/support/bytes.ts'
import {
  expectRejection,
  expectThrow,
  handshakeBytes,
  ManualClock,
  platform,
  rejectionOf,
  relay,
  ScriptedLink,
  ScriptedTransport,
  settle,
} from './support/relay-side.ts'
import { opened, Recorder } from './support/recorder.ts'

describe('a channel, ending', () => {
  const failures: readonly [what: string, act: (link: ScriptedLink, recorder: Recorder) => void][] = [
    ['the relay closes the connection', (link) => link.end()],
    [
      'the relay closes it within a cell',
      (link, recorder) => (link.send(recorder.relay(1).subarray(0, 99)), link.end()),
    ],
    ['reading fails', (link) => link.breakReadable(new Error('reset'))],
    ['writing fails while nothing is written', (link) => link.breakWritable(new Error('reset'))],
    [
      'writing fails',
      (link, recorder) => (
        link.breakWritable(new Error('reset')),
        recorder.port.sendCell(CellCommand.CREATE2, hex('00'))
      ),
    ],
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
    expect((await expectRejection(channel.closed, 'LINK_CLOSED')).cause).to.have.property('original', reset)
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
    a.port.sendRelay(0, new Uint8Array(509), 1)
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
    a.port.sendRelay(0, new Uint8Array(509), 1)
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
      transport: new ScriptedTransport(link),
      clock: new ManualClock(),
      platform,
      signal: controller.signal,
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
    link.send(encodeCell(0, CellCommand.CERTS, new Uint8Array(0)))
    await settle()
    expect(b.heard).to.deep.equal(['closed LINK_PROTOCOL'])
  })
})
