/** Both halves in pipes. */
import { expect } from 'chai'
import { RelayCommand } from '../../../lib/cell/commands.ts'
import { turn } from '../../support/turn.ts'
import {
  cells,
  codeOf,
  concat,
  connected,
  itNeeding,
  pattern,
  rejection,
  sameBytes,
  utf8,
  type Variant,
} from '../support/stream-fixture.ts'
import { Watch } from '../support/watch.ts'

const { END } = RelayCommand

export function describePiping({ options, streams, native }: Variant): void {
  /** A destination that notes what happens to it. */
  const destination = (
    sink: UnderlyingSink<Uint8Array> = {},
  ): { log: unknown[]; chunks: Uint8Array[]; stream: WritableStream<Uint8Array> } => {
    const log: unknown[] = []
    const chunks: Uint8Array[] = []
    const stream = new streams.WritableStream<Uint8Array>({
      write: (chunk) => void chunks.push(chunk),
      close: () => void log.push('closed'),
      abort: (reason: unknown) => void log.push(reason),
      ...sink,
    })
    return { log, chunks, stream }
  }

  /** A source that notes whether it was cancelled. */
  const source = (
    ...chunks: BufferSource[]
  ): {
    log: unknown[]
    controller: ReadableStreamDefaultController<BufferSource>
    stream: ReadableStream<BufferSource>
  } => {
    const log: unknown[] = []
    let controller!: ReadableStreamDefaultController<BufferSource>
    const stream = new streams.ReadableStream<BufferSource>({
      start(given) {
        controller = given
        for (const chunk of chunks) given.enqueue(chunk)
      },
      cancel: (reason: unknown) => void log.push(reason),
    })
    return { log, controller, stream }
  }

  describe('when the readable is piped', () => {
    it('closes the destination after END, unless told not to', async () => {
      for (const preventClose of [false, true]) {
        const { circuit, socket } = connected(options)
        const { log, chunks, stream } = destination()
        const piped = socket.readable.pipeTo(stream, { preventClose })
        circuit.data(...cells(30))
        await turn()
        circuit.data(...cells(30, 498, 30 * 498))
        circuit.end(6)
        await piped
        expect(log).to.deep.equal(preventClose ? [] : ['closed'])
        expect(sameBytes(concat(chunks), concat(cells(60)))).to.equal(true)
      }
    })

    it('aborts the destination when the stream breaks, unless told not to, after all that arrived', async () => {
      for (const preventAbort of [false, true]) {
        const { circuit, socket } = connected(options)
        const { log, chunks, stream } = destination()
        const piped = rejection(socket.readable.pipeTo(stream, { preventAbort }))
        circuit.data(pattern(100))
        circuit.end(12)
        const error = await piped
        expect(error).to.include({ code: 'END_CONNRESET' })
        expect(log).to.deep.equal(preventAbort ? [] : [error])
        expect(concat(chunks)).to.have.length(100)
      }
    })

    it('is cancelled when the destination fails, unless told not to', async () => {
      for (const preventCancel of [false, true]) {
        const { circuit, socket } = connected(options)
        const failure = new Error('disk full')
        const { stream } = destination({
          write() {
            throw failure
          },
        })
        const piped = rejection(socket.readable.pipeTo(stream, { preventCancel }))
        circuit.data(pattern(10))
        expect(await piped).to.equal(failure)
        await socket.writable.close()
        await turn()
        // With the writable closed a cancelled readable means END; one that is not cancelled can be read on.
        expect(circuit.commands.includes(END)).to.equal(!preventCancel)
        if (preventCancel) {
          circuit.data(pattern(7, 10))
          expect((await socket.readable.getReader().read()).value).to.have.length(7)
        }
      }
    })

    itNeeding(native, "a pipe's signal")("stops at once for the pipe's own signal", async () => {
      const { socket } = connected(options)
      const { log, stream } = destination()
      const controller = new AbortController()
      const piped = rejection(socket.readable.pipeTo(stream, { signal: controller.signal }))
      await turn()
      const reason = new Error('enough')
      controller.abort(reason)
      expect(await piped).to.equal(reason)
      expect(log).to.deep.equal([reason])
      expect(await socket.readable.getReader().read()).to.deep.equal({ value: undefined, done: true })
    })

    it('holds the far end back when the destination is slow', async () => {
      const { circuit, socket } = connected({ ...options, congestionControl: false })
      let go = (): void => undefined
      const { chunks, stream } = destination({
        write: (chunk) => {
          chunks.push(chunk)
          return new Promise<void>((resolve) => {
            go = resolve
          })
        },
      })
      const piped = socket.readable.pipeTo(stream)
      for (let cell = 0; cell < 500; cell++) {
        circuit.data(pattern(498, cell * 498))
        if (cell % 100 === 0) await turn()
      }
      await turn()
      // One chunk at the destination, one on its way: the rest waits here, and the window stays shut.
      const held = circuit.sentOf(RelayCommand.SENDME).length
      expect(socket.windows.deliver).to.be.at.most(held * 50)
      await turn(3)
      expect(circuit.sentOf(RelayCommand.SENDME)).to.have.length(held)
      circuit.end(6)
      const watch = new Watch()
      void watch.add('piped', piped)
      while (watch.pending.length > 0) {
        go()
        await turn()
      }
      expect(sameBytes(concat(chunks), pattern(500 * 498))).to.equal(true)
    })

    it('goes through a TransformStream', async () => {
      const { circuit, socket } = connected(options)
      const { chunks, stream } = destination()
      const upper = new streams.TransformStream<Uint8Array, Uint8Array>({
        transform: (chunk, controller) => controller.enqueue(chunk.map((byte) => byte ^ 0x20)),
      })
      const piped = socket.readable.pipeThrough(upper).pipeTo(stream)
      circuit.data(utf8('swap'))
      circuit.data(utf8('CASE'))
      circuit.end(6)
      await piped
      expect(new TextDecoder().decode(concat(chunks))).to.equal('SWAPcase')
    })

    if (native) {
      it("goes through a TextDecoderStream, and into a TextEncoderStream's place", async () => {
        const { circuit, socket } = connected(options)
        const text: string[] = []
        const piped = socket.readable
          .pipeThrough(new TextDecoderStream())
          .pipeTo(new WritableStream<string>({ write: (chunk) => void text.push(chunk) }))
        for (const byte of utf8('zwölf Boxkämpfer')) circuit.data(Uint8Array.of(byte))
        circuit.end(6)
        await piped
        expect(text.join('')).to.equal('zwölf Boxkämpfer')

        const encoder = new TextEncoderStream()
        const sent = encoder.readable.pipeTo(connected(options).socket.writable)
        const writer = encoder.writable.getWriter()
        await Promise.all([writer.write('Sylt'), writer.close()])
        await sent
      })
    }
  })

  describe('when something is piped into the writable', () => {
    it('sends it all and closes, but sends no END: the answer may still come', async () => {
      const { circuit, socket } = connected(options)
      const { controller, stream } = source(pattern(1000), pattern(10, 1000))
      controller.close()
      await stream.pipeTo(socket.writable)
      expect(sameBytes(circuit.dataBytes, pattern(1010))).to.equal(true)
      await socket.writable.getWriter().closed
      await turn()
      expect(circuit.commands).not.to.include(END)
      circuit.data(utf8('the answer'))
      expect((await socket.readable.getReader().read()).value).to.have.length(10)
    })

    it('stays open with preventClose', async () => {
      const { circuit, socket } = connected(options)
      for (const from of [0, 100]) {
        const { controller, stream } = source(pattern(100, from))
        controller.close()
        await stream.pipeTo(socket.writable, { preventClose: true })
      }
      await turn()
      expect([...circuit.dataBytes]).to.deep.equal([...pattern(200)])
    })

    it('ends the stream when the source fails, unless told not to', async () => {
      for (const preventAbort of [false, true]) {
        const { circuit, socket } = connected(options)
        const { controller, stream } = source(pattern(100))
        const piped = rejection(stream.pipeTo(socket.writable, { preventAbort }))
        await turn()
        const failure = new Error('source ran dry')
        controller.error(failure)
        expect(await piped).to.equal(failure)
        expect(circuit.commands.includes(END)).to.equal(!preventAbort)
        if (preventAbort) {
          await socket.writable.getWriter().write(pattern(1))
        } else {
          expect(await rejection(socket.readable.getReader().read())).to.equal(failure)
          expect(await codeOf(socket.closed)).to.equal('ABORTED')
        }
      }
    })

    it('cancels the source when the stream breaks, unless told not to', async () => {
      for (const preventCancel of [false, true]) {
        const { circuit, socket } = connected({ ...options, credit: 1 })
        const { log, stream } = source(pattern(1000), pattern(1000))
        const piped = rejection(stream.pipeTo(socket.writable, { preventCancel }))
        await turn()
        circuit.end(12)
        const error = await piped
        expect(error).to.include({ code: 'END_CONNRESET' })
        expect(log).to.deep.equal(preventCancel ? [] : [error])
      }
    })

    it('cancels the source with ENDED when the far end is done', async () => {
      const { circuit, socket } = connected({ ...options, credit: 1 })
      const { log, stream } = source(pattern(1000), pattern(1000))
      const piped = rejection(stream.pipeTo(socket.writable))
      await turn()
      circuit.end(6)
      const error = await piped
      expect(error).to.include({ code: 'ENDED', reason: 6 })
      expect(log).to.deep.equal([error])
      await socket.closed
    })

    it("ends for the pipe's own signal only once the write that waits is through, as the standard has it", async () => {
      const { circuit, socket } = connected({ ...options, credit: 1 })
      const { stream } = source(pattern(600), pattern(600))
      const controller = new AbortController()
      const watch = new Watch()
      const reason = new Error('enough')
      void watch.add('piped', stream.pipeTo(socket.writable, { signal: controller.signal }))
      await turn()
      controller.abort(reason)
      circuit.grant(1)
      await watch.allSettled()
      expect(watch.of('piped')).to.deep.equal({ reason })
      expect(circuit.commands).to.include(END)
    })

    it('ends at once for close() and for the signal of connect', async () => {
      for (const how of ['close', 'signal'] as const) {
        const controller = new AbortController()
        const { circuit, socket } = connected({ ...options, credit: 1, signal: controller.signal })
        const { log, stream } = source(pattern(600), pattern(600))
        const piped = rejection(stream.pipeTo(socket.writable))
        await turn()
        if (how === 'close') void socket.close().catch(() => undefined)
        else controller.abort()
        expect(await piped).to.include({ code: how === 'close' ? 'CLOSED' : 'ABORTED' })
        expect(log).to.have.length(1)
        expect(circuit.commands.at(-1)).to.equal(END)
      }
    })
  })

  describe('when it is piped into itself', () => {
    it('echoes, and ends cleanly after END', async () => {
      const { circuit, socket } = connected(options)
      const echoed = socket.readable.pipeTo(socket.writable)
      for (let round = 0; round < 5; round++) {
        circuit.data(pattern(100, round * 100))
        await turn()
      }
      circuit.end(6)
      await echoed
      await socket.closed
      expect([...circuit.dataBytes]).to.deep.equal([...pattern(500)])
    })

    it('echoes with END in the pass of the last bytes: those cannot be sent any more', async () => {
      const { circuit, socket } = connected(options)
      const echoed = codeOf(socket.readable.pipeTo(socket.writable))
      await turn()
      circuit.deliver(1, [RelayCommand.DATA, pattern(10)], [END, Uint8Array.of(6)])
      expect(await echoed).to.equal('ENDED')
      await socket.closed
    })
  })
}
