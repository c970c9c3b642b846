/**
 * How a stream opens, and what CONNECTED may say.
 */
import { expect } from 'chai'
import { RelayCommand } from '../../lib/cell/commands.ts'
import { encodeConnected } from '../../lib/cell/relay/connected.ts'
import { SocketError, TorError } from '../../lib/base/errors.ts'
import type { AddressFamily } from '../../lib/stream/options.ts'
import { TorStream } from '../../lib/stream/tor-stream.ts'
import { hex, thrownBy } from '../cell/support/bytes.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { turn } from '../support/turn.ts'
import { FakeCircuit } from './support/fake-circuit.ts'
import { codeOf, connected, connecting, pattern, rejection } from './support/stream-fixture.ts'
import { Watch } from './support/watch.ts'

const { BEGIN, CONNECTED, DATA, END, SENDME, RESOLVED, XON, XOFF } = RelayCommand

describe('a stream that opens', () => {
  it('is there at once, pending, with both sides', () => {
    const { socket, circuit } = connecting({ open: false })
    expect(circuit.pending).to.equal(1)
    expect(socket.readable.locked).to.equal(false)
    expect(socket.writable.locked).to.equal(false)
    expect(socket.upgraded).to.equal(false)
    expect(socket.secureTransport).to.equal('off')
    expect(socket.windows).to.deep.equal({ package: 500, deliver: 500 })
  })

  it('gives the same streams and promises each time', () => {
    const { socket } = connecting()
    for (const name of ['readable', 'writable', 'opened', 'closed'] as const)
      expect(socket[name], name).to.equal(socket[name])
  })

  it('has no startTls', () => {
    const error = thrownBy(() => connecting().socket.startTls())
    expect(error).to.be.instanceOf(SocketError).and.to.include({ code: 'TLS_UNSUPPORTED' })
  })

  const forms: readonly (readonly [
    what: string,
    body: string,
    remoteAddress: string | undefined,
    ttl: number | undefined,
  ])[] = [
    ['nothing', '', undefined, undefined],
    ['an IPv4 address and a TTL', 'c0000201 0000003c', '192.0.2.1:80', 60],
    ['an IPv4 address alone', 'c0000201', '192.0.2.1:80', undefined],
    ['an IPv4 address and half a TTL', 'c0000201 0000', '192.0.2.1:80', undefined],
    ['an IPv4 address and a TTL beyond its limit', 'c0000201 80000000', '192.0.2.1:80', undefined],
    ['an IPv4 address and more than a TTL', 'c0000201 00000000 ffff', '192.0.2.1:80', 0],
    ['an IPv6 address and a TTL', '00000000 06 20010db8000000000000000000000001 0000003c', '[2001:db8::1]:80', 60],
    [
      'an IPv6 address and a TTL that is none',
      '00000000 06 20010db8000000000000000000000001 ffffffff',
      '[2001:db8::1]:80',
      undefined,
    ],
  ]
  for (const [what, body, remoteAddress, ttl] of forms) {
    it(`opens with CONNECTED that says ${what}`, async () => {
      const { circuit, clock, socket } = connecting()
      circuit.deliver(1, [CONNECTED, hex(body)])
      expect(await socket.opened).to.deep.equal({
        remoteAddress,
        localAddress: undefined,
        alpn: undefined,
        ttl,
        flowControl: 'windows',
      })
      expect(clock.timers).to.equal(0)
    })
  }

  const malformed = [
    '00',
    'c00002',
    '00000000',
    '00000000 04 7f000001 00000000',
    '00000000 06 2001',
    '00000000 06 20010db8000000000000000000000001 00',
  ]
  it('ends when CONNECTED is malformed, and the circuit goes on', async () => {
    for (const body of malformed) {
      const { circuit, clock, socket } = connecting()
      circuit.deliver(1, [CONNECTED, hex(body)])
      const error = await rejection(socket.opened)
      expect(error, body).to.be.instanceOf(SocketError).and.to.include({ code: 'CELL_MALFORMED' })
      expect((error as SocketError).cause).to.be.instanceOf(TorError)
      expect(await rejection(socket.closed)).to.equal(error)
      expect(await rejection(socket.readable.getReader().read())).to.equal(error)
      expect(await rejection(socket.writable.getWriter().closed)).to.equal(error)
      expect(circuit.commands).to.deep.equal([BEGIN, END])
      expect(circuit.endpoints.get(1)?.state, 'what may still come').to.equal('ended-open')
      expect(clock.timers).to.equal(0)
      // Another stream of the circuit works as before.
      const other = new TorStream(circuit, 'example.com:81', { clock: new FakeClock() })
      circuit.connect({}, 2)
      await other.opened
    }
  })

  const internal = [
    '10.0.0.1',
    '127.0.0.1',
    '172.16.5.4',
    '192.168.1.1',
    '169.254.0.1',
    '100.64.0.1',
    '0.1.2.3',
    '::1',
    'fc00::1',
    'fe80::1',
    '::ffff:10.0.0.1',
  ]
  it('ends with ADDRESS_REFUSED when the exit connected to an internal address, unless that is allowed', async () => {
    for (const address of internal) {
      const { circuit, socket } = connecting()
      circuit.connect({ address, ttl: 60 })
      expect(await rejection(socket.opened), address)
        .to.be.instanceOf(SocketError)
        .and.to.include({ code: 'ADDRESS_REFUSED', address, ttl: 60 })
      expect(circuit.commands).to.deep.equal([BEGIN, END])

      const allowed = connecting({ rejectInternalAddresses: false })
      allowed.circuit.connect({ address, ttl: 60 })
      expect((await allowed.socket.opened).remoteAddress).to.contain(address)
    }
  })

  it('ends with ADDRESS_REFUSED when the exit connected to a family that was not asked for', async () => {
    const ipv4 = '192.0.2.1'
    const ipv6 = '2001:db8::1'
    const accepted: readonly (readonly [AddressFamily, address: string, boolean])[] = [
      ['any', ipv4, true],
      ['any', ipv6, true],
      ['prefer-ipv6', ipv4, true],
      ['prefer-ipv6', ipv6, true],
      ['ipv4', ipv4, true],
      ['ipv4', ipv6, false],
      ['ipv6', ipv4, false],
      ['ipv6', ipv6, true],
    ]
    for (const [addressFamily, address, fine] of accepted) {
      const { circuit, socket } = connecting({ addressFamily })
      circuit.connect({ address })
      const outcome = await socket.opened.then(
        () => 'opened',
        (error: unknown) => (error as SocketError).code,
      )
      expect(outcome, `${addressFamily} ${address}`).to.equal(fine ? 'opened' : 'ADDRESS_REFUSED')
    }
  })

  it('ends with ADDRESS_REFUSED when the exit was to connect to an address, and says it is one of the other kind', async () => {
    for (const [target, address] of [
      ['203.0.113.1:80', '2001:db8::1'],
      ['[2001:db8::1]:80', '203.0.113.1'],
    ] as const) {
      const circuit = new FakeCircuit()
      const socket = new TorStream(circuit, target, { clock: new FakeClock() })
      circuit.connect({ address })
      expect(await rejection(socket.opened), target).to.include({ code: 'ADDRESS_REFUSED', address })
    }
  })

  it('does not look into the CONNECTED of a directory', async () => {
    for (const body of ['', '00', '7f000001 00000000']) {
      const circuit = new FakeCircuit()
      const socket = new TorStream(circuit, 'directory', { clock: new FakeClock() })
      circuit.deliver(1, [CONNECTED, hex(body)])
      expect(await socket.opened).to.deep.equal({
        remoteAddress: undefined,
        localAddress: undefined,
        alpn: undefined,
        ttl: undefined,
        flowControl: 'windows',
      })
    }
  })

  it('takes whatever else comes before CONNECTED for a violation', async () => {
    for (const command of [BEGIN, DATA, SENDME, RESOLVED, XON, XOFF]) {
      const { circuit, socket } = connecting()
      expect(thrownBy(() => circuit.deliver(1, [command]))).to.include({ code: 'CIRCUIT_PROTOCOL' })
      expect(await codeOf(socket.opened)).to.equal('CIRCUIT_PROTOCOL')
    }
  })

  it('takes a second CONNECTED, a RESOLVED and flow control of another kind for a violation', async () => {
    for (const command of [BEGIN, CONNECTED, RESOLVED, XON, XOFF]) {
      const { circuit, socket } = connected()
      expect(thrownBy(() => circuit.deliver(1, [command, encodeConnected()]))).to.include({ code: 'CIRCUIT_PROTOCOL' })
      expect(await codeOf(socket.closed)).to.equal('CIRCUIT_PROTOCOL')
      expect(await codeOf(socket.readable.getReader().read())).to.equal('CIRCUIT_PROTOCOL')
    }
  })

  it('fails with CIRCUIT_FULL, or whatever the circuit says, when there is no place for it', async () => {
    const circuit = new FakeCircuit()
    const cause = new TorError('CIRCUIT_FULL', 'no stream id is left')
    circuit.die(cause)
    const socket = new TorStream(circuit, 'example.com:80')
    const error = await rejection(socket.opened)
    expect(error).to.be.instanceOf(SocketError).and.to.include({ code: 'CIRCUIT_FULL', cause })
    expect(await rejection(socket.closed)).to.equal(error)
    expect(await rejection(socket.readable.getReader().read())).to.equal(error)
    expect(await rejection(socket.writable.getWriter().write(pattern(1)))).to.equal(error)
    expect(circuit.sent).to.deep.equal([])
  })
})

