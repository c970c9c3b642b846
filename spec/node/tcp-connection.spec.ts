import { expect } from 'chai'
import { SocketError } from '../../lib/base/errors.ts'
import { CLOSE_GRACE, HELD_BACK_AT, TcpConnection, type NetSocket } from '../../lib/node/tcp-connection.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { turn } from '../support/turn.ts'

/** A socket whose network is the spec. */
class FakeNetSocket implements NetSocket {
  destroyed = false
  wasReset = false
  isPaused = false
  /** What has arrived while it was paused. */
  incoming: Uint8Array[] = []
  readonly sent: Uint8Array[] = []
  /** What `write()` says of the socket's own buffer. */
  hasRoom = true
  onSent: (() => void) | undefined
  readonly #listeners = new Map<string, (value: never) => void>()

  on(event: string, listener: (value: never) => void): void {
    this.#listeners.set(event, listener)
  }

  emit(event: string, value?: unknown): void {
    this.#listeners.get(event)?.(value as never)
  }

  pause(): void {
    this.isPaused = true
  }

  resume(): void {
    this.isPaused = false
    while (!this.isPaused && this.incoming.length > 0) this.emit('data', this.incoming.shift())
  }

  write(bytes: Uint8Array): boolean {
    this.sent.push(bytes)
    return this.hasRoom
  }

  end(callback: () => void): void {
    this.onSent = callback
  }

  destroy(): void {
    if (this.destroyed) return
    this.destroyed = true
    queueMicrotask(() => this.emit('close'))
  }

  resetAndDestroy(): void {
    this.wasReset = true
    this.destroy()
  }

  setNoDelay(): void {
    // no network
  }

  arrive(...bytes: readonly number[]): void {
    this.arriveAll(Uint8Array.from(bytes))
  }

  arriveAll(bytes: Uint8Array): void {
    if (this.isPaused) this.incoming.push(bytes)
    else this.emit('data', bytes)
  }
}

