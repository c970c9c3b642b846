import { expect } from 'chai'
import { fc } from '../support/seed.ts'
import type { EndReason } from '../../lib/cell/reasons.ts'
import { SocketError, type ErrorCode } from '../../lib/base/errors.ts'
import { HttpConnectHandshake } from '../../lib/http-connect/handshake.ts'
import { failed, statusOfFailure } from '../../lib/http-connect/responses.ts'
import { EitherHandshake } from '../../lib/http-connect/serve-proxy.ts'
import { latin1Text } from '../../lib/proxy/text.ts'
import { bytes, cuts, hex, shake, type Outcome } from '../proxy/support/handshakes.ts'
import { workOf } from '../support/work.ts'

const outcomeOf = (...chunks: readonly string[]): Outcome => shake(new HttpConnectHandshake(), chunks)

/** A head of these lines. */
const head = (...lines: readonly string[]): string => [...lines, '', ''].join('\r\n')
const connect = (target: string, ...fields: readonly string[]): string => head(`CONNECT ${target} HTTP/1.1`, ...fields)

/** What a client asks for, and what it comes to: the request, its isolation, and what was sent in advance. */
const GRANTED: readonly (readonly [
  name: string,
  sent: string,
  request: string,
  isolation?: string | undefined,
  rest?: string,
])[] = [
  ['a name', connect('a.test:443', 'Host: a.test:443'), 'connect a.test:443'],
  ['HTTP/1.0 without a field', head('CONNECT a.test:80 HTTP/1.0'), 'connect a.test:80'],
  ['an IPv4 address', connect('192.0.2.7:80'), 'connect 192.0.2.7:80'],
  ['an IPv6 address', connect('[2001:db8:0::7]:80'), 'connect 2001:db8::7:80'],
  ['the last port', connect('a:65535'), 'connect a:65535'],
  ['another host in the field Host', connect('a.test:443', 'Host: localhost'), 'connect a.test:443'],
  ['data in advance', `${connect('a.test:443')}\x16\x03\x01`, 'connect a.test:443', undefined, '\x16\x03\x01'],
  [
    'data in advance that looks like a request',
    `${connect('a.test:80')}${connect('b.test:80')}`,
    'connect a.test:80',
    undefined,
    connect('b.test:80'),
  ],
  ['Content-Length: 0', connect('a.test:443', 'Content-Length: 0'), 'connect a.test:443'],
  [
    'credentials',
    connect('a.test:443', 'Proxy-Authorization: Basic dG9yOmE='),
    'connect a.test:443',
    'http 14:Basic dG9yOmE= - -',
  ],
  [
    'credentials of another kind',
    connect('a.test:443', 'proxy-authorization:Bearer x'),
    'connect a.test:443',
    'http 8:Bearer x - -',
  ],
  [
    'Tor-Stream-Isolation',
    connect('a.test:443', 'Tor-Stream-Isolation: \t a b\t'),
    'connect a.test:443',
    'http - 3:a b -',
  ],
  ['X-Tor-Stream-Isolation', connect('a.test:443', 'X-TOR-STREAM-ISOLATION: a'), 'connect a.test:443', 'http - - 1:a'],
  [
    'an isolation that ends in a space of Latin-1',
    connect('a.test:443', 'Tor-Stream-Isolation: a\u00a0 '),
    'connect a.test:443',
    'http - 2:a\u00a0 -',
  ],
  ['an empty isolation field', connect('a.test:443', 'Tor-Stream-Isolation:'), 'connect a.test:443', 'http - 0: -'],
  [
    'all three',
    connect('a.test:443', 'X-Tor-Stream-Isolation: x', 'Proxy-Authorization: p', 'Tor-Stream-Isolation: t'),
    'connect a.test:443',
    'http 1:p 1:t 1:x',
  ],
  [
    'fields of no interest',
    connect('a.test:443', 'User-Agent: curl/8 (x; y)', 'Proxy-Connection: Keep-Alive', 'X: \xff', 'x:', 'X:2'),
    'connect a.test:443',
  ],
]

