import { expect } from 'chai'
import { derText } from '../../lib/testing/identity/der.ts'
import { authority, authorityExtensions, HOST, root, server, serverExtensions } from './support/certificates.ts'
import { verdict, type Issued } from './support/certificates.ts'
import { attribute, directory, dns, email, nameConstraints, nameOf, uri } from './support/extensions.ts'
import { keyOf } from './support/keys.ts'

/** How many signatures are verified while `check` runs. */
async function signaturesIn(check: () => Promise<unknown>): Promise<number> {
  let count = 0
  const { subtle } = crypto
  const verify = subtle.verify.bind(subtle)
  subtle.verify = (...of: Parameters<SubtleCrypto['verify']>) => {
    count += 1
    return verify(...of)
  }
  try {
    await check()
  } finally {
    Reflect.deleteProperty(subtle, 'verify')
  }
  return count
}

describe('The work for one chain', () => {
  let top: Issued

  before(async () => {
    top = await root()
  })

  it('is 100 signatures at the most where every authority has signed every other', async () => {
    const keys = await Promise.all(Array.from({ length: 12 }, (_, index) => keyOf(`clique ${index}`)))
    const clique = await Promise.all(keys.map((key) => root('clique', {}, key)))
    const web: Issued[] = []
    for (const issuer of clique) {
      for (const { key } of clique) if (key !== issuer.key) web.push(await authority(issuer, 'clique', {}, key))
    }
    const own = await server(clique[0] as Issued)
    let result = ''
    const signatures = await signaturesIn(async () => (result = await verdict([own, ...web], [top])))
    expect(result).to.equal('too-complex')
    expect(signatures).to.equal(100)
  })

  it('is no more than that where one name has a thousand keys', async () => {
    const namesakes: Issued[] = []
    for (let index = 0; index < 1_000; index += 1) {
      namesakes.push(await authority(top, 'middle', {}, await keyOf(`namesake ${index % 20}`)))
    }
    const own = await server(await authority(top, 'middle'))
    const signatures = await signaturesIn(async () => {
      expect(await verdict([own, ...namesakes], [top])).to.equal('too-complex')
    })
    expect(signatures).to.equal(100)
  })

  it('is a signature a step where there is one way, however long the chain is', async () => {
    const chain: Issued[] = []
    let issuer = top
    for (let depth = 1; depth <= 60; depth += 1) {
      issuer = await authority(issuer, `step ${depth}`)
      chain.unshift(issuer)
    }
    const own = await server(issuer)
    const signatures = await signaturesIn(async () => {
      expect(await verdict([own, ...chain], [top])).to.equal('issuer')
    })
    expect(signatures).to.equal(8)
    const last = chain[57] as Issued // the third step
    expect(
      await signaturesIn(async () => expect(await verdict([await server(last), ...chain], [top])).to.equal('accepted')),
    ).to.equal(4)
  })

  it('is none for what is refused by its looks', async () => {
    const middle = await authority(top, 'middle', { extensions: [] })
    const own = await server(middle)
    for (const [chain, serverName] of [
      [[own, middle], HOST],
      [[own, middle], 'other.test'],
      [[{ der: own.der.subarray(1) }, middle], HOST],
    ] as const) {
      expect(await signaturesIn(() => verdict(chain, [top], { serverName }))).to.equal(0)
    }
  })

  const many = (count: number, make: (index: number) => Uint8Array): Uint8Array[] =>
    Array.from({ length: count }, (_, index) => make(index))

  async function verdictOn(own: readonly Uint8Array[], constraints: Parameters<typeof nameConstraints>[0]) {
    const middle = await authority(top, 'middle', {
      extensions: [...authorityExtensions(), nameConstraints(constraints)],
    })
    const leaf = await server(middle, { extensions: serverExtensions(...own) })
    return await verdict([leaf, middle], [top])
  }

  it('is 250,000 comparisons of names with constraints at the most', async () => {
    const own = [dns(HOST), ...many(1_998, (index) => dns(`a${index}.test`))] // 2,000 with the subject
    expect(await verdictOn(own, { excluded: many(125, (index) => dns(`b${index}.test`)) })).to.equal('accepted')
    expect(await verdictOn(own, { excluded: many(126, (index) => dns(`b${index}.test`)) })).to.equal('too-complex')
    const permitted = [...many(124, (index) => dns(`b${index}.test`)), dns('test')]
    expect(await verdictOn(own, { permitted })).to.equal('accepted')
    expect(await verdictOn(own, { permitted: [dns('x.test'), ...permitted] })).to.equal('too-complex')
  })

  it('counts what is of another kind and is looked at all the same', async () => {
    const own = [dns(HOST), ...many(1_998, (index) => email(`a@b${index}.test`))]
    const others = many(126, (index) => uri(`b${index}.test`))
    expect(await verdictOn(own, { permitted: others })).to.equal('too-complex')
    expect(await verdictOn(own, { excluded: others })).to.equal('too-complex')
  })

  it('is 2,000 names of a certificate at the most', async () => {
    const middle = await authority(top, 'middle')
    for (const [count, expected] of [
      [1_999, 'accepted'],
      [2_000, 'malformed'],
    ] as const) {
      const extensions = serverExtensions(dns(HOST), ...many(count, (index) => dns(`a${index}.test`)))
      expect(await verdict([await server(middle, { extensions }), middle], [top])).to.equal(expected)
    }
  })

  const LONG = 'a'.repeat(300_000)

  it('ends at once with names that are as long as a certificate can be', async () => {
    const middle = await authority(top, 'middle')
    const longName = nameOf([attribute(3, derText(LONG))])
    for (const [name, expected] of [
      [dns(`${LONG}.test`), 'malformed'],
      [email(`${LONG}@${LONG}`), 'accepted'],
      [uri(LONG), 'accepted'],
      [directory(longName), 'accepted'],
    ] as const) {
      const own = await server(middle, { extensions: serverExtensions(dns(HOST), name) })
      expect(await verdict([own, middle], [top])).to.equal(expected)
      const step = await authority(top, 'middle', {
        extensions: [...authorityExtensions(), nameConstraints({ excluded: [name] })],
      })
      expect(await verdict([own, step], [top])).to.not.equal('accepted')
    }
    const own = await server(middle, { subject: longName })
    expect(await verdict([own, middle], [top])).to.equal('accepted')
    const step = await authority(top, 'long', { subject: longName })
    expect(await verdict([await server(step), step], [top])).to.equal('accepted')
  })

  it('ends with many certificates that nobody needs, and with garbage', async () => {
    const middle = await authority(top, 'middle')
    const own = await server(middle)
    const strangers = await Promise.all(many(200, (index) => Uint8Array.of(index)).map((_, index) => root(`s${index}`)))
    const garbage = many(2_000, (index) => new Uint8Array(500).fill(index)).map((der) => ({ der }))
    const signatures = await signaturesIn(async () => {
      expect(await verdict([own, ...strangers, ...(garbage as Issued[]), middle], [top])).to.equal('accepted')
    })
    expect(signatures).to.equal(2)
  })
})
