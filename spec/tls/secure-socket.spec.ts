import { expect } from 'chai'
import { SocketError } from '../../lib/base/errors.ts'
import type { TlsAdapter, TlsConnection } from '../../lib/platform/tls/tls-adapter.ts'
import { SecureSocket } from '../../lib/tls/secure-socket.ts'
import { unlessEngineLacks } from '../support/engines.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { turn } from '../support/turn.ts'
import { socketCodeOf as codeOf } from '../support/failures.ts'

interface StreamFixture {
  readonly socket: SecureSocket<{ readonly ttl: number }>
  readonly clock: FakeClock
  /** What was called on the socket below and on the TLS connection. */
  readonly log: string[]
  /** What was written inside TLS. */
  readonly written: Uint8Array[]
  readonly inside: ReadableStreamDefaultController<Uint8Array>
  readonly signal: () => AbortSignal
  open(): void
  breakBelow(error: unknown): void
  finish(): void
  fail(error: unknown): void
}

interface FixtureOptions {
  readonly endOnClose?: boolean
  /** The readable is a byte stream. */
  readonly bytes?: boolean
  /** What closing the TLS writable does. */
  readonly end?: () => Promise<void>
}

/** TLS whose handshake and bytes are the spec's. */
function fixture({
  endOnClose = false,
  bytes = false,
  end = async () => undefined,
}: FixtureOptions = {}): StreamFixture {
  const log: string[] = []
  const written: Uint8Array[] = []
  const clock = new FakeClock()
  let inside!: ReadableStreamDefaultController<Uint8Array>
  let open!: () => void
  let breakBelow!: (error: unknown) => void
  let finish!: () => void
  let fail!: (error: unknown) => void
  let signal!: AbortSignal
  const opened = new Promise<{ ttl: number }>((resolve) => {
    open = () => resolve({ ttl: 60 })
  })
  const closed = new Promise<void>((_, reject) => {
    breakBelow = reject
  })
  closed.catch(() => undefined)
  const connection: TlsConnection = {
    readable: new ReadableStream(
      {
        start(controller) {
          inside = controller
        },
        cancel() {
          log.push('cancel')
        },
      },
      { highWaterMark: 0 },
    ),
    writable: new WritableStream({
      write(bytes) {
        written.push(new Uint8Array(bytes))
      },
      close() {
        log.push('close_notify')
        return end()
      },
    }),
    alpn: 'h9',
  }
  const adapter: TlsAdapter = {
    secure: (_, request) =>
      new Promise((resolve, reject) => {
        signal = request.signal
        finish = () => resolve(connection)
        fail = reject
      }),
  }
  const below = {
    readable: new ReadableStream<Uint8Array>(),
    writable: new WritableStream<BufferSource>(),
    opened,
    closed,
    async close() {
      log.push('close below')
    },
  }
  const socket = new SecureSocket(below, {
    serverName: 'target.test',
    alpn: [],
    ca: undefined,
    adapter,
    streams: { ReadableStream, WritableStream },
    readableType: bytes ? 'bytes' : 'default',
    endOnClose,
    linger: 10_000,
    clock,
  })
  return { socket, clock, log, written, inside, signal: () => signal, open, breakBelow, finish, fail }
}

const isPending = async (promise: Promise<unknown>): Promise<boolean> => {
  let pending = true
  const settle = (): void => {
    pending = false
  }
  promise.then(settle, settle)
  await turn(2)
  return pending
}

