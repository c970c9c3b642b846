import { expect } from 'chai'
import { fc } from '../../support/seed.ts'
import { InflateError } from '../../../lib/fetch/body/huffman-codes.ts'
import { unzip } from '../../../lib/fetch/body/unzip.ts'

type Coding = 'gzip' | 'deflate'

async function through(
  bytes: Uint8Array<ArrayBuffer>,
  transform: ReadableWritablePair,
): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(transform)).arrayBuffer())
}
const zip = (bytes: Uint8Array<ArrayBuffer>, format: CompressionFormat): Promise<Uint8Array<ArrayBuffer>> =>
  through(bytes, new CompressionStream(format) as ReadableWritablePair)

/** What is decoded, or `fault`. */
function unzipped(pieces: readonly Uint8Array[], coding: Coding, limit = 32_768): Uint8Array | 'fault' {
  const output: number[] = []
  try {
    const given = pieces.filter(({ length }) => length > 0)
    const decoder = unzip(coding, given[0]?.[0] ?? 0)
    for (const piece of given) {
      decoder.push(piece)
      for (let bytes = decoder.take(limit); bytes !== undefined; bytes = decoder.take(limit)) {
        expect(bytes.length).to.be.within(1, limit)
        for (const byte of bytes) output.push(byte)
      }
    }
    decoder.end()
  } catch (error) {
    if (error instanceof InflateError) return 'fault'
    throw error
  }
  return Uint8Array.from(output)
}

const joined = (...parts: readonly (Uint8Array | readonly number[])[]): Uint8Array =>
  Uint8Array.from(parts.flatMap((part) => [...part]))
const text = (bytes: Uint8Array | 'fault'): string => (bytes === 'fault' ? bytes : new TextDecoder().decode(bytes))
const utf8 = (value: string): Uint8Array<ArrayBuffer> => new Uint8Array(new TextEncoder().encode(value))
const inBytes = (bytes: Uint8Array): Uint8Array[] => Array.from(bytes, (byte) => Uint8Array.of(byte))

/** Bytes of every kind: random, repeated, of few values. */
const data = fc.oneof(
  fc.uint8Array({ maxLength: 2000 }),
  fc
    .tuple(fc.uint8Array({ minLength: 1, maxLength: 50 }), fc.nat(3000))
    .map(([unit, times]) => joined(...Array.from({ length: times / unit.length }, () => unit))),
  fc.array(fc.integer({ min: 97, max: 100 }), { maxLength: 3000 }).map((values) => Uint8Array.from(values)),
)