/** What is refused, and the status of the answer; 0 for none at all. */
const REFUSED: readonly (readonly [name: string, sent: string, status: number])[] = [
  ['no port', connect('a.test'), 400],
  ['no host', connect(':80'), 400],
  ['port 0', connect('a.test:0'), 400],
  ['port 65536', connect('a.test:65536'), 400],
  ['port 080000', connect('a.test:080000'), 400],
  ['a port that is no number', connect('a.test:http'), 400],
  ['a negative port', connect('a.test:-80'), 400],
  ['an IPv6 address without brackets', connect('2001:db8::7:80'), 400],
  ['brackets around a name', connect('[a.test]:80'), 400],
  ['user information', connect('u@a.test:80'), 400],
  ['a path', connect('a.test:80/'), 400],
  ['an address with a scheme', connect('http://a.test:80'), 400],
  ['a name that is not ASCII', connect('b\xfccher.test:80'), 400],
  ['a name with an escape', connect('a%00.test:80'), 400],
  ['a name of 256 bytes', connect(`${'a'.repeat(256)}:80`), 400],
  ['a body', connect('a.test:80', 'Content-Length: 5'), 400],
  ['a body by another name', connect('a.test:80', 'Transfer-Encoding: chunked'), 400],
  ['two lengths', connect('a.test:80', 'Content-Length: 0', 'Content-Length: 1'), 400],
  ['two isolations', connect('a.test:80', 'Tor-Stream-Isolation: a', 'tor-stream-isolation: b'), 400],
  ['two credentials', connect('a.test:80', 'Proxy-Authorization: a', 'Proxy-Authorization: a'), 400],
  ['an RPC object', connect('a.test:80', 'Tor-RPC-Target: x'), 501],
  ['HTTP/2', head('CONNECT a.test:80 HTTP/2.0'), 400],
  ['no version', head('CONNECT a.test:80'), 400],
  ['two spaces', head('CONNECT  a.test:80 HTTP/1.1'), 400],
  ['a tab for a space', head('CONNECT\ta.test:80 HTTP/1.1'), 400],
  ['connect in small letters', head('connect a.test:80 HTTP/1.1', 'Host: localhost'), 405],
  ['a field without a colon', connect('a.test:80', 'Host'), 400],
  ['a field without a name', connect('a.test:80', ': x'), 400],
  ['a space before the colon', connect('a.test:80', 'Host : x'), 400],
  ['a folded field', connect('a.test:80', 'X: a', ' b'), 400],
  ['a lone line feed', connect('a.test:80', 'X: a\nTor-Stream-Isolation: b'), 400],
  ['a lone carriage return', connect('a.test:80', 'X: a\rb'), 400],
  ['a NUL', connect('a.test:80', 'X: a\0b'), 400],
  ['a request for https:', head('GET https://a.test/ HTTP/1.1', 'Host: a.test'), 405],
  ['an upload for https:', `${head('POST https://a.test/ HTTP/1.1', 'Host: a.test', 'Content-Length: 4')}body`, 405],
  ['a request to the proxy itself', head('GET / HTTP/1.1', 'Host: 127.0.0.1:9050'), 405],
  ['a request to the proxy itself by no name', head('GET / HTTP/1.0'), 405],
  [
    'a request from a page that has its name resolve to this machine',
    head('GET / HTTP/1.1', 'Host: rebinding.test:9050'),
    0,
  ],
  ['the same with OPTIONS', head('OPTIONS * HTTP/1.1', 'Host: rebinding.test'), 0],
  ['the same with two hosts', head('GET / HTTP/1.1', 'Host: localhost', 'Host: rebinding.test'), 0],
  ['a host that only begins like this machine', head('GET / HTTP/1.1', 'Host: 127.0.0.1.rebinding.test'), 0],
  ['a head of 8,193 bytes', connect('a.test:80', `X: ${'x'.repeat(8193 - connect('a.test:80', 'X: ').length)}`), 431],
  ['8,192 bytes without an end', 'CONNECT '.padEnd(8192, 'a'), 431],
  ['nothing but empty lines', '\r\n\r\n', 400],
]

const statusOf = ({ reply }: Outcome): number => Number(/^HTTP\/1\.1 (\d{3}) [A-Za-z ]+\r\n/.exec(reply)?.[1] ?? 0)

