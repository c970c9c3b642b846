import { expect } from 'chai'
import { parseIPv6 } from '../../lib/cell/ip-address.ts'
import { authority, authorityExtensions, root, server, serverExtensions } from './support/certificates.ts'
import { verdict, type Issued } from './support/certificates.ts'
import { commonName, directory, dns, email, ip, names, uri } from './support/extensions.ts'

/** A presented name, the server's name, and whether the one is for the other. */
const DNS: readonly (readonly [presented: string, server: string, verdict: string])[] = [
  ['a.test', 'a.test', 'accepted'],
  ['A.Test', 'a.test', 'accepted'],
  ['a.test', 'A.TEST', 'accepted'],
  ['a.test', 'a.test.', 'accepted'],
  ['a.test', 'b.test', 'name'],
  ['a.test', 'x.a.test', 'name'],
  ['a.test', 'a.test.evil.test', 'name'],
  ['a.test', 'xa.test', 'name'],
  ['a.test', 'test', 'name'],
  ['a.test', 'a.test..', 'name'],
  ['a.test', '', 'name'],
  ['a.test', '.', 'name'],
  ['a.test', '.a.test', 'name'],
  ['localhost', 'localhost', 'accepted'],
  ['a_b.test', 'a_b.test', 'accepted'],
  ['xn--bcher-kva.test', 'xn--bcher-kva.test', 'accepted'],
  ['xn--bcher-kva.test', 'XN--BCHER-KVA.test', 'accepted'],
  ['xn--bcher-kva.test', 'b\u00fccher.test', 'name'],
  ['k.test', '\u212a.test', 'name'], // the Kelvin sign, whose lower case is k
  ['*.a.test', 'x.a.test', 'accepted'],
  ['*.A.test', 'X.a.TEST', 'accepted'],
  ['*.a.test', 'x.a.test.', 'accepted'],
  ['*.a.test', 'xn--bcher-kva.a.test', 'accepted'],
  ['*.a.test', 'a.test', 'name'],
  ['*.a.test', '.a.test', 'name'],
  ['*.a.test', 'y.x.a.test', 'name'],
  ['*.a.test', '*.b.test', 'name'],
  ['*.a.test', 'x.b.test', 'name'],
  ['*.test', 'a.test', 'name'],
  ['*.1.2.3', '1.1.2.3', 'name'],
  ['127.0.0.1', '127.0.0.1', 'name'],
  ['127.0.0.1', '127.0.0.1.', 'name'],
]

/** What no certificate may present, whatever else it presents. */
const NO_NAMES: readonly string[] = [
  '',
  '.',
  '*',
  '*.',
  '*.*.test',
  'x*.a.test',
  '*x.a.test',
  'x.*.test',
  'x.*',
  '.a.test',
  'a.test.',
  'a..test',
  '-a.test',
  'a-.test',
  'a test',
  'a.test\0.evil.test',
  'a.test\n',
  'a.test/',
  'a.test:443',
  'http://a.test',
  `${'a'.repeat(64)}.test`,
  `${'a.'.repeat(125)}test`,
]

const ipv6 = (text: string): readonly number[] => [...(parseIPv6(text) as Uint8Array)]

const ADDRESSES: readonly (readonly [presented: readonly number[], server: string, verdict: string])[] = [
  [[127, 0, 0, 1], '127.0.0.1', 'accepted'],
  [[127, 0, 0, 1], '127.0.0.2', 'name'],
  [[127, 0, 0, 1], '127.0.0.1.', 'name'],
  [[127, 0, 0, 1], '127.1', 'name'],
  [[127, 0, 0, 1], '2130706433', 'name'],
  [[127, 0, 0, 1], '0x7f.0.0.1', 'name'],
  [[127, 0, 0, 1], '::ffff:127.0.0.1', 'name'],
  [ipv6('::1'), '::1', 'accepted'],
  [ipv6('::1'), '0:0:0:0:0:0:0:1', 'accepted'],
  [ipv6('2001:db8::a'), '2001:DB8::A', 'accepted'],
  [ipv6('::1'), '::2', 'name'],
  [ipv6('::1'), '[::1]', 'name'],
  [ipv6('::1'), '::1%lo', 'name'],
  [ipv6('::ffff:127.0.0.1'), '127.0.0.1', 'name'],
]

describe('The name of a server', () => {
  let top: Issued
  let middle: Issued

  before(async () => {
    top = await root()
    middle = await authority(top, 'middle')
  })

  const forNames = async (serverName: string, ...presented: readonly Uint8Array[]): Promise<string> => {
    const own = await server(middle, { extensions: serverExtensions(...presented) })
    return await verdict([own, middle], [top], { serverName })
  }

  for (const [presented, serverName, expected] of DNS) {
    it(`${expected === 'accepted' ? 'may' : 'may not'} be '${serverName}' for '${presented}'`, async () => {
      expect(await forNames(serverName, dns(presented))).to.equal(expected)
    })
  }

  for (const presented of NO_NAMES) {
    it(`is never ${JSON.stringify(presented).slice(0, 40)}`, async () => {
      expect(await forNames(presented, dns(presented))).to.equal('malformed')
      expect(await forNames('a.test', dns('a.test'), dns(presented))).to.equal('malformed')
    })
  }

  for (const [presented, serverName, expected] of ADDRESSES) {
    it(`${expected === 'accepted' ? 'may' : 'may not'} be ${serverName} for the address ${presented.join('.')}`, async () => {
      expect(await forNames(serverName, ip(...presented))).to.equal(expected)
    })
  }

  it('is one of several', async () => {
    const presented = [email('x@y.test'), ip(10, 0, 0, 1), dns('a.test'), dns('*.b.test'), uri('http://c.test')]
    for (const serverName of ['a.test', 'x.b.test', '10.0.0.1']) {
      expect(await forNames(serverName, ...presented)).to.equal('accepted')
    }
    for (const serverName of ['c.test', 'y.test', 'x@y.test', '10.0.0.2']) {
      expect(await forNames(serverName, ...presented)).to.equal('name')
    }
  })

  it('is never the common name, nor a name of another kind', async () => {
    const subject = commonName('a.test')
    for (const extensions of [
      serverExtensions().slice(0, 2),
      serverExtensions(dns('b.test')),
      serverExtensions(email('a.test')),
      serverExtensions(uri('a.test')),
      serverExtensions(directory(subject)),
    ]) {
      const own = await server(middle, { subject, extensions })
      expect(await verdict([own, middle], [top], { serverName: 'a.test' })).to.be.oneOf(['name', 'malformed'])
    }
    for (const address of ['127.0.0.1', '::1']) {
      const own = await server(middle, { subject: commonName(address), extensions: serverExtensions(dns('b.test')) })
      expect(await verdict([own, middle], [top], { serverName: address })).to.equal('name')
    }
  })

  it('is looked for in the server certificate alone', async () => {
    const extensions = [...authorityExtensions(), names(dns('a.test'))]
    const step = await authority(top, 'middle', { extensions })
    expect(await verdict([await server(middle), step], [top], { serverName: 'a.test' })).to.equal('name')
  })
})
