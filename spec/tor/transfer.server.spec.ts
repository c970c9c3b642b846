import { expect } from 'chai'
import type { Circuit } from '../../lib/circuit/circuit.ts'
import type { TorStream } from '../../lib/stream/tor-stream.ts'
import { requireProgram } from '../support/programs.ts'
import { download, HttpAnswer, openCircuit, putHead, request, upload } from './support/client.ts'
import type { Received } from './support/http-target.ts'
import { flowControls } from '../support/flow-controls.ts'
import type { TorNetwork } from './support/network.ts'
import { sharedNetwork } from './support/shared.ts'
import { testBytes, testBytesSha256 } from './support/test-bytes.ts'

const MB = 1_000_000

const wanted = (bytes: number): Received => ({ bytes, sha256: testBytesSha256(bytes) })

for (const { kind, options } of flowControls) {
  describe(`Bytes through three real relays (${kind})`, function () {
    let network: TorNetwork
    let circuit: Circuit

    const connect = (): TorStream => circuit.connect({ hostname: '127.0.0.1', port: network.httpPort })

    before(async function () {
      requireProgram(this, 'tor')
      requireProgram(this, 'tor-gencert')
      network = await sharedNetwork()
      circuit = openCircuit(network.path(), options)
      await circuit.opened
      expect(circuit.flowControl).to.equal(kind)
    })

    after(() => circuit?.close())

    it('are whole after 20 MB down and 20 MB up at once, on two streams of one circuit', async () => {
      const [down, up] = [connect(), connect()]
      expect(await Promise.all([download(down, 20 * MB), upload(up, 20 * MB)])).to.deep.equal([
        wanted(20 * MB),
        wanted(20 * MB),
      ])
      await Promise.all([down.closed, up.closed])
    })

    it('fill the views of a BYOB reader, whatever their size', async () => {
      const socket = connect()
      await request(socket, `/${3 * MB}`)
      const reader = socket.readable.getReader({ mode: 'byob' })
      const answer = new HttpAnswer()
      let view = new Uint8Array(10_007)
      for (;;) {
        const { done, value } = await reader.read(view)
        if (done) break
        answer.take(value)
        view = new Uint8Array(value.buffer)
        expect(view.length).to.equal(10_007)
      }
      expect(answer.received()).to.deep.equal(wanted(3 * MB))
      await socket.closed
    })

    it('flow through pipes both ways, and the answer is not cut off when the request ends', async () => {
      const socket = connect()
      let sent = 0
      const source = new ReadableStream<Uint8Array<ArrayBuffer>>(
        {
          start: (controller) => controller.enqueue(putHead(3 * MB)),
          pull(controller) {
            // No two chunks have the same size.
            const bytes = testBytes(Math.min(1 + (sent % 99_991), 3 * MB - sent), sent)
            sent += bytes.length
            controller.enqueue(bytes)
            if (sent === 3 * MB) controller.close()
          },
        },
        { highWaterMark: 0 },
      )
      const answer = new HttpAnswer()
      const sink = new WritableStream<Uint8Array>({ write: (bytes) => answer.take(bytes) })
      await Promise.all([source.pipeTo(socket.writable), socket.readable.pipeTo(sink)])
      expect(JSON.parse(answer.text())).to.deep.equal(wanted(3 * MB))
      await socket.closed
    })

    it('written many at a time, a few bytes each, arrive in order', async () => {
      const socket = connect()
      const writer = socket.writable.getWriter()
      const body = testBytes(5_000)
      const writes = [writer.write(putHead(body.length))]
      for (let at = 0; at < body.length; at += 7) writes.push(writer.write(body.subarray(at, at + 7)))
      await Promise.all([...writes, writer.close()])
      const text = await new Response(socket.readable).text()
      expect(text.split('\r\n\r\n')[1]).to.equal(JSON.stringify(wanted(5_000)))
    })

    it('of 200 streams on one circuit do not mix', async () => {
      const length = (index: number): number => 5_000 + 97 * index
      const all = await Promise.all(
        Array.from({ length: 200 }, async (_, index) => {
          const socket = connect()
          const got = index % 4 === 0 ? await upload(socket, length(index)) : await download(socket, length(index))
          await socket.closed
          return got
        }),
      )
      expect(all).to.deep.equal(all.map((_, index) => wanted(length(index))))
    })

    it('are whole when read slowly, a piece whenever another stream has had its answer', async () => {
      const socket = connect()
      await request(socket, `/${MB}`)
      const reader = socket.readable.getReader()
      const answer = new HttpAnswer()
      for (;;) {
        const { done, value } = await reader.read()
        if (done) break
        answer.take(value)
        await download(connect(), 10)
      }
      expect(answer.received()).to.deep.equal(wanted(MB))
    })
  })
}
