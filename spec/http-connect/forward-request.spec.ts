import { expect } from 'chai'
import { HttpConnectHandshake } from '../../lib/http-connect/handshake.ts'
import { cuts, shake, type Outcome } from '../proxy/support/handshakes.ts'

const outcomeOf = (...chunks: readonly string[]): Outcome => shake(new HttpConnectHandshake(), chunks)
const head = (...lines: readonly string[]): string => [...lines, '', ''].join('\r\n')
const statusOf = ({ reply }: Outcome): number => Number(/^HTTP\/1\.1 (\d{3}) /.exec(reply)?.[1] ?? 0)

/** What a client sends, where the stream goes, and what the server gets. */
const FORWARDED: readonly (readonly [name: string, sent: string, request: string, gets: string])[] = [
  [
    'a GET',
    head('GET http://a.test/path?query HTTP/1.1', 'Host: a.test', 'User-Agent: Wget/1'),
    'connect a.test:80',
    head('GET /path?query HTTP/1.1', 'Host: a.test', 'User-Agent: Wget/1', 'Connection: close'),
  ],
  [
    'a target without a path',
    head('GET http://a.test HTTP/1.1'),
    'connect a.test:80',
    head('GET / HTTP/1.1', 'Host: a.test', 'Connection: close'),
  ],
  [
    'a target with a query and no path',
    head('GET http://a.test?q HTTP/1.1'),
    'connect a.test:80',
    head('GET /?q HTTP/1.1', 'Host: a.test', 'Connection: close'),
  ],
  [
    'a port of its own, and a scheme in capitals',
    head('GET HTTP://a.test:8080/ HTTP/1.1'),
    'connect a.test:8080',
    head('GET / HTTP/1.1', 'Host: a.test:8080', 'Connection: close'),
  ],
  [
    'an IPv6 address',
    head('GET http://[2001:db8:0::7]/ HTTP/1.1'),
    'connect 2001:db8::7:80',
    head('GET / HTTP/1.1', 'Host: [2001:db8::7]', 'Connection: close'),
  ],
  [
    'another host in the field Host, which counts for nothing',
    head('GET http://a.test/ HTTP/1.1', 'Host: b.test'),
    'connect a.test:80',
    head('GET / HTTP/1.1', 'Host: a.test', 'Connection: close'),
  ],
  [
    'OPTIONS of a whole server',
    head('OPTIONS http://a.test HTTP/1.1'),
    'connect a.test:80',
    head('OPTIONS * HTTP/1.1', 'Host: a.test', 'Connection: close'),
  ],
  [
    'OPTIONS of a path, be it the shortest: * is for a target with neither path nor query (RFC 9112, section 3.2.4)',
    head('OPTIONS http://a.test/ HTTP/1.1'),
    'connect a.test:80',
    head('OPTIONS / HTTP/1.1', 'Host: a.test', 'Connection: close'),
  ],
  [
    'OPTIONS of a query',
    head('OPTIONS http://a.test?q HTTP/1.1'),
    'connect a.test:80',
    head('OPTIONS /?q HTTP/1.1', 'Host: a.test', 'Connection: close'),
  ],
  [
    'an empty port, which is the one of the scheme (RFC 3986, section 3.2.3)',
    head('GET http://a.test:/ HTTP/1.1'),
    'connect a.test:80',
    head('GET / HTTP/1.1', 'Host: a.test', 'Connection: close'),
  ],
  [
    'an empty port of an IPv6 address, without a path',
    head('OPTIONS http://[2001:db8::7]: HTTP/1.1'),
    'connect 2001:db8::7:80',
    head('OPTIONS * HTTP/1.1', 'Host: [2001:db8::7]', 'Connection: close'),
  ],
  [
    'HTTP/1.0',
    head('GET http://a.test/ HTTP/1.0'),
    'connect a.test:80',
    head('GET / HTTP/1.0', 'Host: a.test', 'Connection: close'),
  ],
  [
    'the fields of this connection, and those that it names, which stay here',
    head(
      'GET http://a.test/ HTTP/1.1',
      'Proxy-Connection: Keep-Alive',
      'Connection: X-One ,keep-alive,x-two',
      'Keep-Alive: 5',
      'TE: trailers',
      'Upgrade: h2c',
      'x-one: 1',
      'X-Two: 2',
      'X-Three:\t3 ',
    ),
    'connect a.test:80',
    head('GET / HTTP/1.1', 'Host: a.test', 'X-Three: 3', 'Connection: close'),
  ],
  [
    'a body of a length, and nothing behind it',
    `${head('POST http://a.test/ HTTP/1.1', 'Content-Length: 4')}bodyGET http://b.test/ HTTP/1.1\r\n\r\n`,
    'connect a.test:80',
    `${head('POST / HTTP/1.1', 'Host: a.test', 'Content-Length: 4', 'Connection: close')}body`,
  ],
  [
    'a chunked body, as it is, and nothing behind it',
    `${head('POST http://a.test/ HTTP/1.1', 'Transfer-Encoding: chunked')}4;x=y\r\nbody\r\n0\r\nT: 1\r\n\r\nGET / HTTP/1.1\r\n\r\n`,
    'connect a.test:80',
    `${head('POST / HTTP/1.1', 'Host: a.test', 'Transfer-Encoding: chunked', 'Connection: close')}4;x=y\r\nbody\r\n0\r\nT: 1\r\n\r\n`,
  ],
  [
    'no body where none is announced',
    `${head('GET http://a.test/ HTTP/1.1')}GET http://b.test/ HTTP/1.1\r\n\r\n`,
    'connect a.test:80',
    head('GET / HTTP/1.1', 'Host: a.test', 'Connection: close'),
  ],
  [
    'bytes above ASCII in a field',
    head('GET http://a.test/ HTTP/1.1', 'X: \xff\xe9'),
    'connect a.test:80',
    head('GET / HTTP/1.1', 'Host: a.test', 'X: \xff\xe9', 'Connection: close'),
  ],
]

