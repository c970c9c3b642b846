/** Reads into a buffer that the caller brings. */
import { expect } from 'chai'
import type { StreamConstructors } from '../../../lib/base/streams/stream-constructors.ts'
import { turn } from '../../support/turn.ts'
import {
  cells,
  codeOf,
  concat,
  connected,
  pattern,
  rejection,
  sameBytes,
  type Variant,
} from '../support/stream-fixture.ts'
import { Watch } from '../support/watch.ts'

const bytesOf = (view: ArrayBufferView | undefined): number[] =>
  view === undefined ? [] : [...new Uint8Array(view.buffer, view.byteOffset, view.byteLength)]

/** Takes all that comes, in one of the three ways; resolves at the end. */
async function takeAll(
  readable: ReadableStream<Uint8Array>,
  { WritableStream: Writable }: StreamConstructors,
  how: 'a default reader' | 'a BYOB reader' | 'a pipe',
  chunks: Uint8Array[],
): Promise<void> {
  if (how === 'a pipe') {
    await readable.pipeTo(new Writable<Uint8Array>({ write: (chunk) => void chunks.push(chunk) }))
    return
  }
  const byob = how === 'a BYOB reader' ? readable.getReader({ mode: 'byob' }) : undefined
  const plain = byob === undefined ? readable.getReader() : undefined
  for (;;) {
    const { value, done } = (await (byob?.read(new Uint8Array(7)) ?? plain?.read())) ?? { done: true, value: undefined }
    if (done) return
    chunks.push(value)
  }
}

