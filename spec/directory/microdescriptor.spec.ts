import { sha256 } from '@noble/hashes/sha2.js'
import { expect } from 'chai'
import {
  parseMicrodescriptors,
  type Microdescriptor,
  type MicrodescriptorEntry,
} from '../../lib/directory/microdescriptor.ts'
import { encodeBase64 } from '../../lib/directory/text/encoding.ts'
import { READ_A_SLICE } from '../../lib/base/waiting/slices.ts'
import {
  consensusOf,
  countedPauses,
  entriesOf,
  expectRejected,
  microdescriptorOf,
  replaced,
} from './support/helpers.ts'
import { generateNetwork } from './support/generated.ts'
import { CONSENSUS } from './samples/consensus.ts'
import { MICRODESCRIPTORS } from './samples/microdescriptors.ts'

const KEY = `-----BEGIN RSA PUBLIC KEY-----
MIGJAoGBAMGj3Q1574Jfyl69urDqy7eWMRfr1cS9mQS0FJteclL6g1RBE+7ApvrI
-----END RSA PUBLIC KEY-----
`
const FULL = `onion-key
${KEY}ntor-onion-key 6xXRR08fb9zL1JFuXqdfU1a1s2mzgAai2pSynTuAwng
family $50485E03CA39D393BD54D315CEBA65E6DD0FDDB9 friend
family-ids ed25519:xiRC4fYUyj3pROyHeAm5dQerbUMHrLkeOJpG21vff44 other:1
p accept 80,443
p6 reject 1-79
id ed25519 SScEVxrvJIgSd5PQROVA47vXiEZoWmb6PDY0Y7jCHI0
`

const digestOf = (text: string): string => encodeBase64(sha256(new TextEncoder().encode(text)))
const digestsIn = (entries: readonly MicrodescriptorEntry[]): string[] => entries.map(({ digest }) => digest)

const changed = (from: string, to: string): string => replaced(FULL, from, to)

describe('the microdescriptors of a private network of tor', () => {
  it('are those that its consensus names', async () => {
    const entries = await entriesOf(MICRODESCRIPTORS)
    const { relays } = await consensusOf(CONSENSUS)
    expect(entries.map(({ digest }) => digest)).to.have.members(
      relays.map(({ microdescriptorDigest }) => microdescriptorDigest),
    )
    expect(entries.map(({ error }) => error).filter((error) => error !== undefined)).to.deep.equal([])
    const document = new Uint8Array(MICRODESCRIPTORS.length)
    let at = 0
    for (const { microdescriptor } of entries) at = microdescriptor?.moveTo(document, at) ?? expect.fail('one is none')
    expect(new TextDecoder().decode(document)).to.equal(MICRODESCRIPTORS)
  })

  it('say to which ports their relays let streams out', async () => {
    const entries = await entriesOf(MICRODESCRIPTORS)
    expect(
      entries
        .filter(({ microdescriptor }) => microdescriptor?.exitPolicy.allows(80))
        .map(({ microdescriptor }) => [80, 1, 65_535].every((port) => microdescriptor?.exitPolicy.allows(port))),
    ).to.deep.equal([true, true, true])
    expect(entries.some(({ microdescriptor }) => microdescriptor?.exitPolicyIPv6.allows(80))).to.equal(false)
  })
})

/** All that a microdescriptor says, but its digest. */
function saidBy(microdescriptor: Microdescriptor): object {
  const { ntorOnionKey, ed25519Identity, exitPolicy, exitPolicyIPv6, family, familyIds } = microdescriptor
  const ports = [1, 79, 80, 81, 443, 65_535]
  const policies = [exitPolicy, exitPolicyIPv6].map((policy) => ports.filter((port) => policy.allows(port)))
  return { ntorOnionKey, ed25519Identity, policies, family, familyIds }
}

