import { expect } from 'chai'
import { fc } from '../support/seed.ts'
import { SocksHandshake } from '../../lib/socks/handshake.ts'
import type { SocksHandshakeOptions } from '../../lib/socks/stage.ts'
import { bytes, cuts, hex, shake, type Outcome } from '../proxy/support/handshakes.ts'
import { workOf } from '../support/work.ts'

/** One client, from its first byte to what it sends in advance. */
interface Case {
  readonly name: string
  readonly sent: string
  readonly expected: Outcome
}

const NO_AUTH = hex('05 01 00')
const WITH_AUTH = hex('05 01 02')
const NO_AUTH_CHOSEN = hex('05 00')
const AUTH_CHOSEN = hex('05 02')
const AUTHENTICATED = hex('01 00')
const IPV6 = hex('2002 41b8 0202 0deb 0213 21ff fe20 1426')

const request = (reply: string, what: string, more: Partial<Outcome> = {}): Outcome => ({
  reply,
  type: 'request',
  request: what,
  isolation: undefined,
  rest: '',
  warning: undefined,
  ...more,
})
const refusal = (reply: string, warning?: string): Outcome => ({ reply, type: 'refused', warning })
const failure5 = (code: string): string => hex(`05 ${code} 00 01 00000000 0000`)
const REJECTED4 = hex('00 5b 0000 00000000')
const text = (length: number, of = 'a'): string => of.repeat(length)

