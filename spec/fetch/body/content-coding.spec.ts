import { expect } from 'chai'
import type { ByteSource } from '../../../lib/http/body/byte-source.ts'
import { canDecode, codingsOf, decoded, type ContentCoding } from '../../../lib/fetch/body/content-coding.ts'

/** "hello hello hello", as Node's zlib writes it in brotli (quality 11). */
const BROTLI = '1b1000f88d946ede445586966c206f014f1c601c'

const bytesOf = (hex: string): Uint8Array =>
  Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))

/** A source of these pieces, then of this error. */
function sourceOf(pieces: Uint8Array[], error?: Error): ByteSource & { cancelled: unknown; reads: number } {
  const left = [...pieces]
  return {
    cancelled: undefined,
    reads: 0,
    async read() {
      this.reads++
      const next = left.shift()
      if (next === undefined && error !== undefined) throw error
      return next
    },
    cancel(reason) {
      this.cancelled ??= { reason }
    },
  }
}

async function textOf(source: ByteSource): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  for (let bytes = await source.read(); bytes !== undefined; bytes = await source.read())
    text += decoder.decode(bytes, { stream: true })
  return text
}

async function encoded(text: string, format: CompressionFormat): Promise<Uint8Array> {
  return new Uint8Array(
    await new Response(new Blob([text]).stream().pipeThrough(new CompressionStream(format))).arrayBuffer(),
  )
}

describe('Content codings', () => {
  it('include gzip and deflate everywhere, and brotli where the runtime has it', async () => {
    expect([canDecode('gzip'), canDecode('deflate')]).to.deep.equal([true, true])
    const fields = [['content-encoding', 'br']] as const
    expect(codingsOf(fields)).to.deep.equal(canDecode('br') ? ['br'] : [])
    if (canDecode('br'))
      expect(await textOf(decoded(sourceOf([bytesOf(BROTLI)]), ['br']))).to.equal('hello hello hello')
  })

  it('are none where one is not known, also under the name of a property of every object', () => {
    for (const name of ['zstd', 'identity', 'constructor', '__proto__', 'toString'])
      expect(codingsOf([['content-encoding', `gzip, ${name}`]])).to.deep.equal([])
  })

  for (const coding of ['gzip', 'deflate'] as const satisfies readonly ContentCoding[]) {
    it(`undo ${coding} wherever it is cut`, async () => {
      const text = 'The quick brown fox jumps over the lazy dog. '.repeat(5)
      const bytes = await encoded(text, coding)
      for (let cut = 0; cut <= bytes.length; cut++) {
        const pieces = [bytes.subarray(0, cut), bytes.subarray(cut)].filter(({ length }) => length > 0)
        expect(await textOf(decoded(sourceOf(pieces), [coding])), `cut at ${cut}`).to.equal(text)
      }
    })

    it(`tell what befell the source of ${coding}, not what the decoder makes of it`, async () => {
      const bytes = await encoded('text', coding)
      const broken = new Error('broken')
      let caught: unknown
      try {
        await textOf(decoded(sourceOf([bytes.subarray(0, 5)], broken), [coding]))
      } catch (error) {
        caught = error
      }
      expect(caught).to.equal(broken)
    })

    it(`give up the source of ${coding} when they are given up`, async () => {
      for (const reads of [0, 1]) {
        const source = sourceOf([await encoded('text'.repeat(10_000), coding)])
        const body = decoded(source, [coding])
        if (reads === 1) await body.read()
        body.cancel('enough')
        expect(source.cancelled).to.deep.equal({ reason: 'enough' })
      }
    })
  }

  it('decode no more at a time than 32 KiB, and read nothing ahead', async () => {
    const bytes = await encoded('0'.repeat(1_000_000), 'gzip')
    const source = sourceOf([bytes.subarray(0, 500), bytes.subarray(500)])
    const body = decoded(source, ['gzip'])
    let total = 0
    for (let piece = await body.read(); piece !== undefined; piece = await body.read()) {
      expect(piece.length).to.be.within(1, 32_768)
      total += piece.length
      if (total < 400_000) expect(source.reads).to.equal(1)
    }
    expect(total).to.equal(1_000_000)
  })

  it('give the decoder of the runtime so little of brotli that it cannot decode to much', async () => {
    const Decompression = globalThis.DecompressionStream
    const sizes: number[] = []
    class Identity {
      readonly readable: ReadableStream
      readonly writable: WritableStream
      constructor() {
        const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>({
          transform(chunk, controller) {
            sizes.push(chunk.length)
            controller.enqueue(chunk)
          },
        })
        this.readable = readable
        this.writable = writable
      }
    }
    globalThis.DecompressionStream = Identity
    try {
      expect((await textOf(decoded(sourceOf([new Uint8Array(1000)]), ['br']))).length).to.equal(1000)
    } finally {
      globalThis.DecompressionStream = Decompression
    }
    expect(Math.max(...sizes)).to.equal(128)
  })

  it('give up the source when the coding is not what it is said to be', async () => {
    const source = sourceOf([bytesOf('00112233445566778899')])
    let caught: unknown
    try {
      await textOf(decoded(source, ['gzip']))
    } catch (error) {
      caught = error
    }
    expect(caught).to.be.instanceOf(TypeError)
    expect(source.cancelled).to.deep.equal({ reason: caught })
  })
})
