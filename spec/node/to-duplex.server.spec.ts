import { once } from 'node:events'
import http from 'node:http'
import type { Duplex } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import tls from 'node:tls'
import { expect } from 'chai'
import { SocketError } from '../../lib/base/errors.ts'
import type { NodeSocketSource } from '../../lib/node/connect.ts'
import { SocketFailure } from '../../lib/node/socket-failure.ts'
import { toDuplex } from '../../lib/node/to-duplex.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { turn } from '../support/turn.ts'

interface FarSide {
  readonly socket: NodeSocketSource
  /** What the far end sends. */
  readonly send: ReadableStreamDefaultController<Uint8Array>
  /** What has been written, one entry a chunk. */
  readonly written: Uint8Array[]
  /** What became of the socket, in order. */
  readonly log: string[]
  readonly reasons: unknown[]
  open(remoteAddress?: string | null): void
  refuse(error: unknown): void
  failWrites(error: unknown): void
  /** Lets the write that waits, and later ones, go on. */
  take(): void
}

/** A WinterTC socket whose far end does what a spec says. */
function farSide({ takes = true } = {}): FarSide {
  const written: Uint8Array[] = []
  const log: string[] = []
  const reasons: unknown[] = []
  let send!: ReadableStreamDefaultController<Uint8Array>
  let writes!: WritableStreamDefaultController
  let open!: (info: { remoteAddress?: string | null }) => void
  let refuse!: (error: unknown) => void
  let release!: () => void
  const gate = takes
    ? Promise.resolve()
    : new Promise<void>((resolve) => {
        release = resolve
      })
  const opened = new Promise<{ remoteAddress?: string | null }>((resolve, reject) => {
    ;[open, refuse] = [resolve, reject]
  })
  opened.catch(() => undefined)
  const readable = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        send = controller
      },
      pull() {
        log.push('pull')
      },
      cancel(reason) {
        log.push('cancel')
        reasons.push(reason)
      },
    },
    { highWaterMark: 0 },
  )
  const writable = new WritableStream<BufferSource>({
    start(controller) {
      writes = controller
    },
    async write(chunk) {
      await gate
      written.push(new Uint8Array(chunk as Uint8Array))
    },
    close() {
      log.push('close')
    },
    abort(reason) {
      log.push('abort')
      reasons.push(reason)
    },
  })
  return {
    socket: {
      readable,
      writable,
      opened,
      async close(reason) {
        log.push('socket.close')
        reasons.push(reason)
      },
    },
    send,
    written,
    log,
    reasons,
    open: (remoteAddress = '192.0.2.7:80') => open({ remoteAddress }),
    refuse: (error) => refuse(error),
    failWrites: (error) => writes.error(error),
    take: () => release(),
  }
}

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values)
const errorOf = async (duplex: Duplex): Promise<Error & { code?: string }> => {
  const [error] = (await once(duplex, 'error')) as [Error]
  return error
}

