import { expect } from 'chai'
import { fc } from '../support/seed.ts'
import { decoderFor } from '../../lib/http/body/framed-decoders.ts'
import { framingOf } from '../../lib/fetch/body/body-framing.ts'
import type { ByteCursor } from '../../lib/http/message/byte-cursor.ts'
import { HttpError, type HttpErrorCode } from '../../lib/http/message/http-error.ts'
import { decodeLatin1, encodeLatin1 } from '../../lib/http/message/latin1.ts'
import { HeadReader, type ResponseHead } from '../../lib/fetch/message/response-head.ts'
import { workOf } from '../support/work.ts'

interface Parsed {
  readonly head?: ResponseHead
  readonly body: string
  /** Bytes behind the body. */
  readonly left?: number
  readonly fault?: HttpErrorCode
}

/** Reads one response out of pieces, up to the end of the connection. */
function parse(pieces: readonly Uint8Array[]): Parsed {
  const heads = new HeadReader()
  let head: ResponseHead | undefined
  let decoder: ReturnType<typeof decoderFor> | undefined
  let body = ''
  let left = 0
  try {
    for (const bytes of pieces) {
      const input: ByteCursor = { bytes, at: 0 }
      if (head === undefined) {
        head = heads.read(input)
        if (head !== undefined) decoder = decoderFor(framingOf(head, 'GET'), 'response')
      }
      for (let piece = decoder?.take(input); piece !== undefined; piece = decoder?.take(input))
        body += decodeLatin1(piece)
      left += bytes.length - input.at
    }
    if (decoder === undefined) throw new HttpError('HTTP_TRUNCATED', 'no head')
    decoder.end()
  } catch (error) {
    if (!(error instanceof HttpError)) throw error
    return { ...(head && { head }), body, fault: error.code }
  }
  return { ...(head && { head }), body, left }
}

const SAMPLES = {
  'a length': 'HTTP/1.1 200 OK\r\nX-One: a b\r\nContent-Length: 5\r\n\r\nhello',
  'chunks': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\nA\r\n0123456789\r\n0\r\nX: y\r\n\r\n',
  'chunks and another response':
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n',
  'the end of the connection': 'HTTP/1.0 200\r\n\r\nany\r\nthing',
  'no body': 'HTTP/1.1 204 No Content\r\nX-Empty:\r\n\r\n',
  'a damaged chunk': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n',
  'a bare LF': 'HTTP/1.1 200 OK\r\nX: 1\nY: 2\r\n\r\n',
  'a bare CR': 'HTTP/1.1 200 OK\r\nX: 1\rY: 2\r\n\r\n',
  'a folded line': 'HTTP/1.1 200 OK\r\nX: 1\r\n 2\r\n\r\n',
  'two lengths': 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab',
} as const

const each = (bytes: Uint8Array): Uint8Array[] => Array.from(bytes, (byte) => Uint8Array.of(byte))

describe('The response parser', () => {
  for (const [name, text] of Object.entries(SAMPLES)) {
    const bytes = encodeLatin1(text)

    it(`reads ${name} in the same way wherever it is cut`, () => {
      const whole = parse([bytes])
      for (let cut = 0; cut <= bytes.length; cut++)
        expect(parse([bytes.subarray(0, cut), bytes.subarray(cut)]), `cut at ${cut}`).to.deep.equal(whole)
      expect(parse(each(bytes))).to.deep.equal(whole)
    })

    it(`never takes ${name} for complete when its end is missing`, () => {
      const whole = parse([bytes])
      for (let end = 0; end < bytes.length - (whole.left ?? 0); end++) {
        const part = parse([bytes.subarray(0, end)])
        if (part.fault === undefined) expect(part.head?.minor, `${end} bytes`).to.equal(0)
      }
    })

    it(`reads mutations of ${name} in the same way in one piece and in many, or says what is wrong`, () => {
      const change = fc.record({
        at: fc.nat(bytes.length - 1),
        byte: fc.constantFrom(0, 9, 10, 13, 32, 44, 48, 57, 58, 59, 65, 127, 255),
        kind: fc.constantFrom('put', 'set', 'cut'),
      })
      fc.assert(
        fc.property(
          fc.array(change, { minLength: 1, maxLength: 4 }),
          fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 20 }),
          (changes, sizes) => {
            const list = [...bytes]
            for (const { at, byte, kind } of changes)
              list.splice(at, kind === 'put' ? 0 : 1, ...(kind === 'cut' ? [] : [byte]))
            const mutated = Uint8Array.from(list)
            const pieces: Uint8Array[] = []
            for (let at = 0, turn = 0; at < mutated.length; turn++) {
              const size = sizes[turn % sizes.length] as number
              pieces.push(mutated.subarray(at, at + size))
              at += size
            }
            expect(parse(pieces)).to.deep.equal(parse([mutated]))
          },
        ),
        { numRuns: 1000 },
      )
    })
  }

  it('reads any bytes without another error than its own', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 8 }),
        fc.constantFrom(...Object.values(SAMPLES)),
        fc.nat(80),
        (pieces, start, length) => {
          expect(parse([encodeLatin1(start.slice(0, length)), ...pieces]).body).to.be.a('string')
        },
      ),
      { numRuns: 2000 },
    )
  })

  it('keeps no more of a line than its bound, however small the pieces are', () => {
    const heads = new HeadReader()
    const piece = encodeLatin1('x'.repeat(100))
    heads.read({ bytes: encodeLatin1('HTTP/1.1 200 OK\r\nX: '), at: 0 })
    let pieces = 0
    expect(() => {
      for (; pieces < 10_000; pieces++) heads.read({ bytes: piece, at: 0 })
    })
      .to.throw(HttpError)
      .with.property('code', 'HTTP_TOO_LARGE')
    expect(pieces).to.be.at.most(656)
  })

  const LONG = 'x'.repeat(30_000)
  for (const [name, text] of Object.entries({
    'a long status text': `HTTP/1.1 200 ${LONG}\r\n\r\n`,
    'a long field': `HTTP/1.1 200 OK\r\nX: ${LONG}\r\n\r\n`,
    'a field of many folded lines': `HTTP/1.1 200 OK\r\nX: a\r\n${' a\r\n'.repeat(8000)}\r\n`,
    'a long chunk extension': `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;${LONG.slice(0, 4000)}\r\na\r\n0\r\n\r\n`,
    'a long trailer': `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: ${LONG.slice(0, 16_000)}\r\n\r\n`,
  })) {
    it(`takes work in proportion to its bytes for ${name} that comes a byte at a time`, () => {
      const pieces = each(encodeLatin1(text))
      let parsed: Parsed | undefined
      const work = workOf(() => (parsed = parse(pieces)))
      expect(parsed?.fault).to.equal(undefined)
      expect(work).to.be.at.most(60 * text.length)
    })
  }

  it('takes no quadratic time on a line of spaces', () => {
    const spaces = ' '.repeat(65_000)
    expect(
      parse([encodeLatin1(`HTTP/1.1 200 OK\r\nX:${spaces}a\r\nContent-Length: 0\r\n\r\n`)]).head?.fields[0],
    ).to.deep.equal(['x', 'a'])
    expect(parse(each(encodeLatin1(`HTTP/1.1 200 OK\r\nX:${spaces}a\r\nContent-Length: 0\r\n\r\n`))).fault).to.equal(
      undefined,
    )
  })
})