describe('Unzip', function () {
  it('undoes whatever the runtime makes, in pieces of any size', async () => {
    await fc.assert(
      fc.asyncProperty(
        data,
        fc.constantFrom<CompressionFormat>('gzip', 'deflate', 'deflate-raw'),
        fc.integer({ min: 1, max: 400 }),
        async (bytes, format, size) => {
          const zipped = await zip(new Uint8Array(bytes), format)
          const pieces = Array.from({ length: Math.ceil(zipped.length / size) }, (_, at) =>
            zipped.subarray(at * size, (at + 1) * size),
          )
          expect(unzipped(pieces, format === 'gzip' ? 'gzip' : 'deflate', size)).to.deep.equal(Uint8Array.from(bytes))
        },
      ),
      { numRuns: 40 },
    )
  })

  it('undoes data of more than a window', async () => {
    const unit = Uint8Array.from({ length: 40_000 }, (_, at) => (at * at) >> 7)
    const bytes = new Uint8Array(joined(unit, unit, unit))
    expect(unzipped([await zip(bytes, 'gzip')], 'gzip')).to.deep.equal(bytes)
  })

  it('says that it is at fault when it is cut anywhere, in every coding', async () => {
    const bytes = utf8('The quick brown fox jumps over the lazy dog. '.repeat(9))
    for (const [format, coding] of [
      ['gzip', 'gzip'],
      ['deflate', 'deflate'],
      ['deflate-raw', 'deflate'],
    ] as const) {
      const zipped = await zip(bytes, format)
      for (let end = 1; end < zipped.length; end++)
        expect(unzipped([zipped.subarray(0, end)], coding), `${format} ${end}`).to.equal('fault')
    }
  })

  it('takes any number of members for one body, however they are cut', async () => {
    const [one, none, two] = await Promise.all(['one ', '', 'two'].map((each) => zip(utf8(each), 'gzip')))
    const members = joined(one as Uint8Array, none as Uint8Array, two as Uint8Array, one as Uint8Array)
    expect(text(unzipped([members], 'gzip'))).to.equal('one twoone ')
    expect(text(unzipped(inBytes(members), 'gzip'))).to.equal('one twoone ')
  })

  for (const [what, behind] of Object.entries({
    'zeros': [0, 0, 0, 0, 0, 0, 0, 0, 0],
    'one zero': [0],
    'anything': [...utf8('garbage')],
    'what begins as a member does, and does not go on so': [0x1f, 0x8c, 1, 2, 3],
  })) {
    it(`ignores ${what} behind the data, as browsers do`, async () => {
      for (const [format, coding] of [
        ['gzip', 'gzip'],
        ['deflate', 'deflate'],
        ['deflate-raw', 'deflate'],
      ] as const) {
        const bytes = joined(await zip(utf8('text'), format), behind)
        expect(text(unzipped([bytes], coding)), format).to.equal('text')
        expect(text(unzipped(inBytes(bytes), coding)), format).to.equal('text')
      }
    })
  }

  it('takes a second member that is not complete, or damaged, for a fault', async () => {
    const member = await zip(utf8('text'), 'gzip')
    for (let end = 1; end < member.length; end++)
      expect(unzipped([joined(member, member.subarray(0, end))], 'gzip'), `${end}`).to.equal('fault')
    const damaged = new Uint8Array(member)
    damaged[member.length - 5] = (damaged[member.length - 5] as number) ^ 1
    expect(unzipped([joined(member, damaged)], 'gzip')).to.equal('fault')
  })

  it('reads every part that a header of gzip may have, and checks its checksum', async () => {
    const member = await zip(utf8('text'), 'gzip')
    const fixed = [0x1f, 0x8b, 8]
    const rest = [0, 0, 0, 0, 0, 3]
    const parts = [3, 0, 1, 2, 3, ...utf8('name\0'), ...utf8('comment\0')]
    const body = member.subarray(10)
    expect(text(unzipped([joined(fixed, [4 | 8 | 16], rest, parts, body)], 'gzip'))).to.equal('text')
    expect(unzipped([joined(fixed, [2], rest, [0, 0], body)], 'gzip')).to.equal('fault')
    expect(unzipped([joined(fixed, [0x20], rest, body)], 'gzip')).to.equal('fault')
  })

  it('reads no more of the texts of a header than 4 KiB each', async () => {
    const body = (await zip(utf8('text'), 'gzip')).subarray(10)
    const named = (flags: number, ...texts: readonly string[]): Uint8Array =>
      joined([0x1f, 0x8b, 8, flags, 0, 0, 0, 0, 0, 3], ...texts.map((each) => utf8(`${each}\0`)), body)
    const [fits, over] = ['a'.repeat(4095), 'a'.repeat(4096)]
    expect(text(unzipped([named(8 | 16, fits, fits)], 'gzip'))).to.equal('text')
    expect(unzipped([named(8, over)], 'gzip')).to.equal('fault')
    expect(unzipped([named(16, over)], 'gzip')).to.equal('fault')
    expect(unzipped([named(8 | 16, fits, over)], 'gzip')).to.equal('fault')
  })

  it('lets no member copy from the one before', async () => {
    const member = await zip(utf8('text'), 'gzip')
    // A block of the fixed codes that begins with a copy (RFC 1951, section 3.2.5).
    const copy = joined([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3], [3, 2, 0], [0, 0, 0, 0, 3, 0, 0, 0])
    expect(unzipped([joined(member, copy)], 'gzip')).to.equal('fault')
  })

  it('comes to what the runtime comes to for mutated data that has no end inside, and throws nothing but its own', async () => {
    const bytes = utf8('hello hello hello, this is a longer text; '.repeat(20))
    const zipped = await zip(bytes, 'gzip')
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(zipped.length - 1), fc.nat(255)), { minLength: 1, maxLength: 3 }),
        fc.integer({ min: 1, max: 50 }),
        async (changes, size) => {
          const mutated = new Uint8Array(zipped)
          for (const [at, byte] of changes) mutated[at] = byte
          const ours = unzipped([mutated], 'gzip')
          const pieces = Array.from({ length: Math.ceil(mutated.length / size) }, (_, at) =>
            mutated.subarray(at * size, (at + 1) * size),
          )
          expect(unzipped(pieces, 'gzip', size)).to.deep.equal(ours)
          const theirs = await through(mutated, new DecompressionStream('gzip') as ReadableWritablePair).catch(
            () => 'fault' as const,
          )
          if (theirs !== 'fault' && ours !== 'fault') expect(ours).to.deep.equal(theirs)
        },
      ),
      { numRuns: 80 },
    )
  })
})
