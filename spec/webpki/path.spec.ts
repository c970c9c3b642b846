import { expect } from 'chai'
import { derNull } from '../../lib/testing/identity/der.ts'
import { anchorOf, authority, authorityExtensions, HOST, NOW, root, server, verdict } from './support/certificates.ts'
import type { Issued } from './support/certificates.ts'
import { verifyServerCertificate } from '../../lib/webpki/server-certificate.ts'
import { attribute, basicConstraints, commonName, dns, ExtensionId, extension } from './support/extensions.ts'
import { keyUsage, names, nameOf, purposes, Purposes, Usage } from './support/extensions.ts'
import { keyOf } from './support/keys.ts'
import { derText, derValue } from '../../lib/testing/identity/der.ts'

const DAY = 86_400_000

describe('A path to an authority', () => {
  let top: Issued
  let middle: Issued
  let leaf: Issued

  before(async () => {
    top = await root()
    middle = await authority(top, 'middle')
    leaf = await server(middle)
  })

  it('leads over what the server sent, in any order and among what nobody needs', async () => {
    const lower = await authority(middle, 'lower')
    const own = await server(lower)
    const stranger = await root('stranger')
    expect(await verdict([own, lower, middle], [top])).to.equal('accepted')
    expect(await verdict([own, middle, lower], [top])).to.equal('accepted')
    expect(await verdict([own, stranger, top, middle, lower, lower, own], [top])).to.equal('accepted')
    expect(await verdict([own, { der: Uint8Array.of(1, 2, 3) }, middle, lower], [stranger, top])).to.equal('accepted')
  })

  it('needs every step', async () => {
    expect(await verdict([leaf], [top])).to.equal('issuer')
    expect(await verdict([leaf, middle], [])).to.equal('issuer')
    expect(await verdict([leaf, middle], [await root('stranger')])).to.equal('issuer')
    expect(await verdict([], [top])).to.equal('malformed')
  })

  it('may end at an authority that is itself below another', async () => {
    expect(await verdict([leaf], [middle])).to.equal('accepted')
  })

  it('needs an anchor of this name and this key', async () => {
    const namesake = await root('root', {}, await keyOf('another root'))
    expect(await verdict([leaf, middle], [namesake])).to.equal('signature')
    expect(await verdict([leaf, middle], [namesake, top])).to.equal('accepted')
    const renamed = await root('other name', {}, top.key)
    expect(await verdict([leaf, middle], [renamed])).to.equal('issuer')
  })

  it('is found behind candidates that lead nowhere, whatever is wrong with them', async () => {
    const extensions = authorityExtensions()
    const wrong = [
      await authority(top, 'middle', { notBefore: NOW - 2 * DAY, notAfter: NOW - DAY }),
      await authority(top, 'middle', { notBefore: NOW + DAY, notAfter: NOW + 2 * DAY }),
      await authority(top, 'middle', {}, await keyOf('not of the middle')),
      await authority(top, 'middle', { extensions: [basicConstraints(false)] }),
      await authority(top, 'middle', { extensions: [basicConstraints(true), keyUsage(Usage.CRL_SIGN)] }),
      await authority(top, 'middle', { extensions: [...extensions, purposes(Purposes.CLIENT)] }),
      await authority(top, 'middle', { extensions: [...extensions, extension(99, derNull, true)] }),
      await authority(await root('stranger'), 'middle'),
      await authority(await authority(top, 'circle'), 'middle'),
      await authority(await authority(middle, 'circle'), 'middle'),
    ]
    for (const each of wrong) {
      expect(await verdict([leaf, each], [top])).to.not.equal('accepted')
      expect(await verdict([leaf, each, middle], [top])).to.equal('accepted')
    }
    expect(await verdict([leaf, ...wrong, middle], [top])).to.equal('accepted')
    expect(await verdict([leaf, ...wrong, await authority(middle, 'circle')], [top])).to.not.equal('accepted')
  })

  it('branches at every step: the first way up is a dead end two steps on', async () => {
    const shared = { subject: commonName('shared') }
    const dead = await authority(await authority(await root('gone'), 'dead'), 'shared', shared)
    const alive = await authority(await authority(top, 'alive'), 'shared', shared)
    const own = await server(dead)
    const [deadTop, aliveTop] = [await authority(await root('gone'), 'dead'), await authority(top, 'alive')]
    expect(await verdict([own, dead, deadTop, alive, aliveTop], [top])).to.equal('accepted')
    expect(await verdict([own, alive, dead, aliveTop, deadTop], [top])).to.equal('accepted')
    expect(await verdict([own, dead, deadTop, aliveTop], [top])).to.not.equal('accepted')
  })

  it('ends when authorities have signed each other', async () => {
    const [a, b] = [await root('circle a'), await root('circle b')]
    const aByB = await authority(b, 'circle a')
    const bByA = await authority(a, 'circle b')
    expect(await verdict([await server(a), aByB, bByA, aByB, bByA], [top])).to.equal('issuer')
  })

  it('has 8 intermediates at the most', async () => {
    const chain: Issued[] = []
    let issuer = top
    for (let depth = 1; depth <= 9; depth += 1) {
      issuer = await authority(issuer, `step ${depth}`)
      chain.unshift(issuer)
    }
    const eighth = chain[1] as Issued
    expect(await verdict([await server(eighth), ...chain], [top])).to.equal('accepted')
    expect(await verdict([await server(issuer), ...chain], [top])).to.equal('issuer')
  })

  it('has every certificate within its time, to the second', async () => {
    const times = { notBefore: NOW - DAY, notAfter: NOW + DAY }
    const own = await server(middle, times)
    const step = await authority(top, 'middle', times)
    const brief = await root('root', times)
    const longLived = { notBefore: NOW - 9 * DAY, notAfter: NOW + 9 * DAY }
    const [always, stepAlways, ownAlways] = [
      await root('root', longLived),
      await authority(top, 'middle', longLived),
      await server(middle, longLived),
    ]
    for (const [chain, anchor] of [
      [[own, stepAlways], always],
      [[ownAlways, step], always],
      [[ownAlways, stepAlways], brief],
    ] as const) {
      expect(await verdict(chain, [anchor], { now: NOW - DAY - 1 })).to.equal('not-yet-valid')
      expect(await verdict(chain, [anchor], { now: NOW - DAY })).to.equal('accepted')
      expect(await verdict(chain, [anchor], { now: NOW + DAY + 999 })).to.equal('accepted')
      expect(await verdict(chain, [anchor], { now: NOW + DAY + 1_000 })).to.equal('expired')
    }
  })

  it('holds at no time when the clock has none', async () => {
    expect(await verdict([leaf, middle], [top], { now: Number.NaN })).to.not.equal('accepted')
  })

  it('does not lead over the certificate of a server', async () => {
    for (const extensions of [
      [keyUsage(Usage.DIGITAL_SIGNATURE), purposes(Purposes.SERVER), names(dns('evil.test'))],
      [basicConstraints(false), names(dns('evil.test'))],
      [basicConstraints(false), keyUsage(Usage.DIGITAL_SIGNATURE | Usage.KEY_CERT_SIGN)],
      [keyUsage(Usage.KEY_CERT_SIGN)],
      [],
    ]) {
      const evil = await server(middle, { subject: commonName('evil'), extensions }, await keyOf('evil'))
      expect(await verdict([await server(evil), evil, middle], [top])).to.equal('usage')
    }
  })

  it('needs anchors that may issue where they were given as certificates', async () => {
    const unable = await root('root', { extensions: [basicConstraints(false)] })
    expect(await verdict([leaf, middle], [unable])).to.equal('usage')
    const bare = { subject: top.subject, publicKey: anchorOf(top).publicKey }
    await verifyServerCertificate([leaf.der, middle.der], { serverName: HOST, now: NOW, anchors: [bare] })
  })

  it('has as many intermediates below an authority as that allows, without those that name themselves', async () => {
    const none = await root('root', { extensions: authorityExtensions(0) })
    const one = await root('root', { extensions: authorityExtensions(1) })
    expect(await verdict([await server(top)], [none])).to.equal('accepted')
    expect(await verdict([leaf, middle], [none])).to.equal('constraint')
    expect(await verdict([leaf, middle], [one])).to.equal('accepted')
    // The root's next key, certified by its last one.
    const next = await authority(top, 'root', {}, await keyOf('the next root'))
    expect(await verdict([await server(next), next], [none])).to.equal('accepted')
    const below = await authority(next, 'below')
    expect(await verdict([await server(below), below, next], [none])).to.equal('constraint')
    expect(await verdict([await server(below), below, next], [one])).to.equal('accepted')
    const tight = await authority(top, 'tight', { extensions: authorityExtensions(0) })
    const under = await authority(tight, 'under')
    expect(await verdict([await server(tight), tight], [top])).to.equal('accepted')
    expect(await verdict([await server(under), under, tight], [top])).to.equal('constraint')
  })

  it('takes any number for how many may follow', async () => {
    const value = (...bytes: number[]): Uint8Array =>
      extension(
        ExtensionId.BASIC_CONSTRAINTS,
        derValue(0x30, Uint8Array.of(1, 1, 0xff), derValue(2, Uint8Array.from(bytes))),
      )
    for (const [bytes, expected] of [
      [[0x7f], 'accepted'],
      [[0x00, 0x80], 'accepted'],
      [[0x03, 0xe7], 'accepted'],
      [[0x80], 'issuer'],
      [[0x00, 0x01], 'issuer'],
      [[], 'issuer'],
    ] as const) {
      const step = await authority(top, 'middle', { extensions: [value(...bytes), keyUsage(Usage.KEY_CERT_SIGN)] })
      expect(await verdict([leaf, step], [top]), bytes.join()).to.equal(expected)
    }
  })

  it('leads over authorities that may sign certificates, for servers', async () => {
    const { KEY_CERT_SIGN, CRL_SIGN, DIGITAL_SIGNATURE } = Usage
    for (const [extensions, expected] of [
      [[keyUsage(KEY_CERT_SIGN)], 'accepted'],
      [[keyUsage(KEY_CERT_SIGN | CRL_SIGN | DIGITAL_SIGNATURE)], 'accepted'],
      [[], 'accepted'],
      [[keyUsage(CRL_SIGN | DIGITAL_SIGNATURE)], 'usage'],
      [[purposes(Purposes.SERVER)], 'accepted'],
      [[purposes(Purposes.CLIENT, Purposes.SERVER)], 'accepted'],
      [[purposes(Purposes.ANY)], 'accepted'],
      [[purposes(Purposes.CLIENT)], 'usage'],
    ] as const) {
      const step = await authority(top, 'middle', { extensions: [basicConstraints(true), ...extensions] })
      expect(await verdict([leaf, step], [top])).to.equal(expected)
      const above = await root('root', { extensions: [basicConstraints(true), ...extensions] })
      expect(await verdict([leaf, middle], [above])).to.equal(expected)
    }
  })

  it('takes a bit that is not part of keyUsage for no usage', async () => {
    // The bit string ends before keyCertSign (0x04): 0x03 says that the last three bits are none of it.
    const cut = extension(ExtensionId.KEY_USAGE, derValue(0x03, Uint8Array.of(3, 0x84)), true)
    const step = await authority(top, 'middle', { extensions: [basicConstraints(true), cut] })
    expect(await verdict([leaf, step], [top])).to.equal('issuer')
  })

  it('leads over authorities that have a name', async () => {
    const nameless = await authority(top, '', { subject: nameOf() }, middle.key)
    expect(await verdict([await server(nameless), nameless], [top])).to.not.equal('accepted')
  })

  it('compares names by their bytes', async () => {
    const other = await authority(top, 'MIDDLE', {}, middle.key)
    expect(await verdict([leaf, other], [top])).to.equal('issuer')
    const printable = await authority(
      top,
      'middle',
      { subject: nameOf([attribute(3, derValue(0x13, new TextEncoder().encode('middle')))]) },
      middle.key,
    )
    expect(await verdict([leaf, printable], [top])).to.equal('issuer')
    expect(derText('middle')[0]).to.equal(0x0c)
  })

  for (const id of [ExtensionId.AUTHORITY_KEY, ExtensionId.SUBJECT_KEY]) {
    it(`takes key identifiers (${id}) for hints: neither missing nor wrong ones break it`, async () => {
      const value = (byte: number): Uint8Array => {
        const bytes = new Uint8Array(20).fill(byte)
        return id === ExtensionId.SUBJECT_KEY ? derValue(0x04, bytes) : derValue(0x30, derValue(0x80, bytes))
      }
      const step = await authority(top, 'middle', { extensions: [...authorityExtensions(), extension(id, value(1))] })
      expect(await verdict([leaf, step], [top])).to.equal('accepted')
      expect(await verdict([leaf, middle, step], [top])).to.equal('accepted')
    })
  }
})
