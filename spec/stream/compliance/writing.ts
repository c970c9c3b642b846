/** The writable half. */
import { expect } from 'chai'
import { RelayCommand } from '../../../lib/cell/commands.ts'
import { SocketError } from '../../../lib/base/errors.ts'
import { turn } from '../../support/turn.ts'
import {
  codeOf,
  connected,
  connecting,
  pattern,
  rejection,
  sameBytes,
  utf8,
  type Variant,
} from '../support/stream-fixture.ts'
import { Watch } from '../support/watch.ts'

const { BEGIN, DATA, END } = RelayCommand

const detach = (buffer: ArrayBuffer): void => void structuredClone(0, { transfer: [buffer] })

/** The kinds of BufferSource, each over a whole buffer. */
const KINDS: readonly ((buffer: ArrayBuffer) => BufferSource)[] = [
  (buffer) => buffer,
  (buffer) => new Uint8Array(buffer),
  (buffer) => new DataView(buffer),
]

export function describeWriting({ options, streams, flowControl }: Variant): void {
  describe('when it is written', () => {
    it('sends every kind of BufferSource, and only the bytes that a view shows', async () => {
      const buffer = pattern(64).buffer
      const chunks: [BufferSource, number, number][] = [
        [buffer, 0, 64],
        [new Uint8Array(buffer, 3, 5), 3, 5],
        [new Uint8ClampedArray(buffer, 1, 2), 1, 2],
        [new Int8Array(buffer, 60), 60, 4],
        [new DataView(buffer, 7, 9), 7, 9],
        [new Uint16Array(buffer, 2, 3), 2, 6],
        [new Float32Array(buffer, 4, 1), 4, 4],
        [new BigInt64Array(buffer, 16, 1), 16, 8],
        [pattern(64).subarray(10, 12), 10, 2],
      ]
      for (const [chunk, from, size] of chunks) {
        const { circuit, socket } = connected(options)
        await socket.writable.getWriter().write(chunk)
        await turn()
        expect([...circuit.dataBytes], chunk.constructor.name).to.deep.equal([
          ...pattern(64).subarray(from, from + size),
        ])
      }
    })

    it('sends nothing for an empty chunk', async () => {
      const { circuit, socket } = connected(options)
      const writer = socket.writable.getWriter()
      for (const chunk of [new Uint8Array(0), new ArrayBuffer(0), new DataView(new ArrayBuffer(4), 2, 0)])
        await writer.write(chunk)
      await writer.write(utf8('x'))
      await turn()
      expect(circuit.cells).to.deep.equal([1])
    })

    it('cuts a chunk into full cells and a rest', async () => {
      const { circuit, socket } = connected(options)
      await socket.writable.getWriter().write(pattern(1500))
      await turn()
      expect(circuit.cells).to.deep.equal([498, 498, 498, 6])
      expect(sameBytes(circuit.dataBytes, pattern(1500))).to.equal(true)
    })

    it('takes its own copy: a chunk may be used again once its write has resolved', async () => {
      const { circuit, socket } = connected(options)
      const writer = socket.writable.getWriter()
      const chunk = pattern(100)
      await writer.write(chunk)
      chunk.fill(0)
      await writer.write(chunk.fill(7))
      chunk.fill(0)
      await turn()
      expect([...circuit.dataBytes]).to.deep.equal([...pattern(100), ...new Uint8Array(100).fill(7)])
    })

    const twenty = Array.from({ length: 20 }, (_, index) => pattern(100, index * 100))
    const ways: Record<string, (writable: WritableStream<BufferSource>) => Promise<unknown>> = {
      'that are not awaited': (writable) => {
        const writer = writable.getWriter()
        return Promise.all(twenty.map((chunk) => writer.write(chunk)))
      },
      'that are awaited one after the other': async (writable) => {
        const writer = writable.getWriter()
        for (const chunk of twenty) await writer.write(chunk)
      },
      'that wait for ready': async (writable) => {
        const writer = writable.getWriter()
        for (const chunk of twenty) {
          await writer.ready
          void writer.write(chunk)
        }
      },
      'of a pipe': async (writable) => {
        const source = new streams.ReadableStream<BufferSource>({
          start(controller) {
            for (const chunk of twenty) controller.enqueue(chunk)
            controller.close()
          },
        })
        await source.pipeTo(writable)
      },
    }
    for (const [how, write] of Object.entries(ways)) {
      it(`packs twenty writes of 100 bytes ${how} into five cells`, async () => {
        const { circuit, socket } = connected(options)
        await write(socket.writable)
        await turn()
        expect(circuit.cells).to.deep.equal([498, 498, 498, 498, 8])
        expect(sameBytes(circuit.dataBytes, pattern(2000))).to.equal(true)
        expect(circuit.reserved).to.equal(0)
      })
    }

    it('holds no byte longer than the turn in which it was accepted', async () => {
      const { circuit, socket } = connected(options)
      const writer = socket.writable.getWriter()
      for (let round = 1; round <= 3; round++) {
        await writer.write(utf8('abc'))
        await turn()
        expect(circuit.cells).to.deep.equal(Array.from({ length: round }, () => 3))
      }
    })

    it('reserves the credit of a cell that is not sealed yet', async () => {
      const { circuit, socket } = connected({ ...options, credit: 3 })
      await socket.writable.getWriter().write(utf8('abc'))
      expect([circuit.reserved, circuit.line.credit, circuit.cells.length]).to.deep.equal([1, 2, 0])
      await turn()
      expect([circuit.reserved, circuit.line.credit, circuit.cells.length]).to.deep.equal([0, 2, 1])
      expect(socket.windows.package).to.equal(flowControl === 'windows' ? 499 : Infinity)
    })

    it('reserves the last cell of its own window too', async () => {
      const { circuit, socket } = connected({ ...options, congestionControl: false })
      const writer = socket.writable.getWriter()
      await writer.write(pattern(499 * 498))
      await writer.write(utf8('the last cell'))
      const watch = new Watch()
      void watch.add('write', writer.write(pattern(1200)))
      await turn()
      // It has filled the last cell to its end, and waits with the rest.
      expect(circuit.cells.slice(499)).to.deep.equal([498])
      expect(watch.pending).to.deep.equal(['write'])
      circuit.sendme()
      await watch.allSettled()
      expect(circuit.cells.slice(500)).to.deep.equal([498, 13 + 1200 - 2 * 498])
    })

    it('leaves room for a short cell wherever the circuit wants one', async () => {
      const { circuit, socket } = connected(options)
      let cell = 0
      circuit.cellSize = () => (cell++ % 3 === 0 ? 478 : 498)
      const writer = socket.writable.getWriter()
      let sent = 0
      for (const size of [478, 479, 498, 499, 20, 490, 1000, 2490, 1]) {
        await writer.write(pattern(size, sent))
        sent += size
      }
      await turn()
      expect(sameBytes(circuit.dataBytes, pattern(sent))).to.equal(true)
      circuit.cells.forEach((length, index) => expect(length).to.be.at.most(index % 3 === 0 ? 478 : 498))
      expect(circuit.reserved).to.equal(0)
    })

    it('says ready and a desiredSize above 0 except while a write waits', async () => {
      const { circuit, socket } = connected({ ...options, credit: 2 })
      const writer = socket.writable.getWriter()
      const watch = new Watch()
      await writer.write(pattern(2 * 498))
      expect(writer.desiredSize).to.equal(1)
      await writer.ready
      // Without credit one chunk more is taken.
      void watch.add('write', writer.write(pattern(100)))
      void watch.add('ready', writer.ready)
      await turn(2)
      expect(writer.desiredSize).to.equal(0)
      expect(watch.pending).to.deep.equal(['write', 'ready'])
      circuit.grant(1)
      await watch.allSettled()
      expect(writer.desiredSize).to.equal(1)
      expect(circuit.cells).to.deep.equal([498, 498, 100])
    })

    it("waits for the stream's own window as for the circuit's", async () => {
      const { circuit, socket } = connected({ ...options, congestionControl: false })
      const watch = new Watch()
      void watch.add('write', socket.writable.getWriter().write(pattern(560 * 498)))
      await turn()
      expect(circuit.cells).to.have.length(500)
      circuit.grant(1000)
      await turn()
      expect(circuit.cells).to.have.length(500)
      circuit.sendme()
      await turn()
      expect(circuit.cells).to.have.length(550)
      expect(watch.pending).to.deep.equal(['write'])
      circuit.sendme()
      await watch.allSettled()
      expect(circuit.cells).to.have.length(560)
    })

    it('cuts 50 MB as there is credit, never ahead: nothing is copied before', async () => {
      const { circuit, socket } = connected({ ...options, credit: 100 })
      const chunk = new Uint8Array(50_000_000)
      const watch = new Watch()
      void watch.add('write', socket.writable.getWriter().write(chunk))
      await turn()
      expect(circuit.cells).to.have.length(100)
      // What is not cut yet still is the caller's memory.
      chunk.fill(5)
      circuit.grant(200)
      await turn()
      expect(circuit.cells).to.have.length(300)
      expect(circuit.sentOf(DATA).map(({ body }) => body[0])).to.deep.equal([
        ...Array<number>(100).fill(0),
        ...Array<number>(200).fill(5),
      ])
      await socket.close()
      await watch.allSettled()
      expect(watch.word('write')).to.equal('CLOSED')
    })

    it('sends 5 MB whole through flow control that lets it out step by step', async () => {
      const { circuit, socket } = connected({ ...options, credit: 1000 })
      const bytes = pattern(5_000_000)
      const watch = new Watch()
      void watch.add('write', socket.writable.getWriter().write(bytes))
      let acknowledged = 0
      let told = 0
      const tell = (sent: number): void => {
        told = sent
        circuit.xoff()
        circuit.xon()
      }
      while (watch.pending.length > 0) {
        await turn()
        const sent = circuit.cells.length
        for (; acknowledged + 50 <= sent && flowControl === 'windows'; acknowledged += 50) circuit.sendme()
        if (flowControl === 'congestion-control' && sent - told > 500) tell(sent)
        if (circuit.available < 100) circuit.grant(137)
      }
      await turn()
      expect(sameBytes(circuit.dataBytes, bytes)).to.equal(true)
      expect(circuit.cells.every((length, index) => length === 498 || index === circuit.cells.length - 1)).to.equal(
        true,
      )
    })

    it('takes what is written before the stream is connected, and sends it right behind BEGIN', async () => {
      const { circuit, socket } = connecting(options)
      await socket.writable.getWriter().write(utf8('early'))
      await turn()
      expect(circuit.commands).to.deep.equal([BEGIN, DATA])
    })

    it('takes what is written before the circuit is open, and sends it once it is', async () => {
      const { circuit, socket } = connecting({ ...options, open: false })
      const watch = new Watch()
      const writer = socket.writable.getWriter()
      void watch.add('first', writer.write(utf8('early')))
      void watch.add('second', writer.write(utf8(' bird')))
      await turn()
      expect(watch.pending).to.deep.equal(['first', 'second'])
      circuit.open()
      await watch.allSettled()
      expect(circuit.commands).to.deep.equal([BEGIN, DATA])
      expect([...circuit.dataBytes]).to.deep.equal([...utf8('early bird')])
    })

    it('holds back what is written until CONNECTED when told not to be optimistic', async () => {
      const { circuit, socket } = connecting({ ...options, optimistic: false })
      const watch = new Watch()
      void watch.add('write', socket.writable.getWriter().write(utf8('patient')))
      await turn()
      expect(circuit.commands).to.deep.equal([BEGIN])
      circuit.connect()
      await watch.allSettled()
      expect(circuit.commands).to.deep.equal([BEGIN, DATA])
    })

    const bad: readonly [what: string, chunk: unknown][] = [
      ['text', 'text'],
      ['a number', 5],
      ['null', null],
      ['undefined', undefined],
      ['an array', [1, 2, 3]],
      ['an object', { byteLength: 5, buffer: 5 }],
      ['a Blob', new Blob(['x'])],
    ]
    for (const [what, chunk] of bad) {
      it(`ends the stream with a TypeError for ${what}, after what was accepted before`, async () => {
        const { circuit, socket } = connected(options)
        const writer = socket.writable.getWriter()
        const before = writer.write(utf8('fine'))
        const error = await rejection(writer.write(chunk as BufferSource))
        await before
        expect(error).to.be.instanceOf(TypeError)
        expect((error as Error).message).to.match(/^Cannot write the chunk/)
        expect(circuit.commands).to.deep.equal([BEGIN, DATA, END])
        expect(await rejection(writer.closed)).to.equal(error)
        expect(await rejection(writer.write(utf8('more')))).to.equal(error)
        expect(await rejection(socket.readable.getReader().read())).to.equal(error)
        expect(await rejection(socket.closed))
          .to.be.instanceOf(SocketError)
          .and.to.include({ code: 'ABORTED', cause: error })
      })
    }

    it('fails a write whose chunk is transferred away while it waits, and ends the stream', async () => {
      const { circuit, socket } = connected({ ...options, credit: 1 })
      const chunk = pattern(1000)
      const written = codeOf(socket.writable.getWriter().write(chunk))
      await turn()
      detach(chunk.buffer)
      circuit.grant(10)
      expect(await written).to.equal('CHUNK_DETACHED')
      expect(circuit.cells).to.deep.equal([498])
      expect(circuit.commands.at(-1)).to.equal(END)
      expect(await codeOf(socket.closed)).to.equal('CHUNK_DETACHED')
      expect(await codeOf(socket.readable.getReader().read())).to.equal('CHUNK_DETACHED')
    })

    it('fails a write whose chunk is transferred away before its turn comes, whatever kind it is', async () => {
      for (const kind of KINDS) {
        const { circuit, socket } = connected({ ...options, credit: 1 })
        const writer = socket.writable.getWriter()
        const first = writer.write(pattern(600))
        const buffer = new ArrayBuffer(10)
        const second = codeOf(writer.write(kind(buffer)))
        await turn()
        detach(buffer)
        circuit.grant(10)
        await first
        expect(await second).to.equal('CHUNK_DETACHED')
        expect(circuit.commands.at(-1)).to.equal(END)
        expect(circuit.cells).to.deep.equal([498, 102])
      }
    })

    const Resizable = ArrayBuffer as unknown as new (
      length: number,
      options: { maxByteLength: number },
    ) => ArrayBuffer & { resize(length: number): void }

    it('sends of a buffer that grows while it waits what it had when it was written', async () => {
      for (const kind of KINDS) {
        const { circuit, socket } = connected({ ...options, credit: 1 })
        const buffer = new Resizable(1000, { maxByteLength: 2000 })
        new Uint8Array(buffer).set(pattern(1000))
        const written = socket.writable.getWriter().write(kind(buffer))
        await turn()
        buffer.resize(2000)
        circuit.grant(10)
        await written
        await turn()
        expect(sameBytes(circuit.dataBytes, pattern(1000))).to.equal(true)
      }
    })

    it('sends all of a buffer that shrinks in the turn of the write, or fails', async () => {
      const { circuit, socket } = connected(options)
      const writer = socket.writable.getWriter()
      await turn()
      const buffer = new Resizable(1000, { maxByteLength: 2000 })
      const written = writer.write(new Uint8Array(buffer)).then(
        () => 'written',
        (error: unknown) => (error as SocketError).code,
      )
      buffer.resize(10)
      const outcome = await written
      await turn()
      expect([outcome, circuit.dataBytes.length]).to.be.deep.oneOf([
        ['written', 1000],
        ['CHUNK_DETACHED', 0],
      ])
    })

    it('fails a write whose buffer shrinks while it waits', async () => {
      const { circuit, socket } = connected({ ...options, credit: 1 })
      const buffer = new Resizable(1000, { maxByteLength: 2000 })
      const written = codeOf(socket.writable.getWriter().write(new Uint8Array(buffer)))
      await turn()
      buffer.resize(10)
      circuit.grant(10)
      expect(await written).to.equal('CHUNK_DETACHED')
    })

    it('seals what was accepted before every END of ours', async () => {
      type End = (
        fixture: ReturnType<typeof connected>,
        writer: WritableStreamDefaultWriter<BufferSource>,
        abort: () => void,
      ) => unknown
      const ends: Record<string, End> = {
        'close()': ({ socket }) => socket.close(),
        'abort()': (_scene, writer) => writer.abort('enough'),
        'the signal': (_scene, _writer, abort) => abort(),
        'cancel() and close()': async ({ socket }, writer) => Promise.all([socket.readable.cancel(), writer.close()]),
        'close() with endOnClose': (_scene, writer) => writer.close(),
        'a bad chunk': (_scene, writer) => rejection(writer.write('text' as unknown as BufferSource)),
      }
      for (const [how, end] of Object.entries(ends)) {
        const controller = new AbortController()
        const fixture = connected({ ...options, endOnClose: how.endsWith('endOnClose'), signal: controller.signal })
        const writer = fixture.socket.writable.getWriter()
        await writer.write(utf8('last words'))
        await end(fixture, writer, () => controller.abort())
        await fixture.socket.closed.catch(() => undefined)
        expect(fixture.circuit.commands, how).to.deep.equal([BEGIN, DATA, END])
        expect(fixture.circuit.reserved, how).to.equal(0)
        await turn()
        expect(fixture.circuit.commands, how).to.have.length(3)
      }
    })

    it('gives back the credit of what was accepted and could not be sent, and sends it nowhere', async () => {
      const ends: Record<string, (fixture: ReturnType<typeof connected>) => void> = {
        'END DONE': ({ circuit }) => circuit.end(6),
        'END CONNRESET': ({ circuit }) => circuit.end(12),
        'the circuit dies': ({ circuit }) => circuit.die(),
      }
      for (const [how, end] of Object.entries(ends)) {
        const fixture = connected(options)
        const writer = fixture.socket.writable.getWriter()
        await writer.write(utf8('too late'))
        end(fixture)
        // The bytes are lost, so the writable fails at once, whatever the reason says.
        const expected = how === 'END DONE' ? 'ENDED' : how === 'END CONNRESET' ? 'END_CONNRESET' : 'CIRCUIT_DESTROYED'
        expect(await codeOf(writer.closed), how).to.equal(expected)
        await turn(2)
        expect(fixture.circuit.commands, how).to.deep.equal([BEGIN])
        expect(fixture.circuit.faults, how).to.deep.equal([])
        if (how !== 'the circuit dies') expect(fixture.circuit.reserved, how).to.equal(0)
      }
    })

    it('fails, and does not hang, when the circuit throws while cells are packed', async () => {
      const { circuit, socket } = connected(options)
      const fault = new Error('no such luck')
      circuit.cellSize = () => {
        throw fault
      }
      const writer = socket.writable.getWriter()
      expect(await rejection(writer.write(pattern(1000)))).to.equal(fault)
      expect(await codeOf(socket.closed)).to.equal('ABORTED')
    })
  })
}
