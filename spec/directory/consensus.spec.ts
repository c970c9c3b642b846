import { sha1 } from '@noble/hashes/legacy.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { expect } from 'chai'
import { parseConsensus } from '../../lib/directory/consensus.ts'
import { RelayFlag } from '../../lib/directory/relay-flags.ts'
import { consensusAround, generateNetwork } from './support/generated.ts'
import { encodeBase64 } from '../../lib/directory/text/encoding.ts'
import { HASHED_A_SLICE, type TextHash } from '../../lib/directory/text/hash-text.ts'
import { atOnce, consensusOf, countedPauses, expectRejected, replaced } from './support/helpers.ts'
import { CONSENSUS } from './samples/consensus.ts'

const ENTRY = `r lisdex AAAErLudKby6FyVrs1ko3b/Iq6k 2038-01-01 00:00:00 152.53.144.50 8443 0
a [2a0a:4cc0:c1:2aac::1]:8443
m vtKpzB+Vw6LlETW6txvAH+1G6gJIl6x1D/N3NZdPK24
s Fast Guard Running Stable V2Dir Valid
v Tor 0.4.9.9
pr Link=3-5 Relay=2-6
w Bandwidth=53000
`
const FULL = consensusAround(ENTRY)

/** The relay of a consensus with one entry, after a change to the entry. */
async function relayWith(from: string, to: string): Promise<Awaited<ReturnType<typeof consensusOf>>['relays'][number]> {
  const { relays } = await consensusOf(consensusAround(replaced(ENTRY, from, to)))
  return relays[0] ?? expect.fail('it has no relay')
}

const refusedWith = (from: string, to: string): Promise<unknown> =>
  expectRejected(consensusOf(replaced(FULL, from, to)))

describe('the consensus of a private network of tor', () => {
  it('says when it holds, and by which rules', async () => {
    const consensus = await consensusOf(CONSENSUS)
    expect(consensus.method).to.equal(35)
    expect(new Date(consensus.validAfter).toISOString()).to.equal('2026-11-22T14:42:33.000Z')
    expect(consensus.freshUntil - consensus.validAfter).to.equal(10_000)
    expect(consensus.validUntil - consensus.validAfter).to.equal(90 * 60_000)
    expect(consensus.params.get('cc_sendme_inc')).to.equal(31)
    expect(consensus.params.size).to.equal(8)
    expect(consensus.bandwidthWeights.get('Wbm')).to.equal(10_000)
    expect(consensus.bandwidthWeights.size).to.equal(19)
    expect(consensus.requiredClientProtocols.supports('Link', 4)).to.equal(true)
    expect(consensus.requiredClientProtocols.supports('Link', 5)).to.equal(false)
    expect(consensus.recommendedClientProtocols.supports('Link', 5)).to.equal(true)
  })

  it('names its relays', async () => {
    const { relays } = await consensusOf(CONSENSUS)
    expect(relays.map(({ nickname }) => nickname)).to.deep.equal([
      'relay0',
      'relay6',
      'auth2',
      'auth0',
      'relay2',
      'relay4',
      'auth1',
      'relay5',
      'relay1',
      'relay3',
    ])
    const { Authority, Fast, Guard, Running, V2Dir, Valid } = RelayFlag
    const auth0 = relays[3] ?? expect.fail('too few')
    const { protocols } = auth0
    expect(auth0.addresses).to.deep.equal([{ hostname: '127.0.0.1', port: 31_000 }])
    expect(auth0).to.include({
      nickname: 'auth0',
      fingerprint: '38F74FDCA9ADB6B91E41BC472BCEA701C96F20C7',
      isReachable: true,
      flags: Authority | Fast | Guard | Running | V2Dir | Valid,
      microdescriptorDigest: 'o2kHIcXvlCLTEP6EM/HF2fp8MrvD8w7USjVLr2tXD+g',
      bandwidth: 13,
      measured: false,
    })
    expect(protocols.supports('Relay', 6)).to.equal(true)
    expect((relays[4] ?? expect.fail('too few')).flags & RelayFlag.BadExit).to.equal(RelayFlag.BadExit)
  })

  it('has the shared random values', async () => {
    const { current, previous } = (await consensusOf(CONSENSUS)).sharedRandom
    expect(encodeBase64(current as Uint8Array)).to.equal('szmhdGm2WCjmy1KJ0CU/bbVZyb+3xkNSIPprtA2uPng')
    expect(encodeBase64(previous as Uint8Array)).to.equal('6WVYWeS073UNlK50srCwvmmhxWGnvXZmxoneOD6VY7U')
  })

  it('shares what relays have in common', async () => {
    const { relays } = await consensusOf(CONSENSUS)
    expect(new Set(relays.map(({ protocols }) => protocols)).size).to.equal(1)
  })

  it('has the signatures of three authorities over one digest', async () => {
    const { signatures, digests } = await consensusOf(CONSENSUS)
    expect(
      signatures.map(({ algorithm, identity, signingKeyDigest, signature }) => [
        algorithm,
        identity,
        signingKeyDigest,
        signature.length,
      ]),
    ).to.deep.equal([
      ['sha256', '6C8C3CBF68A406FEE0A959F6301A8E009A5F7646', 'D16AB09342E202CBCCD42E74A42D833036364692', 256],
      ['sha256', 'A8DDC9360520F6677EB76E9CE587DC2DE36C71B7', '5B8032AA231E60B114CE7D6B6ABBC86653D16C8B', 256],
      ['sha256', 'C140CA7CBE45857283EC3D8880A8F4B2E74B72C7', 'C0C03F8133335A4C2C297EBDCBC484AE76C5F8B2', 256],
    ])
    const signed = CONSENSUS.slice(0, CONSENSUS.indexOf('\ndirectory-signature ') + '\ndirectory-signature '.length)
    expect([...digests]).to.deep.equal([['sha256', sha256(new TextEncoder().encode(signed))]])
  })
})