describe('the timeout of a stream', () => {
  it('runs from the BEGIN on, not while the circuit is built', async () => {
    const { circuit, clock, socket } = connecting({ open: false, timeout: 1000 })
    const watch = new Watch()
    void watch.add('opened', socket.opened)
    clock.advance(100_000)
    circuit.open()
    clock.advance(999)
    await turn()
    expect(watch.word('opened')).to.equal('pending')
    clock.advance(1)
    expect(await codeOf(socket.opened)).to.equal('TIMEOUT')
    expect(circuit.commands).to.deep.equal([BEGIN, END])
  })

  it('is 30 seconds by default', async () => {
    const { clock, socket } = connecting()
    clock.advance(29_999)
    expect(clock.timers).to.equal(1)
    clock.advance(1)
    expect(await codeOf(socket.closed)).to.equal('TIMEOUT')
    expect(clock.timers).to.equal(0)
  })

  it('is none for Infinity, and over with CONNECTED', async () => {
    expect(connecting({ timeout: Infinity }).clock.timers).to.equal(0)
    const { clock, socket } = connected({ timeout: 5 })
    clock.advance(1000)
    await turn()
    await socket.close()
    expect(clock.timers).to.equal(0)
  })

  it('rejects what waits, and bears a late CONNECTED', async () => {
    const { circuit, clock, socket } = connecting({ credit: 0 })
    const write = codeOf(socket.writable.getWriter().write(pattern(10)))
    const read = codeOf(socket.readable.getReader().read())
    await turn()
    clock.advance(30_000)
    expect([await write, await read]).to.deep.equal(['TIMEOUT', 'TIMEOUT'])
    circuit.connect()
    circuit.end(6)
    expect(circuit.endpoints.size).to.equal(0)
  })
})
