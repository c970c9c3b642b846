import { bytesToHex } from '@noble/hashes/utils.js'
import { expect } from 'chai'
import { currentPlatform } from '../../../lib/platform/current.ts'
import { blindedIdentity } from '../../../lib/onion/identity/key-blinding.ts'
import {
  openDescriptor,
  type DescriptorOptions,
  type OnionDescriptor,
} from '../../../lib/onion/descriptor/descriptor.ts'
import { parseInner } from '../../../lib/onion/descriptor/inner.ts'
import { asciiBytes } from '../../../lib/cell/bytes.ts'
import { parseTorCert } from '../../../lib/channel/tor-cert.ts'
import { decodeBase64 } from '../../../lib/directory/text/encoding.ts'
import { codeOf } from '../../support/failures.ts'
import * as everybodys from '../vectors/open-descriptor.ts'
import * as restricted from '../vectors/restricted-descriptor.ts'
import * as withPow from '../vectors/second-layer-with-pow.ts'

const platform = currentPlatform()
const common = { clientSecret: undefined, sendmeIncrement: 31, testing: true, platform }
const period = { number: 0, minutes: 1440 } // of a service that nobody knows

const options: DescriptorOptions = {
  ...common,
  identity: {
    period,
    key: new Uint8Array(everybodys.blindedKey),
    subcredential: new Uint8Array(everybodys.subcredential),
  },
  now: everybodys.now,
}
const restrictedOptions: DescriptorOptions = {
  ...common,
  identity: blindedIdentity(restricted.identity, restricted.period),
  now: restricted.now,
}
const openText = (text: string, changed: Partial<DescriptorOptions> = {}): Promise<OnionDescriptor> =>
  openDescriptor(text, { ...options, ...changed })

describe('Descriptors', () => {
  it('opens the published one that everybody may read', async () => {
    const descriptor = await openText(everybodys.text)
    expect(descriptor.revision).to.equal(19_655_750n)
    expect(descriptor.lifetime).to.equal(180 * 60_000)
    expect(descriptor.expires).to.equal(Date.parse('2023-01-26T03:00:00Z'))
    expect(descriptor).to.include({
      listed: 3,
      isSingleOnion: false,
      sendmeIncrement: undefined,
      proofOfWork: undefined,
    })
    expect(descriptor.introPoints).to.have.length(3)
    expect(bytesToHex(descriptor.introPoints[0]?.target.ntorOnionKey as Uint8Array)).to.equal(everybodys.firstOnionKey)
  })

  it('opens the published one for one client, by its key', async () => {
    const { identity } = restrictedOptions
    expect(bytesToHex(identity.key)).to.equal(restricted.blindedKey)
    expect(bytesToHex(identity.subcredential)).to.equal(restricted.subcredential)
    const { clientSecret } = restricted
    const descriptor = await openDescriptor(restricted.text, { ...restrictedOptions, clientSecret })
    expect(descriptor.introPoints).to.have.length(3)
  })

  it('tells a missing key from a wrong one', async () => {
    expect(await codeOf(openDescriptor(restricted.text, restrictedOptions))).to.equal('ONION_AUTHORIZATION_MISSING')
    const clientSecret = new Uint8Array(32).fill(7)
    expect(await codeOf(openDescriptor(restricted.text, { ...restrictedOptions, clientSecret }))).to.equal(
      'ONION_AUTHORIZATION_WRONG',
    )
  })

  it('opens one that everybody may read with a key that it has no line for', async () => {
    expect((await openText(everybodys.text, { clientSecret: restricted.clientSecret })).introPoints).to.have.length(3)
  })

  it("refuses another service's, well signed as it is", async () => {
    expect(await codeOf(openDescriptor(everybodys.text, { ...restrictedOptions, now: everybodys.now }))).to.equal(
      'ONION_DESCRIPTOR_INVALID',
    )
  })

  it('refuses one whose certificate has expired', async () => {
    expect(await codeOf(openText(everybodys.text, { now: Date.parse('2023-01-26T03:00:00Z') }))).to.equal(
      'ONION_DESCRIPTOR_INVALID',
    )
  })

  it('refuses one whose introduction points are all at internal addresses, but in a testing network', async () => {
    expect(await codeOf(openText(everybodys.text, { testing: false }))).to.equal('ONION_DESCRIPTOR_INVALID')
  })

  it('refuses each change of its text', async () => {
    const { text } = everybodys
    const changes: Record<string, string> = {
      'another revision': text.replace('19655750', '19655751'),
      'another lifetime': text.replace('lifetime 180', 'lifetime 181'),
      'a byte of the first layer': text.replace('srvrL84j', 'srvrL84k'),
      'a byte of the signature': text.replace('06pPfQ7s', '06pPfQ7t'),
      'no signature': text.replace(/signature .*\n/, ''),
      'two spaces ahead of the signature': text.replace('signature ', 'signature  '),
      'something behind the signature': `${text}x 1\n`,
      'an empty line behind the signature': `${text}\n`,
      'an unknown line that is not signed': text.replace('revision-counter', 'x-line\nrevision-counter'),
      'a line that is there twice': text.replace('revision-counter', 'revision-counter 1\nrevision-counter'),
      'another version': text.replace('hs-descriptor 3', 'hs-descriptor 4'),
      'a lifetime beyond the bounds': text.replace('lifetime 180', 'lifetime 721'),
      'a lifetime with a sign': text.replace('lifetime 180', 'lifetime +180'),
      'nothing': '',
      'too much': text + 'x'.repeat(50_000),
      'another end of line': text.replaceAll('\n', '\r\n'),
      'other characters': text.replace('descriptor-lifetime', 'x é\ndescriptor-lifetime'),
    }
    for (const [what, changed] of Object.entries(changes)) {
      expect(changed, what).to.not.equal(text)
      expect(await codeOf(openText(changed)), what).to.equal('ONION_DESCRIPTOR_INVALID')
    }
  })
})