const REFUSED: readonly (readonly [name: string, sent: string, status: number])[] = [
  ['https:, which needs a tunnel', head('GET https://a.test/ HTTP/1.1'), 405],
  ['another scheme', head('GET ftp://a.test/ HTTP/1.1'), 405],
  ['a user in the target', head('GET http://user@a.test/ HTTP/1.1'), 405],
  ['a fragment', head('GET http://a.test/#x HTTP/1.1'), 405],
  ['no host', head('GET http:///x HTTP/1.1'), 405],
  ['a host that can be none', head('GET http://a%2etest/ HTTP/1.1'), 400],
  ['a port that is none', head('GET http://a.test:0/ HTTP/1.1'), 400],
  ['two empty ports', head('GET http://a.test::/ HTTP/1.1'), 400],
  ['an empty port of no host', head('GET http://:/ HTTP/1.1'), 400],
  ['a length and chunks', head('POST http://a.test/ HTTP/1.1', 'Content-Length: 4', 'Transfer-Encoding: chunked'), 400],
  [
    'two lengths, even if they are equal',
    head('POST http://a.test/ HTTP/1.1', 'Content-Length: 4', 'Content-Length: 4'),
    400,
  ],
  ['a list of lengths', head('POST http://a.test/ HTTP/1.1', 'Content-Length: 4, 4'), 400],
  ['a length with a sign', head('POST http://a.test/ HTTP/1.1', 'Content-Length: +4'), 400],
  ['a coding that is not chunked', head('POST http://a.test/ HTTP/1.1', 'Transfer-Encoding: gzip, chunked'), 400],
  [
    'a coding twice',
    head('POST http://a.test/ HTTP/1.1', 'Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'),
    400,
  ],
  ['a coding in HTTP/1.0', head('POST http://a.test/ HTTP/1.0', 'Transfer-Encoding: chunked'), 400],
  [
    'a Connection that would take the length away',
    head('POST http://a.test/ HTTP/1.1', 'Content-Length: 4', 'Connection: Content-Length'),
    400,
  ],
  [
    'a Connection that would take the coding away',
    head('POST http://a.test/ HTTP/1.1', 'Transfer-Encoding: chunked', 'Connection: close, TRANSFER-ENCODING'),
    400,
  ],
  ['a chunk without a size', `${head('POST http://a.test/ HTTP/1.1', 'Transfer-Encoding: chunked')}x\r\n`, 400],
  [
    'a chunk that is longer than its size',
    `${head('POST http://a.test/ HTTP/1.1', 'Transfer-Encoding: chunked')}1\r\nabc`,
    400,
  ],
]

describe('A request for the proxy to make', () => {
  for (const [name, sent, request, gets] of FORWARDED) {
    it(`goes on: ${name}`, () => {
      const { reply, ...outcome } = outcomeOf(sent)
      expect(outcome).to.deep.equal({ type: 'request', request, isolation: undefined, rest: gets, warning: undefined })
      expect(reply).to.equal('')
    })
  }

  it('is the same however its head is cut', () => {
    const sent = head('GET http://a.test/ HTTP/1.1', 'X-One: 1', 'Connection: x-one')
    for (const chunks of cuts(sent)) expect(outcomeOf(...chunks), chunks.join('|')).to.deep.equal(outcomeOf(sent))
  })

  it('has the isolation of its credentials, which do not go on', () => {
    const sent = head('GET http://a.test/ HTTP/1.1', 'Proxy-Authorization: Basic dG9yOmE=', 'X-Tor-Stream-Isolation: 1')
    const { isolation, rest } = outcomeOf(sent)
    expect(isolation).to.equal('http 14:Basic dG9yOmE= - 1:1')
    expect(rest).to.equal(head('GET / HTTP/1.1', 'Host: a.test', 'Connection: close'))
  })

  for (const [name, sent, status] of REFUSED) {
    it(`is refused: ${name}`, () => {
      const outcome = outcomeOf(sent)
      expect([outcome.type, statusOf(outcome)]).to.deep.equal(['refused', status])
    })
  }

  it('lets no byte behind a body through, however the body is cut', () => {
    const begun = head('POST http://a.test/ HTTP/1.1', 'Transfer-Encoding: chunked')
    const body = '3\r\nabc\r\n0\r\n\r\n'
    for (const chunks of cuts(`${body}GET http://b.test/ HTTP/1.1\r\n\r\n`)) {
      const step = new HttpConnectHandshake().take(new TextEncoder().encode(begun))
      if (step.type !== 'request' || step.request.command !== 'connect') throw new Error('it was refused')
      const { body: through } = step.request
      const sent = chunks.map((chunk) => new TextDecoder().decode(through?.take(new TextEncoder().encode(chunk))))
      expect(sent.join('')).to.equal(body)
    }
  })
})