describe('a microdescriptor', () => {
  it('says the same wherever it is moved, also behind characters of several bytes', async () => {
    const first = `onion-key\nx-new \u00e9\u2028\ud83d\ude00\n${FULL.slice('onion-key\n'.length)}`
    const [one, two] = (await entriesOf(first + FULL)).map(({ microdescriptor }) => microdescriptor)
    if (one === undefined || two === undefined) return expect.fail('they are not well-formed')
    expect(saidBy(one)).to.deep.equal(saidBy(two))
    const said = saidBy(two)
    const document = new Uint8Array(5 + one.size + two.size)
    const end = two.moveTo(document, 5)
    expect(one.moveTo(document, end)).to.equal(document.length)
    for (const each of [one, two]) expect(saidBy(each)).to.deep.equal(said)
    expect(new TextDecoder().decode(document.subarray(5))).to.equal(FULL + first)
  })

  it('says what clients need to know', async () => {
    const { digest, ntorOnionKey, ed25519Identity, exitPolicy, exitPolicyIPv6, family, familyIds } =
      await microdescriptorOf(FULL)
    expect(digest).to.have.length(43)
    expect(encodeBase64(ntorOnionKey)).to.equal('6xXRR08fb9zL1JFuXqdfU1a1s2mzgAai2pSynTuAwng')
    expect(encodeBase64(ed25519Identity)).to.equal('SScEVxrvJIgSd5PQROVA47vXiEZoWmb6PDY0Y7jCHI0')
    expect([79, 80, 443].map((port) => exitPolicy.allows(port))).to.deep.equal([false, true, true])
    expect([79, 80, 443].map((port) => exitPolicyIPv6.allows(port))).to.deep.equal([false, true, true])
    expect(family).to.deep.equal(['50485E03CA39D393BD54D315CEBA65E6DD0FDDB9', 'friend'])
    expect(familyIds).to.deep.equal(['ed25519:xiRC4fYUyj3pROyHeAm5dQerbUMHrLkeOJpG21vff44', 'other:1'])
  })

  it('needs no key of the old TAP handshake, and one with padding is as good', async () => {
    const whole = await microdescriptorOf(FULL)
    const bare = await microdescriptorOf(changed(KEY, ''))
    const padded = await microdescriptorOf(changed('uAwng', 'uAwng='))
    for (const other of [bare, padded]) {
      expect(saidBy(other)).to.deep.equal(saidBy(whole))
      expect(other.digest).not.to.equal(whole.digest)
    }
  })

  it('lets nothing out, and has no family, when it says nothing', async () => {
    const { exitPolicy, exitPolicyIPv6, family, familyIds } = await microdescriptorOf(
      FULL.replace(/^(family|p).*\n/gm, ''),
    )
    expect([exitPolicy.rejectsAll, exitPolicyIPv6.rejectsAll, family, familyIds]).to.deep.equal([true, true, [], []])
  })

  it('has a family of fingerprints and nicknames, whatever else the relay wrote', async () => {
    const fingerprint = '50485e03ca39d393bd54d315ceba65e6dd0fddb9'
    const { family } = await microdescriptorOf(
      changed('friend', `$${fingerprint}=Name $${'b'.repeat(40)}~Name Friend $ABC !? ${'x'.repeat(20)} friend $`),
    )
    expect(family).to.deep.equal([fingerprint.toUpperCase(), 'B'.repeat(40), 'friend'])
  })

  it('passes over what it does not know', async () => {
    const known = await microdescriptorOf(FULL)
    const more = await microdescriptorOf(
      `${changed('id ed', 'id rsa1024 QUJD\nid new x y\na [::1]:1\nid ed')}pr Link=1-5\nx-new 1\u2028\n${KEY}`,
    )
    expect(saidBy(more)).to.deep.equal(saidBy(known))
    expect(more.digest).not.to.equal(known.digest)
  })

  it('is malformed with a key or an identity missing, there twice, or none', async () => {
    const cases = [
      changed('ntor-onion-key', 'x-other'),
      changed('id ed25519', 'id x'),
      changed('ntor-onion-key 6', 'ntor-onion-key '),
      changed('uAwng', 'uAwnh'),
      changed('id ed25519', `id ed25519 ${'A'.repeat(43)}\nid ed25519`),
      changed('ntor-onion-key', `ntor-onion-key ${'A'.repeat(43)}\nntor-onion-key`),
      changed('id ed25519 SScE', 'id ed25519 '),
      changed('id ed25519 SScEVxrvJIgSd5PQROVA47vXiEZoWmb6PDY0Y7jCHI0', 'id'),
      changed('p accept 80,443', 'p accept 443,80'),
      changed('p accept 80,443', 'p accept'),
      changed('p6 reject 1-79', 'p6 reject 0'),
      changed('p accept', 'p accept 1\np accept'),
      changed('family $', 'family a\nfamily $'),
      changed('family-ids', 'family-ids a\nfamily-ids'),
      changed('BEGIN RSA', 'BEGIN DSA'),
      `${FULL}onion-key`,
      `${FULL}\0\n`,
    ]
    for (const text of cases) {
      const [entry] = await entriesOf(text)
      expect(entry?.microdescriptor, text).to.equal(undefined)
      expect(entry?.error?.code).to.equal('DIRECTORY_MALFORMED')
    }
  })

  it('does not cost the others when it is malformed', async () => {
    const entries = await entriesOf(FULL + changed('p accept', 'p permit') + changed('80', '81'))
    expect(entries.map(({ error }) => error?.code)).to.deep.equal([undefined, 'DIRECTORY_MALFORMED', undefined])
    expect(new Set(entries.map(({ digest }) => digest)).size).to.equal(3)
  })
})

