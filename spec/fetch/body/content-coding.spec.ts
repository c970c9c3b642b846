import { expect } from 'chai'
import type { ByteSource } from '../../../lib/http/body/byte-source.ts'
import { taskScheduler } from '../../../lib/base/waiting/next-task.ts'
import { codingsOf, decoded, type ContentCoding } from '../../../lib/fetch/body/content-coding.ts'
import { HttpError } from '../../../lib/http/message/http-error.ts'
import { rejection } from '../../stream/support/stream-fixture.ts'

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

/** A source that begins with one piece, and goes on with the others over and over; with the first when there are none. */
function endless(first: Uint8Array, ...again: Uint8Array[]): ByteSource & { cancelled: unknown; given: number } {
  const pieces = again.length === 0 ? [first] : again
  let reads = 0
  return {
    cancelled: undefined,
    given: 0,
    read() {
      const piece = reads === 0 ? first : (pieces[reads % pieces.length] as Uint8Array)
      reads++
      this.given += piece.length
      // In place of a process that stands still.
      return this.given > 1 << 20 ? Promise.reject(new Error('it reads on')) : Promise.resolve(piece)
    },
    cancel(reason) {
      this.cancelled ??= { reason }
    },
  }
}

/** `unit`, over and over, up to so many bytes. */
function repeated(unit: Uint8Array, size: number): Uint8Array {
  const bytes = new Uint8Array(size - (size % unit.length))
  for (let at = 0; at < bytes.length; at += unit.length) bytes.set(unit, at)
  return bytes
}

/** True when another task had its turn before `promise` was settled. */
async function hasTurnWithin(promise: Promise<unknown>): Promise<boolean> {
  let hadTurn = false
  taskScheduler(() => (hadTurn = true))()
  await promise
  return hadTurn
}

/** A stored block of deflate without and with a byte in it (RFC 1951, section 3.2.4). */
const EMPTY_BLOCK = Uint8Array.of(0, 0, 0, 0xff, 0xff)
const ONE_BYTE = Uint8Array.of(0, 1, 0, 0xfe, 0xff, 97)

/** The beginning of a member (RFC 1952, section 2.3). */
const memberWith = (flags: number): number[] => [0x1f, 0x8b, 8, flags, 0, 0, 0, 0, 0, 3]

/** What decodes to nothing, however long it is. */
const SILENT: readonly (readonly [
  what: string,
  codings: ContentCoding[],
  pieces: () => [Uint8Array, ...Uint8Array[]],
])[] = [
  ['a name of gzip', ['gzip'], () => [Uint8Array.from(memberWith(8)), new Uint8Array(1000).fill(97)]],
  ['a comment of gzip', ['gzip'], () => [Uint8Array.from(memberWith(16)), new Uint8Array(1000).fill(97)]],
  ['an empty member of gzip', ['gzip'], () => [Uint8Array.from([...memberWith(0), 3, 0, 0, 0, 0, 0, 0, 0, 0, 0])]],
  ['an empty block of deflate', ['deflate'], () => [EMPTY_BLOCK]],
  ['an empty block of deflate in one piece', ['deflate'], () => [repeated(EMPTY_BLOCK, 200_000)]],
]

const FORMATS = [
  ['gzip', 'gzip'],
  ['deflate', 'deflate'],
  ['deflate-raw', 'deflate'],
] as const satisfies readonly (readonly [CompressionFormat, ContentCoding])[]

describe('Content codings', () => {
  it('are gzip and deflate in every runtime; what is in brotli, which nobody asked for, is given as it is', () => {
    expect(codingsOf([['content-encoding', 'x-gzip']])).to.deep.equal(['gzip'])
    expect(codingsOf([['content-encoding', 'deflate']])).to.deep.equal(['deflate'])
    for (const value of ['br', 'BR', 'br, gzip', 'gzip, br'])
      expect(codingsOf([['content-encoding', value]]), value).to.deep.equal([])
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

  for (const [what, codings, pieces] of SILENT) {
    it(`fail when ${what} comes on and on, and nothing of it`, async () => {
      const source = endless(...pieces())
      const error = await rejection(textOf(decoded(source, codings)))
      expect(error).to.be.instanceOf(TypeError)
      expect((error as TypeError).cause)
        .to.be.instanceOf(HttpError)
        .with.property('code', 'HTTP_ENCODING')
      expect(source.given).to.be.below(1 << 18)
      expect(source.cancelled).to.deep.equal({ reason: error })
    })
  }

  it('make something of what makes nothing for long, as long as something comes between', async () => {
    const member = await encoded('text', 'gzip')
    const none = repeated(await encoded('', 'gzip'), 60_000)
    expect(await textOf(decoded(sourceOf([member, none, member, none, member]), ['gzip']))).to.equal('texttexttext')
  })

  for (const [format, coding] of FORMATS) {
    it(`read no further than the first byte behind ${format}, and give up the source`, async () => {
      const source = endless(await encoded('text', format), new Uint8Array(1000))
      expect(await textOf(decoded(source, [coding]))).to.equal('text')
      expect(source.cancelled).to.not.equal(undefined)
      expect(source.given).to.be.below(2000)
    })

    it(`read the source to its end where nothing is behind ${format}: its connection can be used again`, async () => {
      const source = sourceOf([await encoded('text', format)])
      expect(await textOf(decoded(source, [coding]))).to.equal('text')
      expect([source.cancelled, source.reads]).to.deep.equal([undefined, 2])
    })
  }

  it('let others have their turn, however much comes of what is there', async () => {
    const body = decoded(sourceOf([await encoded('0'.repeat(1_000_000), 'gzip')]), ['gzip'])
    expect(await hasTurnWithin(textOf(body))).to.equal(true)
  })

  it('let others have their turn, however little comes of what is there', async () => {
    const none = repeated(EMPTY_BLOCK, 60_000)
    const body = decoded(endless(none, ONE_BYTE, none), ['deflate'])
    let isGivenUp = false
    taskScheduler(() => {
      isGivenUp = true
      body.cancel('enough')
    })()
    // Without a turn for others this never ends.
    for (let reads = 0; reads < 50 && !isGivenUp; reads++) await body.read().catch(() => undefined)
    expect(isGivenUp).to.equal(true)
  })

  it('let others have their turn under a coding of a coding', async () => {
    const zeros = await encoded('0'.repeat(1_000_000), 'gzip')
    const none = repeated(await encoded('', 'gzip'), 100_000)
    const inner = new Blob([zeros, none, zeros].map((bytes) => new Uint8Array(bytes)))
    const outer = await new Response(inner.stream().pipeThrough(new CompressionStream('gzip'))).arrayBuffer()
    expect(await hasTurnWithin(textOf(decoded(sourceOf([new Uint8Array(outer)]), ['gzip', 'gzip'])))).to.equal(true)
  })

  it('are two on top of each other at the most', () => {
    expect(codingsOf([['content-encoding', 'deflate, gzip']])).to.deep.equal(['deflate', 'gzip'])
    expect(() => codingsOf([['content-encoding', 'gzip, gzip, gzip']]))
      .to.throw(HttpError)
      .with.property('code', 'HTTP_ENCODING')
    expect(codingsOf([['content-encoding', 'a, b, c']])).to.deep.equal([])
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