// Those marked * are byte for byte in C tor 0.4.9.11, src/test/test_socks.c.
const VALID: readonly Case[] = [
  // SOCKS 4 and 4a
  {
    name: 'SOCKS 4 to an address *',
    sent: hex('04 01 1112 02020203 00'),
    expected: request('', 'connect 2.2.2.3:4370', { warning: 'socks4-address' }),
  },
  {
    name: 'SOCKS 4 with a user id *',
    sent: hex('04 01 1112 02020204') + 'me\0',
    expected: request('', 'connect 2.2.2.4:4370', { isolation: 'socks4 2:me', warning: 'socks4-address' }),
  },
  {
    name: 'SOCKS 4a to a name *',
    sent: hex('04 01 0909 00000001 00') + 'www.example.com\0',
    expected: request('', 'connect www.example.com:2313'),
  },
  {
    name: 'SOCKS 4a with a user id *',
    sent: hex('04 01 0909 00000001') + 'hi\0www.example.com\0',
    expected: request('', 'connect www.example.com:2313', { isolation: 'socks4 2:hi' }),
  },
  {
    name: 'SOCKS 4a RESOLVE *',
    sent: hex('04 f0 0101 00000002') + 'me\0torproject.org\0',
    expected: request('', 'resolve torproject.org', { isolation: 'socks4 2:me' }),
  },
  {
    name: 'SOCKS 4a RESOLVE with port 0',
    sent: hex('04 f0 0000 00000001 00') + 'a.test\0',
    expected: request('', 'resolve a.test'),
  },
  {
    name: 'SOCKS 4 RESOLVE of an address',
    sent: hex('04 f0 0000 08080808 00'),
    expected: request('', 'resolve 8.8.8.8', { warning: 'socks4-address' }),
  },
  {
    name: 'SOCKS 4a with the longest user id and name',
    sent: hex('04 01 0050 000000ff') + `${text(255, 'u')}\0${text(255)}\0`,
    expected: request('', `connect ${text(255)}:80`, { isolation: `socks4 255:${text(255, 'u')}` }),
  },
  {
    name: 'SOCKS 4a with data in advance',
    sent: hex('04 01 0050 00000001 00') + 'a.test\0GET /\0',
    expected: request('', 'connect a.test:80', { rest: 'GET /\0' }),
  },
  {
    name: 'SOCKS 4a to an address as text',
    sent: hex('04 01 0050 00000001 00') + '192.0.2.1\0',
    expected: request('', 'connect 192.0.2.1:80'),
  },
  // SOCKS 5
  {
    name: 'SOCKS 5 to an IPv4 address *',
    sent: NO_AUTH + hex('05 01 00 01 02020202 1111'),
    expected: request(NO_AUTH_CHOSEN, 'connect 2.2.2.2:4369', { warning: 'socks5-address' }),
  },
  {
    name: 'SOCKS 5 to an IPv6 address *',
    sent: NO_AUTH + hex('05 01 00 04') + IPV6 + hex('0050'),
    expected: request(NO_AUTH_CHOSEN, 'connect 2002:41b8:202:deb:213:21ff:fe20:1426:80', { warning: 'socks5-address' }),
  },
  {
    name: 'SOCKS 5 to a name *',
    sent: NO_AUTH + hex('05 01 00 03 0e') + 'torproject.org' + hex('1111'),
    expected: request(NO_AUTH_CHOSEN, 'connect torproject.org:4369'),
  },
  {
    name: 'SOCKS 5 to the longest name *',
    sent: `${NO_AUTH}${hex('05 01 00 03 ff')}${'whatsoever.I.shall.see.or.hear.in.the.course.of.my.profession.as.well.'}as.outside.my.profession.in.my.intercourse.with.men.if.it.be.what.should.not.be.published.abroad.I.will.never.divulge.holding.such.things.to.be.holy.secrets.x.hippocratic.oath.wikipedia${hex('0050')}`,
    expected: request(
      NO_AUTH_CHOSEN,
      'connect whatsoever.I.shall.see.or.hear.in.the.course.of.my.profession.as.well.as.outside.my.profession.in.my.intercourse.with.men.if.it.be.what.should.not.be.published.abroad.I.will.never.divulge.holding.such.things.to.be.holy.secrets.x.hippocratic.oath.wikipedia:80',
    ),
  },
  {
    name: 'SOCKS 5 to a name of one letter',
    sent: NO_AUTH + hex('05 01 00 03 01') + 'a' + hex('0001'),
    expected: request(NO_AUTH_CHOSEN, 'connect a:1'),
  },
  {
    name: 'SOCKS 5 to the last port',
    sent: NO_AUTH + hex('05 01 00 03 01') + 'a' + hex('ffff'),
    expected: request(NO_AUTH_CHOSEN, 'connect a:65535'),
  },
  {
    name: 'SOCKS 5 to an address as text',
    sent: NO_AUTH + hex('05 01 00 03 07') + '8.8.8.8' + hex('1111'),
    expected: request(NO_AUTH_CHOSEN, 'connect 8.8.8.8:4369'),
  },
  {
    name: 'SOCKS 5 RESOLVE *',
    sent: NO_AUTH + hex('05 f0 00 03 0e') + 'torproject.org' + hex('0102'),
    expected: request(NO_AUTH_CHOSEN, 'resolve torproject.org'),
  },
  {
    name: 'SOCKS 5 RESOLVE with port 0',
    sent: NO_AUTH + hex('05 f0 00 03 01') + 'a' + hex('0000'),
    expected: request(NO_AUTH_CHOSEN, 'resolve a'),
  },
  {
    name: 'SOCKS 5 RESOLVE of an IPv4 address as text *',
    sent: NO_AUTH + hex('05 f0 00 03 07') + '8.8.8.8' + hex('1111'),
    expected: request(NO_AUTH_CHOSEN, 'resolve 8.8.8.8'),
  },
  {
    name: 'SOCKS 5 RESOLVE of an IPv6 address in brackets *',
    sent: NO_AUTH + hex('05 f0 00 03 29') + '[2001:0db8:85a3:0000:0000:8a2e:0370:7334]' + hex('0102'),
    expected: request(NO_AUTH_CHOSEN, 'resolve 2001:db8:85a3::8a2e:370:7334'),
  },
  {
    name: 'SOCKS 5 RESOLVE of an IPv6 address without brackets *',
    sent: NO_AUTH + hex('05 f0 00 03 27') + '2001:0db8:85a3:0000:0000:8a2e:0370:7334' + hex('0102'),
    expected: request(NO_AUTH_CHOSEN, 'resolve 2001:db8:85a3::8a2e:370:7334'),
  },
  {
    name: 'SOCKS 5 RESOLVE_PTR of an IPv4 address *',
    sent: NO_AUTH + hex('05 f1 00 01 02020205 0103'),
    expected: request(NO_AUTH_CHOSEN, 'resolve-ptr 2.2.2.5'),
  },
  {
    name: 'SOCKS 5 RESOLVE_PTR of an IPv6 address *',
    sent: NO_AUTH + hex('05 f1 00 04 2001 0db8 85a3 0000 0000 8a2e 0370 7334 1234'),
    expected: request(NO_AUTH_CHOSEN, 'resolve-ptr 2001:db8:85a3::8a2e:370:7334'),
  },
  {
    name: 'SOCKS 5 RESOLVE_PTR of an IPv6 address as text *',
    sent: NO_AUTH + hex('05 f1 00 03 1e') + '[2001:db8:85a3::8a2e:370:7334]' + hex('1234'),
    expected: request(NO_AUTH_CHOSEN, 'resolve-ptr 2001:db8:85a3::8a2e:370:7334'),
  },
  // Credentials
  {
    name: 'SOCKS 5 with credentials and the request in one *',
    sent: WITH_AUTH + hex('01 02') + 'me' + hex('03') + 'you' + hex('05 01 00 01 02020202 1111'),
    expected: request(AUTH_CHOSEN + AUTHENTICATED, 'connect 2.2.2.2:4369', {
      isolation: 'socks5 2:me 3:you',
      warning: 'socks5-address',
    }),
  },
  {
    name: 'SOCKS 5 with credentials that nobody asked for *',
    sent: NO_AUTH + hex('01 02 0101 02 0101') + hex('05 01 00 03 01') + 'a' + hex('0050'),
    expected: request(NO_AUTH_CHOSEN + AUTHENTICATED, 'connect a:80', { isolation: 'socks5 2:\x01\x01 2:\x01\x01' }),
  },
  {
    name: 'SOCKS 5 with empty credentials *',
    sent: WITH_AUTH + hex('01 00 00') + hex('05 01 00 03 01') + 'a' + hex('0050'),
    expected: request(AUTH_CHOSEN + AUTHENTICATED, 'connect a:80', { isolation: 'socks5 0: 0:' }),
  },
  {
    name: 'SOCKS 5 with the longest credentials',
    sent:
      WITH_AUTH +
      hex('01 ff') +
      text(255, '\xff') +
      hex('ff') +
      text(255, '\0') +
      hex('05 01 00 03 01') +
      'a' +
      hex('0050'),
    expected: request(AUTH_CHOSEN + AUTHENTICATED, 'connect a:80', {
      isolation: `socks5 255:${text(255, '\xff')} 255:${text(255, '\0')}`,
    }),
  },
  {
    name: 'SOCKS 5 with the reserved name that is served *',
    sent: WITH_AUTH + hex('01 09') + '<torS0X>0' + hex('08') + 'password' + hex('05 01 00 03 01') + 'a' + hex('0050'),
    expected: request(AUTH_CHOSEN + AUTHENTICATED, 'connect a:80', { isolation: 'socks5 9:<torS0X>0 8:password' }),
  },
  {
    name: 'SOCKS 5 with a name that is almost reserved',
    sent: WITH_AUTH + hex('01 07') + '<torS0X' + hex('00') + hex('05 01 00 03 01') + 'a' + hex('0050'),
    expected: request(AUTH_CHOSEN + AUTHENTICATED, 'connect a:80', { isolation: 'socks5 7:<torS0X 0:' }),
  },
  {
    name: 'SOCKS 5 with credentials preferred to none',
    sent: hex('05 03 00 01 02') + hex('01 01') + 'u' + hex('01') + 'p' + hex('05 01 00 03 01') + 'a' + hex('0050'),
    expected: request(AUTH_CHOSEN + AUTHENTICATED, 'connect a:80', { isolation: 'socks5 1:u 1:p' }),
  },
  {
    name: 'SOCKS 5 with every method there is',
    sent:
      hex('05 ff') +
      Array.from({ length: 255 }, (_, at) => String.fromCharCode(at)).join('') +
      hex('01 00 00 05 01 00 03 01') +
      'a' +
      hex('0050'),
    expected: request(AUTH_CHOSEN + AUTHENTICATED, 'connect a:80', { isolation: 'socks5 0: 0:' }),
  },
  {
    name: 'SOCKS 5 with data in advance',
    sent: `${NO_AUTH}${hex('05 01 00 03 01')}a${hex('0050')}GET / HTTP/1.0\r\n\r\n`,
    expected: request(NO_AUTH_CHOSEN, 'connect a:80', { rest: 'GET / HTTP/1.0\r\n\r\n' }),
  },
  {
    name: 'SOCKS 5 with data in advance that looks like SOCKS',
    sent: `${NO_AUTH}${hex('05 01 00 03 01')}a${hex('0050')}${hex('05 01 00 01 02020202 1111')}`,
    expected: request(NO_AUTH_CHOSEN, 'connect a:80', { rest: hex('05 01 00 01 02020202 1111') }),
  },
]