describe('An HTTP CONNECT handshake', () => {
  describe('takes', () => {
    for (const [name, sent, request, isolation, rest = ''] of GRANTED) {
      it(name, () =>
        expect(outcomeOf(sent)).to.deep.equal({
          reply: '',
          type: 'request',
          request,
          isolation,
          rest,
          warning: undefined,
        }),
      )
    }

    it('a head of 8,192 bytes', () => {
      const sent = connect('a.test:80', `X: ${'x'.repeat(8192 - connect('a.test:80', 'X: ').length)}`)
      expect(sent).to.have.lengthOf(8192)
      expect(outcomeOf(sent).type).to.equal('request')
    })
  })

  describe('refuses', () => {
    for (const [name, sent, status] of REFUSED) {
      it(`${name} (${status === 0 ? 'no answer' : status})`, () => {
        const outcome = outcomeOf(sent)
        expect(outcome.type).to.equal('refused')
        expect(statusOf(outcome)).to.equal(status)
        if (status === 0) expect(outcome.reply).to.equal('')
      })
    }

    it('with an answer that has its length, and says that the connection closes', () => {
      for (const [name, sent, status] of REFUSED.filter(([, , each]) => each !== 0)) {
        const [fields, body] = outcomeOf(sent).reply.split('\r\n\r\n') as [string, string]
        expect(fields, name)
          .to.contain(`\r\nContent-Length: ${body.length}\r\n`)
          .and.to.match(/\r\nConnection: close$/)
        expect(fields, name).to.contain('\r\nTor-Capabilities: ')
        if (status === 405)
          expect(`${fields}\n${body}`).to.match(/\r\nAllow: OPTIONS, CONNECT\r\n[^]*use the method CONNECT/)
      }
    })

    it('never repeats what the client sent', () => {
      expect(
        outcomeOf(head('GET https://secret-host/secret HTTP/1.1', 'Host: secret-host', 'Cookie: secret')).reply,
      ).not.to.contain('secret')
    })
  })

  it('answers OPTIONS with what it can do', () => {
    for (const host of ['localhost', 'LOCALHOST:9050', '127.0.0.1:1', '127.9.9.9', '[::1]:80']) {
      const { reply, type } = outcomeOf(head('OPTIONS * HTTP/1.1', `Host: ${host}`))
      expect(type).to.equal('refused') // the connection closes
      expect(reply).to.match(
        /^HTTP\/1\.1 200 OK\r\nAllow: OPTIONS, CONNECT\r\nTor-Capabilities: Proxy-Authorization Tor-Stream-Isolation X-Tor-Stream-Isolation\r\n/,
      )
    }
  })

  it('comes to the same, however its bytes are cut', () => {
    const all = [...GRANTED, ...REFUSED].filter(([, sent]) => sent.length < 1000)
    for (const [name, sent] of all) {
      const expected = outcomeOf(sent)
      for (const chunks of cuts(sent))
        expect(outcomeOf(...chunks), `${name}, cut after ${chunks[0]?.length}`).to.deep.equal(expected)
    }
  })

  it('waits for more after every beginning of a head', () => {
    for (const [name, sent, , , rest = ''] of GRANTED) {
      for (let end = 0; end < sent.length - rest.length; end++)
        expect(outcomeOf(sent.slice(0, end)).type, `${name}, ${end} bytes`).to.equal('more')
    }
  })

  it('survives 10,000 mutations: each is granted, refused, or waits for no more than 8,192 bytes', () => {
    const mutation = fc.record({
      sent: fc.constantFrom(...[...GRANTED, ...REFUSED].map(([, sent]) => sent).filter((sent) => sent.length < 1000)),
      changes: fc.array(
        fc.tuple(
          fc.nat(300),
          fc.oneof(fc.nat(255), fc.constantFrom(...[...'\r\n :\t\0[]'].map((each) => each.charCodeAt(0)))),
          fc.boolean(),
        ),
        { minLength: 1, maxLength: 5 },
      ),
      size: fc.integer({ min: 1, max: 400 }),
    })
    fc.assert(
      fc.property(mutation, ({ sent, changes, size }) => {
        const mutated = [...sent]
        for (const [at, value, isInsertion] of changes)
          mutated.splice(at % (mutated.length + 1), isInsertion ? 0 : 1, String.fromCharCode(value))
        const all = mutated.join('')
        const outcome = outcomeOf(...(all.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? []))
        expect(outcome).to.deep.equal(outcomeOf(all))
        if (outcome.type === 'more') expect(outcomeOf(all, 'x'.repeat(8192)).type).to.equal('refused')
        if (outcome.type === 'request') expect(outcome.request).to.match(/^connect [\x21-\x7e]+:\d+$/)
      }),
      { numRuns: 10_000 },
    )
  })

  it('takes work in proportion to its bytes for a head that comes a byte at a time', () => {
    for (const text of [
      connect('a.test:443', `X: ${'x'.repeat(8000)}`),
      connect('a.test:443', ...Array.from({ length: 2000 }, () => 'a:')),
      'CONNECT '.padEnd(9000, '\r'),
    ]) {
      const pieces = Array.from(text, bytes)
      const handshake = new HttpConnectHandshake()
      const work = workOf(() => {
        for (const piece of pieces) if (handshake.take(piece).type !== 'more') return
      })
      expect(work).to.be.at.most(60 * text.length)
    }
  })
})

