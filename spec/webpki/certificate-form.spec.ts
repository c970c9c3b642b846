import { expect } from 'chai'
import { derInteger, derNull, derSequence, derTime, derValue } from '../../lib/testing/identity/der.ts'
import { joined } from '../channel/support/relay-side.ts'
import { hex, latin1 } from '../cell/support/bytes.ts'
import { authority, authorityExtensions, HOST, NOW, root, server, serverExtensions } from './support/certificates.ts'
import { verdict, type Fields, type Issued } from './support/certificates.ts'
import { basicConstraints, commonName, dns, extension, ExtensionId, names } from './support/extensions.ts'
import { keyUsage, nameConstraints, nameOf, purposes, Purposes, Usage } from './support/extensions.ts'

const DAY = 86_400_000
const usual = serverExtensions()
const raw = (id: number, value: string, critical = false): Uint8Array => extension(id, hex(value), critical)
const since = derTime(NOW - DAY)
const until = derTime(NOW + DAY)
const AIA = hex('06 08 2b06010505070101')

/** What makes a certificate no certificate: of a server and of an authority alike. */
const MALFORMED: Readonly<Record<string, Fields>> = {
  'of version 1': { version: new Uint8Array(), tail: [] },
  'of version 1, with extensions': { version: new Uint8Array() },
  'of version 2': { version: hex('a0 03 020101') },
  'of version 4': { version: hex('a0 03 020103') },
  'of a version in too many bytes': { version: hex('a0 04 02020002') },
  'with a serial number of zero': { serial: hex('020100') },
  'with a negative serial number': { serial: hex('0201ff') },
  'with a serial number of no bytes': { serial: hex('0200') },
  'with a padded serial number': { serial: hex('02020001') },
  'with a serial number of 21 bytes': { serial: derInteger(new Uint8Array(21).fill(1)) },
  'with a serial number that is no integer': { serial: hex('040101') },
  'with another algorithm outside than inside': { outerAlgorithm: hex('300a06082a8648ce3d040303') },
  'with parameters of ECDSA': { algorithm: derSequence(hex('06082a8648ce3d040302'), derNull) },
  'with an algorithm that has no identifier': { algorithm: derSequence(derNull) },
  'with an empty identifier of its algorithm': { algorithm: hex('30020600') },
  'with a time without seconds': { validity: derSequence(derValue(0x17, latin1('3006140000Z')), until) },
  'with a time in another zone': { validity: derSequence(derValue(0x17, latin1('300614000000+0100')), until) },
  'with a fraction of a second': { validity: derSequence(derValue(0x18, latin1('20300614000000.5Z')), until) },
  'with a time in local form': { validity: derSequence(derValue(0x18, latin1('20300614000000')), until) },
  'with a day that is none': { validity: derSequence(derValue(0x17, latin1('300231000000Z')), until) },
  'with one time': { validity: derSequence(since) },
  'with three times': { validity: derSequence(since, until, until) },
  'with a name of an empty set': { subject: derSequence(derValue(0x31)) },
  'with a name of no attributes': { subject: derSequence(derNull) },
  'with an attribute without value': { subject: derSequence(derValue(0x31, derSequence(hex('0603550403')))) },
  'with an issuer that is no name': { issuer: derSequence(derNull) },
  'with an issuer of no name': { issuer: nameOf() },
  'with a key that has a byte after it': { spki: hex('3003020100') },
  'with an RSA key that is no RSA key': { spki: hex('3012 300d 06092a864886f70d010101 0500 0301 00') },
  'with an extension twice': { extensions: [...usual, ...usual.slice(0, 1)] },
  'with a critical that is 1': { extensions: [...usual, hex('300b 0603551d63 010101 0401 00')] },
  'with a critical that is false': { extensions: [...usual, hex('300b 0603551d63 010100 0401 00')] },
  'with an extension that has more to it': { extensions: [...usual, hex('3009 0603551d63 0400 0500')] },
  'with an extension of an identifier that ends too early': { extensions: [...usual, hex('3006 06021e9d 0400')] },
  'with an extension of an identifier in too many bytes': { extensions: [...usual, hex('3008 0604 55801d1e 0400')] },
  'with no extension in its list': { tail: [derValue(0xa3, derSequence())] },
  'with extensions twice': { tail: [1, 2].map(() => derValue(0xa3, derSequence(...usual))) },
  'with a field that no version has': { tail: [derValue(0xa4, derNull), derValue(0xa3, derSequence(...usual))] },
  'with a basicConstraints that is false': { extensions: [...usual, raw(19, '3003 010100')] },
  'with a path length and no authority': { extensions: [...usual, raw(19, '3003 020100')] },
  'with a negative path length': { extensions: [...usual, raw(19, '3006 0101ff 0201ff')] },
  'with a basicConstraints that has more to it': { extensions: [...usual, raw(19, '3005 0101ff 0500')] },
  'with a keyUsage of no bit': { extensions: [...usual.slice(1), raw(15, '03020700')] },
  'with a keyUsage of nothing': { extensions: [...usual.slice(1), raw(15, '030100')] },
  'with a keyUsage of nine unused bits': { extensions: [...usual.slice(1), raw(15, '03020980')] },
  'with a keyUsage of bits that are unused': { extensions: [...usual.slice(1), raw(15, '03020784')] },
  'with a keyUsage of three bytes': { extensions: [...usual.slice(1), raw(15, '030400800000')] },
  'with no purpose in its extendedKeyUsage': { extensions: [...usual.slice(0, 1), ...usual.slice(2), purposes()] },
  'with no name in its subjectAltName': { extensions: [...usual.slice(0, 2), names()] },
  'with a name that is not ASCII': { extensions: [...usual.slice(0, 2), names(dns(HOST), dns('b\u00fccher.test'))] },
  'with a name of no known kind': { extensions: [...usual.slice(0, 2), names(dns(HOST), hex('8a0141'))] },
  'with a name that is built of others': { extensions: [...usual.slice(0, 2), names(dns(HOST), hex('a203820141'))] },
  'with an address of 5 bytes': { extensions: [...usual.slice(0, 2), names(dns(HOST), hex('87057f00000101'))] },
  'with a subject key that is critical': { extensions: [...usual, raw(14, '040101', true)] },
  'with an authority key that is critical': { extensions: [...usual, raw(35, '3003 800101', true)] },
  'with an authority key that is no sequence': { extensions: [...usual, raw(35, '040101')] },
  'with constraints of policies that are not critical': { extensions: [...usual, raw(36, '3003 800100')] },
  'with constraints of names that constrain nothing': { extensions: [...usual, raw(30, '3000', true)] },
  'with access to information that is none': { extensions: [...usual, extension(AIA, hex('300405000500'))] },
  'with empty access to information': { extensions: [...usual, extension(AIA, hex('3000'))] },
}