describe('The second layer of a descriptor', () => {
  const signingKey = ((): Uint8Array => {
    const cert = /auth-key\n-----BEGIN ED25519 CERT-----\n([^-]*)-/.exec(withPow.text)?.[1] as string
    return parseTorCert(decodeBase64(cert.replaceAll('\n', '')) as Uint8Array).signingKey as Uint8Array
  })()
  const rule = { signingKey, now: withPow.now, testing: true, sendmeIncrement: 31, platform }
  const parse = (text: string): ReturnType<typeof parseInner> => parseInner(asciiBytes(text), rule)
  const { text } = withPow

  it('says what proof of work the published one wants, and that it has congestion control', async () => {
    const { proofOfWork, sendmeIncrement, introPoints, listed } = await parse(text)
    expect(bytesToHex(proofOfWork?.seed as Uint8Array)).to.equal(withPow.seed)
    expect(proofOfWork).to.include({ effort: withPow.effort, expires: withPow.expires })
    expect(sendmeIncrement).to.equal(31)
    expect(introPoints).to.have.length(listed)
  })

  it('passes over what it does not know', async () => {
    const { proofOfWork } = await parse(text.replace('pow-params', 'pow-params x-example\nproto Relay=5\npow-params'))
    expect(proofOfWork?.effort).to.equal(withPow.effort)
  })

  for (const [what, from, to] of [
    ['two proofs of work of one kind', /^(pow-params .*)\n/m, '$1\n$1\n'],
    ['a seed of 31 bytes', /FE6QHf\S+=/, 'FE6QHfCEGDOm6FkhkISbRBLzB9FWXy8TeypbwhoxCQ=='],
    ['an effort beyond 32 bits', ' 614 ', ' 4294967296 '],
    ['an effort with a sign', ' 614 ', ' -1 '],
    ['a time that is none', '2024-04-11T', '2024-04-31T'],
    ['no handshake that is known', 'create2-formats 2', 'create2-formats 1'],
    ['no handshake', /create2-formats.*\n/, ''],
    ['authentication of an unknown kind', 'create2-formats 2\n', 'create2-formats 2\nintro-auth-required password\n'],
    ['an increment of 0', 'flow-control 1-2 31', 'flow-control 1-2 0'],
    ['an increment that is far off', 'flow-control 1-2 31', 'flow-control 1-2 33'],
    ['a line that is there twice', 'flow-control 1-2 31\n', 'flow-control 1-2 31\nflow-control 1-2 31\n'],
  ] as const) {
    it(`refuses ${what}`, async () => {
      const changed = text.replace(from, to)
      expect(changed).to.not.equal(text)
      expect(await codeOf(parse(changed))).to.equal('DIRECTORY_MALFORMED')
    })
  }

  it('has fixed windows where the service does not offer congestion control', async () => {
    expect((await parse(text.replace('flow-control 1-2 31', 'flow-control 1 31'))).sendmeIncrement).to.equal(undefined)
    expect((await parse(text.replace(/flow-control.*\n/, ''))).sendmeIncrement).to.equal(undefined)
  })

  it('passes over an introduction point that is malformed, and takes the others', async () => {
    const all = (await parse(text)).introPoints.length
    for (const [from, to] of [
      [/^introduction-point \S+/m, 'introduction-point AA=='],
      [/^introduction-point \S+/m, 'introduction-point ?'],
      [/^enc-key ntor \S+/m, `enc-key ntor ${'A'.repeat(43)}=`],
      [/^enc-key ntor \S+\n/m, ''],
      [/^onion-key ntor \S+\n/m, ''],
      [/^auth-key\n[^]*?-----END ED25519 CERT-----\n/m, ''],
      [/^auth-key\n/m, 'auth-key\n-----BEGIN X-----\n-----END X-----\n'],
    ] as const) {
      const { introPoints, listed } = await parse(text.replace(from, to))
      expect([introPoints.length, listed], String(from)).to.deep.equal([all - 1, all])
    }
  })

  it('refuses introduction points at internal addresses, but in a testing network', async () => {
    const at = (address: readonly number[]): string =>
      text.replace(/^introduction-point (\S+)/m, (_, encoded: string) => {
        const bytes = decodeBase64(encoded) as Uint8Array
        bytes.set(address, 3)
        return `introduction-point ${btoa(String.fromCharCode(...bytes))}`
      })
    const points = async (address: readonly number[], testing: boolean): Promise<number> =>
      (await parseInner(asciiBytes(at(address)), { ...rule, testing })).introPoints.length
    const all = await points([10, 0, 0, 1], true)
    for (const address of [
      [10, 0, 0, 1],
      [127, 0, 0, 1],
      [192, 168, 1, 1],
      [169, 254, 1, 1],
    ])
      expect(await points(address, false)).to.equal((await points([8, 8, 8, 8], false)) - 1)
    expect(all).to.equal((await parse(text)).listed)
  })

  it('takes 20 introduction points, however many are listed', async () => {
    const one = text.slice(text.lastIndexOf('introduction-point'))
    const head = text.slice(0, text.indexOf('introduction-point'))
    const { introPoints, listed } = await parse(head + one.repeat(100_000 / 100))
    expect([introPoints.length, listed]).to.deep.equal([20, 1000])
    expect((await parse(head)).listed).to.equal(0)
  })
})
