import { expect } from 'chai'
import { fc } from '../../../support/seed.ts'
import { RelayCommand } from '../../../../lib/cell/commands.ts'
import { EndReason } from '../../../../lib/cell/reasons.ts'
import { NOT_MODIFIED, requestDocument } from '../../../../lib/client/bootstrap/sources/directory-request.ts'
import { SocketError, TorError } from '../../../../lib/base/errors.ts'
import { TorStream } from '../../../../lib/stream/tor-stream.ts'
import { FakeCircuit } from '../../../stream/support/fake-circuit.ts'
import { codeOf, concat, pattern, rejection, utf8 } from '../../../stream/support/stream-fixture.ts'
import { countedPauses } from '../../../directory/support/helpers.ts'
import { FakeClock } from '../../../support/fake-clock.ts'
import { turn } from '../../../support/turn.ts'

const TEXT = 'network-status-version 3 microdesc\nüñí\n'.repeat(30)

async function deflate(
  bytes: Uint8Array<ArrayBuffer>,
  format: 'deflate' | 'gzip' = 'deflate',
): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(
    await new Response(new Response(bytes).body?.pipeThrough(new CompressionStream(format))).arrayBuffer(),
  )
}

/** An answer: status line, header lines, body. */
const http = (body: Uint8Array, headers: readonly string[] = [], status = 'HTTP/1.0 200 OK'): Uint8Array<ArrayBuffer> =>
  concat([utf8([status, ...headers, '', ''].join('\r\n')), body])

interface Asking {
  limit?: number
  signal?: AbortSignal
  pause?: () => Promise<void>
  headers?: Record<string, string>
}

const SERVER = { addresses: [{ hostname: '192.0.2.7', port: 9001 }] }

/** One request, and a relay that a spec plays. */
function asking({ limit = 100_000, signal, pause, headers }: Asking = {}): {
  circuit: FakeCircuit
  clock: FakeClock
  text: Promise<string>
} {
  const circuit = new FakeCircuit()
  const clock = new FakeClock()
  const text = requestDocument(
    new TorStream(circuit, 'directory', { clock, signal, timeout: Infinity }),
    '/tor/some/path.z',
    limit,
    { server: SERVER, headers, ...(pause ? { pause } : {}) },
  )
  text.catch(() => undefined) // each spec looks by itself
  circuit.connect()
  return { circuit, clock, text }
}

/** Sends bytes as cells. */
function send(circuit: FakeCircuit, bytes: Uint8Array, size = 498): void {
  for (let at = 0; at < bytes.length; at += size) circuit.data(bytes.slice(at, at + size))
}

/** What comes of an answer that ends in good order. */
async function answered(bytes: Uint8Array, options: Asking & { size?: number } = {}): Promise<string> {
  const { circuit, text } = asking(options)
  await turn()
  send(circuit, bytes, options.size)
  if (circuit.endpoints.has(1)) circuit.end(EndReason.DONE)
  try {
    return await text
  } finally {
    await turn()
    expect(circuit.endpoints.size, 'the stream is over').to.equal(0)
    expect(circuit.faults).to.deep.equal([])
  }
}