describe('The form of a certificate', () => {
  let top: Issued
  let middle: Issued

  before(async () => {
    top = await root()
    middle = await authority(top, 'middle')
  })

  for (const [what, fields] of Object.entries(MALFORMED)) {
    it(`is not that of one ${what}`, async () => {
      expect(await verdict([await server(middle, fields), middle], [top])).to.equal('malformed')
      const certificate = { ...fields }
      if (fields.subject === undefined && fields.extensions === undefined && fields.spki === undefined) {
        const step = await authority(top, 'middle', certificate)
        expect(await verdict([await server(middle), step], [top]), 'of an authority').to.equal('issuer')
      }
    })
  }

  it('has nothing before, after or between its parts', async () => {
    const { der } = await server(middle)
    for (const [what, bytes] of [
      ['a byte after it', joined(der, Uint8Array.of(0))],
      ['a byte before it', joined(Uint8Array.of(0), der)],
      ['itself after it', joined(der, der)],
      ['nothing', new Uint8Array()],
      ['its end cut off', der.subarray(0, -1)],
      ['a fourth part', derSequence(der.subarray(4), derNull)],
      ['an indefinite length', joined(hex('3080'), der.subarray(4), hex('0000'))],
      ['a length of three bytes', joined(hex('3083 00'), der.subarray(2))],
    ] as const) {
      expect(await verdict([{ der: bytes }, middle], [top]), what).to.equal('malformed')
    }
  })

  it('may have unique identifiers, policies, and what else is not critical', async () => {
    const tail = [hex('81020001'), hex('82020001')]
    const extensions = [
      ...usual,
      basicConstraints(false),
      raw(32, '3006 3004 0602 2a03'),
      raw(35, '3000'),
      extension(AIA, derSequence(derSequence(hex('06082b06010505073001'), derValue(0x86, latin1('http://x.test'))))),
      raw(99, '00'),
    ]
    const own = await server(middle, { tail: [...tail, derValue(0xa3, derSequence(...extensions))] })
    expect(await verdict([own, middle], [top])).to.equal('accepted')
  })

  it('may have critical extensions that are known, and no others', async () => {
    const known = [raw(32, '3006 3004 0602 2a03', true), raw(36, '3003 800100', true)]
    const unknown = raw(99, '0500', true)
    const step = await authority(top, 'middle', { extensions: [...authorityExtensions(), ...known] })
    const own = await server(middle, { extensions: [...usual, ...known] })
    expect(await verdict([own, step], [top])).to.equal('accepted')
    expect(await verdict([await server(middle, { extensions: [...usual, unknown] }), middle], [top])).to.equal(
      'critical',
    )
    const odd = await authority(top, 'middle', { extensions: [...authorityExtensions(), unknown] })
    expect(await verdict([own, odd], [top])).to.equal('critical')
    const oddTop = await root('root', { extensions: [...authorityExtensions(), unknown] })
    expect(await verdict([own, middle], [oddTop])).to.equal('critical')
  })

  it('reads times in both forms, in the century that each means', async () => {
    const utc = (text: string): Uint8Array => derValue(0x17, latin1(text))
    const long = (text: string): Uint8Array => derValue(0x18, latin1(text))
    for (const [first, last, expected] of [
      [utc('300615000000Z'), utc('300615000000Z'), 'accepted'],
      [long('20300615000000Z'), long('20300615000000Z'), 'accepted'],
      [utc('500101000000Z'), utc('491231235959Z'), 'accepted'],
      [utc('500101000000Z'), long('99991231235959Z'), 'accepted'],
      [utc('500101000000Z'), utc('991231235959Z'), 'expired'],
      [utc('400101000000Z'), utc('491231235959Z'), 'not-yet-valid'],
    ] as const) {
      const own = await server(middle, { validity: derSequence(first, last) })
      expect(await verdict([own, middle], [top])).to.equal(expected)
    }
  })

  it('is of a server: for servers, and no authority', async () => {
    const [usage, , presented] = usual as [Uint8Array, Uint8Array, Uint8Array]
    for (const [extensions, expected] of [
      [[presented], 'accepted'],
      [[presented, basicConstraints(false)], 'accepted'],
      [[usage, presented, purposes(Purposes.CLIENT, Purposes.SERVER)], 'accepted'],
      [[presented, keyUsage(Usage.DIGITAL_SIGNATURE | Usage.KEY_ENCIPHERMENT)], 'accepted'],
      [[presented, keyUsage(Usage.KEY_ENCIPHERMENT)], 'usage'],
      [[presented, keyUsage(Usage.DIGITAL_SIGNATURE | Usage.KEY_CERT_SIGN)], 'usage'],
      [[presented, purposes(Purposes.CLIENT)], 'usage'],
      [[presented, purposes(Purposes.ANY)], 'usage'],
      [[presented, basicConstraints(true)], 'usage'],
      [[presented, ...authorityExtensions()], 'usage'],
      [[presented, nameConstraints({ permitted: [dns(HOST)] })], 'malformed'],
      [[], 'name'],
    ] as const) {
      expect(await verdict([await server(middle, { extensions }), middle], [top])).to.equal(expected)
    }
  })

  it('has its names in a critical extension where it has no subject', async () => {
    const [usage, purpose] = usual as [Uint8Array, Uint8Array]
    const presented = derSequence(dns(HOST))
    for (const [critical, expected] of [
      [true, 'accepted'],
      [false, 'malformed'],
    ] as const) {
      const extensions = [usage, purpose, extension(ExtensionId.SUBJECT_NAMES, presented, critical)]
      const own = await server(middle, { subject: nameOf(), extensions })
      expect(await verdict([own, middle], [top])).to.equal(expected)
    }
  })

  describe('that the caller trusts as it is', () => {
    it('may be that of the server, and an authority too', async () => {
      const plain = await root(HOST, { extensions: usual })
      expect(await verdict([plain], [plain])).to.equal('accepted')
      const both = [basicConstraints(true), names(dns(HOST))]
      const own = await root(HOST, { extensions: both })
      expect(await verdict([own], [own])).to.equal('accepted')
      expect(await verdict([own], [top])).to.equal('usage')
      expect(await verdict([own], [top, own])).to.equal('accepted')
    })

    it('must still be for this name, for servers, and within its time', async () => {
      const own = await root(HOST, { extensions: usual })
      expect(await verdict([own], [own], { serverName: 'other.test' })).to.equal('name')
      expect(await verdict([own], [own], { now: NOW + 2 * DAY })).to.equal('expired')
      expect(await verdict([own], [own], { now: NOW - 2 * DAY })).to.equal('not-yet-valid')
      const client = await root(HOST, { extensions: [names(dns(HOST)), purposes(Purposes.CLIENT)] })
      expect(await verdict([client], [client])).to.equal('usage')
    })

    it('may have a serial number of zero, as old ones have', async () => {
      const old = await root('root', { serial: hex('020100') })
      expect(await verdict([await server(middle), middle], [old])).to.equal('accepted')
      const own = await root(HOST, { extensions: usual, serial: hex('020100') })
      expect(await verdict([own], [own])).to.equal('accepted')
    })

    it('is that very one, not another of the same name and key', async () => {
      const own = await root(HOST, { extensions: usual })
      const other = await root(HOST, { extensions: [...usual, basicConstraints(false)] }, own.key)
      expect(await verdict([other], [own])).to.not.equal('accepted')
      expect(await verdict([await server(own)], [own])).to.equal('usage')
      expect(own.subject).to.deep.equal(commonName(HOST))
    })
  })
})
