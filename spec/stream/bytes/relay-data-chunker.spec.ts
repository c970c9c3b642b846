import { expect } from 'chai'
import { fc } from '../../support/seed.ts'
import { RelayDataChunker, type RelayDataChunkerOptions } from '../../../lib/stream/bytes/relay-data-chunker.ts'
import { concat, pattern, rejection, sameBytes } from '../support/stream-fixture.ts'
import { Watch } from '../support/watch.ts'

/** The pieces of these chunks. */
async function cut(chunks: readonly BufferSource[], options?: RelayDataChunkerOptions): Promise<Uint8Array[]> {
  const chunker = new RelayDataChunker(options)
  const writer = chunker.writable.getWriter()
  const reader = chunker.readable.getReader()
  const written = Promise.all([...chunks.map((chunk) => writer.write(chunk)), writer.close()])
  const pieces: Uint8Array[] = []
  for (;;) {
    const { value, done } = await reader.read()
    if (done) break
    pieces.push(value)
  }
  await written
  return pieces
}

describe('RelayDataChunker', () => {
  it('is a TransformStream', () => {
    expect(new RelayDataChunker()).to.be.instanceOf(TransformStream)
  })

  it('cuts a chunk into pieces of 498 bytes and a rest', async () => {
    expect((await cut([pattern(1000)])).map(({ length }) => length)).to.deep.equal([498, 498, 4])
  })

  it('makes one piece of a chunk that is exactly one cell, and none of an empty one', async () => {
    expect((await cut([pattern(498)])).map(({ length }) => length)).to.deep.equal([498])
    expect(await cut([new Uint8Array(0), new ArrayBuffer(0)])).to.deep.equal([])
  })

  it('holds no bytes between chunks', async () => {
    const chunker = new RelayDataChunker()
    const writer = chunker.writable.getWriter()
    const reader = chunker.readable.getReader()
    for (const size of [3, 499, 1]) {
      const written = writer.write(pattern(size))
      let got = 0
      while (got < size) got += (await reader.read()).value?.length ?? 0
      expect(got).to.equal(size)
      await written
    }
  })

  it('keeps every byte in its order, in pieces of at most the cell size, whatever the chunks', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 3000 }), { maxLength: 8 }),
        fc.integer({ min: 1, max: 1200 }),
        async (sizes, cellSize) => {
          let from = 0
          const chunks = sizes.map((size) => {
            from += size
            return pattern(size, from - size)
          })
          const pieces = await cut(chunks, { cellSize })
          expect(sameBytes(concat(pieces), concat(chunks))).to.equal(true)
          for (const piece of pieces) expect(piece.length).to.be.within(1, cellSize)
          expect(pieces.length).to.equal(sizes.reduce((count, size) => count + Math.ceil(size / cellSize), 0))
        },
      ),
      { numRuns: 60 },
    )
  })

  it('takes any ArrayBuffer or view of one, and only the bytes that the view shows', async () => {
    const buffer = pattern(64).buffer
    const chunks: [BufferSource, number, number][] = [
      [buffer, 0, 64],
      [new Uint8Array(buffer, 3, 5), 3, 5],
      [new DataView(buffer, 7, 9), 7, 9],
      [new Uint16Array(buffer, 2, 3), 2, 6],
      [new Float64Array(buffer, 8, 2), 8, 16],
      [new BigInt64Array(buffer, 16, 1), 16, 8],
    ]
    for (const [chunk, from, size] of chunks) {
      expect([...concat(await cut([chunk]))], chunk.constructor.name).to.deep.equal([
        ...pattern(64).subarray(from, from + size),
      ])
    }
  })

  it('gives views of the chunk, not copies', async () => {
    const chunk = pattern(600)
    for (const piece of await cut([chunk])) expect(piece.buffer).to.equal(chunk.buffer)
  })

  it('asks for the size of each cell anew', async () => {
    const sizes = [10, 498, 478, 1]
    let asked = 0
    const pieces = await cut([pattern(980), pattern(20)], { cellSize: () => sizes[asked++ % 4] as number })
    expect(pieces.map(({ length }) => length)).to.deep.equal([10, 498, 472, 1, 10, 10 - 1])
    expect(asked).to.equal(6)
  })

  it('throws for a cellSize that is neither a positive integer nor a function, and names it', () => {
    for (const cellSize of [0, -1, 1.5, NaN, Infinity]) {
      expect(() => new RelayDataChunker({ cellSize }), String(cellSize)).to.throw(RangeError, 'cellSize')
    }
    for (const cellSize of ['498', null, {}, true, 498n]) {
      expect(() => new RelayDataChunker({ cellSize: cellSize as unknown as number }), String(cellSize)).to.throw(
        TypeError,
        'cellSize',
      )
    }
  })

  it('errors both sides when the function gives no positive integer, rather than cut for ever or lose bytes', async () => {
    for (const size of [0, -5, NaN, Infinity, 2.5, undefined, '498']) {
      const chunker = new RelayDataChunker({ cellSize: () => size as number })
      const read = chunker.readable.getReader().read()
      const written = chunker.writable.getWriter().write(pattern(10))
      for (const promise of [read, written])
        expect(await rejection(promise))
          .to.have.property('message')
          .that.includes('cellSize')
    }
  })

  it('errors both sides with what the function throws', async () => {
    const thrown = new Error('no size')
    const chunker = new RelayDataChunker({
      cellSize() {
        throw thrown
      },
    })
    const read = chunker.readable.getReader().read()
    expect(await rejection(chunker.writable.getWriter().write(pattern(10)))).to.equal(thrown)
    expect(await rejection(read)).to.equal(thrown)
  })

  it('errors with a TypeError for a chunk that has no bytes', async () => {
    for (const chunk of ['text', 5, null, undefined, {}, [1, 2], new Blob(['x'])]) {
      const chunker = new RelayDataChunker()
      const read = rejection(chunker.readable.getReader().read())
      const error = await rejection(chunker.writable.getWriter().write(chunk as BufferSource))
      expect(error, String(chunk)).to.be.instanceOf(TypeError)
      expect((error as Error).message).to.match(/^Cannot write the chunk/)
      expect(await read).to.equal(error)
    }
  })

  it('errors with CHUNK_DETACHED for a chunk that was transferred away', async () => {
    const views = [
      (buffer: ArrayBuffer) => buffer,
      (buffer: ArrayBuffer) => new Uint8Array(buffer),
      (buffer: ArrayBuffer) => new DataView(buffer),
    ]
    for (const view of views) {
      const chunk = view(new ArrayBuffer(10))
      structuredClone(0, { transfer: ['buffer' in chunk ? chunk.buffer : chunk] })
      const chunker = new RelayDataChunker()
      const read = rejection(chunker.readable.getReader().read())
      const error = await rejection(chunker.writable.getWriter().write(chunk))
      expect(error).to.include({ code: 'CHUNK_DETACHED' })
      expect(await read).to.equal(error)
    }
  })

  it('takes no chunk before somebody reads', async () => {
    const chunker = new RelayDataChunker()
    const watch = new Watch()
    const writer = chunker.writable.getWriter()
    void watch.add('write', writer.write(pattern(600)))
    void watch.add('ready', writer.ready)
    await watch.add('start', Promise.resolve())
    expect(watch.pending).to.deep.equal(['write', 'ready'])
    const reader = chunker.readable.getReader()
    await reader.read()
    await reader.read()
    await watch.allSettled()
  })

  it('stands in a pipe', async () => {
    const source = new ReadableStream<Uint8Array<ArrayBuffer>>({
      start(controller) {
        for (const size of [1000, 1, 498]) controller.enqueue(pattern(size))
        controller.close()
      },
    })
    const sizes: number[] = []
    await source
      .pipeThrough(new RelayDataChunker({ cellSize: 488 }))
      .pipeTo(new WritableStream({ write: (piece) => void sizes.push(piece.length) }))
    expect(sizes).to.deep.equal([488, 488, 24, 1, 488, 10])
  })
})
