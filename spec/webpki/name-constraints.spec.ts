import { expect } from 'chai'
import { derText, derValue } from '../../lib/testing/identity/der.ts'
import { latin1 } from '../cell/support/bytes.ts'
import { authority, authorityExtensions, HOST, root, server, serverExtensions } from './support/certificates.ts'
import { verdict, type Issued } from './support/certificates.ts'
import { attribute, basicConstraints, commonName, directory, dns, email, extension } from './support/extensions.ts'
import { ExtensionId, ip, nameConstraints, nameOf, names, uri } from './support/extensions.ts'
import { keyOf } from './support/keys.ts'

type Constraints = Parameters<typeof nameConstraints>[0]

const organization = (text: string): Uint8Array => attribute(10, derText(text))
const printable = (text: string): Uint8Array => attribute(10, derValue(0x13, latin1(text)))
const org = (text: string): Uint8Array => nameOf([organization(text)])
const ip4 = (address: readonly number[], ...mask: readonly number[]): Uint8Array => ip(...address, ...mask)
const inOrg = nameOf([organization('Example')], [attribute(3, derText('server'))])
const otherName = derValue(0xa0, Uint8Array.of(6, 2, 0x2a, 3, 0xa0, 3, 0x0c, 1, 0x41))

/** Constraints, the names of a server, and what comes of it. All servers are for HOST too where a host is asked for. */
const CASES: readonly (readonly [what: string, Constraints, presented: readonly Uint8Array[], verdict: string])[] = [
  ['its own name', { permitted: [dns(HOST)] }, [], 'accepted'],
  ['a name above it', { permitted: [dns('example.test')] }, [], 'accepted'],
  ['a name in other letters', { permitted: [dns('EXAMPLE.Test')] }, [], 'accepted'],
  ['any name', { permitted: [dns('')] }, [], 'accepted'],
  ['one of several', { permitted: [dns('a.test'), dns('example.test')] }, [], 'accepted'],
  ['another name', { permitted: [dns('a.test')] }, [], 'constraint'],
  ['a name that only ends alike', { permitted: [dns('w.example.test')] }, [], 'constraint'],
  ['a name below it', { permitted: [dns(`x.${HOST}`)] }, [], 'constraint'],
  ['not this name', { excluded: [dns(HOST)] }, [], 'constraint'],
  ['not a name above it', { excluded: [dns('TEST')] }, [], 'constraint'],
  ['not any name', { excluded: [dns('')] }, [], 'constraint'],
  ['not another name', { excluded: [dns('a.test')] }, [], 'accepted'],
  ['a name above but not it', { permitted: [dns('test')], excluded: [dns(HOST)] }, [], 'constraint'],
  ['one of its names', { permitted: [dns(HOST)] }, [dns(HOST), dns('a.test')], 'constraint'],
  ['not one of its names', { excluded: [dns('a.test')] }, [dns(HOST), dns('b.a.test')], 'constraint'],
  ['its wildcard', { permitted: [dns('example.test')] }, [dns('*.example.test')], 'accepted'],
  ['less than its wildcard', { permitted: [dns(HOST)] }, [dns('*.example.test')], 'constraint'],
  ['not what its wildcard has', { excluded: [dns(HOST)] }, [dns('*.example.test')], 'constraint'],
  ['not another below its wildcard', { excluded: [dns('a.example.test')] }, [dns('*.example.test')], 'constraint'],
  ['not what its wildcard does not have', { excluded: [dns('a.b.example.test')] }, [dns('*.example.test')], 'accepted'],
  ['addresses only, none of which it has', { permitted: [ip4([10, 0, 0, 0], 255, 0, 0, 0)] }, [], 'accepted'],
  ['its network', { permitted: [ip4([10, 0, 0, 0], 255, 0, 0, 0)] }, [dns(HOST), ip(10, 1, 2, 3)], 'accepted'],
  ['its address', { permitted: [ip4([10, 1, 2, 3], 255, 255, 255, 255)] }, [dns(HOST), ip(10, 1, 2, 3)], 'accepted'],
  [
    'its network within a byte',
    { permitted: [ip4([10, 16, 0, 0], 255, 240, 0, 0)] },
    [dns(HOST), ip(10, 31, 0, 1)],
    'accepted',
  ],
  [
    'a network beside it within a byte',
    { permitted: [ip4([10, 16, 0, 0], 255, 240, 0, 0)] },
    [dns(HOST), ip(10, 32, 0, 1)],
    'constraint',
  ],
  ['another network', { permitted: [ip4([11, 0, 0, 0], 255, 0, 0, 0)] }, [dns(HOST), ip(10, 1, 2, 3)], 'constraint'],
  ['not its network', { excluded: [ip4([10, 0, 0, 0], 255, 0, 0, 0)] }, [dns(HOST), ip(10, 1, 2, 3)], 'constraint'],
  ['no address', { excluded: [ip4([0, 0, 0, 0], 0, 0, 0, 0)] }, [dns(HOST), ip(10, 1, 2, 3)], 'constraint'],
  [
    'no address of the other kind',
    { excluded: [ip(...new Array<number>(32).fill(0))] },
    [dns(HOST), ip(10, 1, 2, 3)],
    'accepted',
  ],
  [
    'addresses of the other kind',
    { permitted: [ip(...new Array<number>(32).fill(0))] },
    [dns(HOST), ip(10, 1, 2, 3)],
    'constraint',
  ],
  ['mail of its host', { permitted: [email('a.test')] }, [dns(HOST), email('x@A.test')], 'accepted'],
  ['mail of a host above it', { permitted: [email('a.test')] }, [dns(HOST), email('x@b.a.test')], 'constraint'],
  ['mail of hosts below', { permitted: [email('.a.test')] }, [dns(HOST), email('x@b.a.test')], 'accepted'],
  ['mail of hosts below only', { permitted: [email('.a.test')] }, [dns(HOST), email('x@a.test')], 'constraint'],
  ['its mailbox', { permitted: [email('x@a.test')] }, [dns(HOST), email('x@A.test')], 'accepted'],
  ['another mailbox', { permitted: [email('X@a.test')] }, [dns(HOST), email('x@a.test')], 'constraint'],
  ['not its mailbox', { excluded: [email('x@a.test')] }, [dns(HOST), email('x@a.test')], 'constraint'],
  ['any mail that it has, which is none', { permitted: [email('a.test')] }, [dns(HOST), email('a.test')], 'constraint'],
  ['mail, and it has two hosts', { permitted: [email('a.test')] }, [dns(HOST), email('x@y@a.test')], 'constraint'],
  ['a quoted mailbox', { permitted: [email('a.test')] }, [dns(HOST), email('"x@y"@a.test')], 'accepted'],
  ['not mail of others, and it has none', { excluded: [email('b.test')] }, [dns(HOST), email('a.test')], 'constraint'],
  ['nothing of mail', { permitted: [dns(HOST)] }, [dns(HOST), email('nobody')], 'accepted'],
  ['a kind that is not known', { permitted: [uri('a.test')] }, [], 'accepted'],
  [
    'a kind that is not known and that it has',
    { permitted: [uri('a.test')] },
    [dns(HOST), uri('http://a.test')],
    'constraint',
  ],
  ['not of a kind that is not known', { excluded: [uri('b.test')] }, [dns(HOST), uri('http://a.test')], 'constraint'],
  ['other kinds of names', { permitted: [otherName] }, [dns(HOST), otherName], 'constraint'],
  [
    'directory names that it has',
    { permitted: [directory(org('Example'))] },
    [dns(HOST), directory(inOrg)],
    'accepted',
  ],
  [
    'directory names that it lacks',
    { permitted: [directory(org('Example'))] },
    [dns(HOST), directory(org('Other'))],
    'constraint',
  ],
  [
    'not its directory name',
    { excluded: [directory(org('Other'))] },
    [dns(HOST), directory(org('Other'))],
    'constraint',
  ],
]