describe('A secure socket', () => {
  it('opens when both the socket below and the handshake have', async () => {
    for (const [first, second] of [
      ['open', 'finish'],
      ['finish', 'open'],
    ] as const) {
      const made = fixture()
      made[first]()
      expect(await isPending(made.socket.opened)).to.equal(true)
      made[second]()
      expect(await made.socket.opened).to.deep.equal({ ttl: 60, alpn: 'h9' })
    }
  })

  it('holds what is written until the handshake is over', async () => {
    const { socket, written, open, finish } = fixture()
    const writer = socket.writable.getWriter()
    const write = writer.write(Uint8Array.of(1, 2))
    open()
    expect(await isPending(write)).to.equal(true)
    expect(written).to.deep.equal([])
    finish()
    await write
    await writer.write(Uint8Array.of(3, 4).buffer)
    await writer.write(new DataView(Uint8Array.of(0, 5, 0).buffer, 1, 1))
    expect(written.flatMap((bytes) => [...bytes])).to.deep.equal([1, 2, 3, 4, 5])
  })

  it('hands on chunks of their own, and no empty ones', async () => {
    const { socket, inside, open, finish } = fixture()
    open()
    finish()
    const pool = new Uint8Array(100)
    inside.enqueue(pool.subarray(0, 0))
    inside.enqueue(pool.subarray(10, 13))
    const { value } = await socket.readable.getReader().read()
    expect([value?.length, value?.buffer.byteLength]).to.deep.equal([3, 3])
  })

  it('reads nothing ahead', async () => {
    const { socket, inside, open, finish } = fixture()
    open()
    finish()
    inside.enqueue(Uint8Array.of(1))
    inside.enqueue(Uint8Array.of(2))
    await socket.readable.getReader().read()
    await turn(3)
    expect(inside.desiredSize).to.equal(-1)
  })

  it('keeps its end back until the answer was read', async () => {
    const { socket, inside, log, open, finish } = fixture()
    open()
    finish()
    await socket.writable.close()
    expect(log).to.deep.equal([])
    inside.close()
    expect((await socket.readable.getReader().read()).done).to.equal(true)
    await socket.closed
    await turn(2)
    expect(log).to.deep.equal(['close_notify', 'close below'])
  })

  it('tells its end at once when asked to', async () => {
    const { socket, log, open, finish } = fixture({ endOnClose: true })
    open()
    finish()
    await socket.writable.close()
    expect(log).to.deep.equal(['close_notify'])
  })

  it('closes the socket below also when the end of TLS does not leave', async () => {
    const { socket, clock, log, open, finish } = fixture({ end: () => new Promise(() => undefined) })
    open()
    finish()
    await socket.opened
    await socket.close()
    await turn(2)
    expect(log).to.deep.equal(['close_notify'])
    clock.advance(5_000)
    expect(log).to.deep.equal(['close_notify', 'close below'])
    expect(clock.timers).to.equal(0)
  })

  it('can be closed before the handshake is over, and gives the handshake up', async () => {
    const { socket, signal, log, clock } = fixture()
    const write = socket.writable.getWriter().write(Uint8Array.of(1))
    write.catch(() => undefined)
    const read = socket.readable.getReader().read()
    await socket.close('enough')
    expect((await read).done).to.equal(true)
    expect(await codeOf(socket.opened)).to.equal('CLOSED')
    await turn(2)
    expect([signal().aborted, log, clock.timers]).to.deep.equal([true, ['close below'], 0])
  })

  it('fails in every part when the handshake does', async () => {
    const { socket, fail, open, log } = fixture()
    const writer = socket.writable.getWriter()
    const write = writer.write(Uint8Array.of(1))
    const read = socket.readable.getReader().read()
    const ends = [socket.opened, socket.closed, write, writer.closed, read].map(codeOf)
    open()
    fail(new SocketError('TLS_CERTIFICATE', 'no'))
    expect(await Promise.all(ends)).to.deep.equal(Array.from(ends, () => 'TLS_CERTIFICATE'))
    expect(log).to.deep.equal(['close below'])
  })

  it('finds the failure of the socket below behind what an adapter says', async () => {
    const { socket, fail } = fixture()
    fail(new Error('handshake failed', { cause: new Error('read', { cause: new SocketError('END_TIMEOUT', 'late') }) }))
    expect(await codeOf(socket.opened)).to.equal('END_TIMEOUT')
  })

  it('calls any other failure TLS_FAILED, whatever it is', async () => {
    for (const reason of [undefined, null, 'words', new Error('words')]) {
      const { socket, fail } = fixture()
      fail(reason)
      expect(await codeOf(socket.closed)).to.equal('TLS_FAILED')
    }
  })

  it('delivers what has arrived when the socket below breaks, and tells closed at once', async () => {
    const { socket, inside, breakBelow, open, finish } = fixture()
    open()
    finish()
    await socket.opened
    inside.enqueue(Uint8Array.of(7))
    breakBelow(new SocketError('CIRCUIT_DESTROYED', 'gone'))
    expect(await codeOf(socket.closed)).to.equal('CIRCUIT_DESTROYED')
    const reader = socket.readable.getReader()
    expect([...((await reader.read()).value ?? [])]).to.deep.equal([7])
    inside.error(new SocketError('CIRCUIT_DESTROYED', 'gone'))
    expect(await codeOf(reader.read())).to.equal('CIRCUIT_DESTROYED')
  })

  it('goes on taking what comes after its readable was cancelled, to see the end', async () => {
    const { socket, inside, open, finish } = fixture()
    open()
    finish()
    await socket.readable.cancel()
    inside.enqueue(Uint8Array.of(1))
    inside.enqueue(Uint8Array.of(2))
    inside.close()
    await socket.closed
    expect(await codeOf(socket.writable.getWriter().closed)).to.equal('ENDED')
  })

  it('ends when its readable was cancelled and nothing has been written for a while', async () => {
    const { socket, clock, log, open, finish } = fixture()
    await socket.readable.cancel()
    open()
    clock.advance(20_000)
    expect(await isPending(socket.closed)).to.equal(true)
    finish()
    await socket.opened
    clock.advance(6_000)
    const writer = socket.writable.getWriter()
    await writer.write(Uint8Array.of(1))
    clock.advance(6_000)
    expect(await isPending(socket.closed)).to.equal(true)
    clock.advance(4_000)
    await socket.closed
    await turn(2)
    expect(log).to.deep.equal(['close_notify', 'close below'])
    expect(clock.timers).to.equal(0)
  })

  it('errors its readable when its writable is aborted', async () => {
    const { socket, open, finish, log } = fixture()
    open()
    finish()
    const read = socket.readable.getReader().read()
    await socket.writable.abort('why not')
    expect(await codeOf(read)).to.equal('ABORTED')
    expect(await codeOf(socket.closed)).to.equal('ABORTED')
    expect(log).to.deep.equal(['close below'])
  })

  for (const how of ['close()', 'the end of the server'] as const) {
    unlessEngineLacks('byte streams').it(
      `is over after ${how} although an odd byte waits in a view of two bytes an element, which cannot be delivered`,
      async () => {
        const { socket, inside, log, open, finish } = fixture({ bytes: true })
        open()
        finish()
        await socket.opened
        const read = socket.readable
          .getReader({ mode: 'byob' })
          .read(new Uint16Array(4))
          .catch((error: unknown) => error)
        await turn()
        inside.enqueue(Uint8Array.of(7))
        await turn(2)
        if (how === 'close()') void socket.close()
        else inside.close()
        await turn(2)
        expect(await read).to.be.instanceOf(TypeError)
        expect(await isPending(socket.closed)).to.equal(false)
        await socket.closed
        expect(log.filter((each) => each === 'close below')).to.have.lengthOf(1)
      },
    )
  }
})
