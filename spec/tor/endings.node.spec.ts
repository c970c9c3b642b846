import { expect } from 'chai'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import type { Circuit } from '../../lib/circuit/circuit.ts'
import type { TorStream } from '../../lib/stream/tor-stream.ts'
import { requireProgram } from '../support/programs.ts'
import { codeOf, download, failure, isPending, openCircuit, readEach } from './support/client.ts'
import { flowControls } from '../support/flow-controls.ts'
import type { TorNetwork } from './support/network.ts'
import { freePorts } from './support/ports.ts'
import { RawServer } from './support/raw-server.ts'
import { sharedNetwork } from './support/shared.ts'
import { testBytes, testBytesSha256 } from './support/test-bytes.ts'

for (const { kind, options } of flowControls) {
  describe(`How a stream ends at a real exit (${kind})`, function () {
    let network: TorNetwork
    let circuit: Circuit
    let server: RawServer | undefined

    const connect = (port: number): TorStream => circuit.connect({ hostname: '127.0.0.1', port })

    /** A stream to a server that does `onConnection` with it. */
    const connectTo = async (onConnection: (socket: Socket) => void): Promise<TorStream> => {
      server = await RawServer.start(onConnection)
      return connect(server.port)
    }

    before(async function () {
      requireProgram(this, 'tor')
      requireProgram(this, 'tor-gencert')
      network = await sharedNetwork()
      circuit = openCircuit(network.path(), options)
      await circuit.opened
      expect(circuit.flowControl).to.equal(kind)
    })

    after(() => circuit?.close())

    afterEach('the circuit goes on, whatever became of the stream', async () => {
      await server?.stop()
      server = undefined
      const sha256 = testBytesSha256(10_000)
      expect(await download(connect(network.httpPort), 10_000)).to.deep.equal({ bytes: 10_000, sha256 })
    })

    it('a port where nobody listens makes both sides fail, and what was written meanwhile is lost', async () => {
      const [port = 0] = await freePorts(1)
      const socket = connect(port)
      const writer = socket.writable.getWriter()
      const [error, ...same] = await Promise.all([
        failure(socket.opened),
        failure(socket.closed),
        failure(socket.readable.getReader().read()),
        failure(writer.closed),
        writer.write(testBytes(50_000)).then(() => undefined),
      ])
      // C tor tells the reason from errno, which may have changed since the connection failed: then it says MISC.
      expect(error).to.have.property('code').that.is.oneOf(['END_CONNECTREFUSED', 'END_MISC'])
      expect(same).to.deep.equal([error, error, error, undefined])
    })

    it('a relay that is no exit refuses by its policy, with the address', async () => {
      const [guard, middle, exit] = network.path()
      await using other = openCircuit([exit, middle, guard])
      const refused = await failure(other.connect({ hostname: '127.0.0.1', port: network.httpPort }).opened)
      expect(refused).to.include({ code: 'END_EXITPOLICY', reason: 4, address: '127.0.0.1' })
      const named = await failure(other.connect({ hostname: 'some.name.test', port: network.httpPort }).opened)
      expect(named).to.include({ code: 'END_RESOLVEFAILED', reason: 2 })
      expect(await isPending(other.closed)).to.equal(true)
    })

    it('a server that closes early ends the readable after its last byte', async () => {
      const socket = await connectTo((peer) => peer.end(testBytes(300_000)))
      let bytes = 0
      await readEach(socket.readable, (chunk) => (bytes += chunk.length))
      expect(bytes).to.equal(300_000)
      await socket.closed
      expect(await codeOf(socket.writable.getWriter().write(testBytes(1)))).to.equal('ENDED')
    })

    it('a server that closes at once without a word ends the readable', async () => {
      const socket = await connectTo((peer) => peer.end())
      expect(await socket.readable.getReader().read()).to.deep.equal({ done: true, value: undefined })
      await socket.closed
    })

    it('a server that resets in the middle makes the readable fail, and it never ends', async () => {
      const connected: Socket[] = []
      const socket = await connectTo((peer) => {
        connected.push(peer)
        peer.write(testBytes(300_000))
      })
      const reader = socket.readable.getReader()
      let bytes = 0
      while (bytes < 300_000) bytes += (await reader.read()).value?.length ?? 0
      const reading = reader.read()
      connected[0]?.resetAndDestroy()
      const error = await failure(reading)
      expect(error).to.include({ code: 'END_CONNRESET', reason: 12 })
      expect(await failure(socket.closed)).to.equal(error)
      expect(await failure(reader.read())).to.equal(error)
      expect(await failure(socket.writable.getWriter().closed)).to.equal(error)
    })

    it('a reset that overtakes bytes nobody has read makes the readable fail after what came', async () => {
      const socket = await connectTo((peer) => {
        peer.write(testBytes(50_000))
        peer.once('data', () => peer.resetAndDestroy())
      })
      await socket.opened
      await socket.writable.getWriter().write(testBytes(1))
      const error = await failure(socket.closed)
      expect(error).to.include({ code: 'END_CONNRESET' })
      let came = new Uint8Array()
      const whole = readEach(socket.readable, (chunk) => (came = new Uint8Array([...came, ...chunk])))
      expect(await failure(whole)).to.equal(error)
      expect(came).to.deep.equal(testBytes(came.length))
    })

    it('a server that resets while it is written to makes the write fail', async () => {
      const socket = await connectTo((peer) => peer.once('data', () => peer.resetAndDestroy()))
      const writer = socket.writable.getWriter()
      const error = await failure(
        (async () => {
          for (;;) await writer.write(testBytes(50_000))
        })(),
      )
      expect(error.code).to.equal('END_CONNRESET')
      expect(await failure(socket.closed)).to.equal(error)
      expect(await failure(socket.readable.getReader().read())).to.equal(error)
    })

    it('END of ours reaches the server as an end of what it reads, after all that was written', async () => {
      let received = 0
      let ended!: () => void
      const end = new Promise<void>((resolve) => (ended = resolve))
      const socket = await connectTo((peer) => {
        peer.on('data', (bytes: Buffer) => (received += bytes.length)).on('end', ended)
      })
      await socket.opened
      const writer = socket.writable.getWriter()
      await writer.write(testBytes(123_457))
      await socket.close()
      await end
      expect(received).to.equal(123_457)
    })

    it("endOnClose ends the server's reading when the writable closes", async () => {
      server = await RawServer.start((peer) => peer.resume())
      const socket = circuit.connect({ hostname: '127.0.0.1', port: server.port }, { endOnClose: true })
      await socket.writable.close()
      await socket.closed
      expect(await socket.readable.getReader().read()).to.deep.equal({ done: true, value: undefined })
    })

    it("a signal that aborts while the exit waits for the server's first byte ends the connection there", async () => {
      let accept!: (peer: Socket) => void
      const connection = new Promise<Socket>((resolve) => (accept = resolve))
      server = await RawServer.start(accept)
      const giveUp = new AbortController()
      const socket = circuit.connect({ hostname: '127.0.0.1', port: server.port }, { signal: giveUp.signal })
      const peer = await connection
      giveUp.abort(new Error('enough'))
      expect(await codeOf(socket.closed)).to.equal('ABORTED')
      peer.resume()
      await once(peer, 'end')
    })
  })
}