describe('Constraints of names', () => {
  let top: Issued

  before(async () => {
    top = await root()
  })

  /** Of an intermediate, and of the anchor itself. */
  async function verdictsUnder(constraints: Uint8Array, fields: Parameters<typeof server>[1]): Promise<string[]> {
    const extensions = [...authorityExtensions(), constraints]
    const middle = await authority(top, 'middle', { extensions })
    const strict = await root('strict', { extensions })
    const step = await authority(strict, 'step', { subject: inOrg })
    return [
      await verdict([await server(middle, fields), middle], [top]),
      await verdict([await server(step, fields), step], [strict]),
    ]
  }

  for (const [what, constraints, presented, expected] of CASES) {
    it(`${expected === 'accepted' ? 'let' : 'do not let'} a server through that allow ${what}`, async () => {
      const own = presented.some((name) => name[0] === 0x82) ? presented : [dns(HOST), ...presented]
      const fields = { subject: inOrg, extensions: serverExtensions(...own) }
      for (const critical of [true, false]) {
        const verdicts = await verdictsUnder(nameConstraints(constraints, critical), fields)
        expect(verdicts).to.deep.equal([expected, expected])
      }
    })
  }

  for (const [what, subject, expected] of [
    ['of its organization', inOrg, 'accepted'],
    ['in another kind of string, case and spacing', nameOf([printable('  eXAMPLE ')]), 'accepted'],
    ['of another organization', nameOf([organization('Other')]), 'constraint'],
    ['of no organization', commonName('server'), 'constraint'],
    [
      'of its organization, but further in',
      nameOf([attribute(3, derText('x'))], [organization('Example')]),
      'constraint',
    ],
    ['of two organizations at once', nameOf([organization('Example'), attribute(3, derText('x'))]), 'constraint'],
  ] as const) {
    it(`hold for the subject: ${what}`, async () => {
      const permitted = nameConstraints({ permitted: [directory(org('Example'))] })
      expect((await verdictsUnder(permitted, { subject }))[0]).to.equal(expected)
      const excluded = nameConstraints({ excluded: [directory(org('Example'))] })
      expect((await verdictsUnder(excluded, { subject }))[0]).to.equal(
        expected === 'accepted' ? 'constraint' : 'accepted',
      )
    })
  }

  it('do not mistake a text for two attributes', async () => {
    const two = nameOf([attribute(3, derText('x')), organization('y')])
    const one = nameOf([attribute(3, derText('x+55040a=y'))])
    expect((await verdictsUnder(nameConstraints({ permitted: [directory(two)] }), { subject: one }))[0]).to.equal(
      'constraint',
    )
  })

  it('do not mistake one text that is not UTF-8 for another', async () => {
    const odd = (byte: number): Uint8Array => nameOf([attribute(10, derValue(0x0c, Uint8Array.of(byte)))])
    const constraints = nameConstraints({ permitted: [directory(odd(0xff))] })
    expect((await verdictsUnder(constraints, { subject: odd(0xff) }))[0]).to.not.equal('constraint')
    expect((await verdictsUnder(constraints, { subject: odd(0xfe) }))[0]).to.not.equal('accepted')
  })

  it('do not hold for an empty subject', async () => {
    const [usage, purpose] = serverExtensions() as [Uint8Array, Uint8Array]
    const presented = extension(ExtensionId.SUBJECT_NAMES, derValue(0x30, dns(HOST)), true)
    const fields = { subject: nameOf(), extensions: [usage, purpose, presented] }
    const permitted = nameConstraints({ permitted: [directory(org('Example'))] })
    expect((await verdictsUnder(permitted, fields))[0]).to.equal('accepted')
  })

  it('hold for all that is below, intermediates included, and add up', async () => {
    const constrained = await authority(top, 'constrained', {
      extensions: [...authorityExtensions(), nameConstraints({ permitted: [dns('test')] })],
    })
    const tighter = await authority(constrained, 'tighter', {
      extensions: [...authorityExtensions(), nameConstraints({ permitted: [dns('a.test'), dns('evil.net')] })],
    })
    const named = await authority(constrained, 'named', {
      extensions: [...authorityExtensions(), names(dns('evil.net'))],
    })
    const check = async (issuer: Issued, host: string): Promise<string> =>
      await verdict([await server(issuer, { extensions: serverExtensions(dns(host)) }), issuer, constrained], [top], {
        serverName: host,
      })
    expect(await check(constrained, 'b.test')).to.equal('accepted')
    expect(await check(tighter, 'a.test')).to.equal('accepted')
    expect(await check(tighter, 'b.test')).to.equal('constraint')
    expect(await check(tighter, 'evil.net')).to.equal('constraint')
    expect(await check(named, 'a.test')).to.equal('constraint')
  })

  it('do not hold for intermediates that name themselves, but for a server that does', async () => {
    const extensions = [...authorityExtensions(), nameConstraints({ permitted: [directory(org('Example'))] })]
    const strict = await root('strict', { extensions })
    const next = await authority(strict, 'strict', {}, await keyOf('the next strict'))
    const own = await server(next, { subject: inOrg })
    expect(await verdict([own, next], [strict])).to.equal('accepted')
    const selfish = await server(strict, { subject: strict.subject })
    expect(await verdict([selfish], [strict])).to.equal('constraint')
  })

  for (const [what, base] of [
    ['a name with a dot ahead', dns('.example.test')],
    ['a wildcard', dns('*.example.test')],
    ['a name that is none', dns('a b')],
    ['mail without a host', email('x@')],
    ['an address without a mask', ip(10, 0, 0, 0)],
    ['a mask with a hole', ip(10, 0, 0, 0, 255, 0, 255, 0)],
    ['an address of 5 bytes', ip(10, 0, 0, 0, 1, 255, 0, 0, 0, 0)],
  ] as const) {
    it(`are malformed with ${what}`, async () => {
      for (const constraints of [{ permitted: [base] }, { excluded: [base] }]) {
        const extensions = [...authorityExtensions(), nameConstraints(constraints)]
        const middle = await authority(top, 'middle', { extensions })
        expect(await verdict([await server(middle), middle], [top])).to.equal('issuer')
      }
    })
  }

  it('have no least or greatest depth', async () => {
    const subtree = derValue(0x30, dns('test'), derValue(0x80, Uint8Array.of(1)))
    const value = derValue(0x30, derValue(0xa0, subtree))
    const extensions = [basicConstraints(true), extension(ExtensionId.NAME_CONSTRAINTS, value, true)]
    const middle = await authority(top, 'middle', { extensions })
    expect(await verdict([await server(middle), middle], [top])).to.equal('issuer')
  })
})
