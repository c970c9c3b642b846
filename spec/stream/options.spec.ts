import { expect } from 'chai'
import { decodeBegin } from '../../lib/cell/relay/begin.ts'
import { RelayCommand } from '../../lib/cell/commands.ts'
import { SocketError } from '../../lib/base/errors.ts'
import { tlsLayer } from '../../lib/stream/tls-layer.ts'
import { resolveStreamOptions, type StreamOptions } from '../../lib/stream/options.ts'
import { duration } from '../../lib/base/checks.ts'
import { TorStream } from '../../lib/stream/tor-stream.ts'
import { hasByteStreams } from '../../lib/base/streams/readable.ts'
import { nativeStreams, type StreamConstructors } from '../../lib/base/streams/stream-constructors.ts'
import { thrownBy } from '../cell/support/bytes.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { FakeCircuit } from './support/fake-circuit.ts'

const start = (options: unknown): { circuit: FakeCircuit; create: () => TorStream } => {
  const circuit = new FakeCircuit()
  const clock = new FakeClock()
  const clocked = typeof options === 'object' && options !== null ? { clock, ...options } : options
  return { circuit, create: () => new TorStream(circuit, 'example.com:80', clocked as StreamOptions) }
}

/** Values that an option refuses. */
const BAD: Readonly<Record<string, readonly [kind: typeof TypeError | typeof RangeError, ...values: unknown[]]>> = {
  signal: [TypeError, null, {}, 'abort', new EventTarget(), new AbortController()],
  timeout: [RangeError, -1, NaN, -Infinity, '30', {}, true, 5n],
  linger: [RangeError, -1, NaN, '10', [], false],
  receiveBufferLimit: [RangeError, 0, -1, 249_000, NaN, '8388608', 9_000_000n, {}],
  optimistic: [TypeError, 'no', 0, 1, {}],
  endOnClose: [TypeError, 'yes', 0, 1],
  rejectInternalAddresses: [TypeError, 'false', 0, {}],
  addressFamily: [TypeError, null, '', 'IPv4', 4, 'toString', '__proto__', {}, Object.create(null)],
  readableType: [TypeError, null, 'byob', 'default ', 5, {}],
  streams: [
    TypeError,
    null,
    5,
    'native',
    {},
    { ReadableStream, WritableStream },
    { ReadableStream, WritableStream, TransformStream: {} },
  ],
}

describe('TorStream with a bad option', () => {
  for (const [name, [kind, ...values]] of Object.entries(BAD)) {
    it(`throws a ${kind.name} that names ${name}, and sends nothing`, () => {
      for (const value of values) {
        const { circuit, create } = start({ [name]: value })
        const error = thrownBy(create) as Error
        const told = `${typeof value}: ${error.name} ${error.message}`
        expect(error, told).to.be.instanceOf(kind)
        expect(error.message, told).to.match(new RegExp(`^Cannot use the option ${name}\\b`))
        expect(circuit.sent, told).to.deep.equal([])
        expect(circuit.endpoints.size, told).to.equal(0)
      }
    })
  }

  it('throws a TypeError for options that are no object', () => {
    for (const options of [null, 5, 'fast', true]) {
      const { circuit, create } = start(options)
      expect(create, String(options)).to.throw(TypeError, 'Cannot use the options')
      expect(circuit.sent).to.deep.equal([])
    }
  })

  it('throws a SocketError with TLS_UNSUPPORTED for TLS that nobody gave it, and sends nothing', () => {
    for (const secureTransport of ['on', 'starttls', 'ON', null, {}]) {
      const { circuit, create } = start({ secureTransport })
      const error = thrownBy(create)
      expect(error).to.be.instanceOf(SocketError)
      expect((error as SocketError).code).to.equal('TLS_UNSUPPORTED')
      expect(circuit.sent).to.deep.equal([])
    }
  })

  it('throws a TypeError for TLS of no known kind, and for what TLS cannot be made with', () => {
    const refusal = (options: object): (() => unknown) => start({ tlsLayer: tlsLayer(undefined), ...options }).create
    for (const secureTransport of ['ON', null, {}])
      expect(refusal({ secureTransport })).to.throw(TypeError, 'secureTransport')
    expect(refusal({ alpn: 'h2' })).to.throw(TypeError, 'alpn')
    expect(refusal({ alpn: [''] })).to.throw(TypeError, 'alpn')
    expect(refusal({ sni: '' })).to.throw(TypeError, 'sni')
    expect(refusal({ tls: 5 })).to.throw(TypeError, 'tls')
    expect(refusal({ tls: { ca: [5] } })).to.throw(TypeError, 'tls.ca')
    expect(refusal({ tls: { adapter: {} } })).to.throw(TypeError, 'tls.adapter')
    expect(thrownBy(refusal({ secureTransport: 'on' })))
      .to.be.instanceOf(SocketError)
      .and.to.include({ code: 'TLS_UNSUPPORTED' })
  })

  it('throws a TypeError for byte streams where the streams have none', () => {
    class NoBytes extends ReadableStream<unknown> {
      constructor(source: UnderlyingSource<unknown> = {}, strategy: QueuingStrategy<unknown> = {}) {
        if (source.type !== undefined) throw new TypeError('ReadableByteStreamController is not implemented')
        super(source, strategy)
      }
    }
    const streams = { ...nativeStreams(), ReadableStream: NoBytes } as unknown as StreamConstructors
    expect(hasByteStreams(streams)).to.equal(false)
    expect(start({ streams, readableType: 'bytes' }).create).to.throw(TypeError, 'Cannot use the option readableType')
    const { readable } = start({ streams }).create()
    expect(readable).to.be.instanceOf(NoBytes)
    expect(() => readable.getReader({ mode: 'byob' })).to.throw(TypeError)
  })
})

