import { once } from 'node:events'
import net from 'node:net'
import type { AddressInfo } from 'node:net'
import tls from 'node:tls'
import { expect } from 'chai'
import { TorError } from '../../../lib/base/errors.ts'
import { currentPlatform } from '../../../lib/platform/current.ts'
import type { Link, LinkTransport } from '../../../lib/platform/links/transport.ts'
import { tlsCertificate, tlsKey } from './tls-certificate.ts'
import { torCodeOf as codeOf } from '../../support/failures.ts'
import { turn } from '../../support/turn.ts'

const transport = currentPlatform().transport as LinkTransport
const never = new AbortController().signal

/** Bytes whose values tell their place. */
function pattern(length: number, from = 0): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length)
  for (let index = 0; index < length; index++) bytes[index] = ((from + index) * 7919) >> 5
  return bytes
}

async function listen(server: net.Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

/**
 * Resolves when `value` has stayed the same for 500 turns of the event loop, in which both ends of the connection live: then
 * whatever moves it waits.
 */
async function settled(value: () => number): Promise<number> {
  let last = value()
  for (let same = 0; same < 500;) {
    await turn()
    same = value() === last ? same + 1 : 0
    last = value()
  }
  return last
}

/** Everything that the link brings until it ends. */
async function readAll(link: Link): Promise<Uint8Array[]> {
  const reader = link.readable.getReader()
  const chunks: Uint8Array[] = []
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return chunks
    chunks.push(value)
  }
}

const total = (chunks: readonly Uint8Array[]): number => chunks.reduce((sum, chunk) => sum + chunk.length, 0)

