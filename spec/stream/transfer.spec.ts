/**
 * Both sides of a stream, moved to where they are used: another realm of this thread, and a worker.
 */
import { expect } from 'chai'
import { RelayCommand } from '../../lib/cell/commands.ts'
import { unlessEngineLacks } from '../support/engines.ts'
import { turn } from '../support/turn.ts'
import {
  cells,
  codeOf,
  connected,
  pattern,
  readAll,
  rejection,
  sameBytes,
  utf8,
  VARIANTS,
} from './support/stream-fixture.ts'
import { startWorker } from './support/worker.ts'

const { DATA, END, SENDME } = RelayCommand

const moved = <T extends ReadableStream | WritableStream>(stream: T): T =>
  structuredClone(stream, { transfer: [stream as unknown as Transferable] })

/** Ends what a spec still waits for when it is over. */
let isOver = false
beforeEach(() => {
  isOver = false
})
afterEach(() => {
  isOver = true
})

/**
 * Waits until `done`: messages between ports, and threads, take turns of their own. The runner ends a spec that waits
 * in vain.
 */
async function until(done: () => boolean): Promise<void> {
  while (!done() && !isOver) await new Promise((resolve) => setTimeout(resolve, 1))
}

for (const variant of VARIANTS.filter(({ native }) => native)) {
  unlessEngineLacks('transfer').describe(`a stream pair of ${variant.name} that is transferred`, () => {
    it('is locked here, and gives everything there', async () => {
      const { circuit, socket } = connected(variant.options)
      const there = moved(socket.readable)
      expect(socket.readable.locked).to.equal(true)
      const all = readAll(there)
      for (let pass = 0; pass < 20; pass++) {
        circuit.data(...cells(10, 498, pass * 4980))
        await until(() => socket.windows.deliver > 400)
      }
      circuit.end(6)
      expect(sameBytes(await all, pattern(200 * 498))).to.equal(true)
      await socket.closed
    })

    it('keeps its backpressure: without a reader there one chunk goes over, and the rest waits here', async () => {
      const { circuit, socket } = connected(variant.options)
      const there = moved(socket.readable)
      await turn(20)
      for (const body of cells(500)) circuit.data(body)
      await turn(200)
      // A chunk has at most 65,536 bytes: 131 cells. One is on its way, one more once somebody reads.
      expect(circuit.sentOf(SENDME).length).to.be.at.most(2)
      const reader = there.getReader()
      await reader.read()
      await turn(200)
      expect(circuit.sentOf(SENDME).length).to.be.at.most(5)
      await reader.cancel()
    })

    it('tells its failure there, after what had arrived', async () => {
      const { circuit, socket } = connected(variant.options)
      const reader = moved(socket.readable).getReader()
      circuit.data(pattern(10))
      expect((await reader.read()).value).to.have.length(10)
      circuit.end(12)
      await rejection(reader.read())
      expect(await codeOf(socket.closed)).to.equal('END_CONNRESET')
    })

    it('is cancelled from there', async () => {
      const { circuit, socket } = connected(variant.options)
      const there = moved(socket.readable)
      await socket.writable.close()
      await there.cancel('enough')
      await socket.closed
      expect(circuit.commands.at(-1)).to.equal(END)
    })

    it('sends what is written there', async () => {
      const { circuit, socket } = connected(variant.options)
      const writer = moved(socket.writable).getWriter()
      expect(socket.writable.locked).to.equal(true)
      for (let round = 0; round < 10; round++) await writer.write(pattern(1000, round * 1000))
      await writer.close()
      await until(() => circuit.dataBytes.length === 10_000)
      expect(sameBytes(circuit.dataBytes, pattern(10_000))).to.equal(true)
      await socket.close()
    })

    it('keeps its backpressure: without credit a few writes there resolve, and the rest wait', async () => {
      const { circuit, socket } = connected({ ...variant.options, credit: 0 })
      const writer = moved(socket.writable).getWriter()
      let resolved = 0
      const writes = Array.from({ length: 10 }, () => writer.write(pattern(498)).then(() => (resolved += 1)))
      await turn(300)
      expect(resolved).to.be.at.most(3)
      expect(circuit.sentOf(DATA)).to.have.length(0)
      circuit.grant(100)
      await Promise.all(writes)
      await until(() => circuit.sentOf(DATA).length === 10)
      await socket.close()
    })

    it('ends when it is aborted there', async () => {
      const { circuit, socket } = connected(variant.options)
      const there = moved(socket.writable)
      await there.abort('enough')
      expect(await codeOf(socket.closed)).to.equal('ABORTED')
      expect(circuit.commands.at(-1)).to.equal(END)
    })

    it('goes to a worker with both sides, and is served there', async () => {
      const { circuit, socket } = connected(variant.options)
      const worker = startWorker(new URL('./echo.worker.js', import.meta.url))
      try {
        const { readable, writable } = socket
        worker.postMessage({ readable, writable }, [readable, writable])
        for (const text of ['hello', ' ', 'worker']) {
          circuit.data(utf8(text))
          const size = circuit.dataBytes.length + text.length
          await until(() => circuit.dataBytes.length === size)
        }
        expect(new TextDecoder().decode(circuit.dataBytes)).to.equal('HELLO WORKER')
        await socket.close()
      } finally {
        await worker.terminate()
      }
    })
  })
}