const MALFORMED: readonly Case[] = [
  // SOCKS 4 and 4a
  { name: 'SOCKS 4 BIND *', sent: hex('04 02 1111 02020202 00'), expected: refusal(REJECTED4) },
  { name: 'SOCKS 4 RESOLVE_PTR', sent: hex('04 f1 0000 02020202 00'), expected: refusal(REJECTED4) },
  { name: 'SOCKS 4 to 0.0.0.0 *', sent: hex('04 01 0050 00000000 00'), expected: refusal(REJECTED4) },
  { name: 'SOCKS 4 to port 0 *', sent: hex('04 01 0000 01020304 00'), expected: refusal(REJECTED4) },
  {
    name: 'SOCKS 4 with 2,000 bytes of user id *',
    sent: hex('04 01 0050 01020304') + text(2000) + '\0',
    expected: refusal(REJECTED4),
  },
  {
    name: 'SOCKS 4 with a user id of 256 bytes that does not end',
    sent: hex('04 01 0050 01020304') + text(256),
    expected: refusal(REJECTED4),
  },
  {
    name: 'SOCKS 4a with 2,000 bytes of name *',
    sent: hex('04 01 0050 00000001 00') + text(2000) + '\0',
    expected: refusal(REJECTED4),
  },
  {
    name: 'SOCKS 4a with 2,000 bytes of name and no end *',
    sent: hex('04 01 0050 00000001 00') + text(2000),
    expected: refusal(REJECTED4),
  },
  { name: 'SOCKS 4a with a bogus name *', sent: hex('04 01 0050 00000001 00') + '---\0', expected: refusal(REJECTED4) },
  { name: 'SOCKS 4a with no name', sent: hex('04 01 0050 00000001 00 00'), expected: refusal(REJECTED4) },
  {
    name: 'SOCKS 4a with a name that is not ASCII',
    sent: hex('04 01 0050 00000001 00') + 'b\xc3\xbccher.test\0',
    expected: refusal(REJECTED4),
  },
  {
    name: 'SOCKS 4a with a name with a space',
    sent: hex('04 01 0050 00000001 00') + 'a b\0',
    expected: refusal(REJECTED4),
  },
  // SOCKS 5: the greeting
  { name: 'SOCKS 5 with methods that are not served *', sent: hex('05 03 99 21 10'), expected: refusal(hex('05 ff')) },
  { name: 'SOCKS 5 with no method *', sent: hex('05 00'), expected: refusal(hex('05 ff')) },
  { name: 'SOCKS 5 with GSSAPI only', sent: hex('05 01 01'), expected: refusal(hex('05 ff')) },
  // SOCKS 5: credentials
  {
    name: 'credentials before anything else *',
    sent: hex('01 02') + 'me' + hex('02') + 'me',
    expected: refusal('', 'unknown-protocol'),
  },
  {
    name: 'credentials of another version *',
    sent: WITH_AUTH + hex('02 05') + 'hello' + hex('05') + 'world',
    expected: refusal(AUTH_CHOSEN + hex('01 01')),
  },
  {
    name: 'a request where credentials must be',
    sent: WITH_AUTH + hex('05 01 00 01 02020202 1111'),
    expected: refusal(AUTH_CHOSEN + hex('01 01')),
  },
  {
    name: 'credentials twice',
    sent: WITH_AUTH + hex('01 00 00 01 00 00'),
    expected: refusal(AUTH_CHOSEN + AUTHENTICATED + failure5('01')),
  },
  {
    name: 'the reserved name alone *',
    sent: WITH_AUTH + hex('01 08') + '<torS0X>' + hex('08') + 'password',
    expected: refusal(AUTH_CHOSEN + hex('01 01')),
  },
  {
    name: 'the reserved name with an RPC object *',
    sent: WITH_AUTH + hex('01 09') + '<torS0X>1' + hex('08') + 'password',
    expected: refusal(AUTH_CHOSEN + hex('01 01')),
  },
  {
    name: 'the reserved name with more behind it *',
    sent: WITH_AUTH + hex('01 0c') + '<torS0X>0abc' + hex('08') + 'password',
    expected: refusal(AUTH_CHOSEN + hex('01 01')),
  },
  {
    name: 'the reserved name where no credentials were asked for',
    sent: NO_AUTH + hex('01 09') + '<torS0X>x' + hex('00'),
    expected: refusal(NO_AUTH_CHOSEN + hex('01 01')),
  },
  // SOCKS 5: the request
  {
    name: 'SOCKS 5 BIND *',
    sent: NO_AUTH + hex('05 02 00 01 02020201 0101'),
    expected: refusal(NO_AUTH_CHOSEN + failure5('07')),
  },
  {
    name: 'SOCKS 5 UDP ASSOCIATE *',
    sent: NO_AUTH + hex('05 03 00 01 02020201 0101'),
    expected: refusal(NO_AUTH_CHOSEN + failure5('07')),
  },
  {
    name: 'SOCKS 5 CONNECT_DIR, which Tor had once',
    sent: NO_AUTH + hex('05 f2 00 01 02020201 0101'),
    expected: refusal(NO_AUTH_CHOSEN + failure5('07')),
  },
  { name: 'SOCKS 5 with command 0', sent: NO_AUTH + hex('05 00'), expected: refusal(NO_AUTH_CHOSEN + failure5('07')) },
  {
    name: 'a request of SOCKS 4 within SOCKS 5',
    sent: NO_AUTH + hex('04 01 0050 01020304 00'),
    expected: refusal(NO_AUTH_CHOSEN + failure5('01')),
  },
  {
    name: 'SOCKS 5 with a reserved byte that is not 0',
    sent: NO_AUTH + hex('05 01 01'),
    expected: refusal(NO_AUTH_CHOSEN + failure5('01')),
  },
  {
    name: 'SOCKS 5 with an address of type 0x23 *',
    sent: NO_AUTH + hex('05 01 00 23 02020202 1111'),
    expected: refusal(NO_AUTH_CHOSEN + failure5('08')),
  },
  {
    name: 'SOCKS 5 RESOLVE_PTR of a name *',
    sent: NO_AUTH + hex('05 f1 00 03 0e') + 'torproject.org' + hex('1111'),
    expected: refusal(NO_AUTH_CHOSEN + failure5('08')),
  },
  {
    name: 'SOCKS 5 RESOLVE_PTR of no name',
    sent: NO_AUTH + hex('05 f1 00 03 00 1111'),
    expected: refusal(NO_AUTH_CHOSEN + failure5('08')),
  },
  {
    name: 'SOCKS 5 with quotes for a name *',
    sent: NO_AUTH + hex('05 01 00 03 09') + '""""".com' + hex('1111'),
    expected: refusal(NO_AUTH_CHOSEN + failure5('01')),
  },
  {
    name: 'SOCKS 5 with a bogus name *',
    sent: NO_AUTH + hex('05 01 00 03 03') + '---' + hex('0050'),
    expected: refusal(NO_AUTH_CHOSEN + failure5('01')),
  },
  {
    name: 'SOCKS 5 with an empty name *',
    sent: NO_AUTH + hex('05 01 00 03 00 0050'),
    expected: refusal(NO_AUTH_CHOSEN + failure5('01')),
  },
  {
    name: 'SOCKS 5 with a NUL in the name',
    sent: NO_AUTH + hex('05 01 00 03 06') + 'a.b\0.c' + hex('0050'),
    expected: refusal(NO_AUTH_CHOSEN + failure5('01')),
  },
  {
    name: 'SOCKS 5 with a line break in the name',
    sent: NO_AUTH + hex('05 01 00 03 04') + 'a\r\nb' + hex('0050'),
    expected: refusal(NO_AUTH_CHOSEN + failure5('01')),
  },
  {
    name: 'SOCKS 5 to port 0',
    sent: NO_AUTH + hex('05 01 00 03 01') + 'a' + hex('0000'),
    expected: refusal(NO_AUTH_CHOSEN + failure5('01')),
  },
  // Neither
  { name: 'SOCKS 6', sent: hex('06 00'), expected: refusal('', 'unknown-protocol') },
  { name: 'version 0', sent: hex('00'), expected: refusal('', 'unknown-protocol') },
  { name: 'TLS', sent: hex('16 03 01 02 00 01'), expected: refusal('', 'unknown-protocol') },
  { name: 'an HTTP method in small letters', sent: 'get / HTTP/1.0', expected: refusal('', 'unknown-protocol') },
]