describe('a consensus', () => {
  it('may have no shared random value, or one of a later version, and none that is malformed', async () => {
    const none = { current: undefined, previous: undefined }
    expect((await consensusOf(FULL.replaceAll(/^shared-rand-.*\n/gm, ''))).sharedRandom).to.deep.equal(none)
    const value = `${'A'.repeat(43)}=`
    const line = `shared-rand-current-value 7 ${value} 2026-07-27T00:00:00\n`
    const text = FULL.replaceAll(/^shared-rand-.*\n/gm, '').replace('vote-status', `${line}vote-status`)
    expect((await consensusOf(text)).sharedRandom).to.deep.equal({ ...none, current: new Uint8Array(32) })
    await expectRejected(consensusOf(text.replace(line, `${line}${line}`)))
    await expectRejected(consensusOf(text.replace(value, value.slice(4))))
    await expectRejected(consensusOf(text.replace(` ${value}`, '').replace(' 2026-07-27T00:00:00', '')))
  })

  it('may have no relays', async () => {
    expect((await consensusOf(consensusAround(''))).relays).to.deep.equal([])
  })

  it('gives a relay all of its addresses, the IPv4 address first', async () => {
    const [relay] = (await consensusOf(FULL)).relays
    expect(relay?.addresses).to.deep.equal([
      { hostname: '152.53.144.50', port: 8443 },
      { hostname: '2a0a:4cc0:c1:2aac::1', port: 8443 },
    ])
  })

  it('says whether a bandwidth was measured', async () => {
    expect(await relayWith('53000', '1')).to.include({ bandwidth: 1, measured: true })
    expect(await relayWith('53000', '4294967295 Unmeasured=1')).to.include({
      bandwidth: 4_294_967_295,
      measured: false,
    })
    expect(await relayWith('53000', '7 Later=x')).to.include({ bandwidth: 7, measured: true })
    expect(await relayWith('w Bandwidth=53000\n', '')).to.include({ bandwidth: 0, measured: false })
  })

  it('passes over what it does not know', async () => {
    const known =
      RelayFlag.Fast | RelayFlag.Guard | RelayFlag.Running | RelayFlag.Stable | RelayFlag.V2Dir | RelayFlag.Valid
    expect((await relayWith('s Fast', 's Brave Fast')).flags).to.equal(known)
    expect(
      (await relayWith('v Tor', 'x-new 1 2\n-----BEGIN NEW-----\nQUJD\n-----END NEW-----\nv Tor')).nickname,
    ).to.equal('lisdex')
    const text = replaced(
      replaced(FULL, 'vote-status', 'x-new 1\nvote-status'),
      'directory-footer\n',
      'directory-footer\nx-new\n',
    )
    expect((await consensusOf(text)).relays).to.have.length(1)
    expect((await consensusOf(replaced(FULL, 'consensus-method 35', 'consensus-method 35 more'))).method).to.equal(35)
  })

  it('is not lost for a relay that says nonsense of its protocols, or has no OR port', async () => {
    expect((await relayWith('pr Link=3-5', 'pr Link=5-3')).protocols.supports('Relay', 2)).to.equal(false)
    expect((await relayWith('pr Link=3-5 Relay=2-6\n', '')).protocols.supports('Link', 4)).to.equal(false)
    expect((await relayWith('152.53.144.50 8443', '152.53.144.50 0')).addresses).to.deep.equal([
      { hostname: '2a0a:4cc0:c1:2aac::1', port: 8443 },
    ])
  })

  it('may be signed over a SHA-1, by name or by default, and by algorithms of the future', async () => {
    const signed = sha1(new TextEncoder().encode(FULL.slice(0, FULL.indexOf('sha256'))))
    for (const algorithm of ['sha1 ', '']) {
      const { signatures, digests } = await consensusOf(replaced(FULL, 'sha256 ', algorithm))
      expect(signatures.map(({ algorithm }) => algorithm)).to.deep.equal(['sha1'])
      expect([...digests]).to.deep.equal([['sha1', signed]])
    }
    const { signatures, digests } = await consensusOf(
      replaced(FULL, 'sha256 0232AF901C31A04EE9848595AF9BB7620D4C5B2E', 'sha3 me'),
    )
    expect([signatures.length, digests.size]).to.deep.equal([0, 0])
  })

  it('is refused when it is something else', async () => {
    await refusedWith('network-status-version 3', 'network-status-version 4')
    await refusedWith(' microdesc', '')
    await refusedWith(' microdesc', ' ns')
    await refusedWith('vote-status consensus', 'vote-status vote')
    await expectRejected(consensusOf(`\n${FULL}`))
    await expectRejected(consensusOf(`x-hidden\n${FULL}`))
    await expectRejected(consensusOf('\n'))
    await expectRejected(consensusOf('<html>\n'))
  })

  it('is refused when an item of its header is missing, there twice, or none', async () => {
    for (const line of [
      'vote-status consensus',
      'consensus-method 35',
      'valid-after 2026-07-27 10:00:00',
      'valid-until 2026-07-27 13:00:00',
    ]) {
      await refusedWith(`${line}\n`, '')
      await refusedWith(line, `${line}\n${line}`)
    }
    await refusedWith('10:00:00', '10:00')
    await refusedWith('2026-07-27 10:00:00', '2026-02-30 10:00:00')
    await refusedWith('fresh-until 2026-07-27 11', 'fresh-until 2026-07-27 09')
    await refusedWith('valid-until 2026-07-27 13', 'valid-until 2026-07-27 11')
    await refusedWith('consensus-method 35', 'consensus-method +35')
    await refusedWith('Link=4 Relay=2\n', 'Link=4 Relay\n')
    for (const params of [
      'a=1 a=2',
      'a',
      'a=',
      '=1',
      'a=1.5',
      'a=01',
      'a=2147483648',
      'a=-2147483649',
      'a=-0',
      'a=0x10',
    ]) {
      await refusedWith('bwweightscale=10000', params)
      await refusedWith('Wbd=817', params)
    }
    await refusedWith('bandwidth-weights', 'bandwidth-weights A=1\nbandwidth-weights')
  })

  it('reads parameters at the ends of their range', async () => {
    const { params } = await consensusOf(replaced(FULL, 'bwweightscale=10000', 'high=2147483647 low=-2147483648'))
    expect([params.get('high'), params.get('low'), params.get('strange')]).to.deep.equal([
      2_147_483_647, -2_147_483_648, -5,
    ])
  })

  it('is refused with a relay that is not well-formed', async () => {
    for (const [from, to] of [
      ['r lisdex', 'r lis-dex'],
      ['r lisdex', 'r lisdexlisdexlisdexlisdex'],
      ['AAAErL', 'AAErL'],
      ['q6k 2038', 'q6l 2038'],
      [' 8443 0', ' 8443'],
      [' 8443 0', ' 65536 0'],
      [' 8443 0', ' 8443 x'],
      ['152.53.144.50', '152.53.144.256'],
      ['152.53.144.50', 'example.com'],
      ['a [2a0a', 'a [[2a0a'],
      [']:8443', ']:0'],
      [']:8443', ']'],
      ['a [2a0a:4cc0:c1:2aac::1]', 'a 2a0a:4cc0:c1:2aac::1'],
      ['m vtKp', 'm tKp'],
      ['dPK24', 'dPK25'],
      ['m vt', 'm'],
      ['m vt', 'x-m vt'],
      ['s Fast', 'x-s Fast'],
      ['s Fast', 's Fast\ns Fast'],
      ['pr Link', 'pr Link=1\npr Link'],
      ['w Band', 'w Bandwidth=1\nw Band'],
      ['m vt', `m ${'A'.repeat(43)}\nm vt`],
      ['=53000', '=-1'],
      ['=53000', '=4294967296'],
      ['=53000', '=1 Bandwidth=2'],
      ['w Bandwidth=53000', 'w Unmeasured=1'],
      ['=53000', '=1e3'],
    ] as const) {
      await refusedWith(from, to)
    }
  })

  it('is refused when its relays are not in order, or one is there twice', async () => {
    const other = replaced(ENTRY, 'AAAErL', 'AAAErK')
    expect((await consensusOf(consensusAround(other + ENTRY))).relays).to.have.length(2)
    await expectRejected(consensusOf(consensusAround(ENTRY + other)))
    await expectRejected(consensusOf(consensusAround(ENTRY + ENTRY)))
  })

  it('is refused when its end is missing', async () => {
    for (let end = 0; end < FULL.length; end += 7) await expectRejected(consensusOf(FULL.slice(0, end)))
    const lines = FULL.split('\n').slice(0, -1)
    for (let count = 1; count < lines.length; count++)
      await expectRejected(consensusOf(`${lines.slice(0, count).join('\n')}\n`))
  })

  it('is refused with anything behind its signatures that they do not sign', async () => {
    for (const line of ['bandwidth-weights Wgg=0', 'x-new 1', 'r a', 'valid-until 2099-01-01 00:00:00'])
      await expectRejected(consensusOf(`${FULL}${line}\n`))
  })

  it('is refused with a signature that is not well-formed', async () => {
    await refusedWith('directory-signature sha256', 'directory-signature\tsha256')
    await refusedWith('0232AF90', '0232AF9')
    await refusedWith('79ABAEE9', '79ABAEEX')
    await refusedWith(' 79ABAEE942F8F0F6E5FEB989D2539B05AB86DD8B', '')
    await refusedWith('directory-signature sha256 0232AF901C31A04EE9848595AF9BB7620D4C5B2E', 'directory-signature')
    await refusedWith('BEGIN SIGNATURE', 'BEGIN MESSAGE')
    await refusedWith('BEGIN SIGNATURE-----\n', 'BEGIN SIGNATURE-----\n!\n')
  })

  it('keeps signatures with hex digits of either case apart by nothing but their value', async () => {
    const { signatures } = await consensusOf(
      replaced(FULL, '0232AF901C31A04EE9848595AF9BB7620D4C5B2E', '0232af901c31a04ee9848595af9bb7620d4c5b2e'),
    )
    expect(signatures[0]?.identity).to.equal('0232AF901C31A04EE9848595AF9BB7620D4C5B2E')
  })
})

