/** The readable half. */
import { expect } from 'chai'
import { RelayCommand } from '../../../lib/cell/commands.ts'
import { encodeEnd } from '../../../lib/cell/relay/end.ts'
import { turn } from '../../support/turn.ts'
import {
  cells,
  codeOf,
  concat,
  connected,
  itNeeding,
  pattern,
  readAll,
  rejection,
  sameBytes,
  type Variant,
} from '../support/stream-fixture.ts'
import { Watch } from '../support/watch.ts'

export function describeReading({ options, streams, native }: Variant): void {
  describe('when it is read', () => {
    it('is made of the streams that were asked for', () => {
      const { readable, writable } = connected(options).socket
      expect(readable).to.be.instanceOf(streams.ReadableStream)
      expect(writable).to.be.instanceOf(streams.WritableStream)
    })

    it('gives bytes that arrived before the read', async () => {
      const { circuit, socket } = connected(options)
      circuit.data(pattern(300))
      const { value, done } = await socket.readable.getReader().read()
      expect(done).to.equal(false)
      expect([...(value ?? [])]).to.deep.equal([...pattern(300)])
    })

    it('gives a read that waits what arrives', async () => {
      const { circuit, socket } = connected(options)
      const read = socket.readable.getReader().read()
      await turn()
      circuit.data(pattern(300))
      expect([...((await read).value ?? [])]).to.deep.equal([...pattern(300)])
    })

    it('gives the cells of one pass as one chunk', async () => {
      const { circuit, socket } = connected(options)
      const reader = socket.readable.getReader()
      const read = reader.read()
      await turn()
      circuit.data(...cells(20))
      expect((await read).value).to.have.length(20 * 498)
    })

    it('gives what arrived in several passes as one chunk, but none of more than 65,536 bytes', async () => {
      const { circuit, socket } = connected(options)
      for (const body of cells(300)) circuit.data(body)
      const reader = socket.readable.getReader()
      const chunks = [(await reader.read()).value, (await reader.read()).value, (await reader.read()).value]
      expect(chunks.map((chunk) => chunk?.length)).to.deep.equal([65_536, 65_536, 300 * 498 - 2 * 65_536])
      expect(sameBytes(concat(chunks as Uint8Array[]), concat(cells(300)))).to.equal(true)
    })

    it('answers reads that wait in their order', async () => {
      const { circuit, socket } = connected(options)
      const reader = socket.readable.getReader()
      const watch = new Watch()
      const reads = [1, 2, 3].map((number) => watch.add(`read ${number}`, reader.read()))
      await turn()
      circuit.data(pattern(10), pattern(10, 10))
      await turn()
      expect(watch.pending).to.deep.equal(['read 2', 'read 3'])
      circuit.data(pattern(5, 20))
      circuit.data(pattern(5, 25))
      const chunks = (await Promise.all(reads)).map(({ value }) => value as Uint8Array)
      expect(chunks.map(({ length }) => length)).to.deep.equal([20, 5, 5])
      expect([...concat(chunks)]).to.deep.equal([...pattern(30)])
    })

    it('gives no chunk for cells without bytes', async () => {
      const { circuit, socket } = connected(options)
      const watch = new Watch()
      const read = watch.add('read', socket.readable.getReader().read())
      await turn()
      circuit.data(new Uint8Array(0), new Uint8Array(0))
      await turn()
      expect(watch.pending).to.deep.equal(['read'])
      circuit.data(new Uint8Array(0), pattern(1), new Uint8Array(0))
      expect((await read).value).to.have.length(1)
    })

    it('gives fresh chunks of exactly their size, and detaches no memory of others', async () => {
      const { circuit, socket } = connected(options)
      const reader = socket.readable.getReader()
      // As a Buffer pool has it: other people's bytes on both sides of ours.
      const pool = pattern(8192)
      const arrive = (length: number): void => {
        circuit.endpoints.get(1)?.dataArrived(pool, 100, length)
        circuit.endpoints.get(1)?.readProcessed()
      }
      for (const early of [true, false]) {
        const read = early ? reader.read() : undefined
        await turn()
        arrive(64)
        const { value } = await (read ?? reader.read())
        const chunk = value as Uint8Array
        expect([...chunk]).to.deep.equal([...pattern(8192).subarray(100, 164)])
        expect([chunk.byteOffset, chunk.buffer.byteLength]).to.deep.equal([0, chunk.byteLength])
        expect(pool.byteLength).to.equal(8192)
        expect([...pool.subarray(100, 164)]).to.deep.equal([...chunk])
      }
    })

    it('leaves the pool of Buffers alone, where there are Buffers', async () => {
      const { Buffer } = globalThis as { Buffer?: { from(text: string): Uint8Array } }
      const { circuit, socket } = connected(options)
      const pooled = Buffer?.from('from the pool') ?? pattern(13)
      circuit.endpoints.get(1)?.dataArrived(pooled, 0, pooled.length)
      circuit.endpoints.get(1)?.readProcessed()
      const { value } = await socket.readable.getReader().read()
      expect([...(value ?? [])]).to.deep.equal([...pooled])
      expect(pooled.length).to.equal(13)
      if (Buffer) expect(new TextDecoder().decode(Buffer.from('hi'))).to.equal('hi')
    })

    it('keeps bytes that wait when the buffer they came in is used again', async () => {
      const { circuit, socket } = connected(options)
      circuit.data(pattern(498), pattern(498, 498)) // the fake circuit overwrites them after the pass
      circuit.data(pattern(10, 996))
      expect([...((await socket.readable.getReader().read()).value ?? [])]).to.deep.equal([...pattern(1006)])
    })

    it('loses nothing when a reader goes away while its read waits', async () => {
      const { circuit, socket } = connected(options)
      const first = socket.readable.getReader()
      const read = rejection(first.read())
      await turn()
      first.releaseLock()
      expect(await read).to.be.instanceOf(TypeError)
      circuit.data(pattern(10))
      circuit.data(pattern(20, 10))
      circuit.end(6)
      expect([...(await readAll(socket.readable))]).to.deep.equal([...pattern(30)])
    })

    it('loses nothing of that either when the stream breaks', async () => {
      const { circuit, socket } = connected(options)
      const first = socket.readable.getReader()
      const read = rejection(first.read())
      await turn()
      first.releaseLock()
      await read
      circuit.data(pattern(10))
      circuit.data(pattern(20, 10))
      circuit.end(12)
      const reader = socket.readable.getReader()
      const chunks: Uint8Array[] = []
      while (concat(chunks).length < 30) chunks.push((await reader.read()).value as Uint8Array)
      expect([...concat(chunks)]).to.deep.equal([...pattern(30)])
      expect(await codeOf(reader.read())).to.equal('END_CONNRESET')
      expect(await codeOf(reader.closed)).to.equal('END_CONNRESET')
    })

    it('loses nothing of that either when it is all that arrived', async () => {
      for (const reason of [6, 12]) {
        const { circuit, socket } = connected(options)
        const first = socket.readable.getReader()
        const read = rejection(first.read())
        await turn()
        first.releaseLock()
        await read
        circuit.data(pattern(10))
        circuit.end(reason)
        const reader = socket.readable.getReader()
        expect((await reader.read()).value).to.have.length(10)
        const outcome = await reader.read().then(
          ({ done }) => done,
          (error: unknown) => (error as { code: string }).code,
        )
        expect(outcome).to.equal(reason === 6 ? true : 'END_CONNRESET')
      }
    })

    it('gives what came in the same pass as END, then ends', async () => {
      const { circuit, socket } = connected(options)
      const reader = socket.readable.getReader()
      const reads = [reader.read(), reader.read()]
      await turn()
      circuit.deliver(
        1,
        [RelayCommand.DATA, pattern(10)],
        [RelayCommand.DATA, pattern(10)],
        [RelayCommand.END, encodeEnd(6)],
      )
      const [first, second] = await Promise.all(reads)
      expect(first?.value).to.have.length(20)
      expect(second?.done).to.equal(true)
      await reader.closed
    })

    it('gives what came in the same pass as END with another reason, then errors', async () => {
      const { circuit, socket } = connected(options)
      circuit.deliver(1, [RelayCommand.DATA, pattern(10)], [RelayCommand.END, encodeEnd(1)])
      const reader = socket.readable.getReader()
      expect((await reader.read()).value).to.have.length(10)
      expect(await codeOf(reader.read())).to.equal('END_MISC')
    })

    it('closes without another read once the last byte is read', async () => {
      const { circuit, socket } = connected(options)
      circuit.data(pattern(10))
      circuit.end(6)
      const reader = socket.readable.getReader()
      const watch = new Watch()
      void watch.add('closed', reader.closed)
      await turn()
      expect(watch.word('closed')).to.equal('pending')
      await reader.read()
      await turn()
      expect(watch.word('closed')).to.equal('yes')
    })

    itNeeding(native, 'async iteration of streams')(
      'gives whole passes to for await, and is cancelled when the loop is left',
      async () => {
        const { circuit, socket, clock } = connected(options)
        const sizes: number[] = []
        circuit.data(pattern(10))
        for await (const chunk of socket.readable) {
          sizes.push(chunk.length)
          if (sizes.length === 2) break
          circuit.data(pattern(7), pattern(7))
        }
        expect(sizes).to.deep.equal([10, 14])
        await socket.writable.close()
        await socket.closed
        expect(circuit.commands.at(-1)).to.equal(RelayCommand.END)
        expect(clock.timers).to.equal(0)
      },
    )

    itNeeding(native, 'async iteration of streams')(
      'ends for await after END, and throws from it when the stream breaks',
      async () => {
        for (const [reason, expected] of [
          [6, 'end'],
          [12, 'END_CONNRESET'],
        ] as const) {
          const { circuit, socket } = connected(options)
          circuit.data(pattern(10))
          circuit.end(reason)
          let size = 0
          const loop = async (): Promise<void> => {
            for await (const chunk of socket.readable) size += chunk.length
          }
          expect(
            await loop().then(
              () => 'end',
              (error: unknown) => (error as { code: string }).code,
            ),
          ).to.equal(expected)
          expect(size).to.equal(10)
        }
      },
    )

    it('gives both branches of a tee everything', async () => {
      const { circuit, socket } = connected(options)
      const [one, other] = socket.readable.tee()
      const all = Promise.all([readAll(one), readAll(other)])
      const bodies = cells(120)
      for (const body of bodies) {
        circuit.data(body)
        await turn()
      }
      circuit.end(6)
      for (const bytes of await all) expect(sameBytes(bytes, concat(bodies))).to.equal(true)
    })

    it('gives the slower branch of a tee what the faster one has had', async () => {
      const { circuit, socket } = connected(options)
      const [fast, slow] = socket.readable.tee()
      circuit.data(...cells(100))
      circuit.end(6)
      expect(sameBytes(await readAll(fast), concat(cells(100)))).to.equal(true)
      expect(sameBytes(await readAll(slow), concat(cells(100)))).to.equal(true)
    })

    it('is cancelled when both branches of a tee are', async () => {
      const { socket, circuit } = connected(options)
      const [one, other] = socket.readable.tee()
      const cancelled = [one.cancel('one'), other.cancel('other')]
      await Promise.all(cancelled)
      await socket.writable.close()
      await socket.closed
      expect(circuit.commands.at(-1)).to.equal(RelayCommand.END)
    })

    itNeeding(native, 'tee before an error')(
      'errors both branches of a tee when the stream breaks, after what arrived',
      async () => {
        const { socket, circuit } = connected(options)
        const branches = socket.readable.tee().map((branch) => branch.getReader())
        circuit.data(pattern(10))
        circuit.end(12)
        // At once: an error discards what one branch of a tee has not read yet.
        for (const { value } of await Promise.all(branches.map((reader) => reader.read())))
          expect(value).to.have.length(10)
        for (const reader of branches) expect(await codeOf(reader.read())).to.equal('END_CONNRESET')
      },
    )

    it('can be read again after each reader', async () => {
      const { circuit, socket } = connected(options)
      for (let round = 0; round < 3; round++) {
        circuit.data(pattern(10, round))
        const reader = socket.readable.getReader()
        expect([...((await reader.read()).value ?? [])]).to.deep.equal([...pattern(10, round)])
        reader.releaseLock()
      }
    })

    if (native) {
      it('is a body for Response', async () => {
        const { circuit, socket } = connected(options)
        circuit.data(new TextEncoder().encode('as a body'))
        circuit.end(6)
        expect(await new Response(socket.readable).text()).to.equal('as a body')
      })

      it('makes Response fail when the stream breaks', async () => {
        const { circuit, socket } = connected(options)
        circuit.data(new TextEncoder().encode('half a bo'))
        circuit.end(12)
        await rejection(new Response(socket.readable).text())
      })
    }
  })
}
