import { expect } from 'chai'
import { encodeCell, encodeVersions } from '../../lib/cell/channel/channel-cell.ts'
import { CellCommand } from '../../lib/cell/commands.ts'
import { Channel } from '../../lib/channel/channel.ts'
import type { ChannelOptions } from '../../lib/channel/channel-options.ts'
import type { TorError } from '../../lib/base/errors.ts'
import type { WithheldError } from '../../lib/base/withheld.ts'
import type { Transport, Link } from '../../lib/platform/links/transport.ts'
import type { Relay } from '../../lib/relay.ts'
import { hex, latin1 } from '../cell/support/bytes.ts'
import {
  expectRejection,
  handshakeBytes,
  handshakeCells,
  ManualClock,
  platform,
  rejectionOf,
  relay,
  ScriptedLink,
  ScriptedTransport,
  settle,
} from './support/relay-side.ts'

const twoAddresses: Relay = { ...relay, addresses: [...relay.addresses, { hostname: '::1', port: 9002 }] }

/** A connection that is being made, with all that it touches. */
function connecting(
  transport: Transport,
  changes: ChannelOptions & { relay?: Relay } = {},
): { clock: ManualClock; channel: Promise<Channel> } {
  const clock = new ManualClock()
  const { relay: to = relay, ...options } = changes
  const channel = Channel.connect(to, { transport, clock, platform, ...options })
  channel.catch(() => undefined) // each spec looks at it in its own time
  return { clock, channel }
}

describe('Channel.connect', () => {
  it('dials the relay, shakes hands, and leaves no timer behind', async () => {
    const link = new ScriptedLink()
    const transport = new ScriptedTransport(link)
    const { clock, channel } = connecting(transport)
    link.send(handshakeBytes())
    const open = await channel
    expect(transport.dialled).to.deep.equal([{ hostname: '127.0.0.1', port: 9001 }])
    expect(open).to.include({ relay, linkVersion: 5, clockSkew: 0 })
    expect(clock.timers).to.equal(0)
    await link.untilWrites(2)
    expect(link.cells.map((item) => (item.kind === 'cell' ? item.command : 'run'))).to.deep.equal([
      CellCommand.VERSIONS,
      CellCommand.NETINFO,
    ])
    await open.close()
  })

  it('says nothing but VERSIONS before the relay has proved itself', async () => {
    const link = new ScriptedLink()
    const { channel } = connecting(new ScriptedTransport(link))
    const { versions, certs, authChallenge, netinfo } = handshakeCells([4])
    for (const cell of [versions, certs, authChallenge]) {
      link.send(cell)
      await settle()
      expect(link.written).to.deep.equal(hex('0000 07 0006 0003 0004 0005'))
    }
    link.send(netinfo)
    const open = await channel
    expect(open.linkVersion).to.equal(4)
    await open.close()
  })

  it('takes the handshake byte by byte', async () => {
    const link = new ScriptedLink()
    const { channel } = connecting(new ScriptedTransport(link))
    for (const byte of handshakeBytes()) link.send(Uint8Array.of(byte))
    await (await channel).close()
  })

  it('dials the next address when one does not answer', async () => {
    const link = new ScriptedLink()
    const transport = new ScriptedTransport(new Error('refused'), link)
    const { channel, clock } = connecting(transport, { relay: twoAddresses })
    link.send(handshakeBytes())
    const open = await channel
    expect(transport.dialled).to.deep.equal(twoAddresses.addresses)
    expect(clock.timers).to.equal(0)
    await open.close()
  })

  it('gives an address no more than its share of the time', async () => {
    const link = new ScriptedLink()
    const transport = new ScriptedTransport('never', link)
    const { channel, clock } = connecting(transport, { relay: twoAddresses, timeout: 1000 })
    clock.advance(499)
    await settle()
    expect(transport.dialled).to.have.length(1)
    clock.advance(1)
    await settle()
    expect(transport.dialled).to.have.length(2)
    expect(transport.signals[0]?.aborted).to.equal(true)
    link.send(handshakeBytes())
    await (await channel).close()
  })

  it('dials the next address when a connection is lost in the handshake', async () => {
    const [first, second] = [new ScriptedLink(), new ScriptedLink()]
    const { channel } = connecting(new ScriptedTransport(first, second), { relay: twoAddresses })
    first.end()
    second.send(handshakeBytes())
    await (await channel).close()
    expect(first.aborted).not.to.equal(undefined)
  })

  it('fails with all that happened when no address leads to the relay', async () => {
    const [one, two] = [new Error('refused'), new Error('no route')]
    const { channel, clock } = connecting(new ScriptedTransport(one, two), { relay: twoAddresses })
    const error = await expectRejection(channel, 'LINK_UNREACHABLE')
    expect(error.cause).to.be.instanceOf(AggregateError)
    expect(
      (error.cause as AggregateError).errors.map((failure: TorError) => (failure.cause as WithheldError).original),
    ).to.deep.equal([one, two])
    expect(clock.timers).to.equal(0)
  })

  it("fails with the transport's error as the cause", async () => {
    const refused = new Error('refused')
    const { channel } = connecting(new ScriptedTransport(refused))
    expect((await expectRejection(channel, 'LINK_UNREACHABLE')).cause).to.have.property('original', refused)
  })

  it('takes a transport that throws for one that rejects', async () => {
    const bug = new TypeError('bug')
    const { channel, clock } = connecting({
      connect: () => {
        throw bug
      },
    })
    expect((await expectRejection(channel, 'LINK_UNREACHABLE')).cause).to.have.property('original', bug)
    expect(clock.timers).to.equal(0)
  })

  it('names what is wrong with its arguments before it dials', async () => {
    const transport = new ScriptedTransport()
    for (const [changes, type, name] of [
      [{ transport: undefined }, TypeError, '"transport"'],
      [{ timeout: 0 }, RangeError, '"timeout"'],
      [{ timeout: -1 }, RangeError, '"timeout"'],
      [{ timeout: Number.NaN }, RangeError, '"timeout"'],
      [{ timeout: Infinity }, RangeError, '"timeout"'],
      [{ relay: { ...relay, addresses: [] } }, TypeError, 'addresses'],
      [{ relay: { ...relay, rsaIdentity: new Uint8Array(19) } }, TypeError, 'rsaIdentity'],
      [{ relay: { ...relay, ed25519Identity: new Uint8Array(20) } }, TypeError, 'ed25519Identity'],
    ] as const) {
      const { channel, clock } = connecting(transport, changes)
      const error = await rejectionOf(channel)
      expect(error).to.be.instanceOf(type)
      expect((error as Error).message).to.contain(name)
      expect(clock.timers).to.equal(0)
    }
    expect(transport.dialled).to.deep.equal([])
  })
})

