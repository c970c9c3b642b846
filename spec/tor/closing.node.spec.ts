import { expect } from 'chai'
import type { Circuit } from '../../lib/circuit/circuit.ts'
import type { TorStream } from '../../lib/stream/tor-stream.ts'
import { requireProgram } from '../support/programs.ts'
import { codeOf, download, failure, get, isPending, openCircuit, request, writeTestBytes } from './support/client.ts'
import { flowControls } from '../support/flow-controls.ts'
import type { TorNetwork } from './support/network.ts'
import { RawServer } from './support/raw-server.ts'
import { sharedNetwork } from './support/shared.ts'
import { testBytesSha256 } from './support/test-bytes.ts'

const MB = 1_000_000

/** A download under way. */
interface Download {
  readonly socket: TorStream
  readonly reader: ReadableStreamDefaultReader<Uint8Array>
}

for (const { kind, options } of flowControls) {
  describe(`Streams given up midway at a real exit (${kind})`, function () {
    let network: TorNetwork
    let circuit: Circuit

    const connect = (options = {}): TorStream =>
      circuit.connect({ hostname: '127.0.0.1', port: network.httpPort }, options)

    /** A download that has come so far that more is on its way. */
    const begin = async (bytes: number, options = {}): Promise<Download> => {
      const socket = connect(options)
      await request(socket, `/${20 * MB}`)
      const reader = socket.readable.getReader()
      for (let read = 0; read < bytes;) read += (await reader.read()).value?.length ?? 0
      return { socket, reader }
    }

    const goesOn = async (length: number): Promise<void> => {
      expect(await download(connect(), length)).to.deep.equal({ bytes: length, sha256: testBytesSha256(length) })
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

    it('leave the windows of the circuit in step: after 20 of them, cells of each still on their way, a download is whole', async () => {
      const ways: ((download: Download) => Promise<unknown>)[] = [
        async ({ socket, reader }) => {
          await socket.writable.close()
          await reader.cancel('enough')
          await socket.closed
        },
        async ({ socket, reader }) => {
          await Promise.all([socket.close('enough'), reader.closed])
        },
        async ({ socket, reader }) => {
          await socket.writable.abort('enough')
          expect(await codeOf(socket.closed)).to.equal('ABORTED')
          expect(await reader.read().catch((reason: unknown) => reason)).to.equal('enough')
        },
        async ({ socket, reader }) => {
          await reader.cancel('enough')
          expect(await isPending(socket.closed)).to.equal(true)
          await socket.writable.close()
          await socket.closed
        },
      ]
      for (let round = 0; round < 20; round++) {
        await ways[round % ways.length]?.(await begin(37_000 * round))
      }
      await goesOn(5 * MB)
    })

    it('by a signal make both sides fail, and nothing else', async () => {
      const giveUp = new AbortController()
      const { socket, reader } = await begin(MB, { signal: giveUp.signal })
      const writer = socket.writable.getWriter()
      giveUp.abort(new Error('enough'))
      const under = [reader.read(), reader.closed, writer.closed, writer.write(new Uint8Array(1)), socket.closed]
      const errors = await Promise.all(under.map(failure))
      expect(errors.map(({ code }) => code)).to.deep.equal(errors.map(() => 'ABORTED'))
      await goesOn(10_000)
    })

    it('that were cancelled before the exit has answered leave the circuit as it was', async () => {
      const sockets = Array.from({ length: 20 }, () => connect())
      await Promise.all(sockets.map((socket) => socket.close()))
      expect(await Promise.all(sockets.map(({ opened }) => codeOf(opened)))).to.deep.equal(sockets.map(() => 'CLOSED'))
      await goesOn(MB)
    })

    it('by close() while a write waits make that write fail, and the rest of the circuit goes on', async () => {
      const server = await RawServer.start((peer) => peer.pause())
      try {
        const socket = circuit.connect({ hostname: '127.0.0.1', port: server.port })
        const writer = socket.writable.getWriter()
        const reading = socket.readable.getReader().read()
        const uploading = failure(writeTestBytes(writer, 100 * MB))
        while (socket.windows.package > 0) await get(connect(), '/')
        expect(await isPending(uploading)).to.equal(true)
        await socket.close('enough')
        expect(await uploading).to.include({ code: 'CLOSED', cause: 'enough' })
        expect(await codeOf(writer.closed)).to.equal('CLOSED')
        expect(await reading).to.deep.equal({ done: true, value: undefined })
        await goesOn(3 * MB)
      } finally {
        await server.stop()
      }
    })

    it('by closing their circuit fail with it, and other circuits through the same relays go on', async () => {
      const other = openCircuit(network.path(), options)
      const socket = other.connect({ hostname: '127.0.0.1', port: network.httpPort })
      const neighbour = download(connect(), 3 * MB)
      const downloading = get(socket, `/${20 * MB}`)
      await socket.opened
      const closing = other.close('enough')
      const errors = await Promise.all([downloading, socket.closed].map(failure))
      expect(errors.map(({ code }) => code)).to.deep.equal(['CIRCUIT_CLOSED', 'CIRCUIT_CLOSED'])
      await closing
      expect((await neighbour).sha256).to.equal(testBytesSha256(3 * MB))
    })
  })
}