describe('a consensus of 9,000 relays', () => {
  const { consensus: text } = generateNetwork(9000)

  it('is read in slices, with a pause after some 70 relays and while it is hashed', async () => {
    const { pauses, pause } = countedPauses()
    const consensus = await parseConsensus(text, { pause })
    expect(consensus.relays).to.have.length(9000)
    expect(pauses()).to.be.within(9000 / 90, 9000 / 50 + Math.ceil(text.length / HASHED_A_SLICE))
  })

  it('is hashed by the hash that is given, up to the end of what is signed, and that alone is compared', async () => {
    const signed = text.slice(0, text.indexOf('directory-signature ') + 'directory-signature '.length)
    let bytes = 0
    const newSha256 = (): TextHash => ({
      update: (piece) => (bytes += piece.length),
      digest: () => new Uint8Array(32).fill(7),
    })
    const { digests } = await parseConsensus(new TextEncoder().encode(text), { newSha256, ...atOnce })
    expect(bytes).to.equal(signed.length)
    expect([...(digests.get('sha256') ?? [])]).to.deep.equal(Array.from({ length: 32 }, () => 7))
  })

  it('lets timers fire while it is read', async () => {
    let ticks = 0
    const timer = setInterval(() => ticks++, 1)
    try {
      await parseConsensus(text)
    } finally {
      clearInterval(timer)
    }
    expect(ticks).to.be.greaterThan(1)
  })
})