describe('a relay that cannot be connected to', () => {
  const { versions, certs, authChallenge, netinfo } = handshakeCells()
  const failures: readonly [what: string, code: TorError['code'], act: (link: ScriptedLink) => void][] = [
    ['closes at once', 'LINK_CLOSED', (link) => link.end()],
    ['closes amid the handshake', 'LINK_CLOSED', (link) => (link.send(versions, certs), link.end())],
    ['closes within a cell', 'LINK_CLOSED', (link) => (link.send(versions, certs.subarray(0, 100)), link.end())],
    ['resets while it is read from', 'LINK_CLOSED', (link) => link.breakReadable(new Error('reset'))],
    ['resets while it is written to', 'LINK_CLOSED', (link) => link.breakWritable(new Error('reset'))],
    ['speaks HTTP', 'LINK_PROTOCOL', (link) => link.send(latin1('HTTP/1.1 400 Bad Request\r\n\r\n'))],
    ['has no version in common', 'LINK_VERSION', (link) => link.send(encodeVersions([3]))],
    ['shows no certificates', 'LINK_PROTOCOL', (link) => link.send(versions, authChallenge, netinfo)],
    ['shows its certificates twice', 'LINK_PROTOCOL', (link) => link.send(versions, certs, certs)],
    [
      'shows certificates that prove nothing',
      'LINK_CERTS',
      (link) => link.send(versions, encodeCell(0, CellCommand.CERTS, hex('00'))),
    ],
    [
      'sends cells of circuits before it is ready',
      'LINK_PROTOCOL',
      (link) => link.send(versions, encodeCell(1, CellCommand.RELAY, hex('00'))),
    ],
    [
      'sends PADDING before it is ready',
      'LINK_PROTOCOL',
      (link) => link.send(versions, encodeCell(0, CellCommand.PADDING, hex('00'))),
    ],
  ]
  for (const [what, code, act] of failures) {
    it(`because it ${what} is left with ${code}, and nothing stays open`, async () => {
      const link = new ScriptedLink()
      const { clock, channel } = connecting(new ScriptedTransport(link))
      await link.untilWrites(1)
      act(link)
      await expectRejection(channel, code)
      await settle()
      expect(clock.timers).to.equal(0)
      for (const stream of [link.readable, link.writable]) expect(stream.locked).to.equal(true)
      const broke = what.startsWith('resets') || what.startsWith('closes')
      if (!broke) expect(link.isOver).to.equal(true)
    })
  }

  it('because its TLS certificate is another is left with LINK_CERTS', async () => {
    const link = new ScriptedLink(hex('3000'))
    const { channel } = connecting(new ScriptedTransport(link))
    link.send(handshakeBytes())
    await expectRejection(channel, 'LINK_CERTS')
    await settle()
    expect(link.isOver).to.equal(true)
  })

  it('because it is another relay is left with LINK_IDENTITY, and not sought at its other addresses', async () => {
    const link = new ScriptedLink()
    const transport = new ScriptedTransport(link, new ScriptedLink())
    const { channel } = connecting(transport, { relay: { ...twoAddresses, ed25519Identity: new Uint8Array(32) } })
    link.send(handshakeBytes())
    await expectRejection(channel, 'LINK_IDENTITY')
    await settle()
    expect(link.isOver).to.equal(true)
    expect(transport.dialled).to.have.length(1)
  })

  for (const [stage, parts] of [
    ['after TLS', []],
    ['after VERSIONS', [versions]],
    ['within CERTS', [versions, certs.subarray(0, 700)]],
    ['before NETINFO', [versions, certs, authChallenge]],
  ] as const) {
    it(`because it stalls ${stage} is left with LINK_TIMEOUT in time`, async () => {
      const link = new ScriptedLink()
      const { channel, clock } = connecting(new ScriptedTransport(link))
      if (parts.length > 0) link.send(...parts)
      await settle()
      clock.advance(9999)
      await settle()
      expect(link.aborted).to.equal(undefined)
      clock.advance(1)
      await expectRejection(channel, 'LINK_TIMEOUT')
      await settle()
      expect(link.isOver).to.equal(true)
      expect(clock.timers).to.equal(0)
    })

    it(`because the signal aborts ${stage} is left with ABORTED at once`, async () => {
      const link = new ScriptedLink()
      const controller = new AbortController()
      const { channel, clock } = connecting(new ScriptedTransport(link), { signal: controller.signal })
      if (parts.length > 0) link.send(...parts)
      await settle()
      const reason = new Error('no more')
      controller.abort(reason)
      expect((await expectRejection(channel, 'ABORTED')).cause).to.equal(reason)
      await settle()
      expect(link.isOver).to.equal(true)
      expect(clock.timers).to.equal(0)
    })
  }

  it('because nothing answers is left with LINK_TIMEOUT, and the transport is told', async () => {
    const transport = new ScriptedTransport('never')
    const { channel, clock } = connecting(transport, { timeout: 50 })
    await settle()
    clock.advance(50)
    await expectRejection(channel, 'LINK_TIMEOUT')
    expect(transport.signals[0]?.aborted).to.equal(true)
    expect(clock.timers).to.equal(0)
  })

  it('because the signal has aborted already is left with ABORTED', async () => {
    const link = new ScriptedLink()
    const { channel, clock } = connecting(new ScriptedTransport(link), { signal: AbortSignal.abort('why') })
    expect((await expectRejection(channel, 'ABORTED')).cause).to.equal('why')
    await settle()
    expect(link.cancelled).not.to.equal(undefined)
    expect(link.aborted).not.to.equal(undefined)
    expect(clock.timers).to.equal(0)
  })

  it('because the signal aborts while it is dialled is left with ABORTED, and its other addresses are left alone', async () => {
    const transport = new ScriptedTransport('never', new ScriptedLink())
    const controller = new AbortController()
    const { channel } = connecting(transport, { signal: controller.signal, relay: twoAddresses })
    await settle()
    controller.abort()
    await expectRejection(channel, 'ABORTED')
    expect(transport.dialled).to.have.length(1)
  })

  it('in time has its link closed when the transport brings it late', async () => {
    const link = new ScriptedLink()
    let bring!: (link: Link) => void
    const { channel, clock } = connecting({ connect: () => new Promise<Link>((resolve) => (bring = resolve)) })
    await settle()
    clock.advance(10_000)
    await expectRejection(channel, 'LINK_TIMEOUT')
    bring(link)
    await settle()
    expect(link.isOver).to.equal(true)
  })
})