describe('A TCP connection as streams', () => {
  let socket: FakeNetSocket
  let clock: FakeClock
  let connection: TcpConnection

  beforeEach(() => {
    socket = new FakeNetSocket()
    clock = new FakeClock()
    connection = new TcpConnection(socket, { halfOpenTimeout: 60_000, clock })
  })

  const isSettled = async (promise: Promise<unknown>): Promise<boolean> => {
    let settled = false
    const mark = (): void => {
      settled = true
    }
    promise.then(mark, mark)
    await turn(2)
    return settled
  }

  it('holds the socket back when much waits that nobody asks for, until all that was read', async () => {
    socket.arriveAll(new Uint8Array(HELD_BACK_AT - 1))
    expect(socket.isPaused).to.equal(false)
    socket.arrive(1)
    socket.arrive(2)
    expect([socket.isPaused, socket.incoming.length]).to.deep.equal([true, 1])
    const reader = connection.readable.getReader()
    expect((await reader.read()).value).to.have.lengthOf(HELD_BACK_AT)
    expect(socket.isPaused).to.equal(false)
    expect((await reader.read()).value).to.deep.equal(Uint8Array.of(2))
  })

  it('gives what has arrived between two reads in one piece', async () => {
    for (const byte of [1, 2, 3]) socket.arrive(byte)
    expect((await connection.readable.getReader().read()).value).to.deep.equal(Uint8Array.of(1, 2, 3))
  })

  it('gives what has arrived before the end, although the socket is gone meanwhile', async () => {
    socket.arrive(1)
    const closing = connection.writable.getWriter().close()
    await turn()
    socket.emit('end')
    socket.onSent?.()
    await closing
    socket.destroy()
    await connection.closed
    const reader = connection.readable.getReader()
    expect((await reader.read()).value).to.deep.equal(Uint8Array.of(1))
    expect((await reader.read()).done).to.equal(true)
    expect(clock.timers).to.equal(0)
  })

  it('has no end before what came ahead of it was read', async () => {
    const reader = connection.readable.getReader()
    socket.arrive(1)
    socket.emit('end')
    expect([await isSettled(reader.closed), clock.timers]).to.deep.equal([false, 0])
    expect((await reader.read()).value).to.deep.equal(Uint8Array.of(1))
    await reader.closed
    expect(clock.timers).to.equal(1)
  })

  it('answers a read when bytes arrive', async () => {
    const read = connection.readable.getReader().read()
    expect(await isSettled(read)).to.equal(false)
    socket.arrive(7)
    expect((await read).value).to.deep.equal(Uint8Array.of(7))
  })

  it('lets a write last until the socket has room', async () => {
    const writer = connection.writable.getWriter()
    await writer.write(Uint8Array.of(1))
    socket.hasRoom = false
    const second = writer.write(Uint8Array.of(2))
    const third = writer.write(Uint8Array.of(3))
    expect(await isSettled(second)).to.equal(false)
    expect(socket.sent).to.have.lengthOf(2)
    socket.hasRoom = true
    socket.emit('drain')
    await Promise.all([second, third])
    expect(socket.sent).to.have.lengthOf(3)
  })

  it('ends the readable when the client ends, and goes on writing', async () => {
    const reader = connection.readable.getReader()
    const read = reader.read()
    socket.emit('end')
    expect((await read).done).to.equal(true)
    await connection.writable.getWriter().write(Uint8Array.of(1))
    expect(socket.destroyed).to.equal(false)
  })

  it('is gone, without a reset, when both sides have ended', async () => {
    for (const first of ['client', 'proxy'] as const) {
      socket = new FakeNetSocket()
      connection = new TcpConnection(socket, { halfOpenTimeout: 60_000, clock })
      if (first === 'client') socket.emit('end')
      const closing = connection.writable.getWriter().close()
      await turn()
      socket.onSent?.()
      await closing
      if (first === 'proxy') {
        expect(socket.destroyed).to.equal(false)
        socket.emit('end')
      }
      await connection.closed
      expect(socket.wasReset).to.equal(false)
      expect(clock.timers).to.equal(0)
    }
  })

  it('drops what still comes after its readable was cancelled, so that the end can come', async () => {
    await connection.readable.cancel()
    socket.arriveAll(new Uint8Array(HELD_BACK_AT))
    socket.arrive(2)
    expect([socket.isPaused, socket.incoming.length]).to.deep.equal([false, 0])
  })

  it('lets go of a socket that is held back when its readable is cancelled', async () => {
    socket.arriveAll(new Uint8Array(HELD_BACK_AT))
    socket.arrive(2)
    expect(socket.isPaused).to.equal(true)
    await connection.readable.cancel()
    expect([socket.isPaused, socket.incoming.length]).to.deep.equal([false, 0])
  })

  it('waits for a client that goes on sending after the end, but only for a moment', async () => {
    const closing = connection.writable.getWriter().close()
    await turn()
    socket.onSent?.()
    await closing
    clock.advance(CLOSE_GRACE - 1)
    expect(socket.destroyed).to.equal(false)
    clock.advance(1)
    await connection.closed
    expect(clock.timers).to.equal(0)
  })

  it('waits for a client that does not take the last bytes, but not for ever', async () => {
    const writer = connection.writable.getWriter()
    const closing = writer.close().catch((error: unknown) => error)
    await turn()
    clock.advance(60_000)
    expect(await closing).to.be.instanceOf(SocketError)
    await connection.closed
  })

  it('resets the connection when its writable is aborted, also while a write waits', async () => {
    for (const hasRoom of [true, false]) {
      socket = new FakeNetSocket()
      connection = new TcpConnection(socket, { halfOpenTimeout: 60_000, clock })
      socket.hasRoom = hasRoom
      const writer = connection.writable.getWriter()
      const write = writer.write(Uint8Array.of(1)).catch(() => undefined)
      await turn()
      const reason = new Error('enough')
      await writer.abort(reason)
      await write
      await connection.closed
      expect(socket.wasReset).to.equal(true)
      expect(await writer.closed.catch((error: unknown) => error)).to.equal(reason)
      expect(
        await connection.readable
          .getReader()
          .read()
          .catch((error: unknown) => error),
      ).to.have.property('code', 'CLOSED')
    }
  })

  it('fails both sides, and whatever waits, when the connection breaks', async () => {
    socket.hasRoom = false
    const writer = connection.writable.getWriter()
    const failures = [connection.readable.getReader().read(), writer.write(Uint8Array.of(1)), writer.closed].map(
      (promise) => (promise as Promise<unknown>).catch((error: unknown) => error),
    )
    await turn()
    const cause = new Error('ECONNRESET')
    socket.emit('error', cause)
    for (const failure of await Promise.all(failures)) {
      expect(failure).to.be.instanceOf(SocketError).and.to.include({ code: 'CLOSED' })
      expect(failure).to.have.nested.property('cause.original', cause)
    }
    await connection.closed
  })

  it('fails both sides when the socket is gone without a word', async () => {
    const read = connection.readable
      .getReader()
      .read()
      .catch((error: unknown) => error)
    socket.destroy()
    expect(await read).to.have.property('code', 'CLOSED')
    await connection.closed
  })

  it('has no timer while both sides are open', () => {
    expect(clock.timers).to.equal(0)
  })

  it('keeps a client that has ended its side as long as it is sent something', async () => {
    const writer = connection.writable.getWriter()
    socket.emit('end')
    for (let count = 0; count < 5; count++) {
      clock.advance(59_999)
      await writer.write(Uint8Array.of(1))
    }
    expect(socket.destroyed).to.equal(false)
    clock.advance(60_000)
    await connection.closed
    expect(clock.timers).to.equal(0)
  })

  it('keeps it for ever with Infinity', () => {
    socket = new FakeNetSocket()
    connection = new TcpConnection(socket, { halfOpenTimeout: Infinity, clock })
    socket.emit('end')
    expect(clock.timers).to.equal(0)
  })
})