/** C tor 0.4.9.11, src/core/or/reasons.c, end_reason_to_http_connect_response_line. */
const STATUS_OF_END: Readonly<Record<keyof typeof EndReason, number>> = {
  MISC: 500,
  RESOLVEFAILED: 503,
  CONNECTREFUSED: 403,
  EXITPOLICY: 403,
  DESTROY: 502,
  DONE: 502,
  TIMEOUT: 504,
  NOROUTE: 503,
  HIBERNATING: 502,
  INTERNAL: 502,
  RESOURCELIMIT: 502,
  CONNRESET: 403,
  TORPROTOCOL: 502,
  NOTDIRECTORY: 500,
}

/** What a client fails with before a relay has a reason to give. */
const STATUS_OF_CODE: Readonly<Partial<Record<ErrorCode, number>>> = {
  ADDRESS_REFUSED: 403,
  NO_PATH: 503,
  TIMEOUT: 504,
  CIRCUIT_TIMEOUT: 504,
  LINK_TIMEOUT: 504,
  LINK_UNREACHABLE: 502,
  LINK_CLOSED: 502,
  CIRCUIT_DESTROYED: 502,
  CIRCUIT_PROTOCOL: 502,
  CLOSED: 502,
  ABORTED: 502,
  END_OTHER: 500,
  DIRECTORY_EXPIRED: 500,
  CELL_MALFORMED: 500,
}

describe('The HTTP answer to a stream that cannot be opened', () => {
  const failure = (code: string): SocketError => new SocketError(code as ErrorCode, 'it failed at secret-host')

  for (const [name, status] of Object.entries(STATUS_OF_END)) {
    it(`has status ${status} for END with reason ${name}, as in C tor, and names it`, () => {
      const text = latin1Text(failed(failure(`END_${name}`)))
      expect(text.split('\r\n')[0]).to.match(new RegExp(`^HTTP/1\\.1 ${status} `))
      expect(text).to.contain(`\r\nTor-Request-Failed: end/${name} tor-streams/END_${name}\r\n`)
      expect(text).to.contain('\r\nVia: tor/1.0 tor-network (tor-streams)\r\n').and.not.to.contain('secret')
    })
  }

  for (const [code, status] of Object.entries(STATUS_OF_CODE)) {
    it(`has status ${status} for ${code}`, () => {
      expect(statusOfFailure(failure(code))).to.equal(status)
      if (!code.startsWith('END_'))
        expect(latin1Text(failed(failure(code)))).to.contain(`\r\nTor-Request-Failed: tor-streams/${code}\r\n`)
    })
  }

  it('has status 400 for an address that connect takes for none, and 500 for anything unknown', () => {
    expect(statusOfFailure(new TypeError('no host'))).to.equal(400)
    expect(statusOfFailure(new RangeError('no port'))).to.equal(400)
    for (const error of [undefined, null, 7, new Error('?'), { code: 7 }, { code: 'toString' }])
      expect(statusOfFailure(error)).to.equal(500)
  })

  it('lets no foreign code break its lines', () => {
    const text = latin1Text(failed({ code: 'x\r\nSet-Cookie: a' }))
    expect(text).not.to.contain('Set-Cookie')
  })
})

describe('A handshake of either protocol', () => {
  const either = (...chunks: readonly string[]): Outcome =>
    shake(new EitherHandshake({ canResolve: true, extendedErrors: false }), chunks)

  it('goes by the first byte', () => {
    expect(either(`${hex('04 01 0050 00000001 00')}a.test\0`).request).to.equal('connect a.test:80')
    expect(either('', hex('05 01'), hex('00')).reply).to.equal(hex('05 00'))
    expect(either('C', connect('a.test:80').slice(1)).request).to.equal('connect a.test:80')
    expect(either(head('GET http://a.test/ HTTP/1.1', 'Host: a.test')).request).to.equal('connect a.test:80')
    expect(statusOf(either(head('GET / HTTP/1.1', 'Host: localhost')))).to.equal(405)
    expect(either('').type).to.equal('more')
    for (let first = 0; first < 256; first++) {
      const { type } = either(String.fromCharCode(first))
      expect(type, `0x${first.toString(16)}`).to.equal(
        first === 4 || first === 5 || (first >= 0x41 && first <= 0x5a) ? 'more' : 'refused',
      )
    }
  })
})