export function describeByob({ options, streams, bytes }: Variant): void {
  if (!bytes) {
    describe('when a reader brings its own buffer', () => {
      it('says that it has no such readers', () => {
        expect(() => connected(options).socket.readable.getReader({ mode: 'byob' })).to.throw(TypeError)
      })
    })
    return
  }

  describe('when a reader brings its own buffer', () => {
    it('fills the view with what arrived before the read', async () => {
      const { circuit, socket } = connected(options)
      circuit.data(pattern(100))
      const reader = socket.readable.getReader({ mode: 'byob' })
      expect(bytesOf((await reader.read(new Uint8Array(60))).value)).to.deep.equal([...pattern(60)])
      expect(bytesOf((await reader.read(new Uint8Array(60))).value)).to.deep.equal([...pattern(40, 60)])
    })

    it('fills the view of a read that waits', async () => {
      const { circuit, socket } = connected(options)
      const reader = socket.readable.getReader({ mode: 'byob' })
      const read = reader.read(new Uint8Array(1000))
      await turn()
      circuit.data(pattern(100), pattern(100, 100))
      expect(bytesOf((await read).value)).to.deep.equal([...pattern(200)])
    })

    it('fills only the part of the buffer that the view shows', async () => {
      const { circuit, socket } = connected(options)
      const reader = socket.readable.getReader({ mode: 'byob' })
      circuit.data(pattern(5))
      const { value } = await reader.read(new Uint8Array(new ArrayBuffer(16), 4, 8))
      expect([value?.byteOffset, value?.byteLength, value?.buffer.byteLength]).to.deep.equal([4, 5, 16])
      expect([...new Uint8Array(value?.buffer ?? new ArrayBuffer(0))]).to.deep.equal([
        0,
        0,
        0,
        0,
        ...pattern(5),
        0,
        0,
        0,
        0,
        0,
        0,
        0,
      ])
    })

    it('fills one view with more than a chunk would have', async () => {
      const { circuit, socket } = connected(options)
      circuit.data(...cells(300))
      const { value } = await socket.readable.getReader({ mode: 'byob' }).read(new Uint8Array(200_000))
      expect(sameBytes(value as Uint8Array, concat(cells(300)))).to.equal(true)
    })

    it('answers several reads in their order', async () => {
      const { circuit, socket } = connected(options)
      const reader = socket.readable.getReader({ mode: 'byob' })
      const watch = new Watch()
      const reads = [1, 2, 3].map((number) => watch.add(`read ${number}`, reader.read(new Uint8Array(10))))
      await turn()
      circuit.data(pattern(15))
      await turn()
      expect(watch.pending).to.deep.equal(['read 3'])
      circuit.data(pattern(3, 15))
      expect((await Promise.all(reads)).map(({ value }) => bytesOf(value))).to.deep.equal([
        [...pattern(10)],
        [...pattern(5, 10)],
        [...pattern(3, 15)],
      ])
    })

    it('waits with min until there are so many elements', async () => {
      const { circuit, socket } = connected(options)
      const reader = socket.readable.getReader({ mode: 'byob' })
      const watch = new Watch()
      const read = watch.add('read', reader.read(new Uint8Array(100), { min: 30 }))
      for (const from of [0, 10]) {
        circuit.data(pattern(10, from))
        await turn()
        expect(watch.pending).to.deep.equal(['read'])
      }
      circuit.data(pattern(15, 20))
      expect(bytesOf((await read).value)).to.deep.equal([...pattern(35)])
    })

    it('acknowledges what a read with min has taken, so that it cannot starve', async () => {
      const { circuit, socket } = connected(options)
      const reader = socket.readable.getReader({ mode: 'byob' })
      const read = reader.read(new Uint8Array(300_000), { min: 299_000 })
      await turn()
      let sent = 0
      while (sent < 601) {
        expect(socket.windows.deliver).to.be.greaterThan(0)
        circuit.data(pattern(498, sent * 498))
        sent += 1
        if (sent % 40 === 0) await turn()
      }
      expect((await read).value).to.have.length(601 * 498)
    })

    it('gives whole elements to views of larger ones, and keeps the odd byte for the next read', async () => {
      const { circuit, socket } = connected(options)
      const reader = socket.readable.getReader({ mode: 'byob' })
      circuit.data(pattern(3))
      const first = await reader.read(new Uint16Array(8))
      expect(first.value).to.be.instanceOf(Uint16Array)
      expect(bytesOf(first.value)).to.deep.equal([...pattern(2)])
      const read = reader.read(new Uint32Array(2))
      await turn()
      circuit.data(pattern(4, 3))
      expect(bytesOf((await read).value)).to.deep.equal([...pattern(4, 2)])
      expect(bytesOf((await reader.read(new DataView(new ArrayBuffer(4)))).value)).to.deep.equal([...pattern(1, 6)])
    })

    it('waits with a view of larger elements until there is a whole one', async () => {
      const { circuit, socket } = connected(options)
      const reader = socket.readable.getReader({ mode: 'byob' })
      const watch = new Watch()
      const read = watch.add('read', reader.read(new BigUint64Array(1)))
      for (let from = 0; from < 7; from++) {
        circuit.data(pattern(1, from))
        await turn()
        expect(watch.pending).to.deep.equal(['read'])
      }
      circuit.data(pattern(1, 7))
      expect(bytesOf((await read).value)).to.deep.equal([...pattern(8)])
    })

    it('ends a read that waits after END, and gives the view back', async () => {
      const { circuit, socket } = connected(options)
      const reader = socket.readable.getReader({ mode: 'byob' })
      const reads = [reader.read(new Uint8Array(10)), reader.read(new Uint8Array(20))]
      await turn()
      circuit.end(6)
      for (const [index, { value, done }] of (await Promise.all(reads)).entries()) {
        expect([done, value?.byteLength, value?.buffer.byteLength]).to.deep.equal([true, 0, 10 + 10 * index])
      }
      await reader.closed
    })

    it('ends a read that waits when the socket is closed', async () => {
      const { socket } = connected(options)
      const reader = socket.readable.getReader({ mode: 'byob' })
      const read = reader.read(new Uint8Array(10))
      await turn()
      await socket.close()
      expect((await read).done).to.equal(true)
      await reader.closed
    })

    it('gives what a read with min had when END came', async () => {
      const { circuit, socket } = connected(options)
      const reader = socket.readable.getReader({ mode: 'byob' })
      const read = reader.read(new Uint8Array(100), { min: 50 })
      await turn()
      circuit.data(pattern(20))
      await turn()
      circuit.end(6)
      expect(bytesOf((await read).value)).to.deep.equal([...pattern(20)])
      await reader.closed
    })

    it('errors when END leaves an odd byte for a view of larger elements, and nothing hangs', async () => {
      const { circuit, socket } = connected(options)
      const reader = socket.readable.getReader({ mode: 'byob' })
      const read = reader.read(new Uint16Array(4))
      await turn()
      circuit.data(pattern(1))
      circuit.end(6)
      expect(await rejection(read)).to.be.instanceOf(TypeError)
      await rejection(reader.closed)
      await socket.closed
    })

    it('rejects a read that waits when the stream breaks', async () => {
      const { circuit, socket } = connected(options)
      const reader = socket.readable.getReader({ mode: 'byob' })
      const reads = [reader.read(new Uint8Array(10)), reader.read(new Uint16Array(10))].map(codeOf)
      await turn()
      circuit.die()
      expect(await Promise.all(reads)).to.deep.equal(['CIRCUIT_DESTROYED', 'CIRCUIT_DESTROYED'])
    })

    it('loses nothing when a reader goes away while its read waits', async () => {
      const { circuit, socket } = connected(options)
      const first = socket.readable.getReader({ mode: 'byob' })
      const read = rejection(first.read(new Uint8Array(10)))
      await turn()
      first.releaseLock()
      expect(await read).to.be.instanceOf(TypeError)
      circuit.data(pattern(25))
      const reader = socket.readable.getReader()
      const chunks: Uint8Array[] = []
      while (concat(chunks).length < 25) chunks.push((await reader.read()).value as Uint8Array)
      expect([...concat(chunks)]).to.deep.equal([...pattern(25)])
    })

    for (const how of ['a default reader', 'a BYOB reader', 'a pipe'] as const) {
      it(`gives what comes after a read was given up to ${how} that waits by then, and the end`, async () => {
        const { circuit, socket } = connected(options)
        const first = socket.readable.getReader({ mode: 'byob' })
        const read = rejection(first.read(new Uint8Array(100)))
        await turn()
        first.releaseLock()
        expect(await read).to.be.instanceOf(TypeError)
        const chunks: Uint8Array[] = []
        const watch = new Watch()
        void watch.add('the end', takeAll(socket.readable, streams, how, chunks))
        await turn()
        circuit.data(pattern(25))
        await turn()
        expect([...concat(chunks)]).to.deep.equal([...pattern(25)])
        circuit.data(pattern(5, 25))
        await turn()
        expect([...concat(chunks)]).to.deep.equal([...pattern(30)])
        expect(watch.pending).to.deep.equal(['the end'])
        circuit.end(6)
        await turn(2)
        expect(watch.pending).to.deep.equal([])
        await socket.closed
      })

      it(`lets nothing wait for ${how} behind reads that were given up before they were pulled for`, async () => {
        const { circuit, socket } = connected(options)
        circuit.data(pattern(100))
        const first = socket.readable.getReader({ mode: 'byob' })
        await turn()
        const reads = [first.read(new Uint8Array(10)), rejection(first.read(new Uint8Array(10)))] as const
        first.releaseLock()
        const { value } = await reads[0]
        expect(await reads[1]).to.be.instanceOf(TypeError)
        circuit.end(6)
        await turn()
        const chunks: Uint8Array[] = [value as Uint8Array]
        const watch = new Watch()
        void watch.add('the end', takeAll(socket.readable, streams, how, chunks))
        await turn(30)
        expect([...concat(chunks)]).to.deep.equal([...pattern(100)])
        expect(watch.pending).to.deep.equal([])
      })
    }

    it('lets readers of both kinds take turns', async () => {
      const { circuit, socket } = connected(options)
      circuit.data(pattern(100))
      const byob = socket.readable.getReader({ mode: 'byob' })
      expect(bytesOf((await byob.read(new Uint8Array(10))).value)).to.deep.equal([...pattern(10)])
      byob.releaseLock()
      const plain = socket.readable.getReader()
      expect([...((await plain.read()).value ?? [])]).to.deep.equal([...pattern(90, 10)])
      plain.releaseLock()
      const again = socket.readable.getReader({ mode: 'byob' })
      const read = again.read(new Uint8Array(10))
      circuit.data(pattern(4, 100))
      expect(bytesOf((await read).value)).to.deep.equal([...pattern(4, 100)])
    })

    it('reads into both branches of a tee', async () => {
      const { circuit, socket } = connected(options)
      const [one, other] = socket.readable.tee().map((branch) => branch.getReader({ mode: 'byob' }))
      circuit.data(pattern(20))
      circuit.end(6)
      for (const reader of [one, other]) {
        const got: number[] = []
        for (;;) {
          const { value, done } = (await reader?.read(new Uint8Array(7))) ?? { value: undefined, done: true }
          if (done) break
          got.push(...bytesOf(value))
        }
        expect(got).to.deep.equal([...pattern(20)])
      }
    })
  })
}