describe('toDuplex', () => {
  describe('Bytes', () => {
    it('arrive as they are, and the end of one side is the end of both', async () => {
      const { socket, send, log } = farSide()
      const duplex = toDuplex(socket)
      const got: number[] = []
      duplex.on('data', (chunk: Uint8Array) => got.push(...chunk))
      send.enqueue(bytes(1, 2, 3))
      send.enqueue(bytes())
      send.enqueue(bytes(4))
      send.close()
      await once(duplex, 'close')
      expect(got).to.deep.equal([1, 2, 3, 4])
      expect(log).to.include('close')
      expect(duplex.bytesRead).to.equal(4)
    })

    it('leave in order, text as UTF-8', async () => {
      const { socket, written } = farSide()
      const duplex = toDuplex(socket)
      duplex.write('añ')
      duplex.write(bytes(1, 2))
      duplex.end('z')
      await once(duplex, 'finish')
      expect(written.flatMap((chunk) => [...chunk])).to.deep.equal([...new TextEncoder().encode('añ'), 1, 2, 0x7a])
      expect(duplex.bytesWritten).to.equal(6)
    })

    it('that wait leave in one turn', async () => {
      const far = farSide({ takes: false })
      const duplex = toDuplex(far.socket)
      for (const value of [1, 2, 3, 4]) duplex.write(bytes(value))
      await turn()
      expect(far.written).to.have.length(0)
      far.take()
      while (far.written.length < 4) await turn()
      expect(far.written.map((chunk) => chunk[0])).to.deep.equal([1, 2, 3, 4])
    })

    it('are not asked for ahead while nobody reads', async () => {
      const { socket, log } = farSide()
      toDuplex(socket)
      await turn(3)
      expect(log).to.deep.equal([])
    })

    it("stop coming once a cell's worth waits", async () => {
      const far = farSide()
      const duplex = toDuplex(far.socket)
      duplex.once('readable', () => undefined)
      for (let cell = 0; cell < 10; cell++) far.send.enqueue(new Uint8Array(498))
      await turn(5)
      expect(duplex.readableLength).to.be.within(498, 2 * 498)
      expect(far.send.desiredSize).to.be.at.most(-8 * 1)
    })

    it("that are written beyond a cell's worth make write() say so", async () => {
      const far = farSide({ takes: false })
      const duplex = toDuplex(far.socket)
      expect(duplex.write(new Uint8Array(497))).to.equal(true)
      expect(duplex.write(new Uint8Array(1))).to.equal(false)
      const drained = once(duplex, 'drain')
      far.take()
      await drained
    })

    it('go through a pipeline of 1 MiB', async () => {
      const far = farSide()
      const duplex = toDuplex(far.socket)
      const block = new Uint8Array(65_536).map((_, index) => index % 251)
      await pipeline(
        Array.from({ length: 16 }, () => block),
        duplex,
        { end: false },
      )
      duplex.end()
      await once(duplex, 'finish')
      expect(far.written.reduce((sum, chunk) => sum + chunk.length, 0)).to.equal(1_048_576)
    })
  })

  describe('Failures', () => {
    const failure = new SocketError('END_CONNRESET', 'reset', { reason: 12 })
    /** The code that Node's sockets have, ours beside it, and the socket's own error behind it. */
    const expectFailure = (error: Error): void => {
      expect(error).to.be.instanceOf(SocketFailure)
      expect(error).to.include({ code: 'ECONNRESET', torCode: 'END_CONNRESET', message: 'reset', cause: failure })
    }

    it('of the readable are those of both halves, with the code that Node has for them', async () => {
      const { socket, send, log } = farSide()
      const duplex = toDuplex(socket)
      duplex.resume()
      send.error(failure)
      expectFailure(await errorOf(duplex))
      expect(duplex.destroyed).to.equal(true)
      expect(duplex.writable).to.equal(false)
      expect(log).to.include.members(['abort', 'socket.close'])
    })

    it('of the writable are those of both halves, with the code that Node has for them', async () => {
      const { socket, failWrites, log } = farSide()
      const duplex = toDuplex(socket)
      duplex.resume()
      failWrites(failure)
      duplex.write('x')
      expectFailure(await errorOf(duplex))
      expect(duplex.readable).to.equal(false)
      expect(log).to.include.members(['cancel', 'socket.close'])
    })

    it('of opening come as an error, and never as an end', async () => {
      const { socket, refuse } = farSide()
      const duplex = toDuplex(socket)
      let ended = false
      duplex.on('end', () => {
        ended = true
      })
      duplex.resume()
      refuse(failure)
      expectFailure(await errorOf(duplex))
      await turn(2)
      expect(ended).to.equal(false)
      expect(duplex.connecting).to.equal(false)
    })

    it('that are no errors become the cause of one', async () => {
      const { socket, send } = farSide()
      const duplex = toDuplex(socket)
      duplex.resume()
      send.error('because')
      expect((await errorOf(duplex)).cause).to.equal('because')
    })

    it('come after what had arrived before them', async () => {
      const { socket, send } = farSide()
      const duplex = toDuplex(socket)
      const got: number[] = []
      duplex.on('data', (chunk: Uint8Array) => got.push(...chunk))
      send.enqueue(bytes(7))
      await turn(2)
      send.error(failure)
      await errorOf(duplex)
      expect(got).to.deep.equal([7])
    })
  })

  describe('destroy', () => {
    it('gives up both halves and closes the socket, with its reason', async () => {
      const { socket, log, reasons } = farSide()
      const duplex = toDuplex(socket)
      const error = new Error('enough')
      duplex.destroy(error)
      expect(await errorOf(duplex)).to.equal(error)
      expect(log).to.include.members(['cancel', 'abort', 'socket.close'])
      expect(reasons).to.deep.equal([error, error, error])
    })

    it('without a reason ends in a close and no error', async () => {
      const { socket, log } = farSide()
      const duplex = toDuplex(socket)
      duplex.destroy()
      await once(duplex, 'close')
      expect(log).to.include.members(['cancel', 'abort', 'socket.close'])
    })

    it('rejects nothing that nobody holds when close() fails', async () => {
      const { socket } = farSide()
      const duplex = toDuplex({ ...socket, close: () => Promise.reject(new Error('cannot close')) })
      duplex.destroy()
      await once(duplex, 'close')
      await turn(2)
    })

    it('destroySoon first lets what was written leave', async () => {
      const far = farSide({ takes: false })
      const duplex = toDuplex(far.socket)
      duplex.write('last words')
      duplex.destroySoon()
      far.take()
      await once(duplex, 'close')
      expect(new TextDecoder().decode(far.written[0])).to.equal('last words')
    })
  })

  describe('As a net.Socket', () => {
    it('is connecting until opened, and then knows where to', async () => {
      const { socket, open } = farSide()
      const duplex = toDuplex(socket)
      expect([duplex.connecting, duplex.pending, duplex.readyState]).to.deep.equal([true, true, 'opening'])
      open('[2001:db8::1]:443')
      await once(duplex, 'connect')
      expect([duplex.connecting, duplex.pending, duplex.readyState]).to.deep.equal([false, false, 'open'])
      expect([duplex.remoteAddress, duplex.remotePort, duplex.remoteFamily]).to.deep.equal(['2001:db8::1', 443, 'IPv6'])
      expect(duplex.localAddress).to.equal(undefined)
    })

    it('is connected also when nobody says where to', async () => {
      const { socket, open } = farSide()
      const duplex = toDuplex(socket)
      open(null)
      await once(duplex, 'ready')
      expect([duplex.remoteAddress, duplex.remotePort, duplex.remoteFamily]).to.deep.equal([
        undefined,
        undefined,
        undefined,
      ])
    })

    it('has the methods that do no harm', () => {
      const duplex = toDuplex(farSide().socket)
      expect(duplex.setKeepAlive(true, 1).setNoDelay().ref().unref()).to.equal(duplex)
      expect(duplex.address()).to.deep.equal({})
    })

    it('is opened by whoever opens what it was given, wherever that wants to go', async () => {
      const { socket, open } = farSide()
      const duplex = toDuplex(socket)
      const connected: string[] = []
      expect(duplex.connect(5432, 'elsewhere.test', () => connected.push('listener'))).to.equal(duplex)
      duplex.connect({ port: 1 }).on('connect', () => connected.push('event'))
      open('192.0.2.7:5432')
      await once(duplex, 'ready')
      expect(connected).to.deep.equal(['listener', 'event'])
      expect(duplex.remoteAddress).to.equal('192.0.2.7')
    })

    it('tells of a timeout when nothing has moved, and of another only after something has, as net.Socket does', async () => {
      const clock = new FakeClock()
      const { socket, send } = farSide()
      const duplex = toDuplex(socket, { clock })
      let timeouts = 0
      duplex.on('timeout', () => {
        timeouts += 1
      })
      duplex.resume()
      duplex.setTimeout(1_000)
      clock.advance(999)
      expect(timeouts).to.equal(0)
      send.enqueue(bytes(1))
      await turn(2)
      clock.advance(999)
      expect(timeouts).to.equal(0)
      clock.advance(1)
      expect(timeouts).to.equal(1)
      clock.advance(5_000)
      expect([timeouts, clock.timers]).to.deep.equal([1, 0])
      send.enqueue(bytes(1))
      await turn(2)
      clock.advance(999)
      expect(timeouts).to.equal(1)
      clock.advance(1)
      expect(timeouts).to.equal(2)
      duplex.setTimeout(1_000)
      duplex.setTimeout(0)
      expect(clock.timers).to.equal(0)
    })

    it('has no timer left when it is destroyed', () => {
      const clock = new FakeClock()
      const duplex = toDuplex(farSide().socket, { clock })
      duplex.setTimeout(1_000, () => undefined)
      expect(duplex.timeout).to.equal(1_000)
      duplex.destroy()
      expect(clock.timers).to.equal(0)
      duplex.setTimeout(5)
      expect(clock.timers).to.equal(0)
    })

    it('refuses a timeout that is none', () => {
      expect(() => toDuplex(farSide().socket).setTimeout(-1)).to.throw(RangeError)
      expect(() => toDuplex(farSide().socket).setTimeout(Number.NaN)).to.throw(RangeError)
    })

    it('carries a request of node:http', async () => {
      const far = farSide()
      const duplex = toDuplex(far.socket)
      const request = http.request({ createConnection: () => duplex, host: 'target.test', path: '/' })
      request.end()
      far.open()
      while (far.written.length === 0) await turn()
      expect(new TextDecoder().decode(far.written[0])).to.match(/^GET \/ HTTP\/1\.1\r\n/)
      far.send.enqueue(new TextEncoder().encode('HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n'))
      const [response] = (await once(request, 'response')) as [http.IncomingMessage]
      expect(response.statusCode).to.equal(204)
      duplex.destroy()
    })

    it('carries TLS, whose failure destroys it', async () => {
      const far = farSide()
      const duplex = toDuplex(far.socket)
      far.open()
      const secured = tls.connect({ socket: duplex, servername: 'target.test' })
      while (far.written.length === 0) await turn()
      expect(far.written[0]?.[0]).to.equal(22)
      far.send.enqueue(new TextEncoder().encode('this is no TLS at all, and never will be'))
      await errorOf(secured)
    })
  })

  it('refuses a socket whose streams are taken', () => {
    const { socket } = farSide()
    socket.readable.getReader()
    expect(() => toDuplex(socket)).to.throw(TypeError)
  })
})