const options: SocksHandshakeOptions = { canResolve: true, extendedErrors: false }
const outcomeOf = (...chunks: readonly string[]): Outcome => shake(new SocksHandshake(options), chunks)

describe('A SOCKS handshake', () => {
  describe('takes', () => {
    for (const { name, sent, expected } of VALID) it(name, () => expect(outcomeOf(sent)).to.deep.equal(expected))
  })

  describe('refuses', () => {
    for (const { name, sent, expected } of MALFORMED) it(name, () => expect(outcomeOf(sent)).to.deep.equal(expected))

    for (const method of [
      'GET / HTTP/1.1',
      'HEAD /',
      'POST /',
      'PUT /',
      'CONNECT a.test:80 HTTP/1.1',
      'OPTIONS *',
      'DELETE /',
    ]) {
      it(`HTTP's ${method.split(' ')[0]}, in words that a person can read`, () => {
        const { reply, ...rest } = outcomeOf(method)
        expect(rest).to.deep.equal({ type: 'refused', warning: 'http-on-socks' })
        expect(reply).to.match(/^HTTP\/1\.0 501 [^]*\r\n\r\n[^]*speaks SOCKS 4, 4a and 5 only/)
      })
    }

    it('lookups where there is nobody to ask', () => {
      const without = (sent: string): Outcome => shake(new SocksHandshake({ ...options, canResolve: false }), [sent])
      expect(without(NO_AUTH + hex('05 f0 00 03 01') + 'a' + hex('0050'))).to.deep.equal(
        refusal(NO_AUTH_CHOSEN + failure5('07')),
      )
      expect(without(NO_AUTH + hex('05 f1 00 01 02020205 0103'))).to.deep.equal(
        refusal(NO_AUTH_CHOSEN + failure5('07')),
      )
      expect(without(hex('04 f0 0101 00000002') + 'me\0torproject.org\0')).to.deep.equal(refusal(REJECTED4))
    })
  })

  it('comes to the same, however its bytes are cut', () => {
    for (const { name, sent, expected } of [...VALID, ...MALFORMED]) {
      for (const chunks of cuts(sent))
        expect(outcomeOf(...chunks), `${name}, cut after ${chunks[0]?.length}`).to.deep.equal(expected)
    }
  })

  it('waits for more after every beginning of a valid one', () => {
    for (const { name, sent, expected } of VALID) {
      const length = sent.length - (expected.rest as string).length
      for (let end = 0; end < length; end++)
        expect(outcomeOf(sent.slice(0, end)).type, `${name}, ${end} bytes`).to.equal('more')
    }
  })

  it('is not confused by empty chunks', () => {
    expect(outcomeOf('', NO_AUTH, '', hex('05 01 00 03 01'), '', 'a', hex('0050'))).to.deep.equal(
      request(NO_AUTH_CHOSEN, 'connect a:80'),
    )
  })

  it('survives 10,000 mutations of valid ones: each is granted, refused, or waits for no more than 520 bytes', () => {
    const mutation = fc.record({
      sent: fc.constantFrom(...VALID.map((each) => each.sent)),
      changes: fc.array(fc.tuple(fc.nat(600), fc.nat(255), fc.constantFrom('set', 'insert', 'delete', 'cut')), {
        minLength: 1,
        maxLength: 5,
      }),
      size: fc.integer({ min: 1, max: 700 }),
    })
    fc.assert(
      fc.property(mutation, ({ sent, changes, size }) => {
        const mutated = [...bytes(sent)]
        for (const [where, value, how] of changes) {
          const at = where % (mutated.length + 1)
          if (how === 'set') mutated[at] = value
          else if (how === 'insert') mutated.splice(at, 0, value)
          else if (how === 'delete') mutated.splice(at, 1)
          else mutated.length = at
        }
        const all = String.fromCharCode(...mutated)
        const chunks = all.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? []
        const outcome = outcomeOf(...chunks)
        expect(outcome).to.deep.equal(outcomeOf(all))
        if (outcome.type === 'more') {
          // Whatever may still be missing, 1,000 bytes decide it.
          expect(outcomeOf(all, text(1000, '\x02')).type).not.to.equal('more')
        }
        if (outcome.type === 'request') expect(outcome.request).to.match(/^(connect|resolve|resolve-ptr) [\x21-\x7e]+$/)
      }),
      { numRuns: 10_000 },
    )
  })

  it('has the same isolation for the same credentials, and another for any others', () => {
    const credential = fc.uint8Array({ maxLength: 20 })
    const isolationOf = ([user, password]: readonly [Uint8Array, Uint8Array]): string => {
      const field = (value: Uint8Array): string => String.fromCharCode(value.length, ...value)
      return outcomeOf(WITH_AUTH, `\x01${field(user)}${field(password)}`, hex('05 01 00 03 01') + 'a' + hex('0050'))
        .isolation as string
    }
    fc.assert(
      fc.property(fc.tuple(credential, credential), fc.tuple(credential, credential), (a, b) => {
        const isEqual = [0, 1].every((part) => String(a[part]) === String(b[part]))
        expect(isolationOf(a) === isolationOf(b)).to.equal(isEqual)
        expect(isolationOf(a)).to.equal(isolationOf(a))
      }),
    )
  })

  it('keeps pairs apart whose bytes are the same one after the other', () => {
    const isolationOf = (user: string, password: string): string | undefined =>
      outcomeOf(
        WITH_AUTH +
          `\x01${String.fromCharCode(user.length)}${user}${String.fromCharCode(password.length)}${password}` +
          hex('05 01 00 03 01') +
          'a' +
          hex('0050'),
      ).isolation
    expect(
      new Set([
        isolationOf('ab', 'c'),
        isolationOf('a', 'bc'),
        isolationOf('abc', ''),
        isolationOf('', 'abc'),
        isolationOf('1:a', ' 2:bc'),
      ]),
    ).to.have.property('size', 5)
  })

  it('takes work in proportion to its bytes for messages that come a byte at a time', () => {
    for (const sent of [
      hex('04 01 0050 00000001') + `${text(255)}\0${text(255)}\0`,
      `${hex('05 ff')}${text(254)}\x02\x01\xff${text(255)}\xff${text(255)}${hex('05 01 00 03 ff')}${text(255)}${hex('0050')}`,
    ]) {
      const pieces = Array.from(sent, bytes)
      const handshake = new SocksHandshake({ canResolve: true, extendedErrors: false })
      const types: string[] = []
      const work = workOf(() => {
        for (const piece of pieces) types.push(handshake.take(piece).type)
      })
      expect(types.at(-1)).to.equal('request')
      expect(work).to.be.at.most(60 * sent.length)
    }
  })
})
