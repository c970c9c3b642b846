import { expect } from 'chai'
import { bytePortOf, lendPorts, type BytePort, type PortSource } from '../../../lib/base/streams/byte-port.ts'
import { streamsOver } from '../../../lib/base/streams/port-streams.ts'
import { connected, rejection } from '../../stream/support/stream-fixture.ts'
import { turn } from '../../support/turn.ts'

/** Two ends of a connection in memory. */
function connection(): { readonly near: PortSource; readonly far: PortSource } {
  const up = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>()
  const down = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>()
  return {
    near: { readable: down.readable, writable: up.writable },
    far: { readable: up.readable, writable: down.writable },
  }
}

const far = ({ far }: ReturnType<typeof connection>): WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>> =>
  (far.writable as WritableStream<Uint8Array<ArrayBuffer>>).getWriter()

describe('A byte port', () => {
  it('of a pair of streams is the same pair, locked', async () => {
    const both = connection()
    const port = bytePortOf(both.near)
    const peer = bytePortOf(both.far)
    expect([both.near.readable.locked, both.near.writable.locked]).to.deep.equal([true, true])
    const written = port.write(Uint8Array.of(1, 2))
    expect(await peer.read()).to.deep.equal(Uint8Array.of(1, 2))
    await written
    const ended = port.end()
    expect(await peer.read()).to.equal(undefined)
    await ended
  })

  it('cannot be had of a pair that is locked, or of none', () => {
    const { near } = connection()
    near.readable.getReader()
    expect(() => bytePortOf(near)).to.throw(TypeError)
    expect(() => bytePortOf({} as PortSource)).to.throw(TypeError)
  })

  it('passes over chunks without bytes', async () => {
    const both = connection()
    const writer = far(both)
    void writer.write(new Uint8Array(0))
    void writer.write(Uint8Array.of(3))
    expect(await bytePortOf(both.near).read()).to.deep.equal(Uint8Array.of(3))
  })

  it('tells of a failure of each direction, though nobody reads or writes, and rejects with it', async () => {
    const both = connection()
    const port = bytePortOf(both.near)
    const reason = new Error('broken')
    await Promise.all([both.far.readable.cancel(reason), both.far.writable.abort(reason)])
    for (const told of [port.readClosed, port.writeClosed]) expect((await told)?.()).to.equal(reason)
    for (const told of [port.read(), port.write(Uint8Array.of(1))]) expect(await rejection(told)).to.equal(reason)
  })

  it('tells that all was read, and that it was cancelled', async () => {
    const ending = connection()
    const port = bytePortOf(ending.near)
    await far(ending).close()
    expect(await port.readClosed).to.equal(undefined)
    const cancelled = bytePortOf(connection().near)
    cancelled.cancel()
    expect(await cancelled.readClosed).to.equal(undefined)
  })

  it('ends a read that waits when it is cancelled, and rejects a write that waits when it is aborted', async () => {
    const both = connection()
    const port = bytePortOf(both.near)
    const read = port.read()
    const write = rejection(port.write(Uint8Array.of(1)))
    port.cancel()
    port.abort('enough')
    expect(await read).to.equal(undefined)
    expect(await write).to.equal('enough')
  })

  it('ends behind a write that waits', async () => {
    const both = connection()
    const port = bytePortOf(both.near)
    const write = port.write(Uint8Array.of(4))
    const ended = port.end()
    const peer = bytePortOf(both.far)
    expect(await peer.read()).to.deep.equal(Uint8Array.of(4))
    expect(await peer.read()).to.equal(undefined)
    await Promise.all([write, ended])
  })

  it('is lent by what has one below its streams, and made of the streams where that lends none', () => {
    const lent = bytePortOf(connection().near)
    class Socket implements PortSource {
      readonly readable = new ReadableStream<Uint8Array>()
      readonly writable = new WritableStream<Uint8Array>()
      port: BytePort | undefined = lent
    }
    lendPorts(Socket.prototype, (socket) => socket.port)
    const socket = new Socket()
    expect(bytePortOf(socket)).to.equal(lent)
    expect(socket.readable.locked).to.equal(false)
    socket.port = undefined
    expect(bytePortOf(socket)).not.to.equal(lent)
    expect(socket.readable.locked).to.equal(true)
    expect(Object.keys(Socket.prototype)).to.deep.equal([])
  })
})

describe('Streams over a byte port', () => {
  it('lose nothing of what was read when the port fails behind it', async () => {
    const both = connection()
    const { readable } = streamsOver(bytePortOf(both.near))
    const reader = readable.getReader()
    const first = reader.read()
    await turn(1) // it reaches the port
    reader.releaseLock() // what comes is for the next reader
    await rejection(first)
    const writer = far(both)
    await writer.write(Uint8Array.of(5))
    await writer.abort('broken')
    await turn(2)
    const next = readable.getReader()
    expect((await next.read()).value).to.deep.equal(Uint8Array.of(5))
    expect(await rejection(next.read())).to.equal('broken')
  })

  it('tell of a failure that came with the last bytes, once these were taken, though nobody reads on', async () => {
    const { circuit, socket } = connected()
    const { readable } = streamsOver(bytePortOf(socket))
    circuit.data(Uint8Array.of(6))
    circuit.die()
    const reader = readable.getReader()
    const told = rejection(reader.closed)
    expect((await reader.read()).value).to.deep.equal(Uint8Array.of(6))
    expect(await told).to.have.property('code', 'CIRCUIT_DESTROYED')
  })

  it('read nothing that nobody asks for', async () => {
    let reads = 0
    const port: BytePort = {
      read() {
        reads++
        return Promise.resolve(Uint8Array.of(reads))
      },
      cancel: () => undefined,
      write: () => Promise.resolve(),
      end: () => Promise.resolve(),
      abort: () => undefined,
      readClosed: new Promise(() => undefined),
      writeClosed: new Promise(() => undefined),
    }
    const { readable } = streamsOver(port)
    await turn(2)
    expect(reads).to.equal(0)
    await readable.getReader().read()
    await turn(2)
    expect(reads).to.equal(1)
  })
})