describe('requestDocument', () => {
  it('asks by HTTP/1.0 over BEGIN_DIR, and says what it can decompress', async () => {
    const { circuit } = asking()
    await turn()
    expect(circuit.sent[0]?.command).to.equal(RelayCommand.BEGIN_DIR)
    expect(new TextDecoder().decode(circuit.dataBytes)).to.equal(
      'GET /tor/some/path.z HTTP/1.0\r\nHost: 192.0.2.7:9001\r\nAccept-Encoding: deflate, gzip, identity\r\n\r\n',
    )
  })

  it('has further headers behind, and none that says what can be decompressed where nothing may be', async () => {
    const { circuit } = asking({ headers: { 'If-Modified-Since': 'a day', 'X-Or-Diff-From-Consensus': 'AB' } })
    await turn()
    expect(new TextDecoder().decode(circuit.dataBytes)).to.match(
      /identity\r\nIf-Modified-Since: a day\r\nX-Or-Diff-From-Consensus: AB\r\n\r\n$/,
    )
  })

  it('writes who is asked as tor does: without brackets, and without the port of HTTP', async () => {
    const lines: string[] = []
    for (const address of [
      { hostname: '2001:db8::1', port: 443 },
      { hostname: '192.0.2.7', port: 80 },
    ]) {
      const circuit = new FakeCircuit()
      const stream = new TorStream(circuit, 'directory', { clock: new FakeClock() })
      const answer = requestDocument(stream, '/tor/x', 10, {
        server: { addresses: [address] },
        document: 'abc',
        compressed: false,
      })
      answer.catch(() => undefined) // there is none
      circuit.connect()
      await turn()
      lines.push(new TextDecoder().decode(circuit.dataBytes))
      circuit.die()
    }
    expect(lines).to.deep.equal([
      'POST /tor/x HTTP/1.0\r\nHost: 2001:db8::1:443\r\nContent-Length: 3\r\n\r\nabc',
      'POST /tor/x HTTP/1.0\r\nHost: 192.0.2.7\r\nContent-Length: 3\r\n\r\nabc',
    ])
  })

  it('is told by 304 that there is nothing newer, where it asked for that', async () => {
    const answer = http(new Uint8Array(0), [], 'HTTP/1.0 304 Not modified')
    expect(await answered(answer, { headers: { 'If-Modified-Since': 'a day' } })).to.equal(NOT_MODIFIED)
    expect(await codeOf(answered(answer))).to.equal('DIRECTORY_UNAVAILABLE')
  })

  it('gives the body, compressed or not, with a length or without', async () => {
    const plain = utf8(TEXT)
    const small = await deflate(plain)
    expect(await answered(http(plain))).to.equal(TEXT)
    expect(await answered(http(plain, [`Content-Length: ${plain.length}`], 'HTTP/1.1 200'))).to.equal(TEXT)
    expect(await answered(http(small, ['Content-Encoding: deflate']))).to.equal(TEXT)
    expect(
      await answered(http(small, ['content-encoding:  DEFLATE ', `CONTENT-LENGTH:${small.length}`, 'X: y'])),
    ).to.equal(TEXT)
    expect(await answered(http(await deflate(plain, 'gzip'), ['Content-Encoding: gzip']))).to.equal(TEXT)
    expect(await answered(http(new Uint8Array(0), ['Content-Length: 0']))).to.equal('')
  })

  it('reads the same wherever the answer is cut', async () => {
    const answer = http(await deflate(utf8(TEXT)), ['Content-Encoding: deflate'])
    for (let cut = 1; cut < answer.length; cut++) {
      const { circuit, text } = asking()
      await turn()
      circuit.data(answer.slice(0, cut))
      await turn()
      circuit.data(answer.slice(cut))
      circuit.end(EndReason.DONE)
      expect(await text).to.equal(TEXT)
    }
    expect(await answered(answer, { size: 1 })).to.equal(TEXT)
  })

  it('keeps a byte order mark, as digests are of the bytes', async () => {
    expect(await answered(http(utf8('\ufeffabc')))).to.equal('\ufeffabc')
  })

  it('needs no END once all that was promised has come', async () => {
    const small = await deflate(utf8(TEXT))
    const { circuit, text } = asking()
    await turn()
    send(circuit, http(small, ['Content-Encoding: deflate', `Content-Length: ${small.length}`]))
    expect(await text).to.equal(TEXT)
    expect(circuit.commands.at(-1)).to.equal(RelayCommand.END)
  })

  it('takes no more than was promised', async () => {
    const plain = utf8('0123456789')
    expect(await answered(http(plain, ['Content-Length: 4']))).to.equal('0123')
  })

  it('makes nothing else of what decompresses only in part', async () => {
    const small = await deflate(utf8(TEXT))
    for (let length = 0; length < small.length - 4; length += 3) {
      const headers = ['Content-Encoding: deflate', `Content-Length: ${length}`]
      // Deno decompresses what there is; the other engines object.
      const text = await answered(http(small, headers)).catch((error: TorError) => error.code)
      expect(text === 'DIRECTORY_MALFORMED' || TEXT.startsWith(text), `${length} bytes`).to.equal(true)
    }
  })

  const refused: readonly (readonly [what: string, code: string, answer: () => Uint8Array | Promise<Uint8Array>])[] = [
    ['another status', 'DIRECTORY_UNAVAILABLE', () => http(utf8(TEXT), [], 'HTTP/1.0 404 Not found')],
    [
      'a status that moves on',
      'DIRECTORY_UNAVAILABLE',
      () => http(utf8(TEXT), ['Location: /elsewhere'], 'HTTP/1.1 302 Found'),
    ],
    ['less than was promised', 'DIRECTORY_UNAVAILABLE', () => http(utf8(TEXT), ['Content-Length: 100000'])],
    ['an end within the header', 'DIRECTORY_UNAVAILABLE', () => utf8('HTTP/1.0 200 OK\r\nDate: now')],
    ['nothing', 'DIRECTORY_UNAVAILABLE', () => new Uint8Array(0)],
    ['no HTTP', 'DIRECTORY_MALFORMED', () => utf8('SSH-2.0-OpenSSH_9.6\r\n\r\n')],
    ['a status that is none', 'DIRECTORY_MALFORMED', () => http(utf8(TEXT), [], 'HTTP/1.0 20 OK')],
    ['a later HTTP', 'DIRECTORY_MALFORMED', () => http(utf8(TEXT), [], 'HTTP/2 200 OK')],
    ['a negative length', 'DIRECTORY_MALFORMED', () => http(utf8(TEXT), ['Content-Length: -1'])],
    ['a length that is no number', 'DIRECTORY_MALFORMED', () => http(utf8(TEXT), ['Content-Length: 0x10'])],
    ['a length without end', 'DIRECTORY_MALFORMED', () => http(utf8(TEXT), [`Content-Length: ${'9'.repeat(400)}`])],
    [
      'an encoding that was not asked for',
      'DIRECTORY_MALFORMED',
      () => http(utf8(TEXT), ['Content-Encoding: x-tor-lzma']),
    ],
    ['a header of 20,000 bytes', 'DIRECTORY_MALFORMED', () => http(utf8(TEXT), [`X-Filler: ${'x'.repeat(20_000)}`])],
    ['what does not decompress', 'DIRECTORY_MALFORMED', () => http(pattern(5000), ['Content-Encoding: deflate'])],
    [
      'what decompresses, but not to the end',
      'DIRECTORY_MALFORMED',
      async () => http((await deflate(pattern(9000))).slice(0, -5), ['Content-Encoding: deflate']),
    ],
    [
      'a wrong checksum',
      'DIRECTORY_MALFORMED',
      async () => {
        const small = await deflate(utf8(TEXT))
        small.set([1, 2, 3, 4], small.length - 4)
        return http(small, ['Content-Encoding: deflate'])
      },
    ],
    ['what is no UTF-8', 'DIRECTORY_MALFORMED', () => http(new Uint8Array([0x61, 0xff, 0x62]))],
    ['half a character at the end', 'DIRECTORY_MALFORMED', () => http(utf8('abcü').slice(0, -1))],
    ['too much', 'DIRECTORY_TOO_LARGE', () => http(utf8('x'.repeat(100_001)))],
    [
      'twenty million zeros, compressed',
      'DIRECTORY_TOO_LARGE',
      async () => http(await deflate(new Uint8Array(20_000_000)), ['Content-Encoding: deflate']),
    ],
  ]
  for (const [what, code, answer] of refused) {
    it(`refuses ${what}: ${code}`, async () => {
      const error = await rejection(answered(await answer()))
      expect(error).to.be.instanceOf(TorError)
      expect((error as TorError).code).to.equal(code)
    })
  }

  /** Text that compresses to a little more than a twenty-fifth: one byte in 20 looks random. */
  const wide = (bytes: number): Uint8Array<ArrayBuffer> => {
    let state = 20_260_727
    return Uint8Array.from({ length: bytes }, (_, index) => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
      return index % 1000 < 950 ? 120 : 33 + ((state >>> 16) % 90)
    })
  }

  it('refuses what decompresses to more than 25 times its size, as soon as that is seen', async () => {
    const body = await deflate(new Uint8Array(20_000_000).fill(120))
    const { pauses, pause } = countedPauses()
    const error = await rejection(answered(http(body, ['Content-Encoding: deflate']), { limit: 20_000_000, pause }))
    expect((error as TorError).code).to.equal('DIRECTORY_TOO_LARGE')
    expect((error as Error).message).to.match(/25 times/)
    expect(pauses(), 'slices of 262,144 bytes').to.be.at.most(2_500_000 / 262_144)
  })

  it('takes what decompresses to 20 times its size, or to 64 kB', async () => {
    const large = wide(3_000_000)
    const body = await deflate(large)
    expect(large.length / body.length).to.be.within(10, 24)
    expect(await answered(http(body, ['Content-Encoding: deflate']), { limit: 4_000_000 })).to.have.length(large.length)
    const small = utf8('x'.repeat(65_000))
    expect(await answered(http(await deflate(small), ['Content-Encoding: deflate']))).to.have.length(65_000)
  })

  it('gives other tasks their turn while it decompresses', async () => {
    const { pauses, pause } = countedPauses()
    const large = wide(3_000_000)
    await answered(http(await deflate(large), ['Content-Encoding: deflate']), { limit: 4_000_000, pause })
    expect(pauses()).to.be.at.least(2)
  })

  it('takes as much as the limit, and a header of 16 kB', async () => {
    expect((await answered(http(utf8('x'.repeat(100_000))))).length).to.equal(100_000)
    expect(await answered(http(utf8('abc'), [`X-Filler: ${'x'.repeat(16_000)}`]))).to.equal('abc')
  })

  it('gives up a header without end when it is too long, whatever the relay goes on to send', async () => {
    const { circuit, text } = asking()
    await turn()
    for (let cell = 0; cell < 34; cell++) circuit.data(utf8('X-Filler: more\r\n'.repeat(31)))
    expect(await codeOf(text)).to.equal('DIRECTORY_MALFORMED')
    await turn()
    expect(circuit.commands.at(-1)).to.equal(RelayCommand.END)
  })

  for (const encoding of ['identity', 'deflate'] as const) {
    it(`tells what befell the stream within the body (${encoding})`, async () => {
      const plain = utf8(TEXT.repeat(20))
      const body = encoding === 'deflate' ? await deflate(plain) : plain
      const broken = asking()
      await turn()
      send(broken.circuit, http(body, [`Content-Encoding: ${encoding}`]).slice(0, -20))
      await turn()
      broken.circuit.end(EndReason.CONNRESET)
      const error = await rejection(broken.text)
      expect(error).to.be.instanceOf(SocketError)
      expect((error as SocketError).code).to.equal('END_CONNRESET')
      const dead = asking()
      await turn()
      send(dead.circuit, http(body, [`Content-Encoding: ${encoding}`]).slice(0, -20))
      dead.circuit.die()
      expect(await codeOf(dead.text)).to.equal('CIRCUIT_DESTROYED')
    })
  }

  it('tells when the relay serves no directory', async () => {
    const circuit = new FakeCircuit()
    const text = requestDocument(
      new TorStream(circuit, 'directory', { clock: new FakeClock() }),
      '/tor/some/path',
      1000,
      { server: SERVER },
    )
    text.catch(() => undefined) // looked at below
    circuit.end(EndReason.NOTDIRECTORY)
    expect(await codeOf(text)).to.equal('END_NOTDIRECTORY')
  })

  const phases: readonly (readonly [when: string, before: Uint8Array])[] = [
    ['before the answer', new Uint8Array(0)],
    ['within the header', utf8('HTTP/1.0 200 OK\r\nDa')],
    ['within the body', http(utf8('abc'))],
    ['within a compressed body', http(new Uint8Array([0x78, 0x9c]), ['Content-Encoding: deflate'])],
  ]
  for (const [when, before] of phases) {
    it(`is given up by a signal while nothing more comes ${when}, and leaves nothing`, async () => {
      const abort = new AbortController()
      const { circuit, clock, text } = asking({ signal: abort.signal })
      await turn()
      if (before.length > 0) circuit.data(before)
      await turn()
      abort.abort('enough')
      expect(await codeOf(text)).to.equal('ABORTED')
      expect(circuit.commands.at(-1)).to.equal(RelayCommand.END)
      circuit.end(EndReason.DONE)
      expect(circuit.endpoints.size).to.equal(0)
      expect(clock.timers).to.equal(0)
    })
  }

  it('never fails in another way, whatever the bytes', async () => {
    const header = fc.constantFrom(
      'HTTP/1.0 200 OK\r\n',
      'Content-Encoding: deflate\r\n',
      'Content-Length: 5\r\n',
      '\r\n',
      '\r\n\r\n',
      ':',
      'HTTP/1.0 ',
    )
    const part = fc.oneof(
      header.map(utf8),
      fc.uint8Array({ maxLength: 40 }),
      fc.constant(new Uint8Array([0x78, 0x9c, 0x03, 0x00, 0, 0, 0, 1])),
    )
    await fc.assert(
      fc.asyncProperty(
        fc.array(part, { minLength: 1, maxLength: 8 }),
        fc.integer({ min: 1, max: 60 }),
        async (parts, size) => {
          try {
            expect(await answered(concat(parts), { limit: 50, size })).to.be.a('string')
          } catch (error) {
            expect(error).to.be.instanceOf(TorError)
            expect((error as TorError).code).to.match(/^DIRECTORY_/)
          }
        },
      ),
      { numRuns: 300 },
    )
  })
})