describe('several microdescriptors', () => {
  it('are none in an empty text', async () => {
    expect(await entriesOf('')).to.deep.equal([])
  })

  it('are refused when they begin with something else', async () => {
    for (const text of ['\n', 'onion-key', `\n${FULL}`, `@last-listed 2026-01-01 00:00:00\n${FULL}`, '<html>\n'])
      await expectRejected(entriesOf(text))
  })

  it('share the policies that they have in common', async () => {
    const [one, two] = (await entriesOf(FULL + changed('6xXR', '7xXR'))).map(({ microdescriptor }) => microdescriptor)
    expect(one?.exitPolicy).to.equal(two?.exitPolicy)
  })

  it('are read in slices, 9,000 of them', async () => {
    const { microdescriptors: text } = generateNetwork(9000)
    const { pauses, pause } = countedPauses()
    const entries = await parseMicrodescriptors(text, { pause })
    expect(entries.filter(({ microdescriptor }) => microdescriptor !== undefined)).to.have.length(9000)
    expect(pauses()).to.be.within(text.length / READ_A_SLICE, 9000 / 20)
  })

  it('are known by the digest that is given of their very bytes', async () => {
    const hashed: string[] = []
    const digestOf = (bytes: Uint8Array): string =>
      encodeBase64(new Uint8Array(32).fill(hashed.push(new TextDecoder().decode(bytes))))
    const second = changed('80', '81')
    const entries = await parseMicrodescriptors(FULL + second, { digestOf })
    expect(hashed).to.deep.equal([FULL, second])
    expect(entries.map(({ digest }) => digest)).to.deep.equal(
      [1, 2].map((byte) => encodeBase64(new Uint8Array(32).fill(byte))),
    )
    const asked = new Set([encodeBase64(new Uint8Array(32).fill(9))])
    expect(await parseMicrodescriptors(FULL + second, { digestOf, asked })).to.deep.equal([])
  })

  it('are read in slices, however small they are', async () => {
    const text = Array.from({ length: 20_000 }, (_, index) => `onion-key\nx ${index}\n`).join('')
    const { pauses, pause } = countedPauses()
    expect(await parseMicrodescriptors(text, { pause })).to.have.length(20_000)
    expect(pauses()).to.be.at.least(20_000 / 300)
  })
})

describe('microdescriptors that were asked for', () => {
  const other = changed('80', '81')
  const third = changed('80', '82')
  const asked = async (...texts: string[]): Promise<Set<string>> =>
    new Set((await entriesOf(texts.join(''))).map(({ digest }) => digest))

  it('are taken in any order, the malformed ones too', async () => {
    const malformed = changed('p accept', 'p permit')
    const entries = await parseMicrodescriptors(malformed + other + FULL, {
      asked: await asked(FULL, other, malformed),
    })
    expect(digestsIn(entries)).to.deep.equal([malformed, other, FULL].map(digestOf))
  })

  it('are read up to the first that was not', async () => {
    const wanted = await asked(FULL, other)
    for (const unwanted of [third, 'onion-key\n', `onion-key\n${'x\n'.repeat(20_000)}`]) {
      const entries = await parseMicrodescriptors(FULL + unwanted + other, { asked: wanted })
      expect(digestsIn(entries)).to.deep.equal([digestOf(FULL)])
    }
  })

  it('are read up to the first that is there again', async () => {
    const entries = await parseMicrodescriptors(FULL + FULL + other, { asked: await asked(FULL, other) })
    expect(digestsIn(entries)).to.deep.equal([digestOf(FULL)])
  })

  it('cost the digest of one, and no pause, when none of 199,000 was', async () => {
    const { pauses, pause } = countedPauses()
    expect(
      await parseMicrodescriptors('onion-key\n'.repeat(199_000), { asked: await asked(FULL), pause }),
    ).to.deep.equal([])
    expect(pauses()).to.equal(0)
  })

  it('are not looked at when they are longer than any, asked for or not', async () => {
    const long = FULL + 'x-new\n'.repeat(6000)
    expect(await parseMicrodescriptors(other + long, { asked: new Set(await asked(other)) })).to.have.length(1)
    expect(await entriesOf(other + long + FULL)).to.have.length(1)
  })

  it('are of at most 1000 members of a family, 100 families by identity and 500 ranges of ports', async () => {
    const many = (count: number, of: (index: number) => string): string =>
      Array.from({ length: count }, (_, index) => of(index)).join(' ')
    const ports = (count: number): string => many(count, (index) => String(2 * index + 1)).replaceAll(' ', ',')
    const { family, familyIds } = await microdescriptorOf(
      replaced(
        changed(
          'other:1',
          many(200, (index) => `x:${index}`),
        ),
        'friend',
        many(1500, (index) => `f${index}`),
      ),
    )
    expect([family.length, familyIds.length]).to.deep.equal([1000, 100])
    expect((await microdescriptorOf(changed('80,443', ports(500)))).exitPolicy.allows(999)).to.equal(true)
    const [entry] = await entriesOf(changed('80,443', ports(501)))
    expect(entry?.error?.code).to.equal('DIRECTORY_MALFORMED')
  })
})