describe('the TLS transport', () => {
  let closers: (() => Promise<void>)[] = []

  /** A TLS server on loopback, and what it has to do with each connection. */
  async function serve(onConnection: (socket: tls.TLSSocket) => void): Promise<{ port: number; gone: Promise<void> }> {
    const server = tls.createServer({ key: tlsKey, cert: tlsCertificate })
    const sockets = new Set<tls.TLSSocket>()
    let settle: () => void
    const gone = new Promise<void>((resolve) => {
      settle = resolve
    })
    server.on('secureConnection', (socket) => {
      sockets.add(socket)
      // The far end may vanish in the middle of anything.
      socket.on('error', () => undefined)
      socket.on('end', () => settle())
      socket.on('close', () => settle())
      onConnection(socket)
    })
    server.on('tlsClientError', () => undefined)
    closers.push(async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    })
    return { port: await listen(server), gone }
  }

  /** A TCP server without TLS. */
  async function serveTcp(onConnection: (socket: net.Socket) => void): Promise<number> {
    const server = net.createServer((socket) => {
      socket.on('error', () => undefined)
      closers.push(() => Promise.resolve(void socket.destroy()))
      onConnection(socket)
    })
    closers.push(() => new Promise((resolve) => server.close(() => resolve())))
    return await listen(server)
  }

  /**
   * A network in front of `target` that can stall on its way there. (A TLS server that does not read is no substitute:
   * Deno's reads on.)
   */
  async function serveStalling(target: number): Promise<{ port: number; stall(): void; flow(): void; cut(): void }> {
    let near: net.Socket | undefined
    const port = await serveTcp((socket) => {
      near = socket
      const far = net.connect(target, '127.0.0.1')
      far.on('error', () => undefined)
      far.on('data', (bytes: Uint8Array) => socket.write(bytes))
      far.on('close', () => socket.destroy())
      socket.on('data', (bytes: Uint8Array) => far.write(bytes))
      // Behind what waits to be sent: what got through is not to be lost here.
      socket.on('close', () => far.end())
    })
    return { port, stall: () => near?.pause(), flow: () => near?.resume(), cut: () => near?.destroy() }
  }

  /** A link whose writes wait, because nothing gets through any more, and the write that waits. */
  async function stalledLink(): Promise<{
    link: Link
    writer: WritableStreamDefaultWriter<Uint8Array>
    /** Rejects with the write that waits: when the system takes some more after all, as it may for a while, with the next. */
    failing: Promise<void>
    /** Gets through again; nothing more is written then. Resolves when what waits has been taken. */
    flow(): Promise<void>
    cut(): void
    sent(): number
    received(): number
  }> {
    let received = 0
    const { port } = await serve((socket) =>
      socket.on('data', (bytes: Uint8Array) => {
        received += bytes.length
      }),
    )
    const { port: front, stall, flow, cut } = await serveStalling(port)
    const link = await connect(front)
    stall()
    const writer = link.writable.getWriter()
    let sent = 0
    let waiting = Promise.resolve()
    let full = false
    const fill = (): void => {
      if (full) return
      sent += 64 * 1024
      waiting = writer.write(new Uint8Array(64 * 1024))
      waiting.then(fill, () => undefined)
    }
    fill()
    expect(await settled(() => sent)).to.be.below(24 * 1024 * 1024)
    expect(writer.desiredSize).to.equal(0)
    const failing = (async () => {
      while (!full) await waiting
    })()
    failing.catch(() => undefined) // not every spec breaks it
    const flowAgain = (): Promise<void> => {
      full = true
      flow()
      return waiting
    }
    return { link, writer, failing, flow: flowAgain, cut, sent: () => sent, received: () => received }
  }

  const connect = (port: number, signal = never): Promise<Link> =>
    transport.connect({ hostname: '127.0.0.1', port }, { signal })

  afterEach(async () => {
    const closing = closers.reverse()
    closers = []
    // A server closes when its connections have, so all of them at once.
    await Promise.all(closing.map((close) => close()))
  })

  it('carries bytes both ways and tells the certificate of the far end', async () => {
    const { port } = await serve((socket) => socket.on('data', (bytes: Uint8Array) => socket.write(bytes)))
    const link = await connect(port)
    const der = tlsCertificate.replace(/-----.*-----|\s/g, '')
    expect(btoa(String.fromCharCode(...link.peerCertificate))).to.equal(der)
    expect(Object.getPrototypeOf(link.peerCertificate)).to.equal(Uint8Array.prototype)
    const writer = link.writable.getWriter()
    const reader = link.readable.getReader()
    for (let round = 0; round < 3; round++) {
      const sent = pattern(1000, round)
      await writer.write(sent)
      const received: number[] = []
      while (received.length < 1000) received.push(...((await reader.read()).value ?? []))
      expect(received).to.deep.equal(Array.from(sent))
    }
    await reader.cancel()
  })

  it('shows a random name each time and TLS 1.2 at least', async () => {
    const names: unknown[] = []
    const protocols: unknown[] = []
    const { port } = await serve((socket) => {
      names.push((socket as { servername?: string }).servername)
      protocols.push(socket.getProtocol())
      socket.end('x')
    })
    for (let round = 0; round < 3; round++) await readAll(await connect(port))
    expect(new Set(names).size).to.equal(3)
    for (const name of names) expect(name).to.match(/^www\.[a-z2-7]{4,25}\.com$/)
    for (const protocol of protocols) expect(protocol).to.be.oneOf(['TLSv1.2', 'TLSv1.3'])
  })

  it('delivers megabytes in order, in plain chunks of at most 64 KiB', async () => {
    const size = 8 * 1024 * 1024
    const sent = pattern(size)
    const { port } = await serve((socket) => socket.end(sent))
    const chunks = await readAll(await connect(port))
    let at = 0
    for (const chunk of chunks) {
      expect(chunk.length).to.be.within(1, 64 * 1024)
      expect(Object.getPrototypeOf(chunk)).to.equal(Uint8Array.prototype)
      if (!chunk.every((byte, index) => byte === sent[at + index])) expect.fail(`wrong bytes in the chunk at ${at}`)
      at += chunk.length
    }
    expect(at).to.equal(size)
  })

  it('gives small pieces that are far apart one by one', async () => {
    const { port } = await serve((socket) => {
      socket.write('a')
      socket.on('data', (bytes: Uint8Array) => socket.write(bytes))
    })
    const link = await connect(port)
    const writer = link.writable.getWriter()
    const reader = link.readable.getReader()
    for (let round = 0; round < 20; round++) {
      expect((await reader.read()).value).to.deep.equal(Uint8Array.of(97))
      await writer.write(Uint8Array.of(97))
    }
    await writer.abort()
  })

  it('stops the sender while nobody reads, and loses nothing', async function () {
    const size = 64 * 1024 * 1024
    const piece = 64 * 1024
    const bytes = new Uint8Array(piece)
    let sent = 0
    const { port } = await serve((socket) => {
      const go = (): void => {
        while (sent < size) {
          const more = socket.write(bytes)
          sent += piece
          if (!more) {
            socket.once('drain', go)
            return
          }
        }
        socket.end()
      }
      go()
    })
    const link = await connect(port)
    const reader = link.readable.getReader()
    let received = (await reader.read()).value?.length ?? 0
    // The kernel holds a few megabytes of a loopback connection; the link holds a few hundred kilobytes.
    expect(await settled(() => sent)).to.be.below(24 * 1024 * 1024)
    for (;;) {
      const { done, value } = await reader.read()
      if (done) break
      received += value.length
    }
    expect(received).to.equal(size)
  })

  it('makes writes wait while nothing gets through, and sends all of it in the end', async function () {
    const { writer, flow, sent, received } = await stalledLink()
    await flow()
    await writer.close()
    // The runner ends a spec that waits in vain.
    while (received() < sent()) await new Promise((resolve) => setTimeout(resolve, 1))
    expect(received()).to.equal(sent())
  })

  it('sends what was written before it closes, and then both directions are over', async () => {
    const received: number[] = []
    const { port, gone } = await serve((socket) => socket.on('data', (bytes: Uint8Array) => received.push(...bytes)))
    const link = await connect(port)
    const reader = link.readable.getReader()
    const writer = link.writable.getWriter()
    void writer.write(pattern(100))
    await writer.close()
    await gone
    expect(received).to.deep.equal(Array.from(pattern(100)))
    expect((await reader.read()).done).to.equal(true)
    await writer.closed
  })

  it('gives up the connection when the readable is cancelled', async () => {
    const { port, gone } = await serve((socket) => socket.resume().write('x'))
    const link = await connect(port)
    const writer = link.writable.getWriter()
    const reader = link.readable.getReader()
    await reader.read()
    await reader.cancel()
    await gone
    expect(await codeOf(writer.closed)).to.equal('LINK_CLOSED')
    expect(await codeOf(writer.write(new Uint8Array(1)))).to.equal('LINK_CLOSED')
  })

  it('gives up the connection when the writable is aborted', async () => {
    const { port, gone } = await serve((socket) => socket.resume().write('x'))
    const link = await connect(port)
    const reader = link.readable.getReader()
    await reader.read()
    await link.writable.abort(new Error('enough'))
    await gone
    expect((await reader.read()).done).to.equal(true)
  })

  for (const closing of [false, true]) {
    it(`gives up the connection when the writable is aborted while a write ${closing ? 'and a close wait' : 'waits'}`, async function () {
      const { link, writer, failing } = await stalledLink()
      const closed = closing
        ? writer.close().then(
            () => 'closed',
            () => 'failed',
          )
        : 'failed'
      await writer.abort(new Error('enough'))
      expect(await codeOf(failing)).to.equal('LINK_CLOSED')
      expect(await closed).to.equal('failed')
      expect((await link.readable.getReader().read()).done).to.equal(true)
    })
  }

  it('delivers what came before the far end closed, then ends, and fails what is still written', async () => {
    const { port } = await serve((socket) => socket.end(pattern(200_000)))
    const link = await connect(port)
    const writer = link.writable.getWriter()
    expect(await codeOf(writer.closed)).to.equal('LINK_CLOSED')
    expect(total(await readAll(link))).to.equal(200_000)
    expect(await codeOf(writer.write(new Uint8Array(1)))).to.equal('LINK_CLOSED')
  })

  it('fails a write that waits when the connection is cut', async function () {
    const { link, failing, cut } = await stalledLink()
    cut()
    expect(await codeOf(failing)).to.equal('LINK_CLOSED')
    // Whether this is an end or an error to the reader depends on the system; it does not stay pending.
    const outcome = await link.readable
      .getReader()
      .read()
      .then(
        ({ done }) => (done ? 'end' : 'bytes'),
        () => 'error',
      )
    expect(outcome).to.be.oneOf(['end', 'error'])
  })

  it('ends for a reader that waits when the far end closes', async () => {
    let server: tls.TLSSocket | undefined
    const { port } = await serve((socket) => {
      server = socket
      socket.write('x')
    })
    const reader = (await connect(port)).readable.getReader()
    expect((await reader.read()).value).to.deep.equal(Uint8Array.of(120))
    const pending = reader.read()
    server?.end()
    expect((await pending).done).to.equal(true)
  })

  it('cannot reach a port where nobody listens', async () => {
    const server = net.createServer()
    const port = await listen(server)
    await new Promise((resolve) => server.close(resolve))
    expect(await codeOf(connect(port))).to.equal('LINK_UNREACHABLE')
  })

  it('cannot reach what closes at once or speaks no TLS', async () => {
    expect(await codeOf(connect(await serveTcp((socket) => socket.end())))).to.equal('LINK_UNREACHABLE')
    expect(await codeOf(connect(await serveTcp((socket) => socket.destroy())))).to.equal('LINK_UNREACHABLE')
    expect(await codeOf(connect(await serveTcp((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))))).to.equal(
      'LINK_UNREACHABLE',
    )
  })

  it('dials nothing for a signal that is aborted already', async () => {
    let dialled = false
    const port = await serveTcp(() => {
      dialled = true
    })
    expect(await codeOf(connect(port, AbortSignal.abort()))).to.equal('ABORTED')
    await new Promise((resolve) => setTimeout(resolve))
    expect(dialled).to.equal(false)
  })

  it('gives up a handshake that is under way when the signal aborts, and closes the connection', async () => {
    const controller = new AbortController()
    const reason = new Error('too slow')
    let closed: Promise<unknown> | undefined
    const port = await serveTcp((socket) => {
      closed = new Promise((resolve) => {
        socket.on('close', resolve)
        socket.on('end', resolve)
      })
      // The ClientHello stays without an answer.
      socket.once('data', () => controller.abort(reason))
    })
    const error: unknown = await connect(port, controller.signal).catch((thrown: unknown) => thrown)
    expect(error).to.be.instanceOf(TorError)
    expect((error as TorError).code).to.equal('ABORTED')
    expect((error as TorError).cause).to.equal(reason)
    await closed
  })

  it('is not disturbed when the signal aborts after the dial', async () => {
    const controller = new AbortController()
    const { port } = await serve((socket) => socket.on('data', (bytes: Uint8Array) => socket.write(bytes)))
    const link = await connect(port, controller.signal)
    controller.abort()
    const writer = link.writable.getWriter()
    await writer.write(Uint8Array.of(5))
    const reader = link.readable.getReader()
    expect((await reader.read()).value).to.deep.equal(Uint8Array.of(5))
    await reader.cancel()
  })

  for (const hostname of ['localhost', 'example.com', '', '127.0.0.1.', '[::1]']) {
    it(`refuses to look up the name "${hostname}"`, async () => {
      const error: unknown = await transport
        .connect({ hostname, port: 1 }, { signal: never })
        .catch((thrown: unknown) => thrown)
      expect(error).to.be.instanceOf(TypeError)
      expect((error as Error).message).to.contain('"address.hostname"')
    })
  }
})