describe('TorStream with a signal that is aborted already', () => {
  it('is there, has failed, and has sent nothing', async () => {
    for (const open of [true, false]) {
      const circuit = new FakeCircuit({ open })
      const cause = new Error('too late')
      const socket = new TorStream(circuit, 'example.com:80', { signal: AbortSignal.abort(cause) })
      const error: unknown = await socket.opened.catch((reason: unknown) => reason)
      expect(error).to.be.instanceOf(SocketError).and.to.include({ code: 'ABORTED', cause })
      expect(await socket.closed.catch((reason: unknown) => reason)).to.equal(error)
      expect(
        await socket.readable
          .getReader()
          .read()
          .catch((reason: unknown) => reason),
      ).to.equal(error)
      expect(
        await socket.writable
          .getWriter()
          .write(new Uint8Array(1))
          .catch((reason: unknown) => reason),
      ).to.equal(error)
      expect(circuit.sent).to.deep.equal([])
      expect(circuit.pending).to.equal(0)
      circuit.open()
      expect(circuit.sent).to.deep.equal([])
    }
  })
})

describe('the options of a stream', () => {
  it('have their defaults when they are left out or undefined', () => {
    const undefinedOnes = Object.fromEntries(Object.keys(BAD).map((name) => [name, undefined]))
    for (const options of [{}, undefinedOnes]) {
      expect(resolveStreamOptions(options)).to.deep.include({
        signal: undefined,
        timeout: 30_000,
        optimistic: true,
        endOnClose: false,
        linger: 10_000,
        addressFamily: 'any',
        rejectInternalAddresses: true,
        receiveBufferLimit: 8_388_608,
        readableType: undefined,
        streams: nativeStreams(),
      })
    }
  })

  it('take allowHalfOpen, to no effect', () => {
    expect(resolveStreamOptions({ allowHalfOpen: true })).to.deep.equal(resolveStreamOptions({}))
  })

  it('set no timer for a duration that no timer can wait', () => {
    expect(duration('timeout', 2 ** 31 - 1)).to.equal(2 ** 31 - 1)
    for (const long of [2 ** 31, 1e300, Number.MAX_SAFE_INTEGER, Infinity])
      expect(duration('timeout', long)).to.equal(Infinity)
    const clock = new FakeClock()
    const circuit = new FakeCircuit()
    new TorStream(circuit, 'example.com:80', { clock, timeout: 2 ** 32 })
    expect(clock.timers).to.equal(0)
  })
})

describe('the BEGIN of a stream', () => {
  const beginOf = (address: string, options: StreamOptions): Uint8Array => {
    const circuit = new FakeCircuit()
    new TorStream(circuit, address, { clock: new FakeClock(), ...options })
    expect(circuit.commands).to.deep.equal([RelayCommand.BEGIN])
    return circuit.sent[0]?.body ?? expect.fail('nothing was sent')
  }

  it('carries the flags of each choice of addresses, and none of the reserved ones', () => {
    const flags = { 'any': 1, 'ipv4': 0, 'ipv6': 3, 'prefer-ipv6': 5 } as const
    for (const [addressFamily, expected] of Object.entries(flags) as [keyof typeof flags, number][]) {
      expect(decodeBegin(beginOf('example.com:80', { addressFamily })), addressFamily).to.deep.equal({
        host: 'example.com',
        port: 80,
        flags: expected,
      })
    }
  })

  it('leaves the flags out when there are none', () => {
    expect(new TextDecoder().decode(beginOf('Example.com:80', { addressFamily: 'ipv4' }))).to.equal('example.com:80\0')
  })

  it('has an IPv6 address in brackets, and says by itself of which kind an address is', () => {
    for (const addressFamily of ['any', 'ipv4', 'ipv6', 'prefer-ipv6'] as const) {
      expect(new TextDecoder().decode(beginOf('192.0.2.1:443', { addressFamily }))).to.equal('192.0.2.1:443\0')
      expect(new TextDecoder().decode(beginOf('[2001:DB8::1]:443', { addressFamily }))).to.equal(
        '[2001:db8::1]:443\0\0\0\0\x03',
      )
    }
  })

  it('names the port alone to an onion service', () => {
    expect(new TextDecoder().decode(beginOf('example.com:80', { namesHost: false }))).to.equal(':80\0')
  })

  it('is a BEGIN_DIR without a body for the directory', () => {
    const circuit = new FakeCircuit()
    new TorStream(circuit, 'directory', { clock: new FakeClock() })
    expect(circuit.sent.map(({ command, body }) => [command, body.length])).to.deep.equal([[RelayCommand.BEGIN_DIR, 0]])
  })
})
